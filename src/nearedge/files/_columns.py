"""Tables of numbers in text files, whatever separates, comments on and surrounds them."""

import csv
import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files._content import lines
from nearedge.files._naming import excerpt

MOST_NUMBERS = 3_000_000
"""In all tables of a file together."""
MOST_COLUMNS = 5000

_MOST_BLOCKS = 5000
_HEADER_LIMIT = 2**24
_COMMENTS = ("#", "%", ";", "//", "!", "*", "$")
_SCAN = re.compile(r"#S\s+(\d+)")
# With a decimal point or comma, Fortran's D, or the bare exponent of three digits: 0.12-100.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eEdD][+-]?\d+|[+-]\d{3})?")
_DIGIT = re.compile(r"\d")
_BARE_EXPONENT = re.compile(r"(?<=[\d.])([+-]\d{3})$")
_MISSING = re.compile(
    r"|[+-]?(?:nan|inf|infinity)|\*+|-{1,3}|n/?a|null|none|#n/a|#[a-z/0]+[!?]|-?1\.#\w+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Table:
    """A table of numbers and the lines above it.

    Attributes
    ----------
    values : float array, shape (row, column)
        NaN where a cell is empty, says that it holds no number, or is of a column of text.
    header : list of str
        The lines above the table, comment marks included.
    separator : str or None
        What separates the cells of a row; None for blanks.
    scan : str or None
        Its number, if it is one scan of a SPEC file.
    notes : tuple of str
        What was left out.
    """

    values: Float[np.ndarray, "row column"]
    header: list[str]
    separator: str | None
    scan: str | None = None
    notes: tuple[str, ...] = ()


@dataclass
class _Block:
    """Successive rows that have the same columns."""

    separator: str | None
    text: tuple[int, ...]
    width: int
    first: int
    header_start: int
    header_end: int
    scan: str | None
    numbers: array = field(default_factory=lambda: array("d"))
    stopped_by: tuple[int, str] | None = None

    @property
    def rows(self) -> int:
        return len(self.numbers) // self.width

    def fits(self, row: "_Row") -> bool:
        return len(row.values) == self.width and row.text == self.text

    def like(self, other: "_Block") -> bool:
        return (self.width, self.text, self.scan) == (other.width, other.text, other.scan)


@dataclass(frozen=True)
class _Row:
    """The cells of a line: numbers, NaN for missing ones and for text, and where text stands."""

    separator: str | None
    values: list[float]
    text: tuple[int, ...]
    numbers: int
    missing: int = 0

    @property
    def rank(self) -> tuple[int, int, int]:
        """How unlikely it is that the line is separated so."""
        return len(self.text), -self.numbers, len(self.values)


def read_tables(content: bytes, path: Path) -> list[Table]:
    """Find the table of a text file, or the tables of all scans of a SPEC file.

    Several tables that are not scans are read as their longest; rows of its columns that stand
    apart from it are a fault of the file.

    Parameters
    ----------
    content : bytes
        What the file holds, unpacked.
    path : Path
        Names the file in errors.

    Returns
    -------
    list of Table
        At least one, each of at least two rows.

    Raises
    ------
    InputError
        If the file is no text, holds no table, or a row of the table is damaged.
    """
    blocks, header = _blocks(lines(content, path), path)
    scans: dict[str | None, list[_Block]] = {}
    for block in blocks:
        scans.setdefault(block.scan, []).append(block)
    if len(scans) > 1:  # what stands above the first scan is no scan
        scans.pop(None, None)
    tables = []
    for scan, parts in scans.items():
        main = max(parts, key=lambda block: block.rows)
        if main.rows >= 2:
            tables.append(_table(main, parts, header, scan, path))
    if not tables:
        beginning = next((f"; it begins '{excerpt(line)}'" for line in header if line), "")
        raise InputError(
            f"{path}: holds no table of at least two rows of numbers{beginning}; give energies and "
            "intensities in columns"
        )
    return tables


def _blocks(numbered: Iterator[tuple[int, str]], path: Path) -> tuple[list[_Block], list[str]]:
    """Sort the lines into blocks of rows, and all others."""
    blocks: list[_Block] = []
    header: list[str] = []
    block: _Block | None = None
    scan: str | None = None
    scan_start = seen = described = 0
    for number, line in numbered:
        stripped = line.strip()
        if not stripped:
            continue
        row = None
        if not stripped.startswith(_COMMENTS):
            row = _quick_row(stripped, block) or _row(line.strip(" \r\n\x0c\x1a"), block)
        elif stripped.startswith("#S") and (found := _SCAN.match(stripped)):
            scan, scan_start, block = found[1], len(header), None
        if row is None:
            header.append(stripped)
            described += len(stripped)
            if described > _HEADER_LIMIT:
                raise InputError(
                    f"{path}: holds {described // 2**20} MB of text beside its numbers by line "
                    f"{number}; give the table alone"
                )
            if block is not None and not stripped.startswith(_COMMENTS):
                block.stopped_by, block = (number, stripped), None
            continue
        if block is None or not block.fits(row):
            if block is not None:
                block.stopped_by = (number, stripped)
            if len(row.values) > MOST_COLUMNS or len(blocks) == _MOST_BLOCKS:
                raise InputError(
                    f"{path}: line {number}: no file of spectra has so many columns or tables; "
                    "give fewer at once"
                )
            block = _Block(
                row.separator,
                row.text,
                len(row.values),
                number,
                scan_start,
                len(header),
                scan,
            )
            blocks.append(block)
            if row.text:  # it may say what the columns below are
                header.append(stripped)
        block.numbers.extend(row.values)
        seen += len(row.values)
        if seen > MOST_NUMBERS:
            raise InputError(
                f"{path}: holds more than {MOST_NUMBERS} numbers by line {number}; give fewer "
                "spectra at once"
            )
    return blocks, header


def _table(
    main: _Block, parts: list[_Block], header: list[str], scan: str | None, path: Path
) -> Table:
    notes = []
    for block in parts:
        if block is main:
            continue
        apart = main.like(block)
        if block.first < main.first and apart:
            if block.rows > 1:
                raise _damaged(block, path)
            notes.append(f"line {block.first} is not counted as a row of the table")
        elif apart:
            raise _damaged(main, path)
        elif block.first > main.first and block.rows > 1:
            notes.append(f"a second table from line {block.first} on is left out")
    if main.stopped_by is not None and not notes and _NUMBER.match(main.stopped_by[1]):
        notes.append(f"line {main.stopped_by[0]} is an incomplete row, left out")
    return Table(
        np.array(main.numbers).reshape(-1, main.width),
        header[main.header_start : main.header_end],
        main.separator,
        scan,
        tuple(notes),
    )


def _damaged(block: _Block, path: Path) -> InputError:
    number, text = block.stopped_by or (block.first, "")
    return InputError(
        f"{path}: line {number} is not a row of {block.width} numbers like those around it "
        f"('{excerpt(text)}'); repair or remove it"
    )


def _quick_row(line: str, block: _Block | None) -> _Row | None:
    """Read a line the way the one before it was; None if that fails."""
    if block is None or block.text or "_" in line or '"' in line:
        return None
    separator = block.separator
    if "," in line and separator != ",":
        line = line.replace(",", ".")
    try:
        values = [float(word) for word in line.split(separator)]
    except ValueError:
        return None
    return _Row(separator, values, (), len(values)) if len(values) == block.width else None


def _row(line: str, block: _Block | None) -> _Row | None:
    """Split a line into cells; None if it is no row: fewer than two numbers or marks for them."""
    if block is not None:
        # A cell may be empty here that was not in the row above.
        row = _cells(line, block.separator)
        if row is not None and block.fits(row):
            return row
    elif _DIGIT.search(line) is None:
        return None
    best: _Row | None = None
    for separator in (";", "\t", ",", None):
        if separator is not None and separator not in line:
            continue
        row = _cells(line, separator)
        if row is None or not row.numbers or row.numbers + row.missing < 2:
            continue
        # Of equals, the one that leaves no cell empty: several tabs may be one separator.
        if best is None or row.rank < best.rank:
            best = row
    return best


def _cells(line: str, separator: str | None) -> _Row | None:
    if '"' in line:
        try:
            words = next(csv.reader([line], delimiter=separator or " ", skipinitialspace=True))
        except (csv.Error, StopIteration):
            return None
        words = words if separator else [word for word in words if word]
    else:
        words = line.split(separator)
    values, text = [], []
    numbers = missing = 0
    for place, word in enumerate(words):
        value = parse_number(word)
        if value is not None:
            numbers += 1
        elif _MISSING.fullmatch(word.strip()) is None:
            text.append(place)
        elif word.strip():
            missing += 1
        values.append(np.nan if value is None else value)
    return _Row(separator, values, tuple(text), numbers, missing)


def parse_number(word: str) -> float | None:
    """Read a number with a decimal point or comma, of C or of Fortran; None if it is none.

    Examples
    --------
    >>> parse_number("529,35"), parse_number("1.5D+03"), parse_number("0.12-100")
    (529.35, 1500.0, 1.2e-101)
    >>> parse_number("1_000") is parse_number("nan") is None
    True
    """
    try:
        value = float(word)  # fast, but it reads "1_000" and "nan" too
    except ValueError:
        pass
    else:
        if math.isfinite(value) and "_" not in word:
            return value
    word = word.strip()
    if _NUMBER.fullmatch(word) is None:
        return None
    plain = word.replace(",", ".").upper().replace("D", "E")
    return float(_BARE_EXPONENT.sub(r"e\1", plain) if "E" not in plain else plain)

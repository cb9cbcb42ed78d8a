"""Tables of numbers in text files, whatever separates, comments on and surrounds them.

Own code: of text tables rexafs 0.2.14 refuses those with decimal commas, empty or damaged cells,
columns of text, footers or a second table, joins two scans of a file into one, and takes remarks
for labels. Formats of other shape are its own (`nearedge.files._library`).
"""

import csv
import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nearedge.errors import InputError
from nearedge.files._content import NoTableError, decode
from nearedge.files._labels import holds_labels, read_header
from nearedge.files._naming import printable
from nearedge.files._scan import Scan

MOST_NUMBERS = 2_000_000
"""In all tables of a file together."""
MOST_COLUMNS = 5000
MOST_LINES = 200_000
LONGEST_LINE = 2**18
"""Characters."""
DAMAGED = 0.1
"""Share of the rows of a table, beyond the first, that may be damaged."""

_MOST_BLOCKS = 5000
_MOST_HEADER = 2**22
_COMMENTS = ("#", "%", ";", "//", "!", "*", "$", ":")
_SCAN = re.compile(r"#S\s+(\d+)")
# With a decimal point or comma, Fortran's D, or the bare exponent of three digits: 0.12-100.
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eEdD][+-]?\d+|[+-]\d{3})?")
_STARTS = re.compile(r"[+-]?[.,]?\d")
_BARE_EXPONENT = re.compile(r"(?<=[\d.])([+-]\d{3})$")
_MISSING = re.compile(
    r"|[+-]?(?:nan|inf|infinity)|\*+|-{1,3}|n/?a|null|none|#n/a|#[a-z/0]+[!?]|-?1\.#\w+",
    re.IGNORECASE,
)


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


@dataclass
class _Block:
    """Successive rows that have the same columns, the lines above them, and a fault below."""

    separator: str | None
    text: tuple[int, ...]
    width: int
    first: int
    header: list[str]
    scan: str | None
    numbers: array = field(default_factory=lambda: array("d"))
    last: int = 0
    line: str = ""

    @property
    def rows(self) -> int:
        return len(self.numbers) // self.width

    def like(self, other: "_Block") -> bool:
        return (self.width, self.text, self.scan) == (other.width, other.text, other.scan)

    @property
    def ends(self) -> tuple[float, float]:
        """First and last number of the first column that holds numbers."""
        column = next(n for n in range(self.width) if n not in self.text)
        return self.numbers[column], self.numbers[column - self.width]


def read_text(content: bytes, path: Path) -> list[Scan]:
    """Find the tables of a text file: one, or those of all its scans."""
    lines = _lines(decode(content, path), path)
    joined, notes = _records(lines)
    blocks, damaged, start = _blocks(joined, path)
    if not blocks or max(block.rows for block in blocks) < 2:
        beginning = f"; it begins '{printable(start, 40)}'" if start else ""
        raise NoTableError(
            f"{path}: holds no table of at least two rows of numbers{beginning}; give energies and "
            "intensities in columns"
        )
    if any(block.scan for block in blocks):  # what stands above the first scan is none
        blocks = [block for block in blocks if block.scan]
    main = max(blocks, key=lambda block: block.rows)
    tables = _merged([block for block in blocks if block.scan or block.like(main)])
    scans = [_scan(table, blocks, damaged, notes, path) for table in tables if table.rows > 1] or [
        _scan(main, blocks, damaged, notes, path)
    ]
    if len(scans) == 1:
        return scans
    numbered = [table.scan or str(n) for n, table in enumerate(tables, 1) if table.rows > 1]
    width, labels = scans[0].values.shape[1], scans[0].labels
    return [
        replace(
            scan,
            name=f"scan {number}",
            labels=scan.labels or (labels if scan.values.shape[1] == width else ()),
        )
        for number, scan in zip(numbered, scans, strict=True)
    ]


def _lines(text: str, path: Path) -> list[tuple[int, str]]:
    if text.count("\n") > MOST_LINES:
        raise _too_many(path)
    lines = text.splitlines() if "\x0b" not in text and "\x85" not in text else text.split("\n")
    if len(lines) > MOST_LINES:
        raise _too_many(path)
    longest = max(range(len(lines)), key=lambda n: len(lines[n]), default=0)
    if lines and len(lines[longest]) > LONGEST_LINE:
        raise InputError(f"{path}: line {longest + 1} is too long for a table; give a text file")
    return [(number, line.strip(" \r\n\x0c\x1a")) for number, line in enumerate(lines, 1)]


def _too_many(path: Path) -> InputError:
    return InputError(
        f"{path}: has more than {MOST_LINES} lines; no spectrum needs them, bin its points"
    )


def _records(lines: list[tuple[int, str]]) -> tuple[list[tuple[int, str]], tuple[str, ...]]:
    """Join records that are written over several lines of different lengths."""
    rows = [n for n, (_, line) in enumerate(lines) if _STARTS.match(line)]
    widths = [len(lines[n][1].split()) for n in rows]
    for period in range(2, 9):
        pattern = widths[:period]
        if len(widths) < 3 * period or min(pattern) == max(pattern):
            continue
        whole = len(widths) // period
        if widths[: whole * period] == pattern * whole and rows[-1] - rows[0] == len(rows) - 1:
            records = [rows[n * period : (n + 1) * period] for n in range(whole)]
            made = [
                (lines[record[0]][0], " ".join(lines[n][1] for n in record)) for record in records
            ]
            note = f"each record is written over {period} lines, joined"
            return [*lines[: rows[0]], *made, *lines[rows[-1] + 1 :]], (note,)
    return lines, ()


def _blocks(
    lines: list[tuple[int, str]], path: Path
) -> tuple[list[_Block], list[tuple[int, str]], str]:
    """Sort the lines into blocks of rows, lines that look like damaged rows, and all others."""
    blocks: list[_Block] = []
    damaged: list[tuple[int, str]] = []
    header: list[str] = []
    block: _Block | None = None
    scan: str | None = None
    seen = described = 0
    for number, line in lines:
        if not line:
            continue
        row = None
        if not line.startswith(_COMMENTS):
            row = _quick_row(line, block) or _row(line, block)
        elif match := _SCAN.match(line):
            scan, block = match[1], None
        if row is None:
            described += len(line)
            if described > _MOST_HEADER:
                raise InputError(
                    f"{path}: holds {described // 2**20} MB of text beside its numbers by line "
                    f"{number}; give the table alone"
                )
            if _STARTS.match(line):
                damaged.append((number, line))
            else:
                header.append(line)
                if block and not (line.startswith(_COMMENTS) and not holds_labels(line)):
                    block = None
            continue
        if (
            block is None
            or not (len(row.values) == block.width and row.text == block.text)
            or header
        ):
            if len(row.values) > MOST_COLUMNS or len(blocks) == _MOST_BLOCKS:
                raise InputError(
                    f"{path}: line {number}: no file of spectra has so many columns or tables; "
                    "give fewer at once"
                )
            if row.text:  # it may say what the columns below are
                header.append(line)
            block = _Block(
                row.separator, row.text, len(row.values), number, header, scan, line=line
            )
            blocks.append(block)
            header = []
        block.numbers.extend(row.values)
        block.last = number
        seen += len(row.values)
        if seen > MOST_NUMBERS:
            raise InputError(
                f"{path}: holds more than {MOST_NUMBERS} numbers by line {number}; give fewer "
                "spectra at once"
            )
    first = blocks[0].header if blocks else header
    return blocks, damaged, first[0] if first else (damaged[0][1] if damaged else "")


def _merged(blocks: Sequence[_Block]) -> list[_Block]:
    """Put blocks together that a damaged row or a remark parts, but not scans."""
    tables: list[_Block] = []
    for block in blocks:
        before = tables[-1] if tables else None
        if before is not None and before.like(block) and _goes_on(before, block):
            before.numbers.extend(block.numbers)
            before.last = block.last
        else:
            tables.append(block)
    return tables


def _goes_on(before: _Block, block: _Block) -> bool:
    """Tell whether rows are those of the scan before: no labels between, and no step back."""
    if any(holds_labels(line) for line in block.header):
        return False
    first, last = before.ends
    start = block.ends[0]
    back = (start - last) * np.sign(last - first)
    return not (
        block.header and block.rows > 1 and before.rows > 1 and back < -abs(last - first) / 2
    )


def _scan(
    table: _Block,
    blocks: Sequence[_Block],
    damaged: Sequence[tuple[int, str]],
    notes: tuple[str, ...],
    path: Path,
) -> Scan:
    remarks = list(notes)
    strays = [
        (block.first, block.line)
        for block in blocks
        if block.rows == 1
        and block.scan == table.scan
        and not block.like(table)
        and len(block.text) < block.width
    ]
    near = sorted(
        (number, line)
        for number, line in [*damaged, *strays]
        if table.first - 3 <= number <= table.last + 1
    )
    if len(near) > max(1, DAMAGED * table.rows):
        number, line = near[0]
        raise InputError(
            f"{path}: {len(near)} of {len(near) + table.rows} rows are damaged, line {number} the "
            f"first: not {table.width} numbers ('{printable(line, 40)}'); repair or remove them"
        )
    remarks += [
        f"line {number} is no row of {table.width} numbers ('{printable(line, 40)}'), left out"
        for number, line in near[:20]
    ]
    others = [
        block
        for block in blocks
        if block.rows > 1 and block.scan == table.scan and not block.like(table)
    ]
    if others:
        where = ", ".join(str(block.first) for block in others[:5])
        remarks.append(f"another table, of other columns, left out: line {where}")
    values = np.array(table.numbers).reshape(-1, table.width)
    first = blocks[0].header if blocks[0] is not table else []
    shared = read_header(first, values, table.separator)
    own = read_header(table.header, values, table.separator)
    facts = {**shared.facts, **own.facts}
    return Scan(values, own.labels or shared.labels, "", facts, (*remarks, *own.notes))


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
    """Split a line into cells; None if it is no row: without a number, or but for a few words."""
    if block is not None:
        # A cell may be empty here that was not in the row above.
        row = _cells(line, block.separator)
        if row is not None and (len(row.values), row.text) == (block.width, block.text):
            return row
    best: _Row | None = None
    for separator in (";", "\t", ",", None):
        if separator is not None and separator not in line:
            continue
        row = _cells(line, separator)
        if row is None or not row.numbers or len(row.text) > 2 * row.numbers:
            continue
        # Of equals, the one that leaves no cell empty: several tabs may be one separator.
        if best is None or row.rank < best.rank:
            best = row
    if best is None or (best.text and _STARTS.match(line) and block is not None):
        return None
    return best if not best.text or best.numbers > 1 else None


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
    """Read a number with a decimal point or comma, of C or of Fortran; None if it is none."""
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

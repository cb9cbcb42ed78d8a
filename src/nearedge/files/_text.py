"""Tables of numbers in text files, whatever separates, comments on and surrounds them."""

# Own code: rexafs 0.2.14 refuses tables with decimal commas, empty or damaged cells, columns of
# text, footers or a second table, and EMSA, joins two scans and takes remarks for labels.

import csv
import re
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nearedge.errors import InputError
from nearedge.files._content import BEGINNING, NoTableError, decode
from nearedge.files._labels import holds_labels, read_header
from nearedge.files._scan import Label, Scan, printable

MOST_NUMBERS = 2_000_000  # in all tables of a file together
MOST_COLUMNS = 5000
MOST_LINES = 200_000
LONGEST_LINE = 2**18  # characters
DAMAGED = 0.1  # share of a table's rows, beyond the first, that may be damaged
_MOST_BLOCKS = 5000
_MOST_HEADER = 2**22  # characters
_COMMENTS = ("#", "%", ";", "//", "!", "*", "$", ":")
_SCAN = re.compile(r"#S\s+(\d+)")
_STARTS = re.compile(r"[+-]?[.,]?\d")
# A decimal comma, Fortran's D, and its bare exponent of three digits: 0.12-100.
_DIALECT = str.maketrans(",dD", ".ee")
_EMSA_FIELD = re.compile(r"^#\s*(\w+)\s*[^:]*:\s*(.*)$")
_BARE_EXPONENT = re.compile(r"(?<=[\d.])([+-]\d{3})$")
_MISSING = re.compile(
    r"|[+-]?(?:nan|inf|infinity)|\*+|-{1,3}|n/?a|null|none|#n/a|#[a-z/0]+[!?]|-?1\.#\w+",
    re.IGNORECASE,
)


class _Row(NamedTuple):
    """The cells of a line: numbers, NaN for missing ones and for text, and where text stands."""

    separator: str | None
    values: list[float]
    text: tuple[int, ...] = ()
    numbers: int = 0

    def like(self, other: "_Row") -> bool:
        return (len(self.values), self.text) == (len(other.values), other.text)

    @property
    def rank(self) -> tuple[int, int, int]:
        """How unlikely it is that the line is separated so."""
        return len(self.text), -self.numbers, len(self.values)


@dataclass
class _Block:
    """Successive rows that have the columns of the first, and the lines above them."""

    row: _Row
    first: int
    line: str
    header: list[str]
    scan: str | None
    numbers: array = field(default_factory=lambda: array("d"))
    last: int = 0

    @property
    def width(self) -> int:
        return len(self.row.values)

    @property
    def rows(self) -> int:
        return len(self.numbers) // self.width

    def like(self, other: "_Block") -> bool:
        return self.row.like(other.row) and self.scan == other.scan

    @property
    def ends(self) -> tuple[float, float]:
        """First and last number of the first column that holds numbers."""
        column = next(n for n in range(self.width) if n not in self.row.text)
        return self.numbers[column], self.numbers[column - self.width]


def read_text(content: bytes, path: Path) -> list[Scan]:
    """Find the tables of a text file, of one scan or several; damaged rows are left out, told."""
    lines, notes = _records(_lines(decode(content, path), path))
    blocks, damaged, start = _blocks(lines, path)
    if not blocks or max(block.rows for block in blocks) < 2:
        beginning = f"; it begins '{printable(start, 40)}'" if start else ""
        raise NoTableError(
            f"{path}: holds no table of at least two rows of numbers{beginning}; give energies and "
            "intensities in columns"
        )
    if any(block.scan for block in blocks):  # what stands above the first scan is none
        blocks = [block for block in blocks if block.scan]
    main = max(blocks, key=lambda block: block.rows)
    merged = _merged([block for block in blocks if block.scan or block.like(main)])
    tables = [(table.scan or n, table) for n, table in enumerate(merged, 1) if table.rows > 1]
    if len(tables) < 2:
        return [_scan(tables[0][1] if tables else main, blocks, damaged, notes, path)]
    scans: list[Scan] = []
    for number, table in tables:
        scan = _scan(table, blocks, damaged, notes, path)
        # What labels the first labels the others of its columns.
        alike = scans and scan.values.shape[1] == scans[0].values.shape[1]
        labels = scan.labels or (scans[0].labels if alike else ())
        scans.append(replace(scan, name=f"scan {number}", labels=labels))
    return scans


def _lines(text: str, path: Path) -> list[tuple[int, str]]:
    other = "\x0b" in text or "\x85" in text  # which are no ends of lines
    many = text.count("\n") > MOST_LINES
    lines = [] if many else text.split("\n") if other else text.splitlines()
    if many or len(lines) > MOST_LINES:
        raise InputError(
            f"{path}: has more than {MOST_LINES} lines, too many for a spectrum; bin its points"
        )
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise InputError(f"{path}: line {number} is too long for a table; give a text file")
    return [(number, line.strip(" \r\n\x0c\x1a")) for number, line in enumerate(lines, 1)]


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
            records = [lines[n : n + period] for n in rows[: whole * period : period]]
            made = [(record[0][0], " ".join(line for _, line in record)) for record in records]
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
            row = _row(line, block.row if block else None)
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
                if block and (not line.startswith(_COMMENTS) or holds_labels(line)):
                    block = None
            continue
        if block is None or header or not row.like(block.row):
            if len(row.values) > MOST_COLUMNS or len(blocks) == _MOST_BLOCKS:
                raise InputError(
                    f"{path}: line {number}: too many columns or tables for a file of spectra; "
                    "give fewer at once"
                )
            if row.text:  # it may say what the columns below are
                header.append(line)
            block = _Block(row, number, line, header, scan)
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
        if tables and tables[-1].like(block) and _goes_on(tables[-1], block):
            tables[-1].numbers.extend(block.numbers)
            tables[-1].last = block.last
        else:
            tables.append(block)
    return tables


def _goes_on(before: _Block, block: _Block) -> bool:
    """Tell whether rows are those of the scan before: no labels between, and no step back."""
    if any(holds_labels(line) for line in block.header):
        return False
    first, last = before.ends
    back = (block.ends[0] - last) * np.sign(last - first) < -abs(last - first) / 2
    return not (block.header and block.rows > 1 and before.rows > 1 and back)


def _scan(
    table: _Block,
    blocks: Sequence[_Block],
    damaged: Sequence[tuple[int, str]],
    notes: tuple[str, ...],
    path: Path,
) -> Scan:
    others = [block for block in blocks if block.scan == table.scan and not block.like(table)]
    lone = [block for block in others if block.rows == 1 and len(block.row.text) < block.width]
    strays = [*damaged, *((block.first, block.line) for block in lone)]
    near = sorted(stray for stray in strays if table.first - 3 <= stray[0] <= table.last + 1)
    if len(near) > max(1, DAMAGED * table.rows):
        number, line = near[0]
        raise InputError(
            f"{path}: {len(near)} of {len(near) + table.rows} rows are damaged, line {number} the "
            f"first: not {table.width} numbers ('{printable(line, 40)}'); repair or remove them"
        )
    remarks = [
        f"line {number} is not a row of {table.width} numbers ('{printable(line, 40)}'), left out"
        for number, line in near[:20]
    ]
    if places := [str(block.first) for block in others if block.rows > 1][:5]:
        remarks.append(f"another table with other columns left out: line {', '.join(places)}")
    values = np.array(table.numbers).reshape(-1, table.width)
    above = blocks[0].header if blocks[0] is not table else []
    shared = read_header(above, values, table.row.separator)
    own = read_header(table.header, values, table.row.separator)
    labels, facts = own.labels or shared.labels, {**shared.facts, **own.facts}
    return Scan(values, labels, "", facts, (*notes, *remarks, *own.notes))


def _row(line: str, before: _Row | None) -> _Row | None:
    """Split a line into cells; None if it is no row: without a number, or but for a few words."""
    if before is not None:
        # A cell may be empty here that was not in the row above.
        row = _quick_cells(line, before) or _cells(line, before.separator)
        if row is not None and row.like(before):
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
    if best is None or (best.text and (best.numbers == 1 or (before and _STARTS.match(line)))):
        return None
    return best


def _quick_cells(line: str, before: _Row) -> _Row | None:
    """Read a line of plain numbers as the one before it; None if that fails."""
    if before.text or "_" in line or '"' in line:
        return None
    if "," in line and before.separator != ",":
        line = line.replace(",", ".")
    try:
        values = [float(word) for word in line.split(before.separator)]
    except ValueError:
        return None
    return _Row(before.separator, values) if len(values) == len(before.values) else None


def _cells(line: str, separator: str | None) -> _Row | None:
    words = line.split(separator)
    if '"' in line:
        try:
            words = next(csv.reader([line], delimiter=separator or " ", skipinitialspace=True))
        except csv.Error:
            return None
        words = words if separator else [word for word in words if word]
    values = [parse_number(word) for word in words]
    missing = [place for place, value in enumerate(values) if value is None]
    text = tuple(place for place in missing if not _MISSING.fullmatch(words[place].strip()))
    numbers = [np.nan if value is None else value for value in values]
    return _Row(separator, numbers, text, len(values) - len(missing))


def parse_number(word: str) -> float | None:
    """Read a number with a decimal point or comma, of C or of Fortran; None if it is none.

    >>> parse_number("529,35"), parse_number("1.5D+03"), parse_number("0.12-100")
    (529.35, 1500.0, 1.2e-101)
    """
    if "_" in word or not _STARTS.match(word.lstrip()):  # of what float reads, it and "nan"
        return None
    with suppress(ValueError):
        return float(word)
    with suppress(ValueError):
        return float(_BARE_EXPONENT.sub(r"e\1", word.strip().translate(_DIALECT)))
    return None


def is_emsa(content: bytes) -> bool:
    """Tell an EMSA/MAS file (R. F. Egerton et al., ISO 22029) of intensities alone."""
    start = content[:BEGINNING].upper()
    alone = re.search(rb"DATATYPE\s*:\s*XY", start) is None
    return alone and re.search(rb"^#\s*XPERCHAN", start, re.MULTILINE) is not None


def read_emsa(content: bytes, path: Path) -> list[Scan]:
    """Read the intensities of an EMSA file row by row, and compute their energies."""
    fields: dict[str, str] = {}
    numbers: list[float] = []
    for line in decode(content, path).splitlines():
        if match := _EMSA_FIELD.match(line.strip()):
            fields.setdefault(match[1].upper(), match[2].strip())
            continue
        values = [parse_number(word) for word in re.split(r"[,;\s]+", line.strip()) if word]
        numbers += [np.nan if value is None else value for value in values]
        if len(numbers) > MOST_NUMBERS:
            raise InputError(f"{path}: holds more than {MOST_NUMBERS} numbers; give one spectrum")
    step, start = parse_number(fields.get("XPERCHAN", "")), parse_number(fields.get("OFFSET", ""))
    unit = fields.get("XUNITS", "eV")
    if not step or start is None or unit.lower() not in ("ev", "kev"):
        raise InputError(
            f"{path}: OFFSET, XPERCHAN and XUNITS of its header give no energies ('{unit}'); give "
            "the spectrum as two columns"
        )
    first = parse_number(fields.get("CHOFFSET", "0")) or 0.0
    energy = start + step * (np.arange(len(numbers)) - first)
    note = f"energies from OFFSET {start:g} and XPERCHAN {step:g} {unit}"
    labels = (Label("energy", unit, "energy"), Label("intensity", "", "absorption"))
    facts = {"sample": fields["TITLE"]} if fields.get("TITLE") else {}
    return [Scan(np.column_stack([energy, numbers]), labels, "", facts, (note,))]

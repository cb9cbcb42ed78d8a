"""EMSA/MAS files of intensities alone (R. F. Egerton et al., ISO 22029); not read by rexafs."""

import re
from pathlib import Path

import numpy as np

from nearedge.errors import InputError
from nearedge.files._content import BEGINNING, decode
from nearedge.files._scan import Label, Scan
from nearedge.files._text import MOST_NUMBERS, parse_number

_FIELD = re.compile(r"^#\s*(\w+)\s*[^:]*:\s*(.*)$")


def is_emsa(content: bytes) -> bool:
    """Tell a file whose numbers are intensities alone."""
    start = content[:BEGINNING].upper()
    alone = re.search(rb"DATATYPE\s*:\s*XY", start) is None
    return alone and re.search(rb"^#\s*XPERCHAN", start, re.MULTILINE) is not None


def read_emsa(content: bytes, path: Path) -> list[Scan]:
    """Read the intensities row by row, and compute their energies."""
    fields: dict[str, str] = {}
    numbers: list[float] = []
    for line in decode(content, path).splitlines():
        if match := _FIELD.match(line.strip()):
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

"""Athena projects (``.prj``), in the form of Perl and in that of JSON. Nothing in them is run.

Own code: xraylarch 2026.3.1 hands the lines of a project to an interpreter of Python expressions,
unpacks gzip without limit and brings a hundred packages; rexafs 0.2.14 read all of our trial
projects as Larch does and withstood 5000 damaged ones, but drops what a record says of itself
(chi(k) or mu(E), element, energy shift) and has no wheel for Linux on ARM or older Macs, where it
would ask for a Rust compiler. Spectra and arrays agree with both on projects of either form, those
that Larch wrote included.
"""

import io
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nearedge.errors import InputError
from nearedge.files._axis import energy_axis, make_spectrum
from nearedge.files._content import MOST_LINES
from nearedge.files._naming import printable, quoted, unique
from nearedge.spectra import Spectrum

LARGEST_JSON = 16 * 2**20
"""Bytes; JSON takes ten times as much memory as its text."""
LONGEST_ARGUMENTS = 2**18
"""Bytes of what a record says of itself."""
LONGEST_ARRAY = 500_000
MOST_RECORDS = 5000
MOST_NUMBERS = 5_000_000
"""In all arrays of a project."""

_TITLE = b"Athena project file"
_ORDER = b"_____order"
_NAMES = {b"$old_group", b"@args", b"@x", b"@y"}
# A string without an end goes on to the end of the text, else searching it takes for ever.
_TOKEN = re.compile(
    r"'((?:[^'\\]|\\.)*)(?:'|\Z)|\"((?:[^\"\\]|\\.)*)(?:\"|\Z)"
    r"|([()\[\]{}])|([^\s,'\"()\[\]{}]+)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x\{([0-9a-fA-F]{1,6})\}|(.))", re.DOTALL)
# Records whose abscissa is no energy.
_OTHER_AXES = ("is_chi", "is_pixel", "is_rsp", "is_qsp")
_FACTS = {
    "atsym": "element",
    "bkg_z": "element",
    "edge": "edge",
    "fft_edge": "edge",
    "beamline": "beamline",
    "bkg_e0": "e0",
}


@dataclass
class _Record:
    """One group of a project."""

    key: str = ""
    said: dict[str, str] = field(default_factory=dict)
    x: array | None = None
    y: array | None = None

    @property
    def label(self) -> str:
        return printable(self.said.get("label", "")) or printable(self.key) or "record"


def is_athena(content: bytes) -> bool:
    """Tell whether a file is an Athena project."""
    return _TITLE in content[:2000] or (content[:100].lstrip()[:1] == b"{" and _ORDER in content)


def read_athena(content: bytes, path: Path) -> list[Spectrum]:
    """Read the spectra of an Athena project, as they were measured: mu(E) and not its fits.

    Parameters
    ----------
    content : bytes
        What the file holds, unpacked.
    path : Path
        Names the file in errors.

    Returns
    -------
    list of Spectrum
        Named by Athena's labels.

    Raises
    ------
    InputError
        If the project is damaged or cut off, or holds no spectrum over energy.
    """
    perl = content[:100].lstrip()[:1] != b"{"
    records = list(_perl_records(content, path) if perl else _json_records(content, path))
    others = [record.label for record in records if _has_other_axis(record.said)]
    records = [record for record in records if not _has_other_axis(record.said)]
    if not records:
        held = f"only {quoted(others)}, which are not over energy" if others else "no record"
        raise InputError(f"{path}: holds {held}; save spectra mu(E) from Athena")
    notes = (f"records that are not over energy left out: {quoted(others)}",) if others else ()
    names = unique([record.label for record in records])
    return [
        _spectrum(record, name, notes, path) for record, name in zip(records, names, strict=True)
    ]


def _spectrum(record: _Record, name: str, notes: tuple[str, ...], path: Path) -> Spectrum:
    energy, mu = record.x, record.y
    if energy is None or mu is None or len(energy) != len(mu):
        held = [0 if one is None else len(one) for one in (energy, mu)]
        raise InputError(
            f"{path}: record '{name}' holds {held[0]} energies and {held[1]} intensities; save the "
            "project again"
        )
    metadata = {}
    for key, fact in _FACTS.items():
        said = printable(record.said.get(key, ""))
        if said and fact not in metadata:
            metadata[fact] = said.upper() if key == "fft_edge" else said
    shift = printable(record.said.get("bkg_eshift", ""))
    if shift and _number(shift):
        metadata["energy_shift"] = shift
        notes = (*notes, f"Athena's energy shift of {shift} eV is not applied")
    return make_spectrum(
        name,
        energy_axis(np.array(energy), None),
        np.array(mu),
        str(path),
        notes=notes,
        metadata=metadata,
    )


def _has_other_axis(said: Mapping[str, str]) -> bool:
    return any(_number(said.get(key, "")) for key in _OTHER_AXES) or said.get("datatype") == "chi"


def _number(text: str) -> float:
    """Read a number; 0 if it is none."""
    try:
        return float(text)
    except ValueError:
        return 0.0


def _perl_records(content: bytes, path: Path) -> Iterator[_Record]:
    record, records, begun, held = _Record(), 0, 0, 0
    for number, name, value in _statements(content, path):
        if name == b"[record]":
            records += 1
            if records > MOST_RECORDS:
                raise InputError(f"{path}: has more than {MOST_RECORDS} records; save fewer in it")
            yield record
            record, begun = _Record(), 0
            continue
        begun = begun or number
        if name == b"$old_group":
            record.key = next(iter(_words(_decode(value[:1000]))), "")
        elif name == b"@args":
            if len(value) > LONGEST_ARGUMENTS:
                raise InputError(
                    f"{path}: line {number} is too long for the parameters of a record; save the "
                    "project again"
                )
            words = _words(_decode(value))
            record.said = dict(zip(words[::2], words[1::2], strict=False))
        else:
            commas = value.count(b",")
            held += commas
            if commas > LONGEST_ARRAY or held > MOST_NUMBERS:
                raise InputError(
                    f"{path}: holds more numbers by line {number} than spectra have; save fewer of "
                    "them in a project"
                )
            numbers = value.strip(b"()[]; \t\r\n").translate(None, b"'\"")
            found = _array(numbers.split(b","), path, f"line {number}")
            setattr(record, name[1:].decode(), found)
    if begun:
        raise InputError(
            f"{path}: the record from line {begun} on has no end; the project is cut off, save it "
            "again"
        )


def _statements(content: bytes, path: Path) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield line, name and value of the statements of the Perl form that matter here."""
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    begun, pieces = 0, []
    for number, line in enumerate(io.BytesIO(content), start=1):
        if number > MOST_LINES:
            raise InputError(f"{path}: has more than {MOST_LINES} lines; save fewer spectra in it")
        record = line.startswith(b"[record]")
        if pieces and not record:
            pieces.append(line)
        elif pieces:
            break
        elif record:
            yield number, b"[record]", b""
        elif line[:1] in (b"$", b"@"):
            begun, pieces = number, [line]
        if pieces and line.rstrip().endswith(b";"):
            name, _, value = b"".join(pieces).partition(b"=")
            if name.strip() in _NAMES:
                yield begun, name.strip(), value
            pieces = []
    if pieces:
        raise InputError(
            f"{path}: the statement on line {begun} has no end; the project is cut off or damaged, "
            "save it again"
        )


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _words(text: str) -> list[str]:
    r"""Take apart a list of Perl; lists within it become one empty word each.

    Examples
    --------
    >>> _words(r"('label', 'Fe\'s', 'titles', ['a', 'b'], 'is_xmu', 1)")
    ['label', "Fe's", 'titles', '', 'is_xmu', '1']
    """
    words, depth = [], 0
    for found in _TOKEN.finditer(text):
        single, double, bracket, bare = found.groups()
        if bracket:
            depth += 1 if bracket in "([{" else -1
            if depth == 2 and bracket in "([{":
                words.append("")
        elif depth <= 1 and bare != "=>":
            quoted_word = single if single is not None else double
            if quoted_word is not None:
                words.append(_ESCAPE.sub(_unescape, quoted_word))
            else:
                words.append("" if bare == "undef" else bare)
    return words


def _unescape(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[2]
    code = int(found[1], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "?"


def _array(words: Iterable[Any], path: Path, where: str) -> array:
    try:
        return array("d", map(float, words))
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"{path}: {where} holds something else than numbers ({printable(str(error))}); save "
            "the project again"
        ) from None


def _json_records(content: bytes, path: Path) -> Iterator[_Record]:
    if len(content) > LARGEST_JSON:
        raise InputError(
            f"{path}: holds more than {LARGEST_JSON // 2**20} MB of JSON; save fewer spectra in it"
        )
    try:
        project = json.loads(_decode(content))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: is damaged JSON ({printable(str(error))}); save the project again"
        ) from None
    order = project.get(_ORDER.decode()) if isinstance(project, dict) else None
    if not isinstance(order, list):
        raise InputError(f"{path}: lacks the list of its records; save the project again")
    for key in order[:MOST_RECORDS]:
        record = project.get(key) if isinstance(key, str) else None
        if not isinstance(record, dict):
            raise InputError(
                f"{path}: lacks its record {printable(json.dumps(key))}; save the project again"
            )
        said = record.get("args")
        found = _Record(key)
        if isinstance(said, dict):
            found.said = {name: str(value) for name, value in said.items() if value is not None}
        for name in ("x", "y"):
            if isinstance(values := record.get(name), list):
                setattr(found, name, _array(values, path, f"record '{printable(key)}'"))
        yield found

"""What the lines above a table say: column labels, units, and facts of sample and beamline."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nearedge.files._naming import printable
from nearedge.files._roles import Role, role

_MARKS = re.compile(r"^(?:#L(?=\s)|[#%;!*$]+|//+)\s*")
# XDI's "Column.1: energy eV", FIO's " Col 1 ENERGY DOUBLE", and what people write by hand.
_NUMBERED = re.compile(r"^col(?:umn)?[\s._]*(\d{1,5})\s*[:=\s]\s*(\S.*)$", re.IGNORECASE)
_FIO_TYPE = re.compile(r"\s+(?:DOUBLE|FLOAT|INTEGER|STRING|BOOLEAN)$")
_TRAILING_UNIT = re.compile(
    r"^(.*?)(?:\s*[(\[]([^()\[\]]*)[)\]]|\s*[/,]\s*([\w.]+)|[\s_]+(k?eV))$", re.IGNORECASE
)
_PARTED = re.compile(r"\t+|\s{2,}")
# A bracket belongs to the word before it: "Energy (eV)".
_WORDS = re.compile(r"[^\s(\[]+(?:\s{0,3}[(\[][^)\]]{0,40}[)\]])?")
_FIELD = re.compile(r"^([\w .-]{1,40}?)\s*[:=]\s*(\S.*)$")
_FACTS = {
    "element.symbol": "element",
    "element": "element",
    "absorber": "element",
    "element.edge": "edge",
    "edge": "edge",
    "beamline.name": "beamline",
    "beamline": "beamline",
    "facility.name": "facility",
    "facility": "facility",
    "sample.name": "sample",
    "sample": "sample",
    "mono.name": "monochromator",
    "mono.d_spacing": "d_spacing",
    "scan.start_time": "start_time",
    "scan.edge_energy": "edge_energy",
    "detector.mode": "mode",
}
_LONGEST_FACT = 200
_D_SPACING = re.compile(r"\bD\s*=\s*(\d+\.\d+)\s*A")
_PHOTON_FACTORY_MODES = {"1": "i0", "2": "i1", "3": "fluorescence"}
# Labels stand this near to the table.
_NEAR = 12
_ENERGY_UNITS = {"ev": 1.0, "kev": 1000.0}
_OTHER_UNITS = frozenset(
    [
        *("a.u.", "au", "arb", "arb.", "arb.units", "arbunits", "arb.u.", "none", "raw", "-"),
        *("counts", "count", "cts", "cps", "hz", "s", "sec", "ms", "v", "mv", "a", "na", "pa"),
        *("ua", "deg", "degree", "degrees", "mdeg", "mm", "um", "1/cm", "k", "c", "norm"),
        "normalized",
    ]
)
_UNITS = frozenset(_ENERGY_UNITS) | _OTHER_UNITS


@dataclass(frozen=True)
class Label:
    """The label of one column.

    Attributes
    ----------
    text : str
        As the file has it, without quotes and unit.
    unit : str
        As the file has it; empty if it says none.
    meaning : str or None
        What the column is, if the file says so by other means than the label.
    """

    text: str
    unit: str = ""
    meaning: Role | None = None

    @property
    def role(self) -> Role | None:
        """What the column is; None if that is not understood."""
        return self.meaning or role(self.text)

    @property
    def scale(self) -> float | None:
        """What turns the column into eV; None if its unit is no energy or not said.

        Examples
        --------
        >>> Label("energy", "keV").scale, Label("energy").scale
        (1000.0, None)
        """
        return _ENERGY_UNITS.get(self.unit.lower())


@dataclass(frozen=True)
class Header:
    """What the lines above a table say.

    Attributes
    ----------
    labels : tuple of Label
        One for each column; empty if there are none.
    facts : dict of str
        Element, edge, beamline, d-spacing ...
    """

    labels: tuple[Label, ...]
    facts: dict[str, str]


def read_header(header: Sequence[str], width: int, separator: str | None) -> Header:
    """Understand the lines above a table of `width` columns.

    Parameters
    ----------
    header : sequence of str
        The lines, the nearest to the table last.
    width : int
        Columns of the table.
    separator : str or None
        What separates its cells; None for blanks.

    Returns
    -------
    Header

    Examples
    --------
    >>> header = read_header(["# Element.symbol: Fe", "# energy (keV)  mu"], 2, None)
    >>> [(label.text, label.unit) for label in header.labels], header.facts
    ([('energy', 'keV'), ('mu', '')], {'element': 'Fe'})
    """
    plain = [_MARKS.sub("", line).strip() for line in header]
    facts: dict[str, str] = {}
    numbered: dict[int, str] = {}
    for line in plain:
        if found := _NUMBERED.match(line[:_LONGEST_FACT]):
            numbered[int(found[1])] = _FIO_TYPE.sub("", found[2])
        elif (found := _FIELD.match(line[:_LONGEST_FACT])) and (
            fact := _FACTS.get(found[1].strip().lower())
        ):
            facts.setdefault(fact, printable(found[2]))
    labels = (
        _numbered_labels(numbered, width)
        or _photon_factory_labels(plain, width, facts)
        or _listed_labels(plain, width)
        or _nearest_labels(header, plain, width, separator)
    )
    return Header(labels, facts)


def _numbered_labels(numbered: dict[int, str], width: int) -> tuple[Label, ...]:
    """Labels that the file gives column by column; some may be missing."""
    if not any(1 <= column <= width for column in numbered) or 1 not in numbered:
        return ()
    return tuple(
        _numbered_label(numbered.get(column, f"column {column}")) for column in range(1, width + 1)
    )


def _numbered_label(text: str) -> Label:
    """Read the text after ``Column.N:``: a label of one word and its unit, or a phrase."""
    words = text.split()
    if len(words) == 2 and (words[1].lower() in _ENERGY_UNITS or words[1].lower() in _OTHER_UNITS):
        return Label(printable(words[0]), words[1])
    if words and words[0].lower() in ("energy", "angle") and len(words) == 2:
        return Label(words[0], words[1])
    if "||" in text:  # XDI: name unit || where it comes from
        return _numbered_label(text.split("||")[0])
    return parse_label(text)


def _listed_labels(plain: list[str], width: int) -> tuple[Label, ...]:
    """Labels that stand one to a line under ``Data:``, as SSRL writes them."""
    if len(plain) <= width or plain[-width - 1].lower() != "data:":
        return ()
    return tuple(parse_label(line) for line in plain[-width:])


def _photon_factory_labels(
    plain: list[str], width: int, facts: dict[str, str]
) -> tuple[Label, ...]:
    """Labels of the Photon Factory's format 9809: two angles, a time, and modes of detectors."""
    if not plain or not plain[0].startswith("9809"):
        return ()
    modes = next((line.split()[1:] for line in plain[::-1] if line.startswith("Mode ")), [])
    if len(modes) + 1 != width or width < 4:
        return ()
    if spacing := _D_SPACING.search("\n".join(plain[:20])):
        facts["d_spacing"] = spacing[1]
    known = [
        _PHOTON_FACTORY_MODES.get(mode, f"detector {n}") for n, mode in enumerate(modes[2:], 1)
    ]
    counted = [f"{name}{known[:n].count(name) + 1}" for n, name in enumerate(known)]
    names = [
        one if known.count(name) > 1 else name for one, name in zip(counted, known, strict=True)
    ]
    return tuple(Label(name) for name in ("Angle(c)", "Angle(o)", "time", *names))


def _nearest_labels(
    header: Sequence[str], plain: list[str], width: int, separator: str | None
) -> tuple[Label, ...]:
    units: list[str] = []
    for line, text in list(zip(header, plain, strict=True))[: -_NEAR - 1 : -1]:
        if not any(character.isalpha() for character in text):
            continue
        comment = line != text
        for words in _splits(text, width, separator, spec=line.startswith("#L")):
            if all(word.lower().strip("()[]") in _UNITS or not word for word in words):
                units = units or [word.strip("()[]") for word in words]
                break
            if not _are_labels(words, plain=not comment):
                continue
            labels = [parse_label(word) for word in words]
            if units:
                labels = [
                    Label(label.text, label.unit or unit)
                    for label, unit in zip(labels, units, strict=True)
                ]
            return tuple(labels)
    return ()


def _splits(text: str, width: int, separator: str | None, *, spec: bool) -> list[list[str]]:
    """Ways to see `width` labels in a line, the likeliest first."""
    ways: list[list[str]] = []
    if spec:
        ways.append(_PARTED.split(text))
    for mark in dict.fromkeys((separator, "\t", ";", ",")):
        if mark is not None and mark in text:
            try:
                ways.append(next(csv.reader([text], delimiter=mark, skipinitialspace=True)))
            except (csv.Error, StopIteration):
                continue
    ways.append(text.split())
    ways.append(_PARTED.split(text))
    ways.append(_WORDS.findall(text))
    if '"' in text:
        ways.append(re.findall(r'"([^"]*)"', text))
    trimmed = [[word.strip() for word in words] for words in ways]
    return [words for words in trimmed if len(words) == width]


def _are_labels(words: list[str], *, plain: bool) -> bool:
    """Tell labels from a remark that happens to have as many words."""
    if not any(character.isalpha() for character in words[0]) and not plain:
        return False
    known = sum(parse_label(word).role is not None for word in words)
    return known > 0 or (plain and any(any(c.isalpha() for c in word) for word in words))


def parse_label(word: str) -> Label:
    """Split a label into its text and its unit.

    Examples
    --------
    >>> parse_label('"Photon energy / keV"')
    Label(text='Photon energy', unit='keV', meaning=None)
    >>> parse_label("mu(E)").unit
    ''
    """
    text = printable(word.strip().strip("\"'").strip())
    found = _TRAILING_UNIT.match(text)
    if found and found[1].strip():
        unit = found[2] or found[3] or found[4] or ""
        if unit.strip().lower().replace(" ", "") in _UNITS:
            return Label(found[1].strip(), unit.strip())
    return Label(text)

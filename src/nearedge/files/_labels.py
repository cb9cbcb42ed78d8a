"""What the lines above a table say: column labels, units, and facts of sample and beamline."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nearedge.files._roles import word_set
from nearedge.files._scan import Label, printable

_MARKS = re.compile(r"^(?:#L(?=\s)|[#%;!*$:]+|//+)\s*")
# XDI's "Column.1: energy eV", FIO's " Col 1 ENERGY DOUBLE", mda2ascii's "1 [Index]", "2) i0".
_NUMBERED = re.compile(
    r"^(?:(?:col(?:umn)?|field|ch(?:annel)?)[\s._]*)(\d{1,4})\s*[:=)\s]\s*(\S.*)$", re.IGNORECASE
)
_BARE_NUMBERED = re.compile(r"^\(?(\d{1,4})(?:\s*[:.)=]\s*|\s+(?=\[))(\D.*)$")
_BRACKET = re.compile(r"^\[([^\]]*)\]\s*(.*)$")
_FIO_TYPE = re.compile(r"\s+(?:DOUBLE|FLOAT|INTEGER|STRING|BOOLEAN)$")
_SECTION = re.compile(
    r"^(?:event|scan|record|set|block)?[\s_-]*(?:id|nr|no|number)\s*[:=]\s*(\d+)", re.I
)
# "P1 = {Energy} --> AA:E.VAL": what a short name in the heading stands for.
_DEFINED = re.compile(r"^([A-Za-z]\w{0,9})\s*(?::=|=|:|-->|->)\s*(\S.*)$")
_ARROW = re.compile(r"\s*(?:-->|->|<-).*$")
_TRAILING_UNIT = re.compile(
    r"^(.*?)(?:\s*[(\[]([^()\[\]]*)[)\]]|\s*[/,]\s*([\w.]+)|[\s_]+(k?eV))$", re.IGNORECASE
)
_PARTED = re.compile(r"\s*\*\s*|\t+|\s{2,}|\s*\|\s*")
# A bracket belongs to the word before it: "Energy (eV)".
_WORDS = re.compile(r"[^\s(\[]+(?:\s{0,3}[(\[][^)\]]{0,40}[)\]])?")
_FIELD = re.compile(r"^([\w .-]{1,40}?)\s*[:=]\s*(\S.*)$")
# Words of sentences, that no label is.
_PROSE = word_set(
    "the a an was is are were of in at by from with and for to not on this measured taken shifted"
    " made up"
)
_FACTS = {
    name: fact
    for fact, names in {
        "element": "element.symbol|element|absorber|absorbing element|atom",
        "edge": "element.edge|edge|absorption edge",
        "beamline": "beamline.name|beamline",
        "facility": "facility.name|facility",
        "sample": "sample.name|sample|sample name|compound",
        "formula": "sample.stoichiometry|sample.formula|formula|chemical formula",
        "monochromator": "mono.name",
        "d_spacing": "mono.d_spacing|d_spacing|dspacing|d-spacing",
        "start_time": "scan.start_time",
        "edge_energy": "scan.edge_energy|edge_energy|e0",
        "mode": "detector.mode",
    }.items()
    for name in names.split("|")
}
_EDGE_NAMED = re.compile(
    r"\b([A-Z][a-z]?)[\s_-]+(K|[LM][1-5]|[LM](?:III|II|I))(?:[\s_-]*(?:edge|absorption|xanes|xas|nexafs))\b"
)
# Of monochromators; constants of the lattice in Angstrom.
_CRYSTAL = re.compile(r"\b(Si|Ge)\s?\(?([1-9])[ ,]?(\d)[ ,]?(\d)\)?(?![\d.])")
_LATTICE = {"Si": 5.43102, "Ge": 5.65790}
_LONGEST_FACT = 200
# Labels stand this near to the table.
_NEAR = 12
_MOST_HEADER = 4000
_UNITS = word_set(
    "ev kev a.u. au arb arb. arb.units arbunits arb.u. none raw - counts count cts cps hz s sec ms"
    " v mv a na pa ua deg degree degrees mdeg rad mrad mm um 1/cm 1/a k c norm normalized"
)


class Header(NamedTuple):
    """What the lines above a table say: labels if any fit, facts, and which labels do not fit."""

    labels: tuple[Label, ...]
    facts: dict[str, str]
    notes: tuple[str, ...]


def read_header(header: Sequence[str], values: np.ndarray, separator: str | None) -> Header:
    """Understand the lines above a table, whose cells are separated by blanks if by None."""
    header = [*header[: _MOST_HEADER // 2], *header[_MOST_HEADER // 2 :][-_MOST_HEADER // 2 :]]
    plain = [_MARKS.sub("", line).strip() for line in header]
    width = values.shape[1]
    labels, misfit = _numbered_labels(plain, values)
    # SSRL writes its labels one to a line under "Data:".
    above = "".join(plain[-width - 1 : -width]).lower()
    if not labels and above in ("data:", "columns:", "labels:"):
        labels = tuple(parse_label(line) for line in plain[-width:])
    labels = labels or _nearest_labels(header, plain, width, separator)
    if not labels and not misfit:
        misfit = next((line for line in plain[: -_NEAR - 1 : -1] if holds_labels(line)), "")
    notes = () if labels or not misfit else (f"labels '{misfit}' do not fit {width} columns",)
    return Header(labels, _facts(plain), notes)


def holds_labels(line: str) -> bool:
    """Tell whether a line names columns, an energy among them."""
    if not (0 < len(line) < 2000):
        return False
    text = _MARKS.sub("", line).strip()
    return any(_are_labels(words, plain=False) for words in _ways(text, None) if len(words) > 1)


def _facts(plain: Sequence[str]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for line in plain:
        text = line[:_LONGEST_FACT]
        for part in re.split(r",\s+(?=\w+\s*[:=])", text):
            match = _FIELD.match(part)
            if match and (fact := _FACTS.get(match[1].strip().lower())):
                facts.setdefault(fact, printable(match[2]))
        if crystal := _CRYSTAL.search(text):
            order = sum(int(index) ** 2 for index in crystal.groups()[1:])
            facts.setdefault("d_spacing", f"{_LATTICE[crystal[1]] / order**0.5:.5f}")
        if named := _EDGE_NAMED.search(text):
            facts.setdefault("element", f"{named[1]} {named[2]}")
    return facts


def _numbered_labels(plain: Sequence[str], values: np.ndarray) -> tuple[tuple[Label, ...], str]:
    """Labels given column by column, and what to show of them if none fit.

    Of several lists that of the event whose rows follow, else the one that is understood best.
    """
    lists: list[tuple[str, dict[int, str]]] = []
    for pattern in (_NUMBERED, _BARE_NUMBERED):
        section, current = "", {}
        for line in plain:
            text = line[:_LONGEST_FACT]
            if match := _SECTION.match(text):
                section, current = match[1], {}
            elif (match := pattern.match(text)) and (number := int(match[1])) > 0:
                if number in current or not current:
                    current = {}
                    lists.append((section, current))
                current[number] = _FIO_TYPE.sub("", match[2])
        if lists:
            break
    columns = range(1, values.shape[1] + 1)
    ids = {str(int(number)) for number in values[:2, 0] if abs(number) < 1e6}
    ranked: list[tuple[bool, int, tuple[Label, ...]]] = []
    for section, texts in lists:
        if 1 in texts and max(texts) in columns:
            labels = tuple(_numbered_label(texts.get(n, "")) for n in columns)
            roles = [label.role for label in labels]
            understood = sum(role is not None for role in roles) + 10 * ("energy" in roles)
            ranked.append((section in ids, understood, labels))
    best = max(ranked, key=lambda event: event[:2], default=(False, 0, ()))[2]
    return best, next((", ".join(texts.values()) for _, texts in lists if len(texts) > 1), "")


def _numbered_label(text: str) -> Label:
    """Read the text after ``Column.N:``: a label of one word and its unit, or a phrase."""
    text = text.split("||")[0]  # XDI: name unit || where it comes from
    if match := _BRACKET.match(text):
        # mda2ascii: [1-D Detector 1]  PV, description, ..., unit
        parts = [part.strip() for part in match[2].split(",")]
        words = [part for part in parts[1:] if part] or parts[:1]
        unit = next((part for part in parts[2:] if part.lower() in ("ev", "kev")), "")
        return Label(printable(words[0] or match[1]), unit)
    words = text.split()
    if len(words) == 2 and words[1].lower() in _UNITS:
        return Label(printable(words[0]), words[1])
    return parse_label(text)


def _nearest_labels(
    header: Sequence[str], plain: Sequence[str], width: int, separator: str | None
) -> tuple[Label, ...]:
    units: list[str] = []
    defined = {
        match[1]: _ARROW.sub("", match[2]).strip("{}\"' ")
        for line in plain
        if (match := _DEFINED.match(line[:_LONGEST_FACT]))
    }
    for line, text in list(zip(header, plain, strict=True))[: -_NEAR - 1 : -1]:
        if not any(character.isalpha() for character in text):
            continue
        comment = line != text
        for words in _ways(text, separator):
            if len(words) != width:
                continue
            if defined.keys() >= {*words}:
                return tuple(parse_label(defined[word]) for word in words)
            if all(word.lower().strip("()[]") in _UNITS or not word for word in words):
                units = units or [word.strip("()[]") for word in words]
                break
            if not _are_labels(words, plain=not comment):
                continue
            labels = map(parse_label, words)
            beneath = zip(labels, units or [""] * width, strict=True)
            return tuple(Label(label.text, label.unit or unit) for label, unit in beneath)
    return ()


def _ways(text: str, separator: str | None) -> Iterator[list[str]]:
    """Ways to see labels in a line, the likeliest first."""
    text = text[:20_000]
    for mark in dict.fromkeys((separator, "\t", ";", ",")):
        if mark is not None and mark in text:
            try:
                row = next(csv.reader([text], delimiter=mark, skipinitialspace=True))
            except csv.Error:
                continue
            yield [word.strip() for word in row]
    if '"' in text:
        yield re.findall(r'"([^"]*)"', text)
    yield [word for word in _PARTED.split(text) if word]
    yield text.split()
    yield _WORDS.findall(text)


def _are_labels(words: Sequence[str], *, plain: bool) -> bool:
    """Tell labels from a remark that happens to have as many words."""
    if any(_is_prose(word) for word in words):
        return False
    if plain and sum(any(c.isalpha() for c in word) for word in words) > len(words) / 2:
        return True
    roles = [parse_label(word).role for word in words]
    axes = [role for role in roles if role in ("energy", "angle", "no energy")]
    return bool(axes) and (roles[0] is not None or sum(role is not None for role in roles) > 1)


def _is_prose(word: str) -> bool:
    """Tell a piece of a sentence, or a field and its value, from a label."""
    first, *others = word.lower().split() or [""]
    return (
        len(word) > 60
        or len(others) > 5
        or re.search(r"[:.]\s+\S|^\w[\w ]*:$|\w\.$", word) is not None
        or bool(_PROSE & {*others})
        or first in _PROSE - {"a"}
    )


def parse_label(word: str) -> Label:
    """Split a label into its text and its unit."""
    text = printable(word.strip().strip("\"'").strip())
    match = _TRAILING_UNIT.match(text)
    if match and match[1].strip():
        unit = match[2] or match[3] or match[4] or ""
        if unit.strip().lower().replace(" ", "") in _UNITS:
            return Label(match[1].strip(), unit.strip())
    return Label(text)

"""Formats that rexafs reads: Athena projects, the Photon Factory's 9809, SRS records, FDMNES ..."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from rexafs.io import MeasurementScan, parse_measurement

from nearedge.errors import InputError
from nearedge.files._labels import read_header
from nearedge.files._roles import Role
from nearedge.files._scan import Label, Scan, printable, quoted
from nearedge.files._text import parse_number

LARGEST = 16 * 2**20  # bytes; the library takes ten times as much memory as a text
MOST_SCANS = 5000
_SIGNATURES = re.compile(
    rb"\A[^\n]{0,200}Athena project file|\A\s*\{[^\0]{0,400}_____header|\A\s*9809\s|\A\s*&SRS\b"
    rb"|E_edge\s*=|\A##LARIX",
    re.IGNORECASE,
)
_FACT = re.compile(r"^\"?(\w+)\"?: ?(.*?)$", re.MULTILINE)
_PAIR = re.compile(r'"(\w+)":"((?:[^"\\]|\\.)*)"')
# Records whose abscissa is no energy.
_OTHER_AXES = ("is_chi", "is_pixel", "is_rsp", "is_qsp")
_D_SPACING = re.compile(r"\bD\s*=\s*(\d+\.\d+)\s*A")
_9809: dict[str, Role] = {
    "requested_angle": "aside",
    "observed_angle": "angle",
    "time": "aside",
    "i0": "incident",
    "it": "transmitted",
    "fluorescence": "fluorescence",
    "if": "fluorescence",
}


def is_library_format(content: bytes) -> bool:
    """Tell whether a file begins as one of the formats that the library reads for us."""
    session = content[:100].lstrip()[:1] == b"{" and b'"_____order"' in content
    return session or _SIGNATURES.search(content[:20_000]) is not None


def read_with_library(content: bytes, path: Path, *, sure: bool = True) -> list[Scan]:
    """Read the scans of a file; if not `sure`, of formats that are no tables of text."""
    if len(content) > LARGEST:
        raise InputError(f"{path}: holds more than {LARGEST // 2**20} MB; save fewer spectra in it")
    try:
        document = parse_measurement(content).document
    except (ValueError, OSError) as error:
        reason = printable(str(error), 200)
        raise InputError(f"{path}: cannot be read ({reason}); save or copy it again") from None
    scans = document["scans"]
    if not sure and document["format"] in ("text", "xdi", "spec"):
        raise InputError(f"{path}: is a table of text")
    if len(scans) > MOST_SCANS:
        raise InputError(f"{path}: holds more than {MOST_SCANS} scans; save fewer in it")
    if document["format"] == "athena":
        return _athena(scans, path)
    names = [printable(scan["label"]) if len(scans) > 1 else "" for scan in scans]
    pairs = zip(scans, names, strict=True)
    return [_scan(scan, document["format"], name, path) for scan, name in pairs]


def _values(scan: MeasurementScan) -> np.ndarray:
    columns = [column["values"] for column in scan["columns"]]
    return np.array(columns, dtype=float).T.reshape(-1, len(columns))


def _athena(scans: list[MeasurementScan], path: Path) -> list[Scan]:
    """The records of a project as they were measured, mu(E), at Athena's energies."""
    made: list[Scan] = []
    others: list[str] = []
    for scan in scans:
        header = {key: value.strip("'") for key, value in _FACT.findall(scan["header"])}
        header |= dict(_PAIR.findall(scan["header"])) if scan["header"].startswith("{") else {}
        name = printable(scan["label"]) or printable(scan["id"]) or "record"
        if header.get("datatype") == "chi" or any(
            parse_number(header.get(key, "")) for key in _OTHER_AXES
        ):
            others.append(name)
            continue
        shift, values = parse_number(header.get("bkg_eshift", "")) or 0.0, _values(scan)[:, :2]
        values[:, 0] += shift
        facts = {
            "element": header.get("atsym") or header.get("bkg_z", ""),
            "edge": (header.get("edge") or header.get("fft_edge", "")).upper(),
            "beamline": header.get("beamline", ""),
            "e0": header.get("bkg_e0", ""),
            "energy_shift": f"{shift:g}" if shift else "",
        }
        facts = {key: printable(value) for key, value in facts.items() if value.strip()}
        labels = (Label("energy", meaning="energy"), Label(name, meaning="absorption"))
        notes = (f"Athena's energy shift of {shift:g} eV applied",) if shift else ()
        made.append(Scan(values, labels, "", facts, notes))
    if not made:
        held = f"only {quoted(others)}, which are not over energy" if others else "no record"
        raise InputError(f"{path}: holds {held}; save spectra mu(E) from Athena")
    left = (f"records that are not over energy left out: {quoted(others)}",) if others else ()
    return [replace(record, notes=(*record.notes, *left)) for record in made]


def _scan(scan: MeasurementScan, form: str, name: str, path: Path) -> Scan:
    values = _values(scan)
    facts, notes = dict(read_header(scan["header"].splitlines()[:500], values, None).facts), ()
    if spacing := _D_SPACING.search(scan["header"]):
        facts["d_spacing"] = spacing[1]
    labels: list[Label] = []
    for column in scan["columns"]:
        text, meaning = printable(column["name"]), None
        if form == "9809":
            meaning = _9809.get(re.sub(r"_\d+$", "", text))
            # The second chamber behind the sample is the one behind the reference foil.
            if meaning == "transmitted" and any(label.meaning == meaning for label in labels):
                meaning = "reference"
        elif form == "srs" and text.startswith("detector"):
            meaning = "aside"
        labels.append(Label(text, printable(column["units"] or ""), meaning))
    if form == "srs":
        notes = ("records over several lines joined",)
        first, last = values[0, 0], values[-1, 0]
        if "d_spacing" in facts:
            labels[0] = Label("angle", "mdeg", "angle")
        elif last > first:
            labels[0] = Label("energy", "", "energy")
        else:
            raise InputError(
                f"{path}: is not damaged, each record spans several lines, but its first "
                f"column ({first:g} to {last:g}) is the falling angle of the monochromator and no "
                "d-spacing is given; add a line '# Mono.d_spacing: 3.1356' (Å) to the head"
            )
    for signal in scan["signals"][:1]:
        conversion = signal["mapping"].get("energy", {})
        if conversion.get("kind") == "offset_ev":
            shift = float(conversion.get("offset_ev", 0.0))
            values[:, 0] += shift
            notes = (f"energies from the edge at {shift:g} eV, made absolute",)
    return Scan(values, tuple(labels), name, facts, notes)

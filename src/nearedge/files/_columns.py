"""The columns of a scan: their names and roles, which is the energy, and which the user names."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.files._axis import Axis, bragg_axis, energy_axis
from nearedge.files._naming import quoted, unique
from nearedge.files._roles import Role, asked_rank, chamber
from nearedge.files._scan import Scan

_AXES: tuple[Role, ...] = ("energy", "angle", "no energy")
_FORMULA = re.compile(r"(?:(?:[A-Z][a-z]?)\d*(?:\.\d+)?|[()\[\]]\d*)+")
_SAMPLES = re.compile(r"sample|foil|scan|spectr")
_REMEDY = (
    "say which they are with --energy and --mu (numbers of columns from 1, or labels; --mu 4/2 for "
    "a ratio, 'ln(2/4)' for transmission)"
)


class Columns:
    """The columns of a scan, and why each of them is left out."""

    def __init__(self, scan: Scan, source: str) -> None:
        self.scan, self.source = scan, source
        self.values = scan.values
        self.names = unique([scan.label(n) for n in range(scan.values.shape[1])])
        self.left_out: dict[str, str] = {}
        self.faults: list[str] = []
        self.roles: list[Role | None] = [label.role for label in scan.labels] or [None] * len(
            self.names
        )
        for n, (name, value) in enumerate(zip(self.names, self.values.T, strict=True)):
            if not np.isfinite(value).any():
                self.roles[n], self.left_out[name] = "aside", "no numbers"
            elif scan.labels and not scan.labels[n].text and counts(value):
                self.roles[n], self.left_out[name] = "aside", "it counts the rows"
        self._number_chambers()

    def _number_chambers(self) -> None:
        """Of chambers numbered from 1, the first is the monitor."""
        numbers = {n: chamber(label.text) for n, label in enumerate(self.scan.labels)}
        numbered = {number: n for n, number in numbers.items() if number is not None}
        if "incident" in self.roles or 0 in numbered or 1 not in numbered:
            return
        meanings: dict[int, Role] = {1: "incident", 2: "transmitted", 3: "reference"}
        for number in numbered.keys() & meanings.keys():
            self.roles[numbered[number]] = meanings[number]

    def column(self, given: int | str) -> int:
        """Find a column by its number from 1, or by its label."""
        text = str(given).strip()
        if text in self.names:
            return self.names.index(text)
        if text.isdigit() and 1 <= int(text) <= len(self.names):
            return int(text) - 1
        lower = [name.lower() for name in self.names]
        if lower.count(text.lower()) == 1:
            return lower.index(text.lower())
        raise InputError(f"{self.source}: has no column '{text}'; it has {self.shown()}")

    def expression(self, text: str) -> np.ndarray:
        """Compute ``A``, ``A/B``, ``ln(A/B)`` or sums ``A+B`` of columns."""
        text = text.strip()
        if text in self.names:
            return self.values[:, self.column(text)]
        with np.errstate(all="ignore"):
            if match := re.fullmatch(r"(?:ln|log)\s*\((.*)\)", text):
                return np.log(self.expression(match[1]))
            if "/" in text:
                above, _, below = text.rpartition("/")
                return self.expression(above) / self.expression(below)
            if match := re.fullmatch(r"\((.*)\)", text):
                return self.expression(match[1])
            if "+" in text:
                return np.sum([self.expression(part) for part in text.split("+")], axis=0)
        return self.values[:, self.column(text)]

    def shown(self) -> str:
        """List the columns and what they hold."""
        columns = []
        for n, name in enumerate(self.names[:12]):
            finite = self.values[:, n][np.isfinite(self.values[:, n])]
            span = f"{finite[0]:g} to {finite[-1]:g}" if len(finite) else "no numbers"
            columns.append(f"{n + 1} '{name}' ({span})")
        more = f" and {len(self.names) - 12} more" if len(self.names) > 12 else ""
        return ", ".join(columns) + more

    def not_understood(self, what: str) -> InputError:
        """Say that columns are not understood, show them, and how to name them."""
        told = "".join(f" ({note})" for note in self.scan.notes[:2])
        return InputError(f"{self.source}: {what}{told}; its columns: {self.shown()}; {_REMEDY}")

    def axis(self) -> tuple[Axis, set[int]]:
        """Find the energies, and the columns that are no intensities for being axes."""
        roles = self.roles
        axes = {n for n, role in enumerate(roles) if role in _AXES}
        energies = [n for n in axes if roles[n] == "energy" and self._varies(n)]
        if energies:
            best = min(energies, key=lambda n: (asked_rank(self.names[n]), not self._plain(n), n))
            axis = self.axis_of(best)
            if others := [self.names[n] for n in energies if n != best]:
                chosen = f"'{self.names[best]}' is the energy, not {quoted(others)}"
                axis = replace(axis, notes=(*axis.notes, chosen))
            self.left_out |= {self.names[n]: "another axis" for n in sorted(axes - {best})}
            return axis, axes
        angles = [n for n in sorted(axes) if roles[n] == "angle" and self._varies(n)]
        if angles:
            best = min(angles, key=lambda n: (asked_rank(self.names[n]), n))
            self.left_out |= {self.names[n]: "another axis" for n in sorted(axes - {best})}
            return self._bragg(best), axes
        others = [n for n in sorted(axes) if roles[n] == "no energy"]
        if others:
            raise InputError(
                f"{self.source}: is over '{self.names[others[0]]}', which is no photon energy "
                "(k, R, pixels, binding energies and motor steps are none); give the spectrum over "
                "energy"
            )
        return self._unlabelled()

    def axis_of(self, column: int) -> Axis:
        """Take a column for the energies."""
        if self.roles[column] == "angle":
            return self._bragg(column)
        scale = self.scan.labels[column].scale if self.scan.labels else None
        return energy_axis(self.values[:, column], scale)

    def _bragg(self, column: int) -> Axis:
        spacing, unit = _spacing(self.scan.facts), ""
        if self.scan.labels:
            unit = self.scan.labels[column].unit.lower()
        if spacing is None:
            raise InputError(
                f"{self.source}: gives the angle '{self.names[column]}' in place of an energy, and "
                "no d-spacing of the monochromator; add a line '# Mono.d_spacing: 3.1356' (Å)"
            )
        angle = self.values[:, column]
        factor = {"mdeg": 1e-3, "rad": 180 / np.pi, "mrad": 0.18 / np.pi}.get(unit, 1.0)
        return bragg_axis(angle * factor, spacing)

    def _unlabelled(self) -> tuple[Axis, set[int]]:
        """Take the first of two columns for the energy; of more, none is."""
        full = [n for n in range(len(self.names)) if self.roles[n] != "aside"]
        if len(full) < 2 and len(self.names) > 1 and not self.scan.labels:
            full = list(range(len(self.names)))
        if len(full) != 2 and not self._is_matrix(full) and not self.all_formulas(full[1:]):
            raise self.not_understood("no label says which column is the energy")
        column = full[0]
        if counts(self.values[:, column]):
            raise InputError(
                f"{self.source}: '{self.names[column]}' counts from {self.values[0, column]:g} in "
                "whole numbers, as pixels and points do, and nothing says that they are energies; "
                "give the calibrated energies"
            )
        axis = energy_axis(self.values[:, column], None)
        note = f"'{self.names[column]}', the first column, is taken as the energy in eV"
        if not self.scan.labels:
            note = "no column labels; the first column is taken as the energy in eV"
        if axis.notes:
            note = note.removesuffix(" in eV")
        return replace(axis, notes=(note, *axis.notes)), {column}

    def _is_matrix(self, columns: Sequence[int]) -> bool:
        """Tell this package's own format of computed spectra, over energies from an edge."""
        first = self.values[:, columns[0]] if columns else np.array([])
        steps = np.diff(first)
        rises = len(steps) > 0 and bool((steps > 0).all())
        return bool(not self.scan.labels and rises and first[0] < 0 < first[-1])

    def _varies(self, column: int) -> bool:
        values = self.values[:, column]
        finite = values[np.isfinite(values)]
        return len(finite) > 1 and bool((finite != finite[0]).any())

    def _plain(self, column: int) -> bool:
        return self.names[column].lower() in ("energy", "photon energy", "e", "ev", "kev")

    def all_formulas(self, columns: Iterable[int]) -> bool:
        names = [self.names[n] for n in columns if self.roles[n] is None]
        return bool(names) and all(_names_sample(name) for name in names)


def counts(values: np.ndarray) -> bool:
    """Tell a column that counts points or pixels: whole numbers from 0 or 1, one by one."""
    return bool(len(values) > 1 and values[0] in (0, 1) and (np.diff(values) == 1).all())


def _names_sample(name: str) -> bool:
    """Tell a chemical formula, or the name of a sample or scan, from that of a counter."""
    if _SAMPLES.search(name.lower()):
        return True
    word = re.split(r"[\s_]", name)[0]
    return bool(_FORMULA.fullmatch(word)) and any(c.isalpha() for c in word) and _elements(word)


def _elements(word: str) -> bool:

    try:
        return all(Edge(symbol, "K") for symbol in re.findall(r"[A-Z][a-z]?", word))
    except InputError:
        return False


def _spacing(facts: Mapping[str, str]) -> float | None:
    try:
        spacing = float(facts.get("d_spacing", "").split()[0])
    except (ValueError, IndexError):
        return None
    return spacing if 0.1 < spacing < 100 else None

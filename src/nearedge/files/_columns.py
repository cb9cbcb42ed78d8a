"""The columns of a scan with what each of them is: the energy, and those the user names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.files._axis import LOWEST, Axis, bragg_axis, energy_axis
from nearedge.files._roles import Role, asked_rank, chamber
from nearedge.files._scan import Label, Scan, quoted, unique
from nearedge.files._text import parse_number

_FORMULA = re.compile(r"(?:(?:[A-Z][a-z]?)\d*(?:\.\d+)?|[()\[\]]\d*)+")
_SAMPLES = re.compile(r"sample|foil|scan|spectr")
# Energies of the edges that are measured, eV.
SOFTEST, HARDEST = 50.0, 1.2e5
_DEGREES = {"mdeg": 1e-3, "rad": 180 / np.pi, "mrad": 0.18 / np.pi}
_REMEDY = (
    "say which they are with --energy and --mu (numbers of columns from 1, or labels; --mu 4/2 for "
    "a ratio, 'ln(2/4)' for transmission)"
)


@dataclass(eq=False)
class Column:
    """A column of a scan: what it holds and is, and why no spectrum is made of it."""

    name: str
    values: Float[np.ndarray, " row"]
    label: Label
    role: Role | None
    left_out: str = ""

    @property
    def finite(self) -> Float[np.ndarray, " number"]:
        """The numbers in it."""
        return self.values[np.isfinite(self.values)]

    @property
    def varies(self) -> bool:
        """Whether it holds two numbers that differ."""
        return len(np.unique(self.finite)) > 1

    @property
    def flat(self) -> str:
        """Why it cannot be a spectrum beside others: it does not vary; else empty."""
        finite = self.finite
        if not finite.any():
            return "zero throughout"
        constant = len(finite) > 2 and float(np.ptp(finite)) <= 1e-9 * float(np.abs(finite).max())
        return "constant" if constant and self.role != "incident" else ""

    @property
    def counts(self) -> bool:
        """Whether it counts points or pixels: whole numbers from 0 or 1, one by one."""
        steps = np.diff(self.values)
        return bool(len(steps) > 0 and self.values[0] in (0, 1) and (steps == 1).all())

    @property
    def names_sample(self) -> bool:
        """Whether its name is a formula, or that of a sample or scan, and not of a counter."""
        if _SAMPLES.search(self.name.lower()):
            return True
        word = re.split(r"[\s_]", self.name)[0]
        symbols = re.findall(r"[A-Z][a-z]?", word)
        try:
            return bool(symbols and _FORMULA.fullmatch(word) and [Edge(each) for each in symbols])
        except InputError:  # no element
            return False


class Columns:
    """The columns of a scan, its energy once that is found, and what became of the others."""

    def __init__(self, scan: Scan, source: str) -> None:
        self.scan, self.source = scan, source
        self.energy: Column | None = None
        self.faults: list[str] = []
        self.left_out: dict[str, str] = {}  # spectra, and why
        names = unique([scan.label(n) for n in range(scan.values.shape[1])])
        labels = scan.labels or [Label("")] * len(names)
        self.columns = [
            Column(name, values, label, label.role)
            for name, values, label in zip(names, scan.values.T, labels, strict=True)
        ]
        for column in self.columns:
            if not len(column.finite):
                column.role, column.left_out = "aside", "no numbers"
            elif scan.labels and not column.label.text and column.counts:
                column.role, column.left_out = "aside", "it counts the rows"
        # Of chambers numbered from 1, the first is the monitor.
        chambers = {chamber(column.label.text): column for column in self.columns}
        roles = [column.role for column in self.columns]
        if "incident" not in roles and 0 not in chambers and 1 in chambers:
            numbered: dict[int, Role] = {1: "incident", 2: "transmitted", 3: "reference"}
            for number in numbered.keys() & chambers.keys():
                chambers[number].role = numbered[number]

    def column(self, given: int | str) -> Column:
        """Find a column by its number from 1, or by its label."""
        text = str(given).strip()
        named = [column for column in self.columns if column.name == text]
        alike = [column for column in self.columns if column.name.lower() == text.lower()]
        if named or (text.isdigit() and 1 <= int(text) <= len(self.columns)):
            return named[0] if named else self.columns[int(text) - 1]
        if len(alike) == 1:
            return alike[0]
        raise InputError(f"{self.source}: has no column '{text}'; it has {self.shown()}")

    def expression(self, text: str) -> Float[np.ndarray, " row"]:
        """Compute ``A``, ``A/B``, ``ln(A/B)`` or sums ``A+B`` of columns."""
        text = text.strip()
        if all(text != column.name for column in self.columns):
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
        return self.column(text).values

    def shown(self) -> str:
        """List the columns and what they hold."""
        shown = []
        for n, column in enumerate(self.columns[:12], 1):
            finite = column.finite
            span = f"{finite[0]:g} to {finite[-1]:g}" if len(finite) else "no numbers"
            shown.append(f"{n} '{column.name}' ({span})")
        more = f" and {len(self.columns) - 12} more" if len(self.columns) > 12 else ""
        return ", ".join(shown) + more

    def not_understood(self, what: str) -> InputError:
        """Say that columns are not understood, show them, and how to name them."""
        notes = "".join(f" ({note})" for note in self.scan.notes[:2])
        return InputError(f"{self.source}: {what}{notes}; its columns: {self.shown()}; {_REMEDY}")

    def axis(self) -> Axis:
        """Find the energies: the reached before the asked ones, else from angles."""
        axes = [
            column for column in self.columns if column.role in ("energy", "angle", "no energy")
        ]
        energies = [column for column in axes if column.role == "energy" and column.varies]
        angles = [column for column in axes if column.role == "angle" and column.varies]
        if fitting := energies or angles:
            plain = ("energy", "photon energy", "e", "ev", "kev")
            best = min(fitting, key=lambda c: (asked_rank(c.name), c.name.lower() not in plain))
            self._check_order(best)
            axis = self.axis_of(best)
            if len(energies) > 1:
                others = quoted([column.name for column in energies if column is not best])
                note = f"'{best.name}' is the energy, not {others}"
                axis = replace(axis, notes=(*axis.notes, note))
            for column in axes:
                column.left_out = "another axis"
            self.energy, best.left_out = best, ""
            return axis
        for column in axes:
            if column.role == "no energy":
                raise InputError(
                    f"{self.source}: is over '{column.name}', not a photon energy (k, R, "
                    "pixels, binding energies and motor steps are none); give the spectrum over "
                    "energy"
                )
        return self._unlabelled()

    def _check_order(self, chosen: Column) -> None:
        """Refuse columns that are swapped: another one has the values and the order of energies."""
        values = chosen.finite
        if chosen.role == "angle" or np.abs(values).max(initial=0) >= LOWEST or _in_order(values):
            return
        for number, column in enumerate(self.columns, 1):
            finite = column.finite
            if column is chosen or column.role == "aside" or len(finite) < 10:
                continue
            if _in_order(finite) and finite.min() >= SOFTEST and finite.max() <= HARDEST:
                raise InputError(
                    f"{self.source}: '{chosen.name}' ({values.min():g} to {values.max():g}) is in "
                    f"no order, but '{column.name}' ({finite.min():g} to {finite.max():g}) is, as "
                    f"energies are: the columns seem swapped; give --energy {number} --mu "
                    f"{self.columns.index(chosen) + 1}"
                )

    def axis_of(self, column: Column) -> Axis:
        """Take a column for the energies, or for the angles of the monochromator."""
        if column.role != "angle":
            return energy_axis(column.values, column.label.scale)
        spacing = parse_number(self.scan.facts.get("d_spacing", "").partition(" ")[0]) or 0.0
        if not 0.1 < spacing < 100:
            raise InputError(
                f"{self.source}: gives the angle '{column.name}' in place of an energy, and no "
                "d-spacing of the monochromator; add a line '# Mono.d_spacing: 3.1356' (Å)"
            )
        return bragg_axis(column.values * _DEGREES.get(column.label.unit.lower(), 1.0), spacing)

    def _unlabelled(self) -> Axis:
        """Take the first of two columns for the energy; of more, none is."""
        full = [column for column in self.columns if column.role != "aside"]
        if len(full) < 2 and len(self.columns) > 1 and not self.scan.labels:
            full = self.columns
        # This package's own format of computed spectra begins with energies from an edge.
        values = full[0].values if full and not self.scan.labels else np.zeros(1)
        is_matrix = values[0] < 0 < values[-1] and (np.diff(values) > 0).all()
        if len(full) != 2 and not is_matrix and not all_samples(full[1:]):
            raise self.not_understood("no label says which column is the energy")
        first = full[0]
        if first.counts:
            raise InputError(
                f"{self.source}: '{first.name}' counts from {first.values[0]:g} in whole numbers, "
                "as pixels and points do, and nothing says that they are energies; give the "
                "calibrated energies"
            )
        self._check_order(first)
        self.energy = first
        axis = energy_axis(first.values, None)
        note = f"'{first.name}', the first column, is taken as the energy"
        if not self.scan.labels:
            note = "no column labels; the first column is taken as the energy"
        return replace(axis, notes=(note if axis.notes else f"{note} in eV", *axis.notes))


def _in_order(values: Float[np.ndarray, " number"]) -> bool:
    """Tell whether numbers only rise, or only fall."""
    steps = np.diff(values)
    return bool((steps > 0).all() or (steps < 0).all())


def all_samples(columns: Sequence[Column]) -> bool:
    """Tell whether all columns that are not understood are named as samples are."""
    unknown = [column for column in columns if column.role is None]
    return bool(unknown) and all(column.names_sample for column in unknown)

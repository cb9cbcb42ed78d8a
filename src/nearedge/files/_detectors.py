"""From a table with labels to absorption spectra: stored ones, and ratios of detectors."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files._axis import Axis, bragg_axis, energy_axis, make_spectrum
from nearedge.files._columns import Table
from nearedge.files._labels import Label, read_header
from nearedge.files._naming import quoted, unique
from nearedge.files._roles import Role, stem
from nearedge.spectra import Spectrum

# In the label of an energy or angle that was asked for; "angle(c)" is of the Photon Factory.
_ASKED = ("request", "setpoint", "target", "nominal", "angle(c)")
_DETECTORS: tuple[Role, ...] = ("transmitted", "fluorescence", "electron yield")
# Share of negative readings from which a current is taken to be of reversed sign.
_REVERSED = 0.9


@dataclass(frozen=True)
class _Signal:
    """Intensities of the rows before they are put in order."""

    name: str
    mu: Float[np.ndarray, " row"]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """A table whose columns are understood as far as their labels are.

    Attributes
    ----------
    values : float array, shape (row, column)
    labels : tuple of Label
        One for each column; ``column 2`` ... without labels.
    labelled : bool
        Whether the file has labels.
    facts : dict of str
        What the header says beside.
    notes : tuple of str
        Of the table.
    """

    values: Float[np.ndarray, "row column"]
    labels: tuple[Label, ...]
    labelled: bool
    facts: dict[str, str]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> "Columns":
        """Read the lines above a table and leave out columns without numbers."""
        width = table.values.shape[1]
        header = read_header(table.header, width, table.separator)
        labels = header.labels or tuple(Label(f"column {n}") for n in range(1, width + 1))
        full = np.any(np.isfinite(table.values), axis=0).tolist()
        named = [
            label if label.text else _unnamed(n, table.values[:, n])
            for n, label in enumerate(labels)
        ]
        return cls(
            table.values[:, full],
            tuple(label for label, kept in zip(named, full, strict=True) if kept),
            bool(header.labels),
            header.facts,
            table.notes,
        )

    def spectra(self, source: str, *, every: bool = False) -> list[Spectrum]:
        """Make the absorption spectra of the table.

        Parameters
        ----------
        source : str
            The file.
        every : bool
            Give each column beside the energy as it is.

        Returns
        -------
        list of Spectrum
            Stored spectra first, then transmission, fluorescence and electron yield.

        Raises
        ------
        InputError
            If there is none, or none can be used.
        """
        roles: list[Role | None] = [label.role if self.labelled else None for label in self.labels]
        axis, used = self._axis(roles, source)
        others = [n for n in range(len(self.labels)) if n not in used]
        signals = self._columns(others) if every else self._signals(roles, others, source)
        if not signals:
            raise InputError(
                f"{source}: holds energies alone; the intensities are missing from its columns"
            )
        spectra: list[Spectrum] = []
        refused: list[str] = []
        fault: InputError | None = None
        for signal in signals:
            try:
                spectra.append(
                    make_spectrum(
                        signal.name,
                        axis,
                        signal.mu,
                        source,
                        notes=(*self.notes, *signal.notes),
                        metadata=self.facts,
                    )
                )
            except InputError as error:
                refused.append(signal.name)
                fault = fault or error
        if fault is not None and not spectra:
            raise fault
        if refused:
            note = f"{quoted(refused)} cannot be used"
            spectra = [replace(one, notes=(*one.notes, note)) for one in spectra]
        return spectra

    def _axis(self, roles: Sequence[Role | None], source: str) -> tuple[Axis, set[int]]:
        """Find the energies, and the columns that are no intensities for being axes."""
        energies = [n for n, one in enumerate(roles) if one == "energy"]
        angles = [n for n, one in enumerate(roles) if one == "angle"]
        varying = [n for n in energies if self._varies(n)]
        if varying:
            best = min(varying, key=lambda n: (self._asked(n), not self._plain(n), n))
            axis = energy_axis(self.values[:, best], self.labels[best].scale)
            if len(varying) > 1:
                note = f"'{self.labels[best].text}' of several columns is the energy"
                axis = replace(axis, notes=(*axis.notes, note))
            return axis, {*energies, *angles}
        if angles and (0 in angles or not energies):
            spacing = _spacing(self.facts)
            measured = [n for n in angles if self._varies(n)]
            if spacing is not None and measured:
                best = min(measured, key=lambda n: (self._asked(n), n))
                return bragg_axis(self.values[:, best], spacing), {*energies, *angles}
            if 0 in angles:
                raise InputError(
                    f"{source}: gives the angle '{self.labels[0].text}' in place of an energy, and "
                    "no d-spacing of the monochromator; add a line '# Mono.d_spacing: 3.1356' (Å)"
                )
        note = f"'{self.labels[0].text}', the first column, is taken as the energy in eV"
        if not self.labelled:
            note = "no column labels; the first column of numbers is taken as the energy in eV"
        axis = energy_axis(self.values[:, 0], self.labels[0].scale)
        if axis.notes:
            note = note.removesuffix(" in eV")
        return replace(axis, notes=(note, *axis.notes)), {0}

    def _varies(self, column: int) -> bool:
        values = self.values[:, column]
        finite = values[np.isfinite(values)]
        return len(finite) > 1 and bool((finite != finite[0]).any())

    def _asked(self, column: int) -> bool:
        """Tell an energy that was asked for from one that was reached."""
        text = self.labels[column].text.lower()
        return any(
            word in text for word in ("request", "setpoint", "target", "nominal", "angle(c)")
        )

    def _plain(self, column: int) -> bool:
        return self.labels[column].text.lower() in ("energy", "photon energy", "e", "ev", "kev")

    def _columns(self, columns: Iterable[int]) -> list[_Signal]:
        names = unique([self.labels[n].text for n in columns])
        return [_Signal(name, self.values[:, n]) for name, n in zip(names, columns, strict=True)]

    def _signals(
        self, roles: Sequence[Role | None], others: list[int], source: str
    ) -> list[_Signal]:
        stored = [n for n in others if roles[n] == "absorption"]
        incident = [n for n in others if roles[n] == "incident"]
        detectors = [n for n in others if roles[n] in _DETECTORS]
        signals, used, notes = self._columns(stored), {*stored}, []
        if incident and detectors:
            used |= {incident[0], *detectors}
            ratios, faults = self._ratios(roles, incident[0], detectors)
            signals += ratios
            if faults and not signals:
                raise InputError(f"{source}: {faults[0]}; check the columns and their offsets")
            notes += faults
        elif detectors and not stored:
            # Yields without a monitor were divided by it already, mostly.
            yields = [n for n in detectors if roles[n] != "transmitted"] or detectors
            signals, used = self._columns(yields), {*yields}
            notes.append("as it is, there is no column of the incident intensity")
        if not signals:
            unknown = [n for n in others if roles[n] in (None, "reference")] or others
            signals, used = self._columns(unknown), {*unknown}
            if incident:
                used.add(incident[0])
                notes.append(f"as it is, not divided by '{self.labels[incident[0]].text}'")
        # Clocks and backgrounds are not missed where the spectra are understood.
        known = () if used.isdisjoint(stored + detectors) else ("aside", "incident")
        left = [n for n in others if n not in used and roles[n] not in known]
        if left and self.labelled:
            notes.append(f"columns not used: {quoted([self.labels[n].text for n in left])}")
        names = unique([one.name for one in signals])
        return [
            replace(one, name=name, notes=(*one.notes, *notes))
            for name, one in zip(names, signals, strict=True)
        ]

    def _ratios(
        self, roles: Sequence[Role | None], incident: int, detectors: list[int]
    ) -> tuple[list[_Signal], list[str]]:
        """Divide detectors by the monitor; give the ratios, and why others cannot be had."""
        groups: dict[tuple[Role | None, str], list[int]] = {}
        for n in detectors:
            family = stem(self.labels[n].text) if roles[n] == "fluorescence" else str(n)
            groups.setdefault((roles[n], family), []).append(n)
        kinds = [kind for kind, _ in groups]
        signals, faults = [], []
        for (kind, _), members in sorted(groups.items(), key=lambda item: _order(item[0][0])):
            texts = [self.labels[incident].text, *(self.labels[n].text for n in members)]
            with np.errstate(all="ignore"):
                found = _ratio(kind, self.values[:, incident], self.values[:, members], texts)
            if isinstance(found, str):
                faults.append(found)
                continue
            name = "transmission" if kind == "transmitted" else str(kind)
            if kinds.count(kind) > 1:
                name = f"{name} ({texts[1]})"
            signals.append(replace(found, name=name))
        return signals, faults


def _unnamed(column: int, values: np.ndarray) -> Label:
    """Label a column whose label is empty; one that counts the rows is no spectrum."""
    counts = bool((np.diff(values) == 1).all())
    return Label(f"column {column + 1}", meaning="aside" if counts else None)


def _order(kind: Role | None) -> int:
    return _DETECTORS.index(kind) if kind is not None else len(_DETECTORS)


def _ratio(
    kind: Role | None, i0: np.ndarray, elements: np.ndarray, names: list[str]
) -> _Signal | str:
    """Divide the sum of a detector's elements by the monitor, or say why that cannot be done."""
    detector = elements.sum(axis=1)
    notes = []
    if _negative(i0) and _negative(detector):
        i0, detector = -i0, -detector
        notes.append(f"currents in {quoted(names)} are negative, signs reversed")
    elif kind == "electron yield" and _negative(detector):
        detector = -detector
        notes.append(f"current in {quoted(names[1:])} is negative, sign reversed")
    transmitted = kind == "transmitted"
    bad = ~(i0 > 0) | (transmitted & ~(detector > 0))
    lost = int((bad & np.isfinite(i0) & np.isfinite(detector)).sum())
    which = quoted(names if transmitted else names[:1])
    if 2 * lost > len(i0):
        return f"{lost} of {len(i0)} rows have no positive intensity in {which}"
    if lost:
        rows = "1 row" if lost == 1 else f"{lost} rows"
        notes.append(f"{rows} without a positive intensity in {which} left out")
    mu = np.log(i0 / detector) if transmitted else detector / i0
    kept = ~bad
    return _Signal("", np.where(kept, mu, np.nan), (*notes, _formula(kind, names[0], names[1:])))


def _formula(kind: Role | None, monitor: str, detectors: list[str]) -> str:
    if kind == "transmitted":
        return f"mu = ln({monitor} / {detectors[0]}) from columns {quoted([monitor, *detectors])}"
    if len(detectors) == 1:
        return f"mu = {detectors[0]} / {monitor} from columns {quoted([detectors[0], monitor])}"
    return (
        f"mu = sum of {len(detectors)} detector elements / {monitor} from columns "
        f"{quoted([*detectors, monitor])}, not corrected for dead time"
    )


def _negative(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and float((finite < 0).mean()) >= _REVERSED


def _spacing(facts: dict[str, str]) -> float | None:
    try:
        spacing = float(facts.get("d_spacing", "").split()[0])
    except (ValueError, IndexError):
        return None
    return spacing if 0.1 < spacing < 100 else None

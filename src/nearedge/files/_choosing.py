"""From a scan of labelled columns to absorption spectra: by evidence, never by guess.

A column is a spectrum only if its label, its unit or the format says so, or if it stands alone
beside an energy; and if it varies as a spectrum does. What is left is named, with the reason.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.files._axis import Axis, bragg_axis, energy_axis, make_spectrum
from nearedge.files._naming import quoted, unique
from nearedge.files._roles import (
    Role,
    asked_rank,
    chamber,
    line_of,
    stem,
    why_aside,
)
from nearedge.files._scan import Scan
from nearedge.spectra import Channel, Spectrum

_DETECTORS: tuple[Role, ...] = ("transmitted", "fluorescence", "electron yield")
_AXES: tuple[Role, ...] = ("energy", "angle", "no energy")
# Share of negative readings from which a current is taken to be of reversed sign.
_REVERSED = 0.9
# Share of the range by which one spectrum may differ from another to be the same: of four digits.
_SAME = 2e-3
_FORMULA = re.compile(r"(?:(?:[A-Z][a-z]?)\d*(?:\.\d+)?|[()\[\]]\d*)+")
_SAMPLES = re.compile(r"sample|foil|scan|spectr")
_CORRECTED = re.compile(r"dtc|(?<!un)corr")
_RAW = re.compile(r"raw|uncorr")
_CHANNELS: tuple[tuple[str, Channel], ...] = (
    ("trans|i1|it\\b|ln|log", "transmission"),
    ("tey|pey|aey|ey\\b|yield|drain|sample current", "electron yield"),
    ("fl|fy|sdd|vortex|mca|roi|if\\b", "fluorescence"),
)
_REMEDY = (
    "say which they are with --energy and --mu (numbers of columns from 1, or labels; --mu 4/2 for "
    "a ratio, 'ln(2/4)' for transmission)"
)


@dataclass(frozen=True)
class _Signal:
    """Intensities of the rows before they are put in order."""

    name: str
    mu: Float[np.ndarray, " row"]
    channel: Channel = "absorption"
    notes: tuple[str, ...] = ()
    offered: bool = False


@dataclass(frozen=True)
class Chosen:
    """The spectra of a scan, and those that are given only by name.

    Attributes
    ----------
    spectra : list of Spectrum
        Of the sample.
    offered : list of Spectrum
        Reference foils, signals without sample, second versions of a spectrum.
    """

    spectra: list[Spectrum]
    offered: list[Spectrum]


def choose(scan: Scan, source: str) -> Chosen:
    """Make the absorption spectra of a scan.

    Parameters
    ----------
    scan : Scan
    source : str
        The file.

    Raises
    ------
    InputError
        If no column is known to be an energy, or none a spectrum; the columns are shown.
    """
    pairs = _pairs(scan)
    if pairs:
        parts = [_choose(pair, source) for pair in pairs]
        return Chosen(
            [one for part in parts for one in part.spectra],
            [one for part in parts for one in part.offered],
        )
    return _choose(scan, source)


def select(scan: Scan, energy: int | str | None, mu: str | int | None, source: str) -> Spectrum:
    """Make the spectrum whose columns the user names.

    Parameters
    ----------
    scan : Scan
    energy : int or str, optional
        Number of the column from 1, or its label; found by the labels if it is not given.
    mu : str or int, optional
        A column, or several as ``A/B``, ``ln(A/B)``, ``A+B``, ``(A+B)/C``.
    source : str
        The file.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if mu is None:
        raise InputError(f"{source}: --energy alone names no spectrum; add --mu")
    reader = _Columns(scan, source)
    axis = reader.axis()[0] if energy is None else reader.axis_of(reader.column(energy))
    values = reader.expression(str(mu))
    note = f"mu = {mu} over column {energy}, as asked for" if energy else f"mu = {mu}, as asked for"
    return make_spectrum(
        str(mu), axis, values, source, zero=scan.zero, notes=(*scan.notes, note), facts=scan.facts
    )


def _choose(scan: Scan, source: str) -> Chosen:
    reader = _Columns(scan, source)
    axis, used = reader.axis()
    runs = _runs(axis.energy)
    if len(runs) > 1:
        parts = [
            _choose(replace(scan, values=scan.values[run], name=scan.name), source) for run in runs
        ]
        return Chosen(
            [
                one.renamed(f"scan {n} {one.name}")
                for n, part in enumerate(parts, 1)
                for one in part.spectra
            ],
            [one for part in parts for one in part.offered],
        )
    signals = reader.signals(used)
    spectra: list[Spectrum] = []
    offered: list[Spectrum] = []
    fault: InputError | None = None
    for signal in signals:
        try:
            spectrum = make_spectrum(
                signal.name,
                axis,
                signal.mu,
                source,
                zero=scan.zero,
                channel=signal.channel,
                notes=(*scan.notes, *signal.notes),
                left_out=reader.left_out,
                facts=scan.facts,
            )
        except InputError as error:
            fault = fault or error
            reader.left_out[signal.name] = "cannot be used"
            continue
        (offered if signal.offered else spectra).append(spectrum)
    if not spectra and fault is not None:
        raise fault
    if not spectra and reader.faults:
        raise InputError(f"{source}: {reader.faults[0]}; check the columns and their offsets")
    if not spectra:
        raise reader.not_understood("no column is known to be a spectrum of the sample")
    faults = tuple(reader.faults)
    spectra = [
        replace(one, left_out=dict(reader.left_out), notes=(*one.notes, *faults)) for one in spectra
    ]
    return Chosen(spectra, offered)


def _pairs(scan: Scan) -> list[Scan]:
    """Part a scan in which each spectrum has its own energies beside it."""
    roles = [label.role for label in scan.labels]
    starts = [n for n, one in enumerate(roles) if one == "energy"]
    if len(starts) < 2 or starts[0] != 0:
        return []
    ends = [*starts[1:], len(roles)]
    groups = [roles[start:end] for start, end in zip(starts, ends, strict=True)]
    ranks = {asked_rank(scan.labels[n].text) for n in starts}
    if len(groups[0]) < 2 or any(group != groups[0] for group in groups) or len(ranks) > 1:
        return []
    made = []
    for start, end in zip(starts, ends, strict=True):
        columns = slice(start, end)
        made.append(replace(scan, values=scan.values[:, columns], labels=scan.labels[columns]))
    return made


def _runs(energy: np.ndarray) -> list[slice]:
    """Part rows in which a scan is repeated; rows in no order are one scan."""
    steps = np.diff(energy)
    span = float(np.ptp(energy[np.isfinite(energy)])) if np.isfinite(energy).any() else 0.0
    back = np.flatnonzero(np.abs(steps) > span / 2) + 1
    if not 0 < len(back) <= len(energy) / 5:
        return [slice(None)]
    edges = [0, *back.tolist(), len(energy)]
    runs = [slice(first, last) for first, last in pairwise(edges)]
    for run in runs:
        inner = np.diff(energy[run])
        if len(inner) < 4 or not ((inner > 0).all() or (inner < 0).all()):
            return [slice(None)]
    return runs


class _Columns:
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
            elif scan.labels and not scan.labels[n].text and _counts(value):
                self.roles[n], self.left_out[name] = "aside", "it counts the rows"
        self._number_chambers()

    def _number_chambers(self) -> None:
        """Of chambers numbered from 1, the first is the monitor."""
        numbers = {n: chamber(label.text) for n, label in enumerate(self.scan.labels)}
        numbered = {number: n for n, number in numbers.items() if number is not None}
        if "incident" in self.roles or 0 in numbered or 1 not in numbered:
            return
        for number, meaning in ((1, "incident"), (2, "transmitted"), (3, "reference")):
            if number in numbered:
                self.roles[numbered[number]] = meaning

    def column(self, said: int | str) -> int:
        """Find a column by its number from 1, or by its label."""
        text = str(said).strip()
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
            if found := re.fullmatch(r"(?:ln|log)\s*\((.*)\)", text):
                return np.log(self.expression(found[1]))
            if "/" in text:
                above, _, below = text.rpartition("/")
                return self.expression(above) / self.expression(below)
            if found := re.fullmatch(r"\((.*)\)", text):
                return self.expression(found[1])
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
        axes = {n for n, one in enumerate(roles) if one in _AXES}
        energies = [n for n in axes if roles[n] == "energy" and self._varies(n)]
        if energies:
            best = min(energies, key=lambda n: (asked_rank(self.names[n]), not self._plain(n), n))
            axis = self.axis_of(best)
            if others := [self.names[n] for n in energies if n != best]:
                said = f"'{self.names[best]}' is the energy, not {quoted(others)}"
                axis = replace(axis, notes=(*axis.notes, said))
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
        if len(full) != 2 and not self._is_matrix(full) and not self._all_formulas(full[1:]):
            raise self.not_understood("no label says which column is the energy")
        column = full[0]
        if _counts(self.values[:, column]):
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

    def _all_formulas(self, columns: Iterable[int]) -> bool:
        names = [self.names[n] for n in columns if self.roles[n] is None]
        return bool(names) and all(_names_sample(name) for name in names)

    def signals(self, axes: set[int]) -> list[_Signal]:
        """Make the spectra of the sample, and those that are only offered."""
        others = [
            n
            for n in range(len(self.names))
            if n not in axes and self.names[n] not in self.left_out
        ]
        for n in list(others):
            # A single column is the spectrum, and flat if it is.
            if len(others) > 1 and (fault := self._flat(n)):
                if self.roles[n] not in ("aside", "factor"):
                    self.faults.append(f"'{self.names[n]}' is {fault}, left out")
                self.left_out[self.names[n]] = fault
                others.remove(n)
        by_role: dict[Role | None, list[int]] = {}
        for n in others:
            by_role.setdefault(self.roles[n], []).append(n)
        signals = [self._stored(n) for n in others if self.roles[n] in ("absorption", "normalised")]
        signals += [self._transmittance(n) for n in by_role.get("transmittance", [])]
        incident = self._monitor(by_role.get("incident", []))
        detectors = [n for role in _DETECTORS for n in by_role.get(role, [])]
        signals += self._ratios(incident, detectors, by_role.get("factor", []), bool(signals))
        unknown = by_role.get(None, [])
        known = bool(signals) or incident is not None or bool(detectors)
        if (
            not signals
            and unknown
            and (
                self._all_formulas(unknown)
                or (not known and (len(unknown) == 1 or not self.scan.labels))
            )
        ):
            signals = [_Signal(self.names[n], self.values[:, n]) for n in unknown]
        elif unknown:
            self.left_out |= {self.names[n]: "its label is not understood" for n in unknown}
            if not signals and incident is None and not detectors:
                raise self.not_understood("no label is understood but that of the energy")
        for n in by_role.get("aside", []):
            self.left_out[self.names[n]] = why_aside(self.names[n]) or "no absorption"
        if not others:
            raise InputError(
                f"{self.source}: holds energies alone; the intensities are missing from its columns"
            )
        return [*self._once(signals), *self._offered(by_role, incident)]

    def _flat(self, column: int) -> str:
        values = self.values[:, column]
        finite = values[np.isfinite(values)]
        if not len(finite) or not finite.any():
            return "zero throughout"
        constant = len(finite) > 2 and float(np.ptp(finite)) <= 1e-9 * float(np.abs(finite).max())
        return "constant" if constant and self.roles[column] != "incident" else ""

    def _stored(self, column: int) -> _Signal:
        name = self.names[column]
        channel: Channel = "normalised" if self.roles[column] == "normalised" else "absorption"
        for pattern, one in _CHANNELS:
            if channel == "absorption" and re.search(pattern, name.lower()):
                channel = one
        return _Signal(name, self.values[:, column], channel)

    def _transmittance(self, column: int) -> _Signal:
        name = self.names[column]
        with np.errstate(all="ignore"):
            mu = -np.log(self.values[:, column])
        return _Signal(name, mu, "transmission", (f"mu = -ln({name}), the transmittance",))

    def _monitor(self, incident: Sequence[int]) -> int | None:
        if not incident:
            return None
        best = min(incident, key=lambda n: (self.names[n].lower() not in ("i0", "io", "i_0"), n))
        for n in incident:
            self.left_out[self.names[n]] = "monitor" if n == best else "another monitor"
        return best

    def _ratios(
        self,
        incident: int | None,
        detectors: Sequence[int],
        factors: Sequence[int],
        stored: bool,
    ) -> list[_Signal]:
        """Divide detectors by the monitor; say why others cannot be had."""
        self.left_out |= {self.names[n]: "dead-time factor" for n in factors}
        groups: dict[tuple[Role | None, str], list[int]] = {}
        for n in self._of_absorber(detectors):
            family = stem(self.names[n]) if self.roles[n] == "fluorescence" else str(n)
            groups.setdefault((self.roles[n], family), []).append(n)
        made: list[_Signal] = []
        kinds = [meaning for meaning, _ in groups]
        for (meaning, _), members in groups.items():
            names = [self.names[n] for n in members]
            if incident is None and (meaning == "transmitted" or stored):
                reason = "no column of the incident intensity"
                self.left_out |= dict.fromkeys(names, reason)
                continue
            signal = self._ratio(meaning, incident, members, factors)
            if isinstance(signal, str):
                self.faults.append(signal)
                self.left_out |= dict.fromkeys(names, signal)
                continue
            self.left_out |= dict.fromkeys(names, "a detector, see the spectra")
            if incident is not None and kinds.count(meaning) > 1:
                signal = replace(signal, name=f"{signal.name} ({names[0]})")
            made.append(signal)
        return made

    def _of_absorber(self, detectors: Sequence[int]) -> list[int]:
        """Leave out the fluorescence of other elements, and raw counts, where both are named."""
        names = [self.names[n].lower() for n in detectors]
        if any(_CORRECTED.search(name) for name in names):
            raw = [n for n in detectors if _RAW.search(self.names[n].lower())]
            self.left_out |= {self.names[n]: "not corrected for dead time" for n in raw}
            detectors = [n for n in detectors if n not in raw]
        absorber = self.scan.facts.get("element", "").split(" ")[0].capitalize()
        lines = {n: line_of(self.names[n]) for n in detectors}
        if absorber not in lines.values():
            return list(detectors)
        others = [n for n, line in lines.items() if line not in (None, absorber)]
        self.left_out |= {self.names[n]: "fluorescence of another element" for n in others}
        return [n for n in detectors if n not in others]

    def _ratio(
        self, meaning: Role | None, incident: int | None, members: list[int], factors: Sequence[int]
    ) -> _Signal | str:
        """Divide the sum of a detector's elements by the monitor, or say why that fails."""
        names, notes = [self.names[n] for n in members], []
        elements = self.values[:, members]
        matched = [_partner(self.names[n], [self.names[k] for k in factors]) for n in members]
        corrected = all(match is not None for match in matched) and bool(members)
        if corrected:
            columns = [factors[match] for match in matched if match is not None]
            elements = elements * self.values[:, columns]
        detector = elements.sum(axis=1)
        if incident is None:
            # Yields without a monitor were divided by it already, mostly.
            note = "as it is, there is no column of the incident intensity"
            return _Signal(names[0], detector, _channel(meaning), (note,))
        monitor, texts = self.values[:, incident], [self.names[incident], *names]
        if _negative(monitor) and _negative(detector):
            monitor, detector = -monitor, -detector
            notes.append(f"currents in {quoted(texts)} are negative, signs reversed")
        elif meaning == "electron yield" and _negative(detector):
            detector = -detector
            notes.append(f"current in {quoted(names)} is negative, sign reversed")
        transmitted = meaning in ("transmitted", "reference")
        bad = ~(monitor > 0) | (transmitted & ~(detector > 0))
        lost = int((bad & np.isfinite(monitor) & np.isfinite(detector)).sum())
        which = quoted(texts if transmitted else texts[:1])
        if 2 * lost > len(monitor):
            return f"{lost} of {len(monitor)} rows have no positive intensity in {which}"
        if lost:
            rows = "1 row" if lost == 1 else f"{lost} rows"
            notes.append(f"{rows} without a positive intensity in {which} left out")
        with np.errstate(all="ignore"):
            mu = np.log(monitor / detector) if transmitted else detector / monitor
        channel = _channel(meaning)
        formula = _formula(transmitted, texts[0], names, corrected)
        return _Signal(channel, np.where(bad, np.nan, mu), channel, (*notes, formula))

    def _offered(
        self, by_role: Mapping[Role | None, list[int]], incident: int | None
    ) -> list[_Signal]:
        """Reference foils and signals without sample: given by name, never unasked."""
        made: list[_Signal] = []
        before = next(iter(by_role.get("transmitted", [])), incident)
        for n in by_role.get("reference", []):
            name = self.names[n]
            self.left_out[name] = "reference foil"
            ratio = "" if before is None else self._ratio("reference", before, [n], ())
            if isinstance(ratio, _Signal):
                made.append(replace(ratio, name="reference", offered=True))
                self.left_out[name] = "reference foil, given as ::reference"
        for role in ("reference mu", "without sample"):
            for n in by_role.get(role, []):
                name, channel = self.names[n], _channel(role)
                made.append(_Signal(name, self.values[:, n], channel, offered=True))
                reason = "reference foil" if role == "reference mu" else role
                self.left_out[name] = f"{reason}, given as ::{name}"
        names = unique([one.name for one in made])
        return [replace(one, name=name) for one, name in zip(made, names, strict=True)]

    def _once(self, signals: Sequence[_Signal]) -> list[_Signal]:
        """Leave out spectra that are another one over again, but for their scale."""
        first: list[_Signal] = []
        for signal in signals:
            same = next((one for one in first if _same(one, signal)), None)
            if same is None:
                first.append(signal)
            else:
                self.left_out[signal.name] = f"the same as '{same.name}'"
        names = unique([one.name for one in first])
        return [replace(one, name=name) for one, name in zip(first, names, strict=True)]


def _same(first: _Signal, second: _Signal) -> bool:
    """Tell one spectrum from another, where the channel may be the same.

    Of a stored ratio the unit may differ, of a normalised one the background too.
    """
    loose = ("absorption", "normalised")
    if first.channel != second.channel and not {first.channel, second.channel} & {*loose}:
        return False
    both = np.isfinite(first.mu) & np.isfinite(second.mu)
    one, other = first.mu[both], second.mu[both]
    square = float(other @ other)
    if (
        len(one) < 5
        or square == 0
        or not np.isfinite(square)
        or np.ptp(one) == 0
        or np.ptp(other) == 0
    ):
        return False
    left = one - other
    if (first.channel == "normalised") != (second.channel == "normalised"):
        left = one - np.polynomial.Polynomial.fit(other, one, 1)(other)
    elif bool(first.notes) != bool(second.notes) and first.channel == second.channel:
        left = one - other * (float(one @ other) / square)
    return float(np.abs(left).max()) <= _SAME * float(np.ptp(one))


def _partner(name: str, factors: Sequence[str]) -> int | None:
    """Find the dead-time factor of a detector element: the one that ends in the same number."""
    number = re.search(r"\d+$", name)
    if number is None:
        return 0 if len(factors) == 1 else None
    places = [
        n
        for n, factor in enumerate(factors)
        if (found := re.search(r"\d+$", factor)) and found[0] == number[0]
    ]
    return places[0] if len(places) == 1 else None


def _channel(meaning: Role | None) -> Channel:
    if meaning == "transmitted":
        return "transmission"
    if meaning in ("reference", "reference mu"):
        return "reference"
    return meaning if meaning in ("fluorescence", "electron yield") else "absorption"


def _formula(logarithm: bool, monitor: str, detectors: list[str], corrected: bool) -> str:
    if logarithm:
        return f"mu = ln({monitor} / {detectors[0]}) from columns {quoted([monitor, *detectors])}"
    dead = "times their dead-time factors" if corrected else "not corrected for dead time"
    if len(detectors) == 1:
        times = f", {dead}" if corrected else ""
        columns = quoted([detectors[0], monitor])
        return f"mu = {detectors[0]} / {monitor} from columns {columns}{times}"
    return (
        f"mu = sum of {len(detectors)} detector elements / {monitor} from columns "
        f"{quoted([*detectors, monitor])}, {dead}"
    )


def _negative(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and float((finite < 0).mean()) >= _REVERSED


def _counts(values: np.ndarray) -> bool:
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
        return all(Edge(one, "K") for one in re.findall(r"[A-Z][a-z]?", word))
    except InputError:
        return False


def _spacing(facts: Mapping[str, str]) -> float | None:
    try:
        spacing = float(facts.get("d_spacing", "").split()[0])
    except (ValueError, IndexError):
        return None
    return spacing if 0.1 < spacing < 100 else None

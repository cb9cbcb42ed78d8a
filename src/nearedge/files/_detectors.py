"""Spectra of the columns of a scan: stored ones, and detectors divided by the monitor."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nearedge.errors import InputError
from nearedge.files._axis import Signal
from nearedge.files._columns import Column, Columns, all_samples
from nearedge.files._naming import quoted, unique
from nearedge.files._roles import Role, line_of, stem, why_aside
from nearedge.spectra import Channel

_DETECTORS: tuple[Role, ...] = ("transmitted", "fluorescence", "electron yield")
# Share of negative readings from which a current is taken to be of reversed sign.
_REVERSED = 0.9
# Share of the range by which one spectrum may differ from another to be the same: of four digits.
_SAME = 2e-3
_CORRECTED = re.compile(r"dtc|(?<!un)corr")
_RAW = re.compile(r"raw|uncorr")
_CHANNELS: tuple[tuple[str, Channel], ...] = (
    ("trans|i1|it\\b|ln|log", "transmission"),
    ("tey|pey|aey|ey\\b|yield|drain|sample current", "electron yield"),
    ("fl|fy|sdd|vortex|mca|roi|if\\b", "fluorescence"),
)
_CHANNEL: dict[Role | None, Channel] = {
    "transmitted": "transmission",
    "fluorescence": "fluorescence",
    "electron yield": "electron yield",
    "reference": "reference",
    "reference mu": "reference",
    "without sample": "without sample",
}


def signals(table: Columns) -> list[Signal]:
    """Make the spectra of the sample, and those that are only offered."""
    columns = [column for column in table.columns if column is not table.energy]
    columns = [column for column in columns if not column.left_out]
    if not columns:
        raise InputError(
            f"{table.source}: holds energies alone; the intensities are missing from its columns"
        )
    for column in [*columns]:
        # A single column is the spectrum, and flat if it is.
        if len(columns) > 1 and (fault := _flat(column)):
            if column.role not in ("aside", "factor"):
                table.faults.append(f"'{column.name}' is {fault}, left out")
            column.left_out = fault
            columns.remove(column)

    def of(*roles: Role | None) -> list[Column]:
        return [column for role in roles for column in columns if column.role == role]

    made = [_stored(column) for column in columns if column.role in ("absorption", "normalised")]
    made += [_transmittance(column) for column in of("transmittance")]
    incident, detectors, unknown = _monitor(of("incident")), of(*_DETECTORS), of(None)
    made += _ratios(table, incident, detectors, of("factor"), bool(made))
    understood = bool(made or incident or detectors)
    alone = not understood and (len(unknown) == 1 or not table.scan.labels)
    if not made and (alone or all_samples(unknown)):
        made = [Signal(column.name, column.values) for column in unknown]
    elif unknown:
        _leave_out(unknown, "its label is not understood")
        if not understood:
            raise table.not_understood("no label is understood but that of the energy")
    for column in of("aside"):
        column.left_out = why_aside(column.name) or "no absorption"
    samples: list[Signal] = []
    for signal in made:
        same = next((other for other in samples if _same(other, signal)), None)
        if same is None:
            samples.append(signal)
        else:
            table.left_out[signal.name] = f"the same as '{same.name}'"
    before = next(iter(of("transmitted")), incident)
    foils = [_foil(column, before) for column in of("reference")]
    foils += [_as_it_is(column) for column in of("reference mu", "without sample")]
    return [*_unique(samples), *_unique([foil for foil in foils if foil])]


def _leave_out(columns: Sequence[Column], reason: str) -> None:
    for column in columns:
        column.left_out = reason


def _unique(made: Sequence[Signal]) -> list[Signal]:
    names = unique([signal.name for signal in made])
    return [replace(signal, name=name) for signal, name in zip(made, names, strict=True)]


def _flat(column: Column) -> str:
    finite = column.finite
    if not finite.any():
        return "zero throughout"
    constant = len(finite) > 2 and float(np.ptp(finite)) <= 1e-9 * float(np.abs(finite).max())
    return "constant" if constant and column.role != "incident" else ""


def _stored(column: Column) -> Signal:
    if column.role == "normalised":
        return Signal(column.name, column.values, "normalised")
    named = (channel for words, channel in _CHANNELS if re.search(words, column.name.lower()))
    return Signal(column.name, column.values, next(named, "absorption"))


def _transmittance(column: Column) -> Signal:
    with np.errstate(all="ignore"):
        mu = -np.log(column.values)
    return Signal(column.name, mu, "transmission", (f"mu = -ln({column.name}), the transmittance",))


def _monitor(incident: Sequence[Column]) -> Column | None:
    best = min(incident, key=lambda c: c.name.lower() not in ("i0", "io", "i_0"), default=None)
    for column in incident:
        column.left_out = "monitor" if column is best else "another monitor"
    return best


def _ratios(
    table: Columns,
    incident: Column | None,
    detectors: Sequence[Column],
    factors: Sequence[Column],
    stored: bool,
) -> list[Signal]:
    """Divide detectors by the monitor; say why others cannot be had."""
    _leave_out(factors, "dead-time factor")
    groups: dict[tuple[Role | None, str], list[Column]] = {}
    for column in _of_absorber(detectors, table.scan.facts.get("element", "")):
        family = stem(column.name) if column.role == "fluorescence" else column.name
        groups.setdefault((column.role, family), []).append(column)
    made: list[Signal] = []
    roles = [role for role, _ in groups]
    for (role, _), members in groups.items():
        if incident is None and (role == "transmitted" or stored):
            _leave_out(members, "no column of the incident intensity")
            continue
        signal = _ratio(role, incident, members, factors)
        if isinstance(signal, str):
            table.faults.append(signal)
            _leave_out(members, signal)
            continue
        _leave_out(members, "a detector, see the spectra")
        if incident is not None and roles.count(role) > 1:
            signal = replace(signal, name=f"{signal.name} ({members[0].name})")
        made.append(signal)
    return made


def _of_absorber(detectors: Sequence[Column], element: str) -> Sequence[Column]:
    """Leave out the fluorescence of other elements, and raw counts, where both are named."""
    if any(_CORRECTED.search(column.name.lower()) for column in detectors):
        raw = [column for column in detectors if _RAW.search(column.name.lower())]
        _leave_out(raw, "not corrected for dead time")
        detectors = [column for column in detectors if column not in raw]
    absorber = element.split(" ")[0].capitalize()
    lines = {column: line_of(column.name) for column in detectors}
    if absorber not in lines.values():
        return detectors
    others = [column for column, line in lines.items() if line not in (None, absorber)]
    _leave_out(others, "fluorescence of another element")
    return [column for column in detectors if column not in others]


def _ratio(
    role: Role | None,
    incident: Column | None,
    members: Sequence[Column],
    factors: Sequence[Column] = (),
) -> Signal | str:
    """Divide the sum of a detector's elements by the monitor, or say why that fails."""
    names, notes = [column.name for column in members], []
    partners = [partner for column in members if (partner := _partner(column.name, factors))]
    corrected = len(partners) == len(members)
    elements = np.array([column.values for column in members])
    if corrected:
        elements = elements * np.array([partner.values for partner in partners])
    detector = elements.sum(axis=0)
    if incident is None:
        # Yields without a monitor were divided by it already, mostly.
        note = "as it is, there is no column of the incident intensity"
        return Signal(names[0], detector, _CHANNEL[role], (note,))
    monitor, both = incident.values, [incident.name, *names]
    if _negative(monitor) and _negative(detector):
        monitor, detector = -monitor, -detector
        notes.append(f"currents in {quoted(both)} are negative, signs reversed")
    elif role == "electron yield" and _negative(detector):
        detector = -detector
        notes.append(f"current in {quoted(names)} is negative, sign reversed")
    transmitted = role in ("transmitted", "reference")
    bad = ~(monitor > 0) | (transmitted & ~(detector > 0))
    lost = int((bad & np.isfinite(monitor) & np.isfinite(detector)).sum())
    which = quoted(both if transmitted else both[:1])
    if 2 * lost > len(monitor):
        return f"{lost} of {len(monitor)} rows have no positive intensity in {which}"
    if lost:
        rows = "1 row" if lost == 1 else f"{lost} rows"
        notes.append(f"{rows} without a positive intensity in {which} left out")
    with np.errstate(all="ignore"):
        mu = np.where(
            bad, np.nan, np.log(monitor / detector) if transmitted else detector / monitor
        )
    dead = "times their dead-time factors" if corrected else "not corrected for dead time"
    if transmitted:
        formula = f"ln({incident.name} / {names[0]}) from columns {quoted(both)}"
    elif len(names) == 1:
        formula = f"{names[0]} / {incident.name} from columns {quoted([*names, incident.name])}"
        formula += f", {dead}" if corrected else ""
    else:
        formula = f"sum of {len(names)} detector elements / {incident.name} from columns "
        formula += f"{quoted([*names, incident.name])}, {dead}"
    return Signal(_CHANNEL[role], mu, _CHANNEL[role], (*notes, f"mu = {formula}"))


def _foil(column: Column, before: Column | None) -> Signal | None:
    """The spectrum of a reference foil, by the detectors before and behind it."""
    if before is None:
        return _as_it_is(column)
    column.left_out = "reference foil"
    signal = _ratio("reference", before, [column])
    if isinstance(signal, str):
        return None
    column.left_out = "reference foil, given as ::reference"
    return signal


def _as_it_is(column: Column) -> Signal:
    """A foil or a signal without sample, given by name, never unasked."""
    reason = "without sample" if column.role == "without sample" else "reference foil"
    column.left_out = f"{reason}, given as ::{column.name}"
    return Signal(column.name, column.values, _CHANNEL[column.role])


def _same(first: Signal, second: Signal) -> bool:
    """Tell one spectrum twice; stored ones may differ in unit, normalised ones in the line too."""
    channels = {first.channel, second.channel}
    if len(channels) > 1 and not channels & {"absorption", "normalised"}:
        return False
    both = np.isfinite(first.mu) & np.isfinite(second.mu)
    mu, other = first.mu[both], second.mu[both]
    square = float(other @ other)
    usable = len(mu) >= 5 and square != 0 and np.isfinite(square)
    if not usable or np.ptp(mu) == 0 or np.ptp(other) == 0:
        return False
    left = mu - other
    if len(channels) > 1 and "normalised" in channels:
        left = mu - np.polynomial.Polynomial.fit(other, mu, 1)(other)
    elif len(channels) == 1 and bool(first.notes) != bool(second.notes):
        left = mu - other * (float(mu @ other) / square)
    return float(np.abs(left).max()) <= _SAME * float(np.ptp(mu))


def _partner(name: str, factors: Sequence[Column]) -> Column | None:
    """Find the dead-time factor of a detector element: the one that ends in the same number."""
    number = re.search(r"\d+$", name)
    if number is None:
        return factors[0] if len(factors) == 1 else None
    ends = [(re.search(r"\d+$", factor.name), factor) for factor in factors]
    fitting = [factor for end, factor in ends if end and end[0] == number[0]]
    return fitting[0] if len(fitting) == 1 else None


def _negative(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and float((finite < 0).mean()) >= _REVERSED

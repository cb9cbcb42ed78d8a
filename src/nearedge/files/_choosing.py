"""From labelled columns to absorption spectra: by evidence, never by guess.

A column is one only if label, unit or format say so, or if it is the only one besides the energy.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from string import digits

import numpy as np

from nearedge.errors import InputError
from nearedge.files._axis import Signal, make_spectrum
from nearedge.files._columns import Column, Columns, all_samples
from nearedge.files._roles import Role, asked_rank, line_of, stem, why_aside
from nearedge.files._scan import Scan, quoted, with_unique_names
from nearedge.spectra import Channel, Spectrum

# Share of negative readings from which a current is taken to be of reversed sign.
_REVERSED = 0.9
# Share of the range by which one spectrum may differ from another to be the same: of four digits.
_SAME = 2e-3
_MONITORS = ("i0", "io", "i_0")
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


def choose(scan: Scan, source: str) -> list[Spectrum]:
    """Make the absorption spectra of a scan, those of reference foils and empty cells included."""
    return [spectrum for part in _pairs(scan) for spectrum in _choose(part, source)]


def select(scan: Scan, energy: int | str | None, mu: str | int | None, source: str) -> Spectrum:
    """Make the spectrum whose columns the user names, by number or label."""
    if mu is None:
        raise InputError(f"{source}: --energy alone does not define a spectrum; add --mu")
    table = Columns(scan, source)
    axis = table.axis() if energy is None else table.axis_of(table.column(energy))
    note = f"mu = {mu} over column {energy}, as asked for" if energy else f"mu = {mu}, as asked for"
    signal = Signal(str(mu), table.expression(str(mu)), notes=(note,))
    return make_spectrum(signal, axis, scan, source)


def _choose(scan: Scan, source: str) -> list[Spectrum]:
    table = Columns(scan, source)
    axis = table.axis()
    runs = _runs(axis.energy)
    if len(runs) > 1:
        return [
            spectrum.renamed(f"scan {n} {spectrum.name}")
            for n, run in enumerate(runs, 1)
            for spectrum in _choose(replace(scan, values=scan.values[run]), source)
        ]
    spectra: list[Spectrum] = []
    fault: InputError | None = None
    for signal in _signals(table):
        try:
            spectra.append(make_spectrum(signal, axis, scan, source))
        except InputError as error:
            fault = fault or error
            table.left_out[signal.name] = "cannot be used"
    if not spectra and fault is not None:
        raise fault
    if not spectra and table.faults:
        raise InputError(f"{source}: {table.faults[0]}; check the columns and their offsets")
    if not spectra:
        raise table.not_understood("no column is known to be a spectrum")
    left_out = {column.name: column.left_out for column in table.columns if column.left_out}
    left_out |= table.left_out
    told = [(*spectrum.notes, *table.faults) for spectrum in spectra]
    pairs = zip(spectra, told, strict=True)
    return [replace(spectrum, left_out=left_out, notes=notes) for spectrum, notes in pairs]


def _pairs(scan: Scan) -> list[Scan]:
    """Part a scan in which each spectrum has its own energies beside it."""
    roles = [label.role for label in scan.labels]
    starts = [n for n, role in enumerate(roles) if role == "energy"]
    parts = [slice(*ends) for ends in pairwise([*starts, len(roles)])]
    if len(starts) < 2 or starts[0] != 0 or len(roles[parts[0]]) < 2:
        return [scan]
    ranks = {asked_rank(scan.labels[n].text) for n in starts}
    if len(ranks) > 1 or any(roles[part] != roles[parts[0]] for part in parts):
        return [scan]
    return [replace(scan, values=scan.values[:, part], labels=scan.labels[part]) for part in parts]


def _runs(energy: np.ndarray) -> list[slice]:
    """Part rows in which a scan is repeated; rows in no order are one scan."""
    steps = np.diff(energy)
    span = float(np.ptp(energy[np.isfinite(energy)])) if np.isfinite(energy).any() else 0.0
    back = np.flatnonzero(np.abs(steps) > span / 2) + 1
    if not 0 < len(back) <= len(energy) / 5:
        return [slice(None)]
    runs = [slice(*ends) for ends in pairwise([0, *back.tolist(), len(energy)])]
    inner = [np.diff(energy[run]) for run in runs]
    ordered = all(len(one) >= 4 and ((one > 0).all() or (one < 0).all()) for one in inner)
    return runs if ordered else [slice(None)]


def _signals(table: Columns) -> list[Signal]:
    """Make the spectra of the sample, and those that are only offered."""
    columns = [column for column in table.columns if column is not table.energy]
    columns = [column for column in columns if not column.left_out]
    if not columns:
        raise InputError(
            f"{table.source}: holds energies alone; the intensities are missing from its columns"
        )
    for column in [*columns]:
        # A single column is the spectrum, and flat if it is.
        if len(columns) > 1 and (fault := column.flat):
            if column.role not in ("aside", "factor"):
                table.faults.append(f"'{column.name}' is {fault}, left out")
            column.left_out = fault
            columns.remove(column)

    def of(*roles: Role | None) -> list[Column]:
        return [column for role in roles for column in columns if column.role == role]

    stored = [column for column in columns if column.role in ("absorption", "normalised")]
    made = [_stored(column) for column in [*stored, *of("transmittance")]]
    incident = min(of("incident"), key=lambda c: c.name.lower() not in _MONITORS, default=None)
    for column in of("incident"):
        column.left_out = "monitor" if column is incident else "another monitor"
    detectors, unknown = of("transmitted", "fluorescence", "electron yield"), of(None)
    made += _ratios(table, incident, detectors, of("factor"), bool(made))
    understood = bool(made or incident or detectors)
    alone = not understood and (len(unknown) == 1 or not table.scan.labels)
    if not made and (alone or all_samples(unknown)):
        made = [Signal(column.name, column.values) for column in unknown]
    elif unknown:
        _leave_out(unknown, "its label is not understood")
        if not understood:
            raise table.not_understood("only the label of the energy is understood")
    for column in of("aside"):
        column.left_out = why_aside(column.name) or "no absorption"
    samples: list[Signal] = []
    for signal in made:
        if same := next((other for other in samples if _same(other, signal)), None):
            table.left_out[signal.name] = f"the same as '{same.name}'"
        else:
            samples.append(signal)
    before = next(iter(of("transmitted")), incident)
    foils = [_foil(column, before) for column in of("reference")]
    foils += [_as_it_is(column) for column in of("reference mu", "without sample")]
    return [*with_unique_names(samples), *with_unique_names(filter(None, foils))]


def _leave_out(columns: Sequence[Column], reason: str) -> None:
    for column in columns:
        column.left_out = reason


def _stored(column: Column) -> Signal:
    if column.role == "normalised":
        return Signal(column.name, column.values, "normalised")
    if column.role == "transmittance":
        with np.errstate(all="ignore"):
            mu, note = -np.log(column.values), f"mu = -ln({column.name}), the transmittance"
        return Signal(column.name, mu, "transmission", (note,))
    channel: Channel = "absorption"
    for words, named in reversed(_CHANNELS):
        channel = named if re.search(words, column.name.lower()) else channel
    return Signal(column.name, column.values, channel)


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
            _leave_out(members, "no column holds the incident intensity")
            continue
        signal = _ratio(incident, members, factors)
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
    incident: Column | None, members: Sequence[Column], factors: Sequence[Column] = ()
) -> Signal | str:
    """Divide the sum of a detector's elements by the monitor, or say why that fails."""
    role, names, notes = members[0].role, [column.name for column in members], []
    partners = [partner for column in members if (partner := _partner(column.name, factors))]
    corrected = len(partners) == len(members)
    elements = np.array([column.values for column in members])
    if corrected:
        elements = elements * np.array([partner.values for partner in partners])
    detector = elements.sum(axis=0)
    if incident is None:
        # Yields without a monitor were divided by it already, mostly.
        note = "not divided, as no column holds the incident intensity"
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
    columns = f"from columns {quoted(both if transmitted else [*names, incident.name])}"
    if transmitted:
        formula = f"ln({incident.name} / {names[0]}) {columns}"
    else:
        many = len(names) > 1
        above = f"sum of {len(names)} detector elements" if many else names[0]
        dead = ", times their dead-time factors" if corrected else ""
        uncorrected = ", not corrected for dead time" if many and not corrected else ""
        formula = f"{above} / {incident.name} {columns}{dead}{uncorrected}"
    return Signal(_CHANNEL[role], mu, _CHANNEL[role], (*notes, f"mu = {formula}"))


def _foil(column: Column, before: Column | None) -> Signal | None:
    """The spectrum of a reference foil, by the detectors before and behind it."""
    if before is None:
        return _as_it_is(column)
    signal = _ratio(before, [column])
    fails = isinstance(signal, str)
    column.left_out = f"reference foil{'' if fails else ', given as ::reference'}"
    return None if fails else signal


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
    if len(mu) < 5 or not 0 < square < np.inf or np.ptp(mu) == 0 or np.ptp(other) == 0:
        return False
    left = mu - other
    if len(channels) > 1 and "normalised" in channels:
        left = mu - np.polynomial.Polynomial.fit(other, mu, 1)(other)
    elif len(channels) == 1 and bool(first.notes) != bool(second.notes):
        left = mu - other * (float(mu @ other) / square)
    return float(np.abs(left).max()) <= _SAME * float(np.ptp(mu))


def _partner(name: str, factors: Sequence[Column]) -> Column | None:
    """Find the dead-time factor of a detector element: the one that ends in the same number."""
    number = _number_at_end(name)
    fitting = [one for one in factors if not number or _number_at_end(one.name) == number]
    return fitting[0] if len(fitting) == 1 else None


def _number_at_end(name: str) -> str:
    return name[len(name.rstrip(digits)) :]


def _negative(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and float((finite < 0).mean()) >= _REVERSED

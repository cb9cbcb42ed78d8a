"""Spectra of the columns of a scan: stored ones, and detectors divided by the monitor."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files._columns import Columns
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


@dataclass(frozen=True)
class Signal:
    """Intensities of the rows before they are put in order."""

    name: str
    mu: Float[np.ndarray, " row"]
    channel: Channel = "absorption"
    notes: tuple[str, ...] = ()


class Detectors(Columns):
    """The columns of a scan as detectors; `left_out` says what is made of none, and why."""

    def signals(self, axes: set[int]) -> list[Signal]:
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
        understood = bool(signals) or incident is not None or bool(detectors)
        if (
            not signals
            and unknown
            and (
                self.all_formulas(unknown)
                or (not understood and (len(unknown) == 1 or not self.scan.labels))
            )
        ):
            signals = [Signal(self.names[n], self.values[:, n]) for n in unknown]
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

    def _stored(self, column: int) -> Signal:
        name = self.names[column]
        channel: Channel = "normalised" if self.roles[column] == "normalised" else "absorption"
        for pattern, named in _CHANNELS:
            if channel == "absorption" and re.search(pattern, name.lower()):
                channel = named
        return Signal(name, self.values[:, column], channel)

    def _transmittance(self, column: int) -> Signal:
        name = self.names[column]
        with np.errstate(all="ignore"):
            mu = -np.log(self.values[:, column])
        return Signal(name, mu, "transmission", (f"mu = -ln({name}), the transmittance",))

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
    ) -> list[Signal]:
        """Divide detectors by the monitor; say why others cannot be had."""
        self.left_out |= {self.names[n]: "dead-time factor" for n in factors}
        groups: dict[tuple[Role | None, str], list[int]] = {}
        for n in self._of_absorber(detectors):
            family = stem(self.names[n]) if self.roles[n] == "fluorescence" else str(n)
            groups.setdefault((self.roles[n], family), []).append(n)
        made: list[Signal] = []
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
    ) -> Signal | str:
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
            return Signal(names[0], detector, _channel(meaning), (note,))
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
        return Signal(channel, np.where(bad, np.nan, mu), channel, (*notes, formula))

    def _offered(
        self, by_role: Mapping[Role | None, list[int]], incident: int | None
    ) -> list[Signal]:
        """Reference foils and signals without sample: given by name, never unasked."""
        made: list[Signal] = []
        before = next(iter(by_role.get("transmitted", [])), incident)
        for n in by_role.get("reference", []):
            name = self.names[n]
            self.left_out[name] = "reference foil"
            as_it_is = Signal(name, self.values[:, n], "reference")
            ratio = as_it_is if before is None else self._ratio("reference", before, [n], ())
            if isinstance(ratio, Signal):
                shown = name if before is None else "reference"
                made.append(replace(ratio, name=shown))
                self.left_out[name] = f"reference foil, given as ::{shown}"
        for role in ("reference mu", "without sample"):
            for n in by_role.get(role, []):
                name, channel = self.names[n], _channel(role)
                made.append(Signal(name, self.values[:, n], channel))
                reason = "reference foil" if role == "reference mu" else role
                self.left_out[name] = f"{reason}, given as ::{name}"
        names = unique([signal.name for signal in made])
        return [replace(signal, name=name) for signal, name in zip(made, names, strict=True)]

    def _once(self, signals: Sequence[Signal]) -> list[Signal]:
        """Leave out spectra that are another one over again, but for their scale."""
        first: list[Signal] = []
        for signal in signals:
            same = next((before for before in first if _same(before, signal)), None)
            if same is None:
                first.append(signal)
            else:
                self.left_out[signal.name] = f"the same as '{same.name}'"
        names = unique([signal.name for signal in first])
        return [replace(signal, name=name) for signal, name in zip(first, names, strict=True)]


def _same(first: Signal, second: Signal) -> bool:
    """Tell one spectrum from another, where the channel may be the same.

    Of a stored ratio the unit may differ, of a normalised one the background too.
    """
    loose = ("absorption", "normalised")
    if first.channel != second.channel and not {first.channel, second.channel} & {*loose}:
        return False
    both = np.isfinite(first.mu) & np.isfinite(second.mu)
    mu, other = first.mu[both], second.mu[both]
    square = float(other @ other)
    if (
        len(mu) < 5
        or square == 0
        or not np.isfinite(square)
        or np.ptp(mu) == 0
        or np.ptp(other) == 0
    ):
        return False
    left = mu - other
    if (first.channel == "normalised") != (second.channel == "normalised"):
        left = mu - np.polynomial.Polynomial.fit(other, mu, 1)(other)
    elif bool(first.notes) != bool(second.notes) and first.channel == second.channel:
        left = mu - other * (float(mu @ other) / square)
    return float(np.abs(left).max()) <= _SAME * float(np.ptp(mu))


def _partner(name: str, factors: Sequence[str]) -> int | None:
    """Find the dead-time factor of a detector element: the one that ends in the same number."""
    number = re.search(r"\d+$", name)
    if number is None:
        return 0 if len(factors) == 1 else None
    places = [
        n
        for n, factor in enumerate(factors)
        if (match := re.search(r"\d+$", factor)) and match[0] == number[0]
    ]
    return places[0] if len(places) == 1 else None


def _channel(meaning: Role | None) -> Channel:
    if meaning == "transmitted":
        return "transmission"
    if meaning in ("reference", "reference mu"):
        return "reference"
    return (
        meaning if meaning in ("fluorescence", "electron yield", "without sample") else "absorption"
    )


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

"""From a measured spectrum to a composition, for any zero, resolution, unit and background."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from nearedge.errors import InputError
from nearedge.models.inference._readout import Networks, Readout
from nearedge.models.inference._scanning import (
    BURIED,
    STEP,
    Axis,
    Grid,
    Manifold,
    References,
    Zero,
    ZeroScan,
    scan_zeros,
)
from nearedge.spectra import check_spectra
from nearedge.trust import BELOW_EDGE, Misfit, run_around

Samples = Float[np.ndarray, "spectrum output"]

MODE = 0.1
"""Probability from which a separate position of the zero is mentioned."""

APART = 0.5
"""Zeros are separate if this many eV between them are unlikely."""

UNSURE = 0.5
"""Width in eV of the zero's interval from which it is mentioned."""

STRIKING = 3.0
"""Deviation from which an energy is mentioned, in standard deviations."""

MEASURES = {
    "misfit": ("distance from them", 0.05),
    "unexplained": ("unexplained part", 0.05),
    "below": (BELOW_EDGE, 0.05),
    "noise": ("noise", BURIED),
}
"""Measures of misfit, each in words and with its lowest limit, below which it is negligible.

The distance from the profiles of samples (Mahalanobis), the fraction of the spectrum that no sum of
the classes' spectra explains, structure below the edge, and noise.
"""

NEAR = 0.2
"""How far from the likeliest zero sums of the classes' spectra are tried, eV."""


class Mode(NamedTuple):
    """A possible position of the zero (eV), its probability, and the target's mean there."""

    zero: float
    weight: float
    value: float


@dataclass(frozen=True)
class Posterior:
    """Outputs with intervals, and the distributions of the zero and of the extra broadening.

    `scanned` are positions of the zero, eV on the measured axis, `values` the target's mean at
    each, widths are full widths at half maximum in eV. Outputs are the target's ``mean``, then
    fractions.
    """

    names: tuple[str, ...]
    scanned: Float[np.ndarray, " scanned"]
    zero_weights: Float[np.ndarray, " scanned"]
    values: Float[np.ndarray, " scanned"]
    widths: Float[np.ndarray, " width"]
    width_weights: Float[np.ndarray, " width"]
    expected: Float[np.ndarray, " output"]
    half_widths: Float[np.ndarray, " output"]

    def interval(self) -> Float[np.ndarray, "output 2"]:
        """Ends of each output's calibrated interval; none is negative, no fraction exceeds 1."""
        ends = np.stack([self.expected - self.half_widths, self.expected + self.half_widths], 1)
        return np.clip(ends, 0.0, np.array([np.inf] + [1.0] * (len(ends) - 1))[:, None])

    @property
    def zero(self) -> float:
        """Most likely position of the zero, eV on the measured axis."""
        return float(self.scanned[self.zero_weights.argmax()])

    @property
    def width(self) -> float:
        """Mean extra broadening, full width at half maximum in eV."""
        return float(self.width_weights @ self.widths)

    def zero_interval(self) -> tuple[float, float]:
        """Ends of the zero's central interval of 90 %, eV on the measured axis."""
        low, high = np.searchsorted(np.cumsum(self.zero_weights), [0.05, 0.95])
        return float(self.scanned[low]), float(self.scanned[min(high, len(self.scanned) - 1)])

    def clusters(self) -> list[Int[np.ndarray, " _"]]:
        """Group likely positions of the zero, by index; `APART` between groups is unlikely."""
        likely = np.flatnonzero(self.zero_weights >= 1e-3 * self.zero_weights.max())
        return np.split(likely, np.flatnonzero(np.diff(self.scanned[likely]) > APART) + 1)

    def modes(self) -> list[Mode]:
        """List the separate possible positions of the zero, the likeliest first."""
        modes = []
        for places in self.clusters():
            weight = float(self.zero_weights[places].sum())
            shares = self.zero_weights[places] / weight
            zero, value = shares @ self.scanned[places], shares @ self.values[places]
            modes.append(Mode(float(zero), weight, float(value)))
        modes.sort(key=lambda mode: -mode.weight)
        return [mode for mode in modes if mode.weight >= MODE] or modes[:1]

    def remarks(self) -> list[str]:
        """Remarks that belong to the numbers: several zeros, or an uncertain one."""
        modes = self.modes()
        if len(modes) > 1:
            places = "; ".join(
                f"E0 = {mode.zero:.1f} eV ({mode.weight:.0%}) would mean {mode.value:.2f}"
                for mode in modes
            )
            return [f"the alignment is ambiguous: {places}; --e0 decides"]
        low, high = self.zero_interval()
        if high - low > UNSURE:
            return [f"the zero is uncertain: from {low:.1f} to {high:.1f} eV"]
        return []


@dataclass(frozen=True)
class Fit:
    """How a spectrum fits the profiles of samples, and how unusual this is.

    The `measures`, see `MEASURES`, are in units of their limits. `deviation` is that from the value
    expected from the other energies, in standard deviations. In the training spectra's unit are the
    `window` without its straight background, the `mixture` of the expected composition, and the
    range of nine in ten sites. Noise is a fraction of the spectrum's own variation.
    """

    measures: dict[str, float]
    energy: Grid
    deviation: Grid
    noise: float
    window: Grid
    mixture: Grid
    low: Grid
    high: Grid

    @property
    def score(self) -> float:
        """The largest of the measures: above one the spectrum is unlike any sample."""
        return max(self.measures.values())

    def reasons(self) -> tuple[Misfit, ...]:
        """Reasons why the spectrum is unlike any sample's; none if it is like one.

        They name the energies at which it differs most from what the others predict.
        """
        if self.score <= 1:
            return ()
        exceeded = {MEASURES[name][0]: own for name, own in self.measures.items() if own > 1}
        worst = int(np.abs(self.deviation).argmax())
        if abs(self.deviation[worst]) < STRIKING:
            return (Misfit(exceeded, self.noise),)
        sign = np.sign(self.deviation[worst])
        first, last = run_around(sign * self.deviation > STRIKING / 2, worst)
        ends = float(self.energy[first]), float(self.energy[last])
        return (Misfit(exceeded, self.noise, *ends, bool(sign > 0)),)


@dataclass(frozen=True)
class Inference:
    """What a model knows of measured spectra. Made by `fit_inference`.

    Logarithms of densities are divided by `temperature`, so that the zero's uncertainty matches its
    error in simulations. Each of the `measures` may flag a fraction `flagged` of simulations as
    unlike any sample.
    """

    networks: Networks
    manifold: Manifold
    readout: Readout
    classes: tuple[str, ...]
    temperature: float
    references: References
    measures: Float[np.ndarray, "sample measure"]
    flagged: float = 0.02

    @property
    def grid(self) -> Grid:
        """Energies of the window in eV from the zero."""
        return self.manifold.grid

    @property
    def limits(self) -> Float[np.ndarray, " measure"]:
        """Value of each measure above which a spectrum is unlike any sample's."""
        least = [limit for _, limit in MEASURES.values()]
        return np.maximum(np.quantile(self.measures, 1 - self.flagged, axis=0), least)

    def infer(
        self, energy: Axis, mu: Axis, zero: Zero | None = None, *, source: str = "spectrum"
    ) -> tuple[Posterior, Fit]:
        """Infer the sample from a spectrum on any straight background; energies in eV.

        An InputError names `source` if it is not usable, does not cover the window, or is straight.
        """
        check_spectra(energy, mu[None], source)
        places, log_prior = (zero or Zero()).places(energy, self.grid, source)
        step = float(self.grid[1] - self.grid[0])
        scan = scan_zeros(*rebinned(energy, mu, step / 2), places, self.manifold)
        if not scan.size.any():
            raise InputError(
                f"{source}: is a straight line wherever the zero lies; give an absorption spectrum"
            )
        # Probability of every place of the zero and every broadening.
        logs = scan.log_density / self.temperature + log_prior[:, None]
        weights = np.exp(logs - logs.max())
        weights /= weights.sum()
        each = weights.sum(axis=1)
        fractions = self.networks.fractions(scan.shapes)
        best = int(each.argmax())
        noise = np.minimum(scan.noise[[best]], 1.0)
        expected, half_widths = self.read(fractions[:, None], each[:, None], places, noise)
        posterior = Posterior(
            names=("mean", *self.classes),
            scanned=places,
            zero_weights=each,
            values=self.readout.expected(fractions)[:, 0],
            widths=np.array(self.manifold.widths),
            width_weights=weights.sum(axis=0),
            expected=expected[0],
            half_widths=half_widths[0],
        )
        width = int(weights[best].argmax())
        return posterior, self._fit(scan, best, width, expected[0, 1:])

    def read(
        self,
        fractions: Float[np.ndarray, "zero spectrum class"],
        weights: Float[np.ndarray, "zero _"],
        places: Float[np.ndarray, " zero"],
        noise: Float[np.ndarray, " spectrum"],
    ) -> tuple[Samples, Samples]:
        """Return outputs and half widths of their intervals, for a spectrum or for many pixels.

        The networks' fractions are those at each position of the zero (eV); its probability is one
        column if all spectra share it. Noise is a fraction of each spectrum's own variation.
        """
        shares = zip(weights, fractions, strict=True)
        mean = np.asarray(sum(share[:, None] * part for share, part in shares), float)
        off = places - (weights.mean(axis=1) @ places)
        spread = np.sqrt(np.maximum(off**2 @ weights - (off @ weights) ** 2, 0.0))
        unsure = np.stack([np.broadcast_to(spread, noise.shape), noise], axis=1)
        return self.readout.expected(mean), self.readout.half_widths(mean, unsure)

    def _fit(
        self, scan: ZeroScan, best: int, width: int, fractions: Float[np.ndarray, " class"]
    ) -> Fit:
        """Compare a spectrum at the best zero and broadening with what samples look like."""
        noise, like = float(scan.noise[best]), fractions @ self.references.spectra[width]
        own = measure(scan, best, width, self.references, self.grid) / self.limits
        return Fit(
            measures=dict(zip(MEASURES, own.tolist(), strict=True)),
            energy=self.grid,
            deviation=self.manifold.noisy(width, noise).conditional(scan.shapes[[best]])[0],
            noise=noise,
            window=self.references.normalised(self.grid, scan.windows[best], like),
            mixture=like,
            low=self.references.low[width],
            high=self.references.high[width],
        )


def measure(
    scan: ZeroScan, best: int, width: int, references: References, grid: Grid
) -> Float[np.ndarray, " measure"]:
    """Measure how unusual a spectrum is at one position of the zero and one broadening."""
    near = round(NEAR / STEP)
    left = references.unexplained(grid, scan.windows[max(best - near, 0) : best + near + 1])
    # Noise is explained by nothing, and nothing to blame.
    unexplained = np.sqrt(max(left**2 - float(scan.noise[best]) ** 2, 0.0))
    distance = np.sqrt(scan.misfit[best, width])
    return np.array([distance, unexplained, scan.below[best], scan.noise[best]])


def rebinned(
    energy: Axis, mu: Axis, step: float
) -> tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]:
    """Average a finely measured spectrum over bins of `step` eV, to reduce noise.

    A spectrum with mostly steps wider than half of it is left unchanged.
    """
    if np.median(np.diff(energy)) > step / 2:
        return energy, mu
    count = int(np.floor((energy[-1] - energy[0]) / step + 1e-9))
    edges = energy[0] + step * np.arange(count + 1)
    # Exact integrals of the broken line through the points, from the first one on.
    nodes = np.union1d(energy, edges)
    values = np.interp(nodes, energy, mu)
    # Loaded here: half a second that answers by references need not wait for.
    from scipy.integrate import cumulative_trapezoid

    risen = cumulative_trapezoid(values, nodes, initial=0)
    means = np.diff(risen[np.searchsorted(nodes, edges)]) / step
    centres = (edges[:-1] + edges[1:]) / 2
    # The first and last point stay, so that the range does not shrink.
    return np.r_[energy[0], centres, energy[-1]], np.r_[mu[0], means, mu[-1]]

"""From a measured spectrum to a composition, whatever its zero, resolution, unit and background."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.integrate import cumulative_trapezoid

from nearedge.errors import InputError
from nearedge.models.inference._readout import Networks, Readout
from nearedge.models.inference._results import Fit, Posterior
from nearedge.models.inference._samples import Manifold, References
from nearedge.models.inference._zero import BURIED, MEASURES, STEP, Zero, ZeroScan, scan_zeros
from nearedge.spectra import check_spectra

LEAST_LIMITS = (0.05, 0.05, 0.05, BURIED)
"""Least limit of each of `MEASURES`: what is smaller is nothing to speak of."""

NEAR = 0.2
"""How far from the likeliest zero sums of the classes' spectra are tried, eV."""


@dataclass(frozen=True)
class Inference:
    """What a model knows of measured spectra. Made by `fit_inference`.

    Logarithms of densities are divided by `temperature`: the zero is as uncertain as it is wrong in
    simulations. Of their `measures` each may count the share `flagged` as unlike any sample.
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
    def grid(self) -> Float[np.ndarray, " grid"]:
        """Energies of the window in eV from the zero."""
        return self.manifold.grid

    @property
    def limits(self) -> Float[np.ndarray, " measure"]:
        """Value of each measure above which a spectrum is unlike any sample's."""
        return np.maximum(np.quantile(self.measures, 1 - self.flagged, axis=0), LEAST_LIMITS)

    def infer(
        self,
        energy: Float[np.ndarray, " energy"],
        mu: Float[np.ndarray, " energy"],
        zero: Zero | None = None,
        *,
        source: str = "spectrum",
    ) -> tuple[Posterior, Fit]:
        """Say what a spectrum on any straight background tells of the sample; energies in eV.

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
    ) -> tuple[Float[np.ndarray, "spectrum output"], Float[np.ndarray, "spectrum output"]]:
        """Give outputs and half widths of their intervals, for a spectrum or for many pixels.

        The networks' fractions are those at each place of the zero (eV); its probability is one
        column if all spectra share it. Noise is a share of each spectrum's own variation.
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
        limits = self.limits
        own = measure(scan, best, width, self.references, self.grid) / limits
        usual = (self.measures / limits).max(axis=1)
        return Fit(
            measures=dict(zip(MEASURES, own.tolist(), strict=True)),
            p_value=(1 + int((usual >= own.max()).sum())) / (1 + len(usual)),
            energy=self.grid,
            deviation=self.manifold.noisy(width, noise).conditional(scan.shapes[[best]])[0],
            noise=noise,
            window=self.references.normalised(self.grid, scan.windows[best], like),
            mixture=like,
            low=self.references.low[width],
            high=self.references.high[width],
        )


def measure(
    scan: ZeroScan, best: int, width: int, references: References, grid: Float[np.ndarray, " grid"]
) -> Float[np.ndarray, " measure"]:
    """Measure how unusual a spectrum is at one place of the zero and one broadening."""
    near = round(NEAR / STEP)
    left = references.unexplained(grid, scan.windows[max(best - near, 0) : best + near + 1])
    # Noise is explained by nothing, and nothing to blame.
    unexplained = np.sqrt(max(left**2 - float(scan.noise[best]) ** 2, 0.0))
    distance = np.sqrt(scan.misfit[best, width])
    return np.array([distance, unexplained, scan.below[best], scan.noise[best]])


def rebinned(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"], step: float
) -> tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]:
    """Average a finely measured spectrum over bins of `step` eV, which leaves less noise.

    One of which most steps are wider than half of it is left as it is.
    """
    if np.median(np.diff(energy)) > step / 2:
        return energy, mu
    count = int(np.floor((energy[-1] - energy[0]) / step + 1e-9))
    edges = energy[0] + step * np.arange(count + 1)
    # Exact integrals of the broken line through the points, from the first one on.
    nodes = np.union1d(energy, edges)
    values = np.interp(nodes, energy, mu)
    risen = cumulative_trapezoid(values, nodes, initial=0)
    means = np.diff(risen[np.searchsorted(nodes, edges)]) / step
    centres = (edges[:-1] + edges[1:]) / 2
    # The first and last point stay, so that the range does not shrink.
    return np.r_[energy[0], centres, energy[-1]], np.r_[mu[0], means, mu[-1]]

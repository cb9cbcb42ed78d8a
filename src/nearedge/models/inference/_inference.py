"""From a measured spectrum to a composition, with the zero and the resolution marginalised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import softmax

from nearedge.errors import InputError
from nearedge.learning.estimators import CompositionRegressor, fraction_table
from nearedge.models.inference._manifold import Manifold
from nearedge.models.inference._posterior import Posterior
from nearedge.models.inference._readout import KINDS, Readout, is_alike
from nearedge.models.inference._references import References, Scaling
from nearedge.models.inference._scan import (
    BURIED,
    MEASURES,
    STEP,
    Measure,
    ZeroScan,
    measure,
    scan_zeros,
)
from nearedge.spectra import check_spectra, covered_zeros, resample

LEAST_LIMITS: dict[Measure, float] = {
    "misfit": 0.05,
    "unexplained": 0.05,
    "below": 0.05,
    "noise": BURIED,
}
"""Least limit of each measure: what is smaller is nothing to speak of."""

NEGLIGIBLE = 1e-3
"""Probability of a place of the zero below which it is left out of the average."""


@dataclass(frozen=True)
class Zero:
    """What is known of the place of the energy zero on the measured axis.

    Parameters
    ----------
    energy : float or None
        Where it is believed to lie, eV; None if nothing is known: then every place for which the
        spectrum covers the window is as good as any other.
    uncertainty : float
        Standard deviation of that, eV; zero if it is certain.

    Raises
    ------
    InputError
        If a number is not finite or the uncertainty negative.
    """

    energy: float | None = None
    uncertainty: float = 0.5

    def __post_init__(self) -> None:
        if not np.isfinite([self.energy or 0.0, self.uncertainty]).all() or self.uncertainty < 0:
            raise InputError(
                f"E0 {self.energy} ± {self.uncertainty} eV; give a finite energy and an "
                "uncertainty that is not negative"
            )

    def places(
        self,
        energy: Float[np.ndarray, " energy"],
        grid: Float[np.ndarray, " grid"],
        source: str,
    ) -> tuple[Float[np.ndarray, " zero"], Float[np.ndarray, " zero"]]:
        """List the places to try, in eV, and the logarithms of their prior probabilities.

        Raises
        ------
        InputError
            If the spectrum covers the window for none of them.
        """
        span = f"{energy[0]:g} to {energy[-1]:g} eV"
        if self.energy is not None and self.uncertainty < STEP / 2:
            slack = 1e-6
            low, high = self.energy + grid[0] + slack, self.energy + grid[-1] - slack
            if energy[0] > low or energy[-1] < high:
                raise InputError(
                    f"{source}: energies from {span} do not cover the window "
                    f"{self.energy + grid[0]:g} to {self.energy + grid[-1]:g} eV about E0 = "
                    f"{self.energy:g} eV; measure a wider range or give another E0"
                )
            return np.array([self.energy]), np.zeros(1)
        found = covered_zeros(energy, grid, STEP)
        if not len(found):
            raise InputError(
                f"{source}: energies from {span} do not cover the model's window of "
                f"{grid[-1] - grid[0]:g} eV ({grid[0]:g} to {grid[-1]:g} eV from its zero) "
                "wherever the zero lies; measure a wider range"
            )
        if self.energy is None:
            return found, np.zeros(len(found))
        off = (found - self.energy) / self.uncertainty
        near = np.abs(off) <= 4
        if not near.any():
            raise InputError(
                f"{source}: energies from {span} cover the window only for an E0 from "
                f"{found[0]:g} to {found[-1]:g} eV, not for {self.energy:g} ± "
                f"{self.uncertainty:g} eV; measure a wider range or give another E0"
            )
        return found[near], -(off[near] ** 2) / 2


@dataclass(frozen=True)
class Fit:
    """How a spectrum fits the profiles of samples, and how unusual that is.

    Attributes
    ----------
    measures : dict of str to float
        How unusual the spectrum is, by `MEASURES`, each in units of its limit.
    p_value : float
        Share of simulated measurements that are as unusual.
    energy : float array, shape (grid,)
        Energies of the window, eV from the zero.
    deviation : float array, shape (grid,)
        How far each energy is from what the others let expect, in standard deviations.
    noise : float
        Standard deviation of the noise as a share of the spectrum's own variation.
    window : float array, shape (grid,)
        Intensities in the training spectra's unit, freed of the straight background.
    mixture : float array, shape (grid,)
        Spectrum of a sample of the expected composition, in the same unit.
    low, high : float array, shape (grid,)
        Between which nine in ten training sites lie, as broadened.
    scaling : Scaling
        How measured intensities become those of `window`.
    """

    measures: dict[Measure, float]
    p_value: float
    energy: Float[np.ndarray, " grid"]
    deviation: Float[np.ndarray, " grid"]
    noise: float
    window: Float[np.ndarray, " grid"]
    mixture: Float[np.ndarray, " grid"]
    low: Float[np.ndarray, " grid"]
    high: Float[np.ndarray, " grid"]
    scaling: Scaling

    @property
    def worst(self) -> Measure:
        """The measure that speaks most against the spectrum."""
        return max(MEASURES, key=self.measures.__getitem__)

    @property
    def score(self) -> float:
        """Its value: above one the spectrum is like no sample's."""
        return self.measures[self.worst]

    @property
    def novel(self) -> bool:
        """Whether the spectrum is like no sample's."""
        return self.score > 1


@dataclass(frozen=True)
class Inference:
    """What a model knows of measured spectra. Made by `fit_inference`.

    Attributes
    ----------
    regressor : CompositionRegressor
        From profiles to fractions.
    manifold : Manifold
        Which profiles samples have.
    readout : Readout
        What the regressor's fractions mean.
    classes : tuple of str
        In the order of the fractions.
    temperature : float
        By which logarithms of densities are divided, so that the zero is as uncertain as it is
        wrong in simulations.
    mass : float array, shape (kind + 1, output)
        Central probability that intervals take: of both kinds of samples, and where the composition
        is not supposed to be like the training data's.
    references : References
        What samples' spectra look like, for normalising and drawing.
    measures : float array, shape (sample, measure)
        Of simulated measurements of unseen sites, see `MEASURES`.
    flagged : float
        Share of them that each measure may count as unlike any sample.
    """

    regressor: CompositionRegressor
    manifold: Manifold
    readout: Readout
    classes: tuple[str, ...]
    temperature: float
    mass: Float[np.ndarray, "kinds output"]
    references: References
    measures: Float[np.ndarray, "sample measure"]
    flagged: float = 0.02

    @property
    def grid(self) -> Float[np.ndarray, " grid"]:
        """Energies of the window in eV from the zero."""
        return self.manifold.grid

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return ("mean", *self.classes)

    def infer(
        self,
        energy: Float[np.ndarray, " energy"],
        mu: Float[np.ndarray, " energy"],
        zero: Zero | None = None,
        *,
        alike: float = 0.5,
        source: str = "spectrum",
    ) -> tuple[Posterior, Fit]:
        """Say what a spectrum tells of the sample.

        Parameters
        ----------
        energy : float array, shape (energy,)
            Measured energies in eV, increasing.
        mu : float array, shape (energy,)
            Absorption in any unit, on any straight background.
        zero : Zero, optional
            What is known of the energy zero; nothing by default.
        alike : float
            Probability, before the measurement, that environments are about as frequent as in the
            training data.
        source : str
            Names the spectrum in errors.

        Returns
        -------
        posterior : Posterior
        fit : Fit

        Raises
        ------
        InputError
            If the spectrum is not usable, does not cover the window, or is a straight line.
        """
        check_spectra(energy, mu[None], source)
        places, log_prior = (zero or Zero()).places(energy, self.grid, source)
        step = float(self.grid[1] - self.grid[0])
        scan = scan_zeros(*rebinned(energy, mu, step / 2), places, self.manifold)
        if not scan.size.any():
            raise InputError(
                f"{source}: is a straight line wherever the zero lies; give an absorption spectrum"
            )
        weights = self.zero_weights(scan.log_density, log_prior)
        said = fraction_table(self.regressor, scan.found, self.classes)
        posterior = self.posterior(places, weights, said, alike)
        best = int(posterior.zero_weights.argmax())
        width = int(weights[best].argmax())
        return posterior, self._fit(scan, best, width, posterior.expected()[1:])

    @property
    def limits(self) -> Float[np.ndarray, " measure"]:
        """Value of each measure above which a spectrum is like no sample's."""
        least = [LEAST_LIMITS[name] for name in MEASURES]
        return np.maximum(np.quantile(self.measures, 1 - self.flagged, axis=0), least)

    def _fit(
        self, scan: ZeroScan, best: int, width: int, fractions: Float[np.ndarray, " class"]
    ) -> Fit:
        """Compare a spectrum at the best zero and broadening with what samples look like."""
        known, limits, noise = self.references, self.limits, float(scan.noise[best])
        own = measure(scan, best, width, known, self.grid) / limits
        usual = (self.measures / limits).max(axis=1)
        scaling = known.scaling(self.grid, scan.windows[best], fractions, width)
        return Fit(
            measures=dict(zip(MEASURES, own.tolist(), strict=True)),
            p_value=(1 + int((usual >= own.max()).sum())) / (1 + len(usual)),
            energy=self.grid,
            deviation=self.manifold.deviations(scan.found[best], noise, width),
            noise=noise,
            window=scaling.apply(self.grid, scan.windows[best]),
            mixture=known.mixture(fractions, width),
            low=known.low[width],
            high=known.high[width],
            scaling=scaling,
        )

    def zero_weights(
        self,
        log_density: Float[np.ndarray, "zero width"],
        log_prior: Float[np.ndarray, " zero"],
    ) -> Float[np.ndarray, "zero width"]:
        """Probability of every place of the zero and every broadening."""
        logs = log_density / self.temperature + log_prior[:, None]
        return softmax(logs)

    def posterior(
        self,
        places: Float[np.ndarray, " zero"],
        weights: Float[np.ndarray, "zero width"],
        said: Float[np.ndarray, "zero class"],
        alike: float = 0.5,
    ) -> Posterior:
        """Average what the networks say at all places of the zero.

        Parameters
        ----------
        places : float array, shape (zero,)
            In eV.
        weights : float array, shape (zero, width)
            Probability of each, with each broadening.
        said : float array, shape (zero, class)
            Fractions that the networks say there.
        alike : float
            Prior probability of a composition like the training data's.
        """
        each = weights.sum(axis=1)
        kept = np.flatnonzero(each >= min(NEGLIGIBLE, each.max()))
        log_kind, expected = self.readout.read(said[kept])
        with np.errstate(divide="ignore"):
            log_kind = log_kind + np.log([alike, 1 - alike])
        # A zero at which the networks say what they say of no sample is an unlikely one.
        logs = log_kind + np.log(each[kept])[:, None]
        components = softmax(logs)
        count, kinds, outputs = expected.shape
        places_weights = np.zeros(len(places))
        places_weights[kept] = components.sum(axis=1)
        posterior = Posterior(
            names=self.names,
            scanned=places,
            zero_weights=places_weights,
            widths=np.array(self.manifold.widths),
            width_weights=weights.sum(axis=0),
            zeros=np.repeat(places[kept], kinds),
            alike=is_alike(count * kinds),
            weights=components.ravel(),
            means=expected.reshape(-1, outputs),
            spreads=np.tile(self.readout.spread, (count, 1)),
            mass=self.mass,
        )
        # Intervals that suppose nothing have a calibration of their own.
        return posterior if alike else posterior.any_composition()

    def record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Split all but the regressor into what is kept as JSON and what as arrays."""
        record = {
            "classes": list(self.classes),
            "temperature": self.temperature,
            "flagged": self.flagged,
        }
        arrays = {f"manifold.{name}": one for name, one in self.manifold.arrays().items()}
        arrays |= {f"readout.{name}": one for name, one in self.readout.arrays().items()}
        arrays |= {f"references.{name}": one for name, one in self.references.arrays().items()}
        return record, {**arrays, "mass": self.mass, "measures": self.measures}

    @classmethod
    def from_record(
        cls,
        regressor: CompositionRegressor,
        record: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
    ) -> "Inference":
        """Undo `record`.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or does not fit together.
        """
        classes = tuple(str(name) for name in record["classes"])
        manifold = Manifold.from_arrays(_below("manifold", arrays))
        if regressor.n_features_in_ != len(manifold.grid):
            raise ValueError(
                f"the manifold has {len(manifold.grid)} energies, the networks "
                f"{regressor.n_features_in_}"
            )
        if unknown := {str(name) for name in regressor.classes_} - set(classes):
            raise ValueError(f"classes {sorted(unknown)} of the networks are not in the record")
        if arrays["measures"].shape[1:] != (len(MEASURES),):
            raise ValueError(f"measures has shape {arrays['measures'].shape}")
        if arrays["mass"].shape != (len(KINDS) + 1, len(classes) + 1):
            raise ValueError(f"mass has shape {arrays['mass'].shape}")
        return cls(
            regressor,
            manifold,
            Readout.from_arrays(_below("readout", arrays), len(classes)),
            classes,
            float(record["temperature"]),
            arrays["mass"],
            References.from_arrays(
                _below("references", arrays),
                (len(manifold.widths), len(classes), len(manifold.grid)),
            ),
            arrays["measures"],
            float(record["flagged"]),
        )


def rebinned(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"], step: float
) -> tuple[Float[np.ndarray, " _"], Float[np.ndarray, " _"]]:
    """Average a finely measured spectrum over bins, which leaves less noise.

    Parameters
    ----------
    energy, mu : float array, shape (energy,)
        In eV, increasing, and any unit.
    step : float
        Width of the bins in eV. A spectrum of which most steps are wider than half of it is left
        as it is.
    """
    if np.median(np.diff(energy)) > step / 2:
        return energy, mu
    count = int(np.floor((energy[-1] - energy[0]) / step + 1e-9))
    edges = energy[0] + step * np.arange(count + 1)
    # Exact integrals of the broken line through the points, from the first one on.
    nodes = np.union1d(energy, edges)
    values = resample(energy, mu[None], nodes)[0]
    risen = np.concatenate([[0.0], np.cumsum(np.diff(nodes) * (values[1:] + values[:-1]) / 2)])
    means = np.diff(risen[np.searchsorted(nodes, edges)]) / step
    centres = (edges[:-1] + edges[1:]) / 2
    # The first and last point stay, so that the range does not shrink.
    return (
        np.concatenate([[energy[0]], centres, [energy[-1]]]),
        np.concatenate([[mu[0]], means, [mu[-1]]]),
    )


def _below(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(f"{prefix}."): one
        for name, one in arrays.items()
        if name.startswith(f"{prefix}.")
    }

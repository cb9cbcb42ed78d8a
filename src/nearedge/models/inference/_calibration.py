"""Calibrating the reading of measured spectra on simulated ones of sites that were held out."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from scipy.sparse import csr_array
from scipy.special import logsumexp

from nearedge.datasets.splits import Fold
from nearedge.learning.estimators import CompositionRegressor, fraction_table
from nearedge.models.inference._conditions import Conditions, simulate_measurements
from nearedge.models.inference._inference import Inference
from nearedge.models.inference._manifold import Manifold
from nearedge.models.inference._material import Material
from nearedge.models.inference._readout import KINDS, Expectation, Readout, fit_readout
from nearedge.models.inference._references import References
from nearedge.models.inference._scan import STEP, ZeroScan, measure, scan_zeros
from nearedge.spectra import covered_zeros
from nearedge.trust import LEVEL, conformal_quantile, snapshot_averages, uneven_averages

REACH = 5.0
"""How far from the true zero it is searched in the calibration, eV."""

CALIBRATION = 150
"""Least number of simulated measurements of each kind for each fold."""

UNEVEN_SIZES = (20, 60)
"""Sites of a sample of any composition in the calibration."""

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
"""What is tried, see `Inference.temperature`."""

MOST = 0.9999
"""Largest central probability that an interval may take: the tails of a normal have no end."""


@dataclass(frozen=True)
class Scans:
    """Simulated measurements of one fold's unseen sites, looked at wherever the zero may lie."""

    kind: Shaped[np.ndarray, " sample"]
    true: Float[np.ndarray, "sample output"]
    places: Float[np.ndarray, " zero"]
    said: Float[np.ndarray, "sample zero class"]
    scans: list[ZeroScan]

    @cached_property
    def log_density(self) -> Float[np.ndarray, "sample zero width"]:
        """How well each place and broadening fits."""
        return np.array([scan.log_density for scan in self.scans])

    def log_zeros(self, temperature: float) -> Float[np.ndarray, "sample zero"]:
        """Logarithms of the probabilities of the places of the zero."""
        logs = logsumexp(self.log_density / temperature, axis=2)
        return logs - logsumexp(logs, axis=1, keepdims=True)

    def mean_said(self, temperature: float) -> Float[np.ndarray, "sample class"]:
        """Fractions that networks say of each sample, averaged over the places of the zero."""
        return np.einsum("sz,szc->sc", np.exp(self.log_zeros(temperature)), self.said)


def _samples(
    part: Material, seed: int
) -> tuple[Shaped[np.ndarray, " sample"], Float[np.ndarray, "sample site"]]:
    """Compose samples of unseen sites, like the training data's and any: kind, and weights."""
    whole = int(np.unique(part.sample, return_counts=True)[1].min())
    like = snapshot_averages(part.sample, (whole,), seed=seed).weights.toarray()
    repeated = np.tile(like, (-(-CALIBRATION // len(like)), 1))
    uneven = uneven_averages(
        part.environment, UNEVEN_SIZES, examples=CALIBRATION // len(UNEVEN_SIZES), seed=seed
    ).weights.toarray()
    kind = np.repeat(np.array(KINDS), [len(repeated), len(uneven)])
    return kind, np.concatenate([repeated, uneven])


def scan_samples(
    part: Material,
    classes: tuple[str, ...],
    manifold: Manifold,
    regressor: CompositionRegressor,
    conditions: Conditions,
    seed: int,
) -> Scans:
    """Simulate measurements of a fold's unseen sites, and have its networks look at them."""
    rng = np.random.default_rng([seed, 3])
    kind, weights = _samples(part, seed)
    mu = simulate_measurements(part.energy, part.mu, csr_array(weights), conditions, rng)
    places = covered_zeros(part.energy, manifold.grid, STEP)
    places = places[np.abs(places) <= REACH]
    scans = [scan_zeros(part.energy, one, places, manifold) for one in mu]
    found = np.array([scan.found for scan in scans])
    said = fraction_table(regressor, found.reshape(-1, len(manifold.grid)), classes)
    return Scans(
        kind,
        weights @ part.outputs(classes),
        places,
        said.reshape(len(mu), len(places), -1),
        scans,
    )


def expect(material: Material, classes: Sequence[str], folds: Sequence[Fold]) -> Expectation:
    """Say how much samples differ: half as much as independent sites would.

    The fixed composition of a material leaves its samples less freedom than independent draws.
    """
    sizes = [np.unique(material.sample[fold.test], return_counts=True)[1].min() for fold in folds]
    samples = sum(len(np.unique(material.sample[fold.test])) for fold in folds)
    spread = material.outputs(classes).std(axis=0)
    return Expectation(spread / 2 / np.sqrt(np.median(sizes)), samples)


def zero_score(scans: Sequence[Scans], temperature: float, expectation: Expectation) -> float:
    """Logarithm of the probability that the true zero is given, summed over the samples."""
    readout = combined_readout(scans, temperature, expectation)
    score = 0.0
    for scan in scans:
        count, zeros, _ = scan.said.shape
        log_kind, _ = readout.read(scan.said.reshape(count * zeros, -1))
        kinds = np.asarray(logsumexp(log_kind, axis=1))
        logs = kinds.reshape(count, zeros) + scan.log_zeros(temperature)
        given = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
        # Beside the true place its neighbours count: the grid is finer than what matters.
        true = int(np.abs(scan.places).argmin())
        near = given[:, max(true - 1, 0) : true + 2].sum(axis=1)
        score += float(np.log(np.maximum(near, 1e-6)).sum())
    return score


def measures(
    scan: Scans, temperature: float, references: References, grid: Float[np.ndarray, " grid"]
) -> Float[np.ndarray, "sample measure"]:
    """Measure how unusual each sample is at its likeliest zero."""
    best = scan.log_zeros(temperature).argmax(axis=1)
    return np.array(
        [
            measure(one, int(place), int(one.log_density[place].argmax()), references, grid)
            for one, place in zip(scan.scans, best, strict=True)
        ]
    )


def combined_readout(
    scans: Sequence[Scans],
    temperature: float,
    expectation: Expectation,
    left_out: int | None = None,
) -> Readout:
    """Fit the readout to all folds but one, where there are several."""
    kept = [scan for turn, scan in enumerate(scans) if turn != left_out or len(scans) == 1]
    return fit_readout(
        np.concatenate([scan.mean_said(temperature) for scan in kept]),
        np.concatenate([scan.true for scan in kept]),
        np.concatenate([scan.kind for scan in kept]),
        expectation,
    )


@dataclass(frozen=True)
class Judged:
    """How near posteriors come to the truth.

    Attributes
    ----------
    kind : str array, shape (sample,)
        Which of `KINDS`.
    alike : float array, shape (sample,)
        Probability that a sample's composition is like the training data's, as inferred.
    supposed, free : float array, shape (sample, output)
        Central probability that each interval must take to hold the truth, as it is and without
        supposing a composition like the training data's.
    errors : float array, shape (sample, output)
        Absolute errors.
    zero_errors : float array, shape (sample,)
        Of the zero, eV.
    """

    kind: Shaped[np.ndarray, " sample"]
    alike: Float[np.ndarray, " sample"]
    supposed: Float[np.ndarray, "sample output"]
    free: Float[np.ndarray, "sample output"]
    errors: Float[np.ndarray, "sample output"]
    zero_errors: Float[np.ndarray, " sample"]

    def masses(self) -> Float[np.ndarray, "3 output"]:
        """Find the central probabilities that intervals must take, see `Posterior.mass`.

        What a posterior itself gives for the level is the least. An interval takes a mean of the
        first two, weighted by how likely each kind is; so either is found with the other given.
        """
        uneven = self.kind == "any"
        share = self.alike[:, None]
        mass = np.full((3, self.free.shape[1]), LEVEL)
        for _ in range(4):
            needed = (self.supposed - (1 - share) * mass[1]) / np.maximum(share, 1e-6)
            mass[0] = _quantiles(needed[~uneven])
            needed = (self.supposed - share * mass[0]) / np.maximum(1 - share, 1e-6)
            mass[1] = _quantiles(needed[uneven])
        mass[2] = _quantiles(self.free[uneven])
        return mass

    def summary(self, baseline: Float[np.ndarray, " sample"]) -> dict[str, dict[str, Any]]:
        """Give mean errors by kind, beside those of a constant coordination number."""
        result = {}
        for kind in KINDS:
            mine = self.kind == kind
            result[kind] = {
                "n": int(mine.sum()),
                "mae": float(self.errors[mine, 0].mean()),
                "baseline_mae": float(baseline[mine].mean()),
                "fraction_mae": float(self.errors[mine, 1:].mean()),
                "zero_error": float(self.zero_errors[mine].mean()),
            }
        return result


def judge_samples(scan: Scans, fitted: Inference) -> Judged:
    """Infer what is known of every sample, and compare it with the truth."""
    flat = np.zeros(len(scan.places))
    rows = []
    for log_density, said, true in zip(scan.log_density, scan.said, scan.true, strict=True):
        weights = fitted.zero_weights(log_density, flat)
        posterior = fitted.posterior(scan.places, weights, said)
        rows.append(
            (
                posterior.alike_weight,
                posterior.centrality(true),
                posterior.any_composition().centrality(true),
                np.abs(posterior.expected() - true),
                abs(posterior.zero),
            )
        )
    return Judged(scan.kind, *(np.array(column) for column in zip(*rows, strict=True)))


def joined(parts: Sequence[Judged]) -> Judged:
    """Put the samples of several folds together."""
    return Judged(
        *(np.concatenate([getattr(part, name.name) for part in parts]) for name in fields(Judged))
    )


def _quantiles(needed: Float[np.ndarray, "sample output"]) -> Float[np.ndarray, " output"]:
    return np.array(
        [np.clip(conformal_quantile(column, LEVEL), LEVEL, MOST) for column in needed.T]
    )

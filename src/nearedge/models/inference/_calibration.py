"""Simulated measurements of sites that were held out, to calibrate the reading on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array
from scipy.special import logsumexp, softmax

from nearedge.learning.examples import membership
from nearedge.models.inference._conditions import Conditions
from nearedge.models.inference._errors import Errors
from nearedge.models.inference._inference import measure
from nearedge.models.inference._manifold import Manifold
from nearedge.models.inference._material import Material
from nearedge.models.inference._networks import Networks
from nearedge.models.inference._readout import Readings, fit_readout
from nearedge.models.inference._references import References
from nearedge.models.inference._scan import STEP, ZeroScan, scan_zeros
from nearedge.models.inference._simulation import simulate_measurements
from nearedge.spectra import covered_zeros

REACH = 5.0
"""How far from the true zero it is searched in the calibration, eV."""

CALIBRATION = 300
"""Simulated measurements of each fold."""

SAMPLE_SIZES = (20, 60)
"""Least and most sites of a sample."""

TILT = 1.0
"""How far usual class frequencies are tilted towards high or low values, in standard deviations."""

CONCENTRATIONS = (3.0, 300.0)
"""Least and most concentration of the Dirichlet distribution about the tilted frequencies."""

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
"""What is tried, see `Inference.temperature`."""


@dataclass(frozen=True)
class Scans:
    """Simulated measurements of one fold's unseen sites, looked at wherever the zero may lie."""

    true: Float[np.ndarray, "sample output"]
    places: Float[np.ndarray, " zero"]
    said: Float[np.ndarray, "sample zero class"]
    scans: list[ZeroScan]

    @cached_property
    def log_density(self) -> Float[np.ndarray, "sample zero width"]:
        """How well each place and broadening fits."""
        return np.array([scan.log_density for scan in self.scans])

    def zero_weights(self, temperature: float) -> Float[np.ndarray, "sample zero"]:
        """Probabilities of the places of the zero."""
        logs = logsumexp(self.log_density / temperature, axis=2)
        return softmax(logs, axis=1)

    def zero_score(self, temperature: float) -> float:
        """Logarithm of the probability that the true zero is given, summed over the samples."""
        # Beside the true place its neighbours count: the grid is finer than what matters.
        true = int(np.abs(self.places).argmin())
        near = self.zero_weights(temperature)[:, max(true - 1, 0) : true + 2].sum(axis=1)
        return float(np.log(np.maximum(near, 1e-6)).sum())

    def readings(self, temperature: float) -> Readings:
        """Average what networks say over the places of the zero."""
        weights = self.zero_weights(temperature)
        mean = weights @ self.places
        spread = np.sqrt(np.maximum(weights @ self.places**2 - mean**2, 0.0))
        best = weights.argmax(axis=1)
        noise = [scan.noise[place] for scan, place in zip(self.scans, best, strict=True)]
        said = np.einsum("sz,szc->sc", weights, self.said)
        unsure = np.column_stack([spread, np.minimum(noise, 1.0)])
        return Readings(said, unsure, self.true)

    def zero_errors(self, temperature: float) -> Float[np.ndarray, " sample"]:
        """Absolute errors of the likeliest zero, eV."""
        return np.abs(self.places[self.zero_weights(temperature).argmax(axis=1)])

    def measures(
        self, temperature: float, references: References, grid: Float[np.ndarray, " grid"]
    ) -> Float[np.ndarray, "sample measure"]:
        """Measure how unusual each sample is at its likeliest zero."""
        best = self.zero_weights(temperature).argmax(axis=1).tolist()
        return np.array(
            [
                measure(scan, place, int(scan.log_density[place].argmax()), references, grid)
                for scan, place in zip(self.scans, best, strict=True)
            ]
        )


def any_composition(
    material: Material, classes: Sequence[str], count: int, rng: np.random.Generator
) -> csr_array:
    """Compose samples of a material's sites in any composition.

    Five of six have the frequencies of the material, tilted towards classes of high or of low
    values, so that the means of the samples are spread out, and then varied (a Dirichlet
    distribution about them); every sixth is any composition at all (a flat one).

    Parameters
    ----------
    material : Material
    classes : sequence of str
    count : int
        How many samples.
    rng : Generator

    Returns
    -------
    csr_array, shape (sample, site)
        Which sites make up each; rows add up to one.
    """
    own = membership(material.environment, classes)
    usual, values = own.mean(axis=0), material.value.astype(float)
    means = own.T @ values / np.maximum(own.sum(axis=0), 1)
    unit = (means - usual @ means) / (float(values.std()) or 1.0)
    members = [np.flatnonzero(column) for column in own.T]
    rows = np.zeros((count, len(own)))
    for place, row in enumerate(rows):
        tilted = usual * np.exp(rng.uniform(-TILT, TILT) * unit)
        concentration = np.exp(rng.uniform(*np.log(CONCENTRATIONS)))
        about = concentration * tilted / tilted.sum() + 1e-3
        chances = rng.dirichlet(np.ones(len(usual)) if place % 6 == 5 else about) * (usual > 0)
        sites = rng.integers(SAMPLE_SIZES[0], SAMPLE_SIZES[1] + 1)
        for number, sources in zip(
            rng.multinomial(sites, chances / chances.sum()), members, strict=True
        ):
            if number:
                np.add.at(row, rng.choice(sources, number), 1 / sites)
    return csr_array(rows)


def scan_samples(
    part: Material,
    classes: tuple[str, ...],
    manifold: Manifold,
    networks: Networks,
    conditions: Conditions,
    seed: int,
) -> Scans:
    """Simulate measurements of a fold's unseen sites, and have its networks look at them."""
    rng = np.random.default_rng([seed, 3])
    weights = any_composition(part, classes, CALIBRATION, rng)
    mu = simulate_measurements(part.energy, part.mu, weights, conditions, rng)
    places = covered_zeros(part.energy, manifold.grid, STEP)
    places = places[np.abs(places) <= REACH]
    scans = [scan_zeros(part.energy, spectrum, places, manifold) for spectrum in mu]
    found = np.concatenate([scan.found for scan in scans])
    said = networks.fractions(found).astype(float).reshape(len(mu), len(places), -1)
    return Scans(weights @ part.outputs(classes), places, said, scans)


def errors(scans: Sequence[Scans], temperature: float, constant: float) -> Errors:
    """Read each fold's samples with what the other folds' samples taught."""
    parts = [scan.readings(temperature) for scan in scans]
    off, held, baseline = [], [], []
    for turn, part in enumerate(parts):
        others = [other for place, other in enumerate(parts) if place != turn]
        readout = fit_readout(others or parts)
        off.append(np.abs(readout.expected(part.said) - part.true))
        held.append(off[-1][:, 0] <= readout.half_widths(part.said, part.unsure)[:, 0])
        baseline.append(np.abs(constant - part.true[:, 0]))
    distances = np.concatenate(off)
    return Errors(
        n=len(distances),
        mae=float(distances[:, 0].mean()),
        baseline_mae=float(np.concatenate(baseline).mean()),
        coverage=float(np.concatenate(held).mean()),
        fraction_mae=float(distances[:, 1:].mean()),
        zero_error=float(np.concatenate([scan.zero_errors(temperature) for scan in scans]).mean()),
    )

"""Simulated measurements of known samples, also of samples in any composition."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_array

from nearedge.learning.examples import Labelled, membership
from nearedge.models._record import Conditions
from nearedge.spectra import broadened, recorded

BROADENING_STEP = 0.1
"""Broadenings are whole multiples of it, eV: finer ones make no difference."""

SAMPLE_SIZES = (20, 60)
"""Least and most sites of a sample."""

TILT = 1.0
"""How far usual class frequencies are tilted towards high or low values, in standard deviations."""

CONCENTRATIONS = (3.0, 300.0)
"""Least and most concentration of the Dirichlet distribution about the tilted frequencies."""


def simulate_measurements(
    energy: Float[np.ndarray, " energy"],
    sites: Float[np.ndarray, "site energy"],
    weights: csr_array,
    conditions: Conditions,
    rng: np.random.Generator,
) -> Float[np.ndarray, "sample energy"]:
    """Average computed spectra (eV from the zero), and let each suffer as if it were measured."""
    count = int(weights.sum(axis=1).size)
    steps = np.rint(rng.uniform(*conditions.broadening, count) / BROADENING_STEP).astype(int)
    mu = np.empty((count, len(energy)))
    for step in np.unique(steps):
        same = steps == step
        mu[same] = weights[same] @ broadened(energy, sites, step * BROADENING_STEP)
    noisy, clean = np.log(conditions.signal_to_noise).tolist()
    # Keyword arguments are evaluated in this order, on which what is drawn depends.
    return recorded(
        mu,
        rng,
        background=rng.uniform(0, conditions.background, (count, 1)),
        slope=rng.uniform(-conditions.slope, conditions.slope, (count, 1)),
        signal_to_noise=np.exp(rng.uniform(noisy, clean, (count, 1))),
    )


def any_composition(
    sites: Labelled, classes: Sequence[str], count: int, rng: np.random.Generator
) -> csr_array:
    """Compose samples of sites in any composition: weights, shape (sample, site).

    Five of six have the frequencies of the sites, tilted towards classes of high or low values and
    then varied (a Dirichlet distribution about them); every sixth is any composition at all.
    """
    own = membership(sites.environment, classes)
    usual, values = own.mean(axis=0), sites.value.astype(float)
    means = own.T @ values / np.maximum(own.sum(axis=0), 1)
    unit = (means - usual @ means) / (float(values.std()) or 1.0)
    members = [np.flatnonzero(column) for column in own.T]
    rows = np.zeros((count, len(own)))
    for place, row in enumerate(rows):
        tilted = usual * np.exp(rng.uniform(-TILT, TILT) * unit)
        concentration = np.exp(rng.uniform(*np.log(CONCENTRATIONS)))
        about = concentration * tilted / tilted.sum() + 1e-3
        chances = rng.dirichlet(np.ones(len(usual)) if place % 6 == 5 else about) * (usual > 0)
        size = rng.integers(SAMPLE_SIZES[0], SAMPLE_SIZES[1] + 1)
        drawn = rng.multinomial(size, chances / chances.sum())
        for number, sources in zip(drawn, members, strict=True):
            if number:
                np.add.at(row, rng.choice(sources, number), 1 / size)
    return csr_array(rows)

"""Small stacks of spectra whose composition is known."""

from collections.abc import Callable

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra

ENERGY = np.arange(527.0, 543.01, 0.25)
ZERO = 530.0


@pytest.fixture(scope="session")
def halves(telling_dataset: SiteSpectra) -> Callable[[int, int], np.ndarray]:
    """Make images at `ENERGY` whose left half has few neighbours and the right one many."""
    data, rng = telling_dataset, np.random.default_rng(5)

    def make(rows: int, columns: int, noise: float = 0.005) -> np.ndarray:
        few, many = (
            np.interp(ENERGY - ZERO, data.energy, data.mu[mine].mean(axis=0))
            for mine in (data.coordination <= 1, data.coordination >= 2)
        )
        right = np.arange(columns) >= columns // 2
        one = np.where(right[:, None], many, few)
        images = np.tile(one.T[:, None, :], (1, rows, 1))
        return (images + rng.normal(scale=noise, size=images.shape)).astype(np.float32)

    return make

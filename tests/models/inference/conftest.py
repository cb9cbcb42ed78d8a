"""What a small model knows of measured spectra, and scans of a sample it has not seen."""

from collections.abc import Callable

import numpy as np
import pytest

from nearedge.models import Model
from nearedge.models.inference import Inference

AXIS = np.arange(515.0, 555.0, 0.1)
"""Energies of a scan, eV."""


@pytest.fixture(scope="session")
def inference(measured_model: Model) -> Inference:
    assert measured_model.inference is not None
    return measured_model.inference


@pytest.fixture(scope="session")
def axis() -> np.ndarray:
    """Energies of a scan, eV; the zero of `scan` lies at 530 eV."""
    return AXIS


@pytest.fixture(scope="session")
def scan(unseen_mu: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A scan of run2 as a whole, with a little noise."""
    mu = unseen_mu(AXIS - 530.0).mean(axis=0)
    return mu + np.random.default_rng(3).normal(scale=mu.max() / 200, size=len(mu))

"""Why a spectrum is unlike any sample's, for fits made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.models.inference import Fit, Inference
from nearedge.models.inference._inference import MEASURES


@pytest.fixture(scope="module")
def fit(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> Fit:
    return replace(inference.infer(axis, scan)[1], noise=0.01)


def foreign(fit: Fit, **measures: float) -> Fit:
    return replace(fit, measures={**dict.fromkeys(MEASURES, 0.1), **measures})


def test_of_a_sample_there_is_no_reason(fit: Fit) -> None:
    assert foreign(fit).reasons() == ()


def test_noise_comes_before_all_else(fit: Fit) -> None:
    (reason,) = replace(foreign(fit, misfit=3.0), noise=0.62).reasons()
    assert reason.noise == 0.62
    assert reason.exceeded == {"distance from them": 3.0}
    assert "noisy, the noise is 62% of the variation" in str(reason)


def test_absorption_below_the_edge(fit: Fit) -> None:
    (reason,) = foreign(fit, below=2.0).reasons()
    assert "there is absorption below the edge" in str(reason)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_stretch_of_energies_is_named(fit: Fit, sign: int) -> None:
    deviation = np.zeros(len(fit.energy))
    deviation[10:13] = [2.0, 9.0, 2.0]
    (reason,) = replace(foreign(fit, unexplained=2.0), deviation=sign * deviation).reasons()
    assert (reason.first, reason.last) == (fit.energy[10], fit.energy[12])
    assert reason.more == (sign > 0)
    span = f"from {fit.energy[10]:.1f} to {fit.energy[12]:.1f} eV"
    assert f"{'more' if sign > 0 else 'less'} intensity {span}" in str(reason)


def test_a_shape_that_is_wrong_everywhere(fit: Fit) -> None:
    (reason,) = replace(foreign(fit, misfit=2.0), deviation=np.ones(len(fit.energy))).reasons()
    assert reason.first is None
    assert "in its whole shape" in str(reason)

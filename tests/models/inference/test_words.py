"""What is said of a spectrum, for fits and posteriors made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.models.inference import Fit, Inference, misfit_reason, posterior_remarks
from nearedge.models.inference._scan import MEASURES


@pytest.fixture(scope="module")
def fit(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> Fit:
    return inference.infer(axis, scan)[1]


def foreign(fit: Fit, **measures: float) -> Fit:
    return replace(fit, measures={**dict.fromkeys(MEASURES, 0.1), **measures})


def test_of_a_sample_nothing_is_said(fit: Fit) -> None:
    assert misfit_reason(foreign(fit)) is None


def test_noise_comes_before_all_else(fit: Fit) -> None:
    loud = replace(foreign(fit, misfit=3.0), noise=0.62)
    assert "noisy, the noise is 62% of the variation" in str(misfit_reason(loud))
    assert "distance from them 3.0 times its limit" in str(misfit_reason(loud))
    assert "unexplained" not in str(misfit_reason(loud))


def test_absorption_below_the_edge(fit: Fit) -> None:
    assert "below the edge" in str(misfit_reason(replace(foreign(fit, below=2.0), noise=0.01)))


@pytest.mark.parametrize(("sign", "word"), [(1, "more"), (-1, "less")])
def test_a_stretch_of_energies_is_named(fit: Fit, sign: int, word: str) -> None:
    deviation = np.zeros(len(fit.energy))
    deviation[10:13] = [2.0, 9.0, 2.0]
    said = misfit_reason(
        replace(foreign(fit, unexplained=2.0), noise=0.01, deviation=sign * deviation)
    )
    span = f"from {fit.energy[10]:.1f} to {fit.energy[12]:.1f} eV"
    assert f"{word} intensity {span}" in str(said)
    deviation[[10, 12]] = 0
    one = replace(foreign(fit, unexplained=2.0), noise=0.01, deviation=sign * deviation)
    assert f"{word} intensity at {fit.energy[11]:.1f} eV" in str(misfit_reason(one))


def test_a_shape_that_is_wrong_everywhere(fit: Fit) -> None:
    flat = replace(foreign(fit, misfit=2.0), noise=0.01, deviation=np.ones(len(fit.energy)))
    assert "as a whole" in str(misfit_reason(flat))


def test_remarks_of_a_posterior(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> None:
    posterior, _ = inference.infer(axis, scan)
    assert posterior_remarks(posterior) == []
    # The same again 10 eV above, where it would mean something else.
    apart = replace(
        posterior,
        zeros=np.concatenate([posterior.zeros, posterior.zeros + 10]),
        alike=np.tile(posterior.alike, 2),
        weights=np.tile(posterior.weights, 2) / 2,
        means=np.concatenate([posterior.means, posterior.means + 2]),
        spreads=np.tile(posterior.spreads, (2, 1)),
    )
    ambiguous, answers = posterior_remarks(apart)
    assert ambiguous.startswith("the alignment is ambiguous: E0 = ")
    assert ambiguous.endswith("--e0 decides")
    assert ambiguous.count("(50%)") == 2
    assert answers.startswith("two answers are about as good: ")
    spread = replace(
        posterior,
        scanned=np.array([529.0, 530.0]),
        zero_weights=np.array([0.5, 0.5]),
    )
    assert posterior_remarks(spread)[0] == "the zero is uncertain: from 529.0 to 530.0 eV"

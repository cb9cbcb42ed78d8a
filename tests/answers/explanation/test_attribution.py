"""Explanations of scores whose answer is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from jaxtyping import Array, Float

from nearedge.answers.explanation import (
    Attribution,
    attribute,
    evaluator,
    integrated_gradients,
    intervals,
    mean_attribution,
    occlusion,
    scores,
)
from nearedge.errors import InputError
from nearedge.learning.estimators import NetworkClassifier, NetworkRegressor

ENERGY = np.linspace(-1, 11, 25)
TELLING = 6
"""The one energy that decides, at 2 eV."""


def smooth_spectra(count: int, seed: int) -> np.ndarray:
    """Random peaks of 1 eV width, as small as OCEAN's intensities."""
    rng = np.random.default_rng(seed)
    centres = np.linspace(-2, 12, 29)
    peaks = np.exp(-((ENERGY - centres[:, None]) ** 2))
    return (rng.random((count, len(centres))) @ peaks) * 1e-5


@pytest.fixture(scope="module")
def spectra() -> np.ndarray:
    return smooth_spectra(300, 0)


@pytest.fixture(scope="module")
def classifier(spectra: np.ndarray) -> NetworkClassifier:
    """An ensemble that has to learn one intensity."""
    level = spectra[:, TELLING]
    names = np.array(["0", "1", "2"])[np.digitize(level, np.quantile(level, [1 / 3, 2 / 3]))]
    return NetworkClassifier((16,), n_networks=3, epochs=150, l2=0.01, records=2).fit(
        spectra, names
    )


def share(attribution: Attribution, low: float, high: float) -> float:
    """Share of the absolute attribution (ensemble mean) between two energies."""
    size = np.abs(attribution.gradients.mean(axis=0))
    return size[(attribution.energy >= low) & (attribution.energy <= high)].sum() / size.sum()


def bent(x: Float[Array, "example energy"]) -> Float[Array, " example"]:
    """A score of one energy only, and no straight line."""
    return jax.nn.relu(1e5 * x[:, TELLING] - 1.0) ** 2


def test_both_methods_find_the_only_energy_that_counts(spectra: np.ndarray) -> None:
    mean = spectra.mean(axis=0)
    brightest = spectra[spectra[:, TELLING].argsort()[-3:]]
    for one in attribute([bent], brightest, ENERGY, mean):
        gradients = one.gradients[0]
        assert gradients.argmax() == TELLING
        assert np.delete(gradients, TELLING) == pytest.approx(0, abs=1e-9)
        inside = intervals(ENERGY, one.width)[TELLING]
        assert (one.occluded[0][inside] > 0).all()
        assert one.occluded[0][~inside] == pytest.approx(0, abs=1e-6)
        assert one.agreement > 0.7


def test_a_trained_ensemble_looks_where_the_truth_is(
    classifier: NetworkClassifier, spectra: np.ndarray
) -> None:
    unseen = smooth_spectra(80, 1)
    predicted = classifier.predict(unseen)
    mean = spectra.mean(axis=0)
    parts = attribute(scores(classifier, predicted.tolist()), unseen, ENERGY, mean)
    for name in ("0", "2"):
        average = mean_attribution(
            [one for one, said in zip(parts, predicted, strict=True) if said == name]
        )
        found = abs(average.summed.mean(axis=0)).argmax()
        hidden = abs(average.occluded.mean(axis=0)).argmax()
        assert abs(ENERGY[found] - ENERGY[TELLING]) <= 0.5
        assert abs(ENERGY[hidden] - ENERGY[TELLING]) <= 0.5
        assert average.agreement > 0.7
        # Neighbouring energies are correlated with it; the far ones are not.
        assert share(average, 0.5, 3.5) > 0.6


@pytest.mark.parametrize("against", [None, "1"])
def test_gradients_add_up_to_the_difference_of_the_scores(
    classifier: NetworkClassifier, spectra: np.ndarray, against: str | None
) -> None:
    asked = scores(classifier, ["2"] * 20, against)
    mean = spectra.mean(axis=0)
    parts = attribute(asked, spectra[:20], ENERGY, mean)
    total = integrated_gradients(asked, spectra[:20], mean, 200).sum(axis=2)
    low = evaluator(asked)(np.tile(mean, (20, 1)))
    differences = evaluator(asked)(spectra[:20]) - low
    assert total == pytest.approx(differences, abs=0.01 * np.abs(differences).max())
    assert max(one.gap for one in parts) < 0.01 * np.abs(differences).max()


def test_coordination_numbers_add_up_too(spectra: np.ndarray) -> None:
    model = NetworkRegressor((8,), n_networks=2, epochs=60, records=2).fit(
        spectra, 1e5 * spectra[:, TELLING]
    )
    mean = spectra.mean(axis=0)
    (one,) = attribute(scores(model), spectra[:1], ENERGY, mean)
    predicted = model.predict(np.stack([spectra[0], mean]))
    assert [one.score, one.baseline_score] == pytest.approx(predicted, rel=1e-3)
    assert one.gradients.sum(axis=1).mean() == pytest.approx(predicted[0] - predicted[1], abs=0.01)


def test_log_odds_are_those_of_the_probabilities(
    classifier: NetworkClassifier, spectra: np.ndarray
) -> None:
    target = np.arange(12) % 3
    names = target.astype(str).tolist()
    found = evaluator(scores(classifier, names))(spectra[:12])
    versus = evaluator(scores(classifier, names, "0"))(spectra[:12])
    for network in range(3):
        chances = np.exp(np.asarray(classifier.differentiable(jnp.asarray(spectra[:12]), network)))
        own = chances[np.arange(12), target]
        assert 1 / (1 + np.exp(-found[network])) == pytest.approx(own, abs=1e-4)
        assert versus[network] == pytest.approx(np.log(own / chances[:, 0]), abs=1e-2)
    with pytest.raises(InputError, match="'9' is not a class of the model; choose one of 0, 1, 2"):
        scores(classifier, ["9"])


@given(seed=st.integers(0, 10**6), width=st.floats(0.1, 4))
@settings(deadline=None, max_examples=15)
def test_a_linear_score_in_closed_form(seed: int, width: float) -> None:
    """Gradients are weights times differences, and hiding an interval takes away their sum."""
    rng = np.random.default_rng(seed)
    weight, spectrum, baseline = rng.normal(size=(3, len(ENERGY)))

    def linear(x: Float[Array, "example energy"]) -> Float[Array, " example"]:
        return x @ jnp.asarray(weight)

    gradients = integrated_gradients([linear], spectrum[None], baseline, 3)[0, 0]
    assert gradients == pytest.approx(weight * (spectrum - baseline), abs=1e-4)
    hidden = intervals(ENERGY, width)
    fall = occlusion(evaluator([linear]), spectrum[None], baseline, hidden)[0, 0]
    assert fall == pytest.approx(hidden @ gradients, abs=1e-4)


def test_scores_that_do_not_depend_on_anything_agree_on_nothing(spectra: np.ndarray) -> None:
    mean = spectra.mean(axis=0)
    (one,) = attribute([lambda x: 0 * x.sum(axis=1)], spectra[:1], ENERGY, mean)
    assert one.agreement == 0
    assert not one.gradients.any()


def test_options_without_meaning_are_refused(spectra: np.ndarray) -> None:
    mean = spectra.mean(axis=0)
    for width, steps in ((0.0, 10), (np.nan, 10), (1.0, 0)):
        with pytest.raises(InputError):
            attribute([bent], spectra[:1], ENERGY, mean, width=width, steps=steps)

"""Support vectors: the same answers as scikit-learn's, saved, differentiated, lent."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.svm import SVC

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.estimators import KernelClassifier, KernelRegressor
from nearedge.learning.estimators._kernel import train_machines


@pytest.fixture(scope="module")
def spectra() -> np.ndarray:
    """Three kinds of peaks on ten energies, in the unit of a raw engine."""
    rng = np.random.default_rng(0)
    energy = np.arange(10.0)
    centres = np.repeat([2.0, 4.0, 7.0], 30) + rng.normal(scale=0.4, size=90)
    peaks = np.exp(-((energy - centres[:, None]) ** 2) / 2)
    return 1e-5 * (peaks + rng.normal(scale=0.02, size=(90, 10)))


@pytest.fixture(scope="module")
def names() -> np.ndarray:
    return np.repeat(["0", "1", "dimer"], 30)


@pytest.fixture(scope="module")
def classifier(spectra: np.ndarray, names: np.ndarray) -> KernelClassifier:
    return KernelClassifier().fit(spectra, names)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 5))
def test_margins_are_those_of_scikit_learn(seed: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(40, 3)).astype(np.float32)
    names = np.array(list("abcde"))[np.arange(40) % classes]
    machines = train_machines(features, names, 2.0)
    theirs = SVC(C=2.0, gamma=1.0, decision_function_shape="ovo").fit(features, names)  # pyright: ignore[reportArgumentType]
    wanted = theirs.decision_function(features)
    if classes == 2:
        wanted = -wanted[:, None]
    assert np.allclose(machines.margins(features), wanted, atol=1e-4)
    assert np.array_equal(machines.classes[machines.owners], names[theirs.support_])


def test_it_tells_kinds_of_peaks_apart(
    classifier: KernelClassifier, spectra: np.ndarray, names: np.ndarray
) -> None:
    assert classifier.score(spectra[::2], names[::2]) > 0.9
    chances = classifier.predict_proba(spectra)
    assert np.allclose(chances.sum(axis=1), 1)
    assert (classifier.classes_[chances.argmax(axis=1)] == classifier.predict(spectra)).all()


def test_the_unit_does_not_matter(
    classifier: KernelClassifier, spectra: np.ndarray, names: np.ndarray
) -> None:
    other = KernelClassifier().fit(1e7 * spectra + 3, names)
    assert np.allclose(
        other.predict_proba(1e7 * spectra + 3), classifier.predict_proba(spectra), atol=1e-3
    )


def test_chances_are_as_good_as_they_say(names: np.ndarray) -> None:
    # Two overlapping kinds: where it says 70 %, seven of ten unseen ones are right.
    rng = np.random.default_rng(3)
    kind = rng.integers(0, 2, 3000)
    x = np.column_stack([kind + rng.normal(size=3000), np.zeros((3000, 2))])
    labels = np.array(["0", "1"])[kind]
    model = KernelClassifier(slopes=0.0).fit(x[:1000], labels[:1000])
    said = model.predict_proba(x[1000:]).max(axis=1)
    right = model.predict(x[1000:]) == labels[1000:]
    assert said.mean() == pytest.approx(right.mean(), abs=0.05)


def test_far_from_all_it_knows_it_does_not_shout(
    classifier: KernelClassifier, spectra: np.ndarray
) -> None:
    near = classifier.predict_proba(spectra).max(axis=1).mean()
    far = classifier.predict_proba(spectra * 1000).max(axis=1).mean()
    assert far < near


def test_it_can_be_differentiated(classifier: KernelClassifier, spectra: np.ndarray) -> None:
    # Compiled whole: operation by operation it takes seconds.
    tell = jax.jit(lambda x: classifier.differentiable(x, 0))
    logs = np.asarray(tell(jnp.asarray(spectra * 1.0)))
    assert np.allclose(np.exp(logs), classifier.predict_proba(spectra), atol=2e-3)
    step = 1e-8

    def chance(x: np.ndarray) -> float:
        return float(tell(jnp.asarray(x[None]))[0, 1])

    gradient = jax.jit(jax.grad(lambda x: tell(x[None])[0, 1]))(jnp.asarray(spectra[40]))
    for place in (3, 5):
        moved = np.zeros(10)
        moved[place] = 10 * step
        slope = (chance(spectra[40] + moved) - chance(spectra[40] - moved)) / (20 * step)
        assert float(gradient[place]) == pytest.approx(slope, rel=0.05, abs=0.02 * 1e5)


def test_impossible_parameters_are_refused(spectra: np.ndarray, names: np.ndarray) -> None:
    impossible: list[dict[str, Any]] = [
        {"C": 0.0},
        {"reach": -1.0},
        {"slopes": 2.0},
        {"scale_floor": -0.1},
    ]
    for wrong in impossible:
        with pytest.raises(InputError, match=next(iter(wrong))):
            KernelClassifier(**wrong).fit(spectra, names)
    with pytest.raises(InputError, match="a classifier needs two"):
        KernelClassifier().fit(spectra, np.repeat("0", 90))


def test_noise_below_the_edge_is_not_blown_up(ocean_dataset: SiteSpectra) -> None:
    mu, names = ocean_dataset.inputs(), ocean_dataset.environment
    train = ocean_dataset.snapshot == "0K"
    noisy = mu + np.random.default_rng(0).normal(size=mu.shape) * mu.max() / 50
    floored = KernelClassifier().fit(mu[train], names[train])
    bare = KernelClassifier(scale_floor=0.0).fit(mu[train], names[train])
    assert floored.score(noisy[~train], names[~train]) > bare.score(noisy[~train], names[~train])


def test_a_number_is_told_of_unseen_spectra_and_can_be_differentiated() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 8))
    numbers = np.sin(x[:, 0]) + x[:, 3] + 5
    model = KernelRegressor().fit(x[:300], numbers[:300])
    assert model.score(x[300:], numbers[300:]) > 0.9
    told = np.asarray(model.differentiable(jnp.asarray(x[300:310]), 0))[:, 0]
    assert np.allclose(told, model.predict(x[300:310]), atol=1e-4)
    with pytest.raises(InputError, match="epsilon=-1.0 must not be negative"):
        KernelRegressor(epsilon=-1.0).fit(x, numbers)

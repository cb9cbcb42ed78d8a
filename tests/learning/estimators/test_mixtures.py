"""What averages are made of, told by kernel ridge regression."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nearedge.errors import InputError
from nearedge.learning.estimators import MixtureRegressor

NAMES, NUMBERS = ["0", "1", "2"], [0.0, 1.0, 2.0]
SHAPES = np.random.default_rng(0).normal(size=(3, 12))


def sites(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Spectra of single sites, noisy, and their fractions: one at the class."""
    rng = np.random.default_rng(seed)
    own = np.eye(3)[rng.integers(0, 3, count)]
    return own @ SHAPES + rng.normal(scale=1.5, size=(count, 12)), own


def averages(count: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Averages of as many single sites, of uneven composition."""
    x, own = sites(600, seed)
    rng = np.random.default_rng(seed + 1)
    names = own.argmax(axis=1)
    chances = rng.dirichlet(np.ones(3), count)[:, names]
    rows = np.array([rng.choice(600, size, p=row / row.sum()) for row in chances])
    return x[rows].mean(axis=1), own[rows].mean(axis=1)


@pytest.fixture(scope="module")
def regressor() -> MixtureRegressor:
    single, several = sites(300, 1), averages(200, 20, 2)
    x, y = (np.vstack(pair) for pair in zip(single, several, strict=True))
    return MixtureRegressor(classes=NAMES, values=NUMBERS).fit(x, y, np.repeat([1, 20], [300, 200]))


def test_averages_of_many_are_told_better_than_single_sites(regressor: MixtureRegressor) -> None:
    off = []
    for x, y in (sites(300, 5), averages(300, 20, 6)):
        off.append(np.abs(regressor.predict(x) - y @ NUMBERS).mean())
        fractions = regressor.predict_fractions(x)
        assert np.allclose(fractions.sum(axis=1), 1)
        assert (fractions >= 0).all()
    assert off[1] < 0.4 * off[0]


def test_what_was_averaged_from_many_is_believed_more() -> None:
    x = np.vstack([SHAPES[0], SHAPES[0], SHAPES[2]])
    y = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]])
    for weights, likely in (([1, 100, 1], 1), ([100, 1, 1], 0)):
        model = MixtureRegressor(classes=NAMES, values=NUMBERS).fit(x, y, weights)
        assert model.predict_fractions(SHAPES[:1]).argmax() == likely


def test_its_mean_can_be_differentiated(regressor: MixtureRegressor) -> None:
    def tell(x: jnp.ndarray) -> jnp.ndarray:
        return regressor.differentiable(x, 0)[:, 0]

    x = jnp.asarray(SHAPES)
    assert np.allclose(jax.jit(tell)(x), regressor.predict(SHAPES), atol=1e-3)
    slopes = np.asarray(jax.grad(lambda x: tell(x).sum())(x))
    step = np.zeros_like(SHAPES)
    step[:, 5] = 1e-3
    rise = (regressor.predict(SHAPES + step) - regressor.predict(SHAPES - step)) / 2e-3
    assert np.allclose(slopes[:, 5], rise, atol=1e-2)


def test_without_weights_every_spectrum_counts_the_same() -> None:
    x, y = sites(50, 3)
    plain = MixtureRegressor(classes=NAMES, values=NUMBERS).fit(x, y)
    weighed = MixtureRegressor(classes=NAMES, values=NUMBERS).fit(x, y, np.ones(50))
    assert np.array_equal(plain.predict(x), weighed.predict(x))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"values": [1.0]}, "a number for each"),
        ({"linear": -1.0}, "linear=-1.0 must not be negative"),
        ({"C": 0.0}, "must be positive"),
        ({"classes": ["0", "1"], "values": [0.0, 1.0]}, r"shape \(9, 3\) do not fit 2 classes"),
    ],
)
def test_wrong_parameters(changes: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        MixtureRegressor(**{"classes": NAMES, "values": NUMBERS, **changes}).fit(*sites(9, 0))

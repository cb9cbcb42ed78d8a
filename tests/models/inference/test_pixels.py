"""Reading many pixels at once says what reading each spectrum says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from nearedge.datasets import SiteSpectra
from nearedge.learning.estimators import fraction_table
from nearedge.models import Model
from nearedge.models.inference import (
    Inference,
    PixelReader,
    Posterior,
    Zero,
    pixel_reader,
    signal_finder,
)
from nearedge.models.inference._pixels import mixture_quantile, zero_places
from nearedge.spectra import cut_windows, profiles

ZERO = 530.0
COARSE = np.arange(528.0, 542.01, 0.25)
FINE = np.arange(528.0, 542.001, 0.04)
AXES = {"coarse": COARSE, "fine": FINE}
shared = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def measured(data: SiteSpectra, energy: np.ndarray, count: int, noise: float) -> np.ndarray:
    """Averages of sites on a measured axis."""
    rng = np.random.default_rng(3)
    sites = [rng.choice(len(data), 30) for _ in range(count)]
    mu = np.array(
        [np.interp(energy - ZERO, data.energy, data.mu[some].mean(axis=0)) for some in sites]
    )
    return mu + rng.normal(scale=noise, size=mu.shape)


@pytest.fixture(scope="module")
def inference(measuring_model: Model) -> Inference:
    assert measuring_model.inference is not None
    return measuring_model.inference


@pytest.fixture(scope="module")
def pixels(telling_dataset: SiteSpectra) -> np.ndarray:
    return measured(telling_dataset, COARSE, 40, 0.02)


@pytest.fixture(scope="module")
def reader(inference: Inference, pixels: np.ndarray) -> PixelReader:
    posterior, _ = inference.infer(COARSE, pixels.mean(axis=0), Zero(ZERO, 0.0))
    return pixel_reader(inference, COARSE, posterior)


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(("noise", "alike"), [(0.0, 0.5), (0.003, 0.0), (0.05, 0.5)])
def test_a_repeated_spectrum_is_read_as_infer_reads_it(
    inference: Inference, telling_dataset: SiteSpectra, axis: str, noise: float, alike: float
) -> None:
    energy = AXES[axis]
    for mu in measured(telling_dataset, energy, 4, noise):
        posterior, fit = inference.infer(energy, mu, Zero(ZERO, 0.0), alike=alike)
        reader = pixel_reader(inference, energy, posterior, alike=alike)
        answers = reader.read(np.tile(mu, (3, 1)))
        low, high = posterior.interval()[0]
        assert_allclose(answers.coordination, posterior.expected()[0], atol=1e-3)
        assert_allclose(answers.fractions, np.tile(posterior.expected()[1:], (3, 1)), atol=1e-3)
        assert_allclose(answers.half_width, (high - low) / 2, atol=1e-3)
        assert_allclose(answers.novelty, fit.measures["misfit"], rtol=0.01)
        assert_allclose(answers.noise, fit.noise, rtol=0.01, atol=1e-5)


@shared
@given(
    scale=st.floats(-15, 15).map(lambda power: 10.0**power),
    level=st.floats(-100, 100),
    slope=st.floats(-10, 10),
)
def test_neither_unit_nor_straight_background_matter(
    reader: PixelReader, pixels: np.ndarray, scale: float, level: float, slope: float
) -> None:
    plain = reader.read(pixels)
    along = np.linspace(-1, 1, len(COARSE))
    other = reader.read(scale * (pixels + level + slope * along))
    for name, values in vars(plain).items():
        assert_allclose(getattr(other, name), values, atol=2e-3, rtol=2e-3, err_msg=name)


@pytest.mark.parametrize("kind", ["f4", "u2", "i4", "f2"])
def test_any_kind_of_number_is_read(reader: PixelReader, pixels: np.ndarray, kind: str) -> None:
    counts = np.rint(pixels * 500 + 50)
    answers = reader.read(counts.astype(kind))
    assert_allclose(answers.coordination, reader.read(counts).coordination, atol=1e-5)


def test_the_order_in_memory_and_the_neighbours_do_not_matter(
    reader: PixelReader, pixels: np.ndarray
) -> None:
    whole = reader.read(pixels)
    turned = reader.read(np.asfortranarray(pixels))
    parts = [reader.read(pixels[:7]), reader.read(pixels[7:])]
    assert_allclose(turned.fractions, whole.fractions, atol=1e-5)
    assert_allclose(np.concatenate([one.fractions for one in parts]), whole.fractions, atol=1e-5)


def test_what_networks_say_is_what_the_regressor_says(
    inference: Inference, reader: PixelReader, pixels: np.ndarray
) -> None:
    found, _ = profiles(cut_windows(COARSE, pixels, inference.grid, np.full(len(pixels), ZERO)))
    said = fraction_table(inference.regressor, found, inference.classes)
    levelled = (pixels / np.abs(pixels).max()).astype(np.float32)
    assert_allclose(reader.said(levelled)[0], said, atol=1e-4)


def test_places_are_averaged(reader: PixelReader, pixels: np.ndarray, inference: Inference) -> None:
    """Kinds are weighed within each place: with one kind alone the mean over places is linear."""
    any_kind = replace(reader, alike=0.0)
    spread = []
    for zero in (ZERO - 0.3, ZERO, ZERO + 0.3):
        posterior, _ = inference.infer(COARSE, pixels.mean(axis=0), Zero(zero, 0.0))
        spread.append(replace(pixel_reader(inference, COARSE, posterior), alike=0.0))
    weights = np.array([1.0, 4.0, 1.0]) / 6
    places = any_kind.places._replace(zeros=np.array([ZERO - 0.3, ZERO, ZERO + 0.3]))
    both = replace(
        any_kind,
        places=places._replace(weights=weights),
        bend=np.concatenate([one.bend for one in spread]),
    ).read(pixels)
    alone = [one.read(pixels) for one in spread]
    mean = sum(
        weight * one.coordination.astype(float) for weight, one in zip(weights, alone, strict=True)
    )
    assert_allclose(both.coordination, mean, atol=1e-4)
    assert (both.half_width > 0.99 * min(one.half_width.min() for one in alone)).all()


def test_what_is_no_spectrum_is_nan_and_harms_no_other(
    reader: PixelReader, pixels: np.ndarray
) -> None:
    odd = pixels.copy()
    odd[0] = 0.0
    odd[1] = 3 + 2 * COARSE
    odd[2, 5] = np.nan
    odd[3, 5] = -np.inf
    odd[4] = 7.0
    answers, plain = reader.read(odd), reader.read(pixels)
    for name, values in vars(answers).items():
        assert np.isnan(values[:5]).all()
        assert_allclose(values[5:], getattr(plain, name)[5:], atol=1e-4, rtol=1e-4)


def test_nothing_to_read(reader: PixelReader) -> None:
    answers = reader.read(np.empty((0, len(COARSE))))
    assert answers.fractions.shape == (0, len(reader.inference.classes))


def posterior_of(scanned: np.ndarray, weights: np.ndarray) -> Posterior:
    """A posterior that differs in the place of the zero alone."""
    weights = weights / weights.sum()
    kept = weights > 1e-3
    return Posterior(
        names=("mean",),
        scanned=scanned,
        zero_weights=weights,
        widths=np.zeros(1),
        width_weights=np.ones(1),
        zeros=scanned[kept],
        alike=np.zeros(kept.sum(), bool),
        weights=weights[kept] / weights[kept].sum(),
        means=np.zeros((kept.sum(), 1)),
        spreads=np.ones((kept.sum(), 1)),
        mass=np.full((3, 1), 0.9),
    )


def test_three_places_have_the_moments_of_the_zero() -> None:
    scanned = np.arange(525.0, 535.0, 0.1)
    energy, grid = np.array([500.0, 560.0]), np.array([-1.0, 12.0])
    normal = np.exp(-(((scanned - 530.03) / 0.3) ** 2) / 2)
    places = zero_places(posterior_of(scanned, normal), energy, grid)
    assert len(places.zeros) == 3
    mean = places.weights @ places.zeros
    assert mean == pytest.approx(530.03, abs=1e-3)
    assert places.weights @ (places.zeros - mean) ** 2 == pytest.approx(0.3**2, rel=0.02)
    # The fourth moment too: three times the square of the second.
    assert places.weights @ (places.zeros - mean) ** 4 == pytest.approx(3 * 0.3**4, rel=0.04)
    assert places.likeliest == pytest.approx(530.0)
    assert places.mode_weight == pytest.approx(1.0)


def test_a_sharp_zero_is_one_place() -> None:
    scanned = np.arange(525.0, 535.0, 0.1)
    weights = (np.abs(scanned - 530.0) < 0.01).astype(float)
    places = zero_places(
        posterior_of(scanned, weights), np.array([500.0, 560.0]), np.array([-1.0, 12.0])
    )
    assert_allclose(places.zeros, [530.0])
    assert_array_equal(places.weights, [1.0])


def test_of_several_modes_the_likeliest_is_used_and_no_place_is_uncovered() -> None:
    scanned = np.arange(525.0, 535.0, 0.1)
    two = 0.7 * np.exp(-(((scanned - 527) / 0.2) ** 2) / 2) + 0.3 * np.exp(
        -(((scanned - 533) / 0.2) ** 2) / 2
    )
    places = zero_places(
        posterior_of(scanned, two), np.array([525.9, 560.0]), np.array([-1.0, 12.0])
    )
    assert places.mode_weight == pytest.approx(0.7, abs=0.01)
    assert_allclose(places.zeros, [526.9, 527.0, 527.35], atol=0.02)


@given(
    means=st.lists(st.floats(-3, 5), min_size=4, max_size=4),
    weights=st.lists(st.floats(1e-6, 1), min_size=4, max_size=4),
    spreads=st.lists(st.floats(0.005, 1), min_size=4, max_size=4),
    share=st.floats(0.001, 0.999),
)
def test_the_share_of_a_mixture_below_its_quantile_is_the_one_asked_for(
    means: list[float], weights: list[float], spreads: list[float], share: float
) -> None:
    weight = np.array(weights) / sum(weights)
    found = mixture_quantile(
        weight[:, None], np.array(means)[:, None], np.array(spreads), np.array([share])
    )
    step = 5e-4
    below, above = (
        float(weight @ ndtr((found[0] + off - np.array(means)) / spreads)) for off in (-step, step)
    )
    assert below <= share + 1e-9
    assert above >= share - 1e-9


def test_signal_is_told_from_noise_whatever_the_unit(pixels: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    grid = np.linspace(-1.2, 11.5, 70)
    background = 5 + 0.3 * COARSE + rng.normal(scale=0.02, size=(2000, len(COARSE)))
    for energy, scale in ((COARSE, 1.0), (COARSE, 1e-20), (COARSE, 1e9)):
        finder = signal_finder(energy, grid)
        found = finder.find(scale * pixels)
        assert found.finite.all()
        assert found.signal.all()
        noise = finder.find(scale * background)
        assert noise.finite.all()
        assert noise.signal.mean() < 0.002
    assert np.abs(found.levelled).max() == 1.0


def test_fine_steps_of_noise_are_no_signal() -> None:
    finder = signal_finder(FINE, np.linspace(-1.2, 11.5, 70))
    noise = np.random.default_rng(0).normal(size=(200, len(FINE)))
    assert finder.find(noise).signal.mean() < 0.01

"""Reading many pixels at once says what reading each spectrum says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.datasets import SiteSpectra
from nearedge.models import Model
from nearedge.models.inference import (
    Inference,
    PixelReader,
    Posterior,
    SignalFinder,
    Zero,
    pixel_reader,
)
from nearedge.models.inference._pixels import zero_places
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
@pytest.mark.parametrize("noise", [0.0, 0.003, 0.05])
def test_a_repeated_spectrum_is_read_as_infer_reads_it(
    inference: Inference, telling_dataset: SiteSpectra, axis: str, noise: float
) -> None:
    energy = AXES[axis]
    for mu in measured(telling_dataset, energy, 4, noise):
        posterior, fit = inference.infer(energy, mu, Zero(ZERO, 0.0))
        reader = pixel_reader(inference, energy, posterior)
        answers = reader.read(np.tile(mu, (3, 1)))
        assert_allclose(answers.expected, np.tile(posterior.expected, (3, 1)), atol=1e-3)
        assert_allclose(answers.half_widths, np.tile(posterior.half_widths, (3, 1)), atol=2e-3)
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
    for name, values in plain._asdict().items():
        assert_allclose(getattr(other, name), values, atol=2e-3, rtol=2e-3, err_msg=name)


@pytest.mark.parametrize("kind", ["f4", "u2", "i4", "f2"])
def test_any_kind_of_number_is_read(reader: PixelReader, pixels: np.ndarray, kind: str) -> None:
    counts = np.rint(pixels * 500 + 50)
    answers = reader.read(counts.astype(kind))
    assert_allclose(answers.expected, reader.read(counts).expected, atol=1e-5)


def test_the_order_in_memory_and_the_neighbours_do_not_matter(
    reader: PixelReader, pixels: np.ndarray
) -> None:
    whole = reader.read(pixels)
    turned = reader.read(np.asfortranarray(pixels))
    parts = [reader.read(pixels[:7]), reader.read(pixels[7:])]
    assert_allclose(turned.expected, whole.expected, atol=1e-5)
    assert_allclose(np.concatenate([one.expected for one in parts]), whole.expected, atol=1e-5)


def test_what_networks_say_is_what_they_say_of_the_profiles(
    inference: Inference, reader: PixelReader, pixels: np.ndarray
) -> None:
    found, _ = profiles(cut_windows(COARSE, pixels, inference.grid, np.full(len(pixels), ZERO)))
    levelled = (pixels / np.abs(pixels).max()).astype(np.float32)
    assert_allclose(reader.fractions(levelled)[0], inference.networks.fractions(found), atol=1e-4)


def test_places_are_averaged(reader: PixelReader, pixels: np.ndarray, inference: Inference) -> None:
    alone = []
    zeros = np.array([ZERO - 0.3, ZERO, ZERO + 0.3])
    for zero in zeros.tolist():
        posterior, _ = inference.infer(COARSE, pixels.mean(axis=0), Zero(zero, 0.0))
        alone.append(pixel_reader(inference, COARSE, posterior))
    weights = np.array([1.0, 4.0, 1.0]) / 6
    together = replace(
        reader,
        places=reader.places._replace(zeros=zeros, weights=weights),
        bend=np.concatenate([one.bend for one in alone]),
    )
    levelled = (pixels / np.abs(pixels).max()).astype(np.float32)
    said = np.tensordot(weights, together.fractions(levelled), 1)
    assert_allclose(together.read(pixels).expected, inference.readout.expected(said), atol=1e-3)
    # Who does not know the zero is less sure.
    assert (together.read(pixels).half_widths >= alone[1].read(pixels).half_widths - 0.02).all()


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
    for name, values in answers._asdict().items():
        assert np.isnan(values[:5]).all()
        assert_allclose(values[5:], getattr(plain, name)[5:], atol=1e-4, rtol=1e-4)


def test_nothing_to_read(reader: PixelReader) -> None:
    answers = reader.read(np.empty((0, len(COARSE))))
    assert answers.expected.shape == (0, len(reader.inference.classes) + 1)


def posterior_of(scanned: np.ndarray, weights: np.ndarray) -> Posterior:
    """A posterior that differs in the place of the zero alone."""
    return Posterior(
        names=("mean",),
        scanned=scanned,
        zero_weights=weights / weights.sum(),
        values=np.zeros(len(scanned)),
        widths=np.zeros(1),
        width_weights=np.ones(1),
        expected=np.zeros(1),
        half_widths=np.zeros(1),
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
    # Of the normal's tails only what lies beyond the negligible places is left out.
    assert places.mode_weight == pytest.approx(1.0, abs=1e-3)


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


def test_signal_is_told_from_noise_whatever_the_unit(pixels: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    grid = np.linspace(-1.2, 11.5, 70)
    background = 5 + 0.3 * COARSE + rng.normal(scale=0.02, size=(2000, len(COARSE)))
    for energy, scale in ((COARSE, 1.0), (COARSE, 1e-20), (COARSE, 1e9)):
        finder = SignalFinder(energy, grid)
        found = finder.find(scale * pixels)
        assert found.finite.all()
        assert found.signal.all()
        noise = finder.find(scale * background)
        assert noise.finite.all()
        assert noise.signal.mean() < 0.002
    assert np.abs(found.levelled).max() == 1.0


def test_fine_steps_of_noise_are_no_signal() -> None:
    finder = SignalFinder(FINE, np.linspace(-1.2, 11.5, 70))
    noise = np.random.default_rng(0).normal(size=(200, len(FINE)))
    assert finder.find(noise).signal.mean() < 0.01

"""From a spectrum to a composition: what must not matter, does not; what is foreign, is told."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.errors import InputError
from nearedge.learning.estimators import CompositionRegressor
from nearedge.models.inference import Inference, Posterior, Zero
from nearedge.models.inference._fitting import plain_networks
from nearedge.models.inference._inference import rebinned
from nearedge.records import pack, unpack

FEW = settings(max_examples=8, deadline=None)


@pytest.fixture(scope="module")
def answer(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> Posterior:
    return inference.infer(axis, scan)[0]


@FEW
@given(st.floats(-600, 3000))
def test_the_axis_may_begin_anywhere(
    inference: Inference, axis: np.ndarray, scan: np.ndarray, answer: Posterior, move: float
) -> None:
    """The zero moves with the axis, the composition stays."""
    posterior, _ = inference.infer(axis + move, scan)
    assert posterior.zero == pytest.approx(answer.zero + move, abs=0.11)
    # Places of the zero are multiples of 0.1 eV, so it may be found 0.05 eV beside.
    assert_allclose(posterior.expected, answer.expected, atol=0.04)


@FEW
@given(st.floats(1e-9, 1e9), st.floats(-10, 10), st.floats(-0.5, 0.5))
def test_unit_and_straight_background_do_not_matter(
    inference: Inference,
    axis: np.ndarray,
    scan: np.ndarray,
    answer: Posterior,
    scale: float,
    level: float,
    slope: float,
) -> None:
    posterior, fit = inference.infer(axis, scale * (scan + level + slope * (axis - 515)))
    assert posterior.zero == answer.zero
    assert_allclose(posterior.expected, answer.expected, atol=1e-4)
    assert_allclose(posterior.interval(), answer.interval(), atol=1e-3)
    assert fit.score <= 1


def test_the_denser_the_energies_the_less_they_matter(
    inference: Inference, axis: np.ndarray, scan: np.ndarray, answer: Posterior
) -> None:
    dense = np.arange(axis[0], axis[-1], 0.02)
    for energy in (dense, axis[::2]):
        posterior, _ = inference.infer(energy, np.interp(energy, axis, scan))
        assert posterior.zero == pytest.approx(answer.zero, abs=0.15)
        assert_allclose(posterior.expected, answer.expected, atol=0.04)


def test_a_known_sample_is_read(
    answer: Posterior, unseen_mu: Callable[[np.ndarray], np.ndarray]
) -> None:
    """The mean of run2, of which not a site was seen."""
    pre_edge = float(unseen_mu(np.array([1.0])).mean())
    assert answer.zero == pytest.approx(530, abs=0.2)
    assert answer.names == ("mean", "0", "1", "2", "3", "4", "dimer")
    assert answer.zero_weights.sum() == pytest.approx(1)
    assert answer.width_weights.sum() == pytest.approx(1)
    assert answer.width < 0.4
    assert pre_edge > 0.3


def test_the_coordination_is_that_of_the_fractions(answer: Posterior) -> None:
    mean = answer.expected
    # A dimer's atoms have a number too, so it is not told by the fractions alone.
    known = mean[1:6] @ np.arange(5)
    assert known - 0.1 <= mean[0] <= known + 4 * mean[6] + 0.1


def test_resolution_is_told(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> None:
    from nearedge.spectra import broadened

    widths = [
        inference.infer(axis, broadened(axis, scan[None], width)[0])[0].width
        for width in (0.0, 0.6, 1.2)
    ]
    assert widths == sorted(widths)
    assert_allclose(widths, [0.0, 0.6, 1.2], atol=0.3)


def test_a_given_zero_is_taken(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> None:
    certain, _ = inference.infer(axis, scan, Zero(530.04, 0.0))
    assert_array_equal(certain.scanned, [530.04])
    assert certain.zero == 530.04
    about, _ = inference.infer(axis, scan, Zero(530.0, 0.5))
    assert about.scanned[[0, -1]].tolist() == [528.0, 532.0]
    assert about.zero == pytest.approx(530, abs=0.2)
    # Who is sure of a wrong zero gets what that zero means.
    wrong, fit = inference.infer(axis, scan, Zero(533.0, 0.1))
    assert wrong.zero == pytest.approx(533, abs=0.4)
    assert fit.score > 1


def test_who_is_sure_of_the_zero_and_right_reads_the_same(
    inference: Inference, axis: np.ndarray, scan: np.ndarray, answer: Posterior
) -> None:
    certain, _ = inference.infer(axis, scan, Zero(answer.zero, 0.0))
    assert_allclose(certain.expected, answer.expected, atol=0.05)


@settings(max_examples=50)
@given(st.floats(-600, 3000))
def test_a_certain_zero_needs_no_more_than_the_window(inference: Inference, zero: float) -> None:
    # As a file with seven decimals has it.
    energy = np.round(zero + np.linspace(inference.grid[0], inference.grid[-1], 50), 7)
    places, _ = Zero(zero, 0.0).places(energy, inference.grid, "scan")
    assert places.tolist() == [zero]


def test_a_prior_is_a_normal_distribution(inference: Inference, axis: np.ndarray) -> None:
    places, log_prior = Zero(530.0, 0.2).places(axis, inference.grid, "scan")
    assert_allclose(log_prior, -(((places - 530) / 0.2) ** 2) / 2)
    assert np.abs(places - 530).max() <= 0.8 + 1e-9
    _, flat = Zero().places(axis, inference.grid, "scan")
    assert not flat.any()


@pytest.mark.parametrize(
    ("zero", "said"),
    [
        (Zero(600.0, 0.0), r"scan.dat: .* about E0 = 600 eV; measure a wider range or give"),
        (Zero(600.0, 1.0), r"only for an E0 from 516.* to 5.* eV, not for 600 ± 1 eV; measure"),
    ],
)
def test_a_zero_elsewhere_is_refused(
    inference: Inference, axis: np.ndarray, scan: np.ndarray, zero: Zero, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        inference.infer(axis, scan, zero, source="scan.dat")


@pytest.mark.parametrize(
    "wrong", [{"energy": np.nan}, {"energy": 530.0, "uncertainty": -0.1}, {"uncertainty": np.inf}]
)
def test_an_impossible_zero_is_refused(wrong: dict) -> None:
    with pytest.raises(InputError, match="give a finite energy and an uncertainty"):
        Zero(**wrong)


def test_a_short_spectrum_is_told_the_window(inference: Inference, axis: np.ndarray) -> None:
    short = axis[:100]
    with pytest.raises(
        InputError, match=r"scan.dat: energies from 515 to 524.9 eV do not cover the model's "
        r"window of 11.2 eV \(-1.2 to 10 eV from its zero\).*; measure a wider range"
    ):  # fmt: skip
        inference.infer(short, np.sin(short), source="scan.dat")


def test_what_is_no_spectrum_is_refused(
    inference: Inference, axis: np.ndarray, scan: np.ndarray
) -> None:
    for line in (np.zeros(len(axis)), 3 + 0.2 * axis):
        with pytest.raises(InputError, match="is a straight line .*; give an absorption spectrum"):
            inference.infer(axis, line)
    holed = scan.copy()
    holed[5] = np.nan
    with pytest.raises(InputError, match="intensity nan at 515.5 eV"):
        inference.infer(axis, holed)
    with pytest.raises(InputError, match="energies must increase"):
        inference.infer(axis[::-1], scan)


def spectra(axis: np.ndarray, scan: np.ndarray) -> dict[str, tuple[np.ndarray, str]]:
    """What is no sample's spectrum, and what must be said of it."""
    rng = np.random.default_rng(0)
    foreign = scan + 1.5 * np.exp(-(((axis - 534) / 0.5) ** 2))
    step = np.where(axis > 540, 1.0, 0.0)
    return {
        "noise": (rng.normal(size=len(axis)), "noisy"),
        "upside down": (-scan, "distance from them"),
        "another peak": (foreign, "unexplained part"),
        "step": (step, "intensity"),
        "parabola": ((axis - 500) ** 2, "unexplained part"),
        "one point": (np.eye(len(axis))[200], ""),
    }


@pytest.mark.parametrize(
    "name", ["noise", "upside down", "another peak", "step", "parabola", "one point"]
)
def test_what_is_foreign_is_told_and_why(
    inference: Inference, axis: np.ndarray, scan: np.ndarray, name: str
) -> None:
    mu, said = spectra(axis, scan)[name]
    posterior, fit = inference.infer(axis, mu)
    assert fit.score > 1
    (reason,) = fit.reasons()
    assert str(reason).startswith("unlike any mixture of the training spectra (")
    assert said in str(reason)
    assert np.isfinite(posterior.interval()).all()
    assert np.isfinite(fit.noise)


def test_the_fit_normalises(inference: Inference, axis: np.ndarray, scan: np.ndarray) -> None:
    _, fit = inference.infer(axis, 40 * scan + 7 + 0.3 * (axis - 530))
    assert fit.score <= 1
    assert_allclose(fit.window, fit.mixture, atol=0.15)
    at = np.interp(fit.energy + 530, axis, scan)
    assert_allclose(fit.window, at, atol=0.15)
    assert fit.score == max(fit.measures.values())


def test_what_is_kept_infers_the_same(
    inference: Inference, axis: np.ndarray, scan: np.ndarray, answer: Posterior
) -> None:
    plain, arrays = pack(inference)
    again = unpack(Inference, plain, arrays, source="model")
    posterior, fit = again.infer(axis, scan)
    assert_array_equal(posterior.expected, answer.expected)
    assert_array_equal(posterior.interval(), answer.interval())
    assert fit.measures == inference.infer(axis, scan)[1].measures
    del arrays["readout.gain"]
    with pytest.raises(InputError, match=r"model: the array 'readout.gain' is missing"):
        unpack(Inference, plain, arrays, source="model")


def test_many_spectra_are_read_as_each_alone(inference: Inference) -> None:
    """A spectrum is a batch of one."""
    rng = np.random.default_rng(0)
    said = rng.dirichlet(np.ones(len(inference.classes)), (3, 5))
    weights, places = np.array([0.2, 0.5, 0.3])[:, None], np.array([529.9, 530.0, 530.2])
    noise = rng.uniform(0, 0.3, 5)
    together = inference.read(said, weights, places, noise)
    for place in range(5):
        alone = inference.read(said[:, [place]], weights, places, noise[[place]])
        for many, one in zip(together, alone, strict=True):
            assert_allclose(many[place], one[0])
    # Where the zero lies does not matter, only how far apart its places are.
    moved = inference.read(said, weights, places + 1000, noise)
    assert_allclose(moved[1], together[1])


def test_a_class_that_was_not_taught_has_no_share() -> None:
    rng = np.random.default_rng(0)
    fractions = rng.dirichlet(np.ones(2), 60)
    networks = CompositionRegressor((4,), classes=["0", "1"], values=[0.0, 1.0], epochs=2)
    networks = networks.fit(fractions @ rng.normal(size=(2, 8)), fractions)
    found = rng.normal(size=(5, 8))
    plain = plain_networks(networks, ("0", "new", "1")).fractions(found)
    assert_array_equal(plain[:, 1], 0)
    assert_allclose(plain[:, [0, 2]], networks.predict_fractions(found), atol=1e-5)


@given(st.floats(-100, 100), st.floats(-10, 10), st.floats(0.05, 1.0))
def test_bins_keep_linear_functions(level: float, slope: float, step: float) -> None:
    energy = np.linspace(520, 540, 2001)
    binned, mu = rebinned(energy, level + slope * energy, step)
    assert_allclose(mu, level + slope * binned, atol=1e-6)
    assert binned[[0, -1]].tolist() == [520.0, 540.0]
    assert (np.diff(binned) > 0).all()


def test_bins_keep_the_integral_and_leave_less_noise() -> None:
    rng = np.random.default_rng(0)
    energy = np.sort(rng.uniform(520, 540, 4000))
    energy[[0, -1]] = [520.0, 540.0]
    mu = rng.normal(size=4000)
    binned, means = rebinned(energy, mu, 0.5)
    assert len(binned) == 42
    assert means[1:-1].sum() * 0.5 == pytest.approx(np.trapezoid(mu, energy))
    # A hundred points in each bin, not quite evenly spread.
    assert means[1:-1].std() == pytest.approx(0.1, rel=0.5)


def test_coarse_spectra_are_left_as_they_are() -> None:
    energy = np.arange(520.0, 540.0, 0.3)
    binned, mu = rebinned(energy, np.sin(energy), 0.5)
    assert binned is energy
    assert_array_equal(mu, np.sin(energy))

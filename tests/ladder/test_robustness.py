"""Disturbed spectra, and scores on them, against truths known without them."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.ladder.robustness import LEVELS, Disturbance, Quantity, Trial, judge, robustness
from nearedge.models import Kind, Model, evaluate, train
from nearedge.records import as_json
from nearedge.spectra import FWHM, Window

ENERGY = np.linspace(-10.0, 30.0, 401)
WIDE = Window(-10.0, 30.0, 401)
PEAK = np.exp(-(((ENERGY - 8.0) / 1.5) ** 2))[None]
FEW: dict[Quantity, tuple[float, ...]] = {
    "offset": (-1.0, 0.0, 1.0),
    "signal_to_noise": (1000.0, 5.0),
}


def integral(mu: np.ndarray) -> float:
    return float(np.trapezoid(mu[0], WIDE.grid))


def width(mu: np.ndarray) -> float:
    """Standard deviation of a peak, in eV."""
    weight = mu[0] / mu[0].sum()
    mean = (weight * WIDE.grid).sum()
    return float(np.sqrt((weight * (WIDE.grid - mean) ** 2).sum()))


@given(st.floats(0.0, 1.5), st.floats(-2.0, 2.0))
def test_broadening_and_offset_conserve_the_integral(broadening: float, offset: float) -> None:
    seen = Disturbance(offset=offset, broadening=broadening).apply(ENERGY, PEAK, WIDE)
    assert integral(seen) == pytest.approx(integral(PEAK), rel=1e-6)


@given(st.floats(0.2, 1.5))
def test_widths_add_in_quadrature(broadening: float) -> None:
    seen = Disturbance(broadening=broadening).apply(ENERGY, PEAK, WIDE)
    expected = math.hypot(width(PEAK), broadening / FWHM)
    assert width(seen) == pytest.approx(expected, rel=1e-3)


def test_full_width_at_half_maximum() -> None:
    """A line much narrower than the broadening gets its width."""
    line = np.zeros((1, len(ENERGY)))
    line[0, 200] = 1.0
    seen = Disturbance(broadening=1.0).apply(ENERGY, line, WIDE)[0]
    above = WIDE.grid[seen > seen.max() / 2]
    assert above[-1] - above[0] == pytest.approx(1.0, abs=0.1)


@given(st.integers(-20, 20))
def test_an_offset_is_undone_by_its_opposite(steps: int) -> None:
    offset = steps * 0.1
    there = Disturbance(offset=offset).apply(ENERGY, PEAK, WIDE)
    assert WIDE.grid[there[0].argmax()] == pytest.approx(8.0 + offset)
    back = Disturbance(offset=-offset).apply(ENERGY, there, WIDE)
    assert_allclose(back, PEAK, atol=1e-9)


def test_beyond_the_stored_energies_the_end_value_is_held() -> None:
    window = Window(-9.0, 29.0, 39)
    step = 1.0 + (ENERGY > 10)[None]
    down = Disturbance(offset=-2.0)
    assert down.apply(ENERGY, step, window)[0, -1] == 2.0
    assert down.held(ENERGY, window) == 1
    assert Disturbance(offset=2.0).held(ENERGY, window) == 1
    assert Disturbance(offset=1.0).held(ENERGY, window) == 0


def test_noise_has_the_size_it_says_and_is_the_seeds() -> None:
    mu = np.repeat(5 * PEAK, 50, axis=0)
    noisy = Disturbance(signal_to_noise=20.0)
    one, again, other = (noisy.apply(ENERGY, mu, WIDE, seed=seed) for seed in (1, 1, 2))
    assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0
    assert (one - mu).std() == pytest.approx(5 / 20, rel=0.02)


def test_a_scale_is_a_factor() -> None:
    assert_allclose(Disturbance(scale=0.8).apply(ENERGY, PEAK, WIDE), 0.8 * PEAK)


@pytest.mark.parametrize(
    "wrong",
    [{"broadening": -1.0}, {"scale": 0.0}, {"signal_to_noise": 0.0}, {"offset": math.nan}],
)
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="disturbance by"):
        Disturbance(**wrong)


def test_a_peak_finder_is_off_by_the_offset() -> None:
    finder = {"peak": (WIDE, lambda mu: WIDE.grid[mu.argmax(axis=1)])}
    trial = Trial(ENERGY, PEAK, np.array([8.0]), finder)
    levels: dict[Quantity, tuple[float, ...]] = {"offset": (-1.0, 0.0, 0.5), "scale": (0.5, 2.0)}
    found = judge([trial], "mean absolute error", levels=levels)
    assert_allclose(found.curves["offset"].scores["peak"].mean, [1.0, 0.0, 0.5], atol=1e-9)
    assert_allclose(found.curves["scale"].scores["peak"].mean, 0.0, atol=1e-9)
    assert found.at("offset", 0.5, "peak") == pytest.approx(0.5)


@pytest.fixture(scope="module")
def models(telling_dataset: SiteSpectra, measured_model: Model) -> dict[Kind, Model]:
    classifier = train(telling_dataset, "classifier", hold_out=["run2"], seed=1)
    return {"classifier": classifier, "regressor": measured_model}


def test_undisturbed_scores_are_those_of_evaluate(
    models: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    cases: list[tuple[Kind, str, str]] = [
        ("classifier", "accuracy", "baseline_accuracy"),
        ("regressor", "mae", "baseline_mae"),
    ]
    for kind, score, base in cases:
        model = models[kind]
        plain = evaluate(model, telling_dataset, only=["run2"]).to_json()
        found = robustness({"model": model}, telling_dataset, only=["run2"], levels=FEW)["sites"]
        assert found.undisturbed["model"] == pytest.approx(plain[score], abs=1e-9)
        assert found.at("offset", 0.0, "model") == pytest.approx(plain[score], abs=1e-9)
        assert found.undisturbed["constant"] == pytest.approx(plain[base])
        assert found.n == plain["n"]


def test_what_harms_is_seen_and_the_constant_does_not_care(
    models: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    found = robustness({"model": models["classifier"]}, telling_dataset, levels=FEW)["sites"]
    assert found.at("signal_to_noise", 5.0, "model") < found.at("signal_to_noise", 1000.0, "model")
    for curve in found.curves.values():
        assert np.ptp(curve.scores["constant"].mean) == 0


def test_a_regressor_is_judged_on_mixtures_too(
    models: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    pair = {"one": models["regressor"], "other": models["regressor"]}
    found = robustness(pair, telling_dataset, only=["run2"], levels=FEW, seed=3)
    again = robustness(pair, telling_dataset, only=["run2"], levels=FEW, seed=3)
    assert set(found) == {"sites", "mixtures"}
    assert found["mixtures"].undisturbed["constant"] < found["sites"].undisturbed["constant"]
    for name, one in found.items():
        assert one.names == ["one", "other", "constant"]
        assert as_json(one) == as_json(again[name])
        json.dumps(as_json(one), allow_nan=False)
        for curve in one.curves.values():
            assert_array_equal(curve.scores["one"].mean, curve.scores["other"].mean)


def test_models_may_see_other_energies(
    models: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    narrow = train(telling_dataset, "classifier", hold_out=["run2"], window=Window(0.0, 9.0, 40))
    pair = {"wide": models["classifier"], "narrow": narrow}
    found = robustness(pair, telling_dataset, only=["run2"], levels=FEW)["sites"]
    for name, model in pair.items():
        plain = evaluate(model, telling_dataset, only=["run2"]).to_json()
        assert found.undisturbed[name] == pytest.approx(plain["accuracy"])


def test_models_are_compared_with_others_of_their_kind_only(
    models: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    with pytest.raises(InputError, match="models of one kind"):
        robustness({"one": models["classifier"], "two": models["regressor"]}, telling_dataset)


def test_default_levels_are_those_promised() -> None:
    assert (min(LEVELS["offset"]), max(LEVELS["offset"])) == (-2.0, 2.0)
    assert (min(LEVELS["broadening"]), max(LEVELS["broadening"])) == (0.0, 1.5)
    assert (max(LEVELS["signal_to_noise"]), min(LEVELS["signal_to_noise"])) == (1000.0, 10.0)

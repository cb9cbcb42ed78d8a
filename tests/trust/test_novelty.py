"""Novelty on real spectra: what a physicist would refuse is refused, with the right reason."""

from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from nearedge.datasets import SiteSpectra, load_dataset, starter_path
from nearedge.errors import InputError
from nearedge.spectra import Window, resample
from nearedge.trust import (
    Differs,
    NoEdge,
    Noisy,
    Novelty,
    OnBackground,
    Reason,
    Scaled,
    Shifted,
    UpsideDown,
    fit_novelty,
)

Found = TypeVar("Found", bound=Reason)

GRID = Window().grid


@pytest.fixture(scope="module")
def shipped() -> SiteSpectra:
    return load_dataset(starter_path())


@pytest.fixture(scope="module")
def unseen(shipped: SiteSpectra) -> SiteSpectra:
    """Sites of a third of the trajectories."""
    return shipped.select(np.isin(shipped.trajectory, sorted(set(shipped.trajectory))[::3]))


@pytest.fixture(scope="module")
def training(shipped: SiteSpectra) -> SiteSpectra:
    """Those of the others."""
    return shipped.select(~np.isin(shipped.trajectory, sorted(set(shipped.trajectory))[::3]))


def learn(data: SiteSpectra) -> Novelty:
    return fit_novelty(data.inputs(), GRID, groups=data.trajectory, labels=data.environment)


@pytest.fixture(scope="module")
def novelty(training: SiteSpectra) -> Novelty:
    return learn(training)


@pytest.fixture(scope="module")
def usual(unseen: SiteSpectra, novelty: Novelty) -> np.ndarray:
    """Unseen spectra that are not flagged, a part of them."""
    inputs = unseen.inputs()
    return inputs[~novelty.flags(inputs)][::5]


def moved(data: SiteSpectra, shift: float) -> np.ndarray:
    return np.array([np.interp(GRID, data.energy + shift, mu) for mu in data.mu[::5]])


def found(novelty: Novelty, inputs: np.ndarray, kind: type[Found]) -> list[Found]:
    """Reasons of this type, at most one of each flagged spectrum."""
    return [
        reason
        for reasons in novelty.reasons(inputs)
        for reason in reasons
        if isinstance(reason, kind)
    ]


def test_unseen_trajectories_are_rarely_flagged(novelty: Novelty, unseen: SiteSpectra) -> None:
    flagged = novelty.flags(unseen.inputs())
    assert flagged.mean() <= 0.05
    # The rarest and most diverse class is not given up.
    assert flagged[unseen.environment == "dimer"].mean() <= 0.4


def test_averages_are_not_flagged(novelty: Novelty, unseen: SiteSpectra) -> None:
    inputs, random = unseen.inputs(), np.random.default_rng(0)
    for least, most in ((2, 8), (20, 70)):
        sizes = random.integers(least, most + 1, 200)
        averages = [inputs[random.choice(len(inputs), size)].mean(axis=0) for size in sizes]
        assert novelty.flags(np.array(averages)).mean() <= 0.01
    whole = [inputs[unseen.snapshot == name].mean(axis=0) for name in np.unique(unseen.snapshot)]
    assert not novelty.flags(np.array(whole)).any()


def test_a_little_noise_is_no_news_and_much_is(novelty: Novelty, usual: np.ndarray) -> None:
    noise = usual.mean() * np.random.default_rng(0).normal(size=usual.shape)
    assert novelty.flags(usual + 0.03 * noise).mean() <= 0.05
    loud = usual + 0.3 * noise
    assert novelty.flags(loud).mean() > 0.95
    assert len(found(novelty, loud, Noisy) + found(novelty, loud, NoEdge)) > 0.5 * len(loud)


def test_upside_down(novelty: Novelty, usual: np.ndarray) -> None:
    inverted = usual.max(axis=1, keepdims=True) + usual.min(axis=1, keepdims=True) - usual
    assert novelty.flags(inverted).all()
    assert len(found(novelty, inverted, UpsideDown)) > 0.8 * len(usual)


@pytest.mark.parametrize(("shift", "within"), [(5.0, 0.4), (2.0, 0.4), (-2.0, 0.8), (-5.0, 1.0)])
def test_a_wrong_energy_zero_is_measured(
    novelty: Novelty, unseen: SiteSpectra, shift: float, within: float
) -> None:
    shifted = moved(unseen, shift)
    assert novelty.flags(shifted).mean() > (0.9 if abs(shift) == 5 else 0.5)
    shifts = [reason.by for reason in found(novelty, shifted, Shifted)]
    # Where little of the edge is left in the window, a factor may explain a spectrum as well.
    assert len(shifts) > 0.7 * novelty.flags(shifted).sum()
    assert np.median(np.abs(np.array(shifts) - shift)) <= within


@pytest.mark.parametrize("factor", [5000.0, 1e-5, 3.0])
def test_another_unit_is_measured(novelty: Novelty, usual: np.ndarray, factor: float) -> None:
    scaled = factor * usual
    assert novelty.flags(scaled).mean() > 0.95
    reasons = found(novelty, scaled, Scaled)
    assert len(reasons) > 0.9 * len(usual)
    assert np.median([reason.factor for reason in reasons]) == pytest.approx(factor, rel=0.15)
    assert ("counts" in str(reasons[0])) == (factor > 100)


def test_a_background_is_measured(novelty: Novelty, usual: np.ndarray) -> None:
    reasons = found(novelty, usual + 1.0, OnBackground)
    assert len(reasons) > 0.8 * len(usual)
    assert np.median([reason.level for reason in reasons]) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("spectrum", "shape"),
    [
        (np.zeros(len(GRID)), "zero"),
        (np.full(len(GRID), 0.6), "flat"),
        (np.full(len(GRID), 1e7), "flat"),
        (np.random.default_rng(0).random(len(GRID)), "noise"),
    ],
)
def test_what_is_no_spectrum(novelty: Novelty, spectrum: np.ndarray, shape: str) -> None:
    ((reason,),) = novelty.reasons(spectrum[None])
    assert isinstance(reason, NoEdge)
    assert reason.shape == shape
    assert str(reason).startswith(shape)


def test_a_foreign_peak_is_located(novelty: Novelty, usual: np.ndarray) -> None:
    peak = 8 * np.exp(-(((GRID - 8.0) / 0.4) ** 2))
    reasons = found(novelty, usual + peak, Differs)
    assert len([reason for reason in reasons if reason.how == "peak"]) > 0.9 * len(usual)
    assert np.median([reason.first for reason in reasons]) == pytest.approx(8.0, abs=0.2)


def test_missing_intensity_is_located(novelty: Novelty, usual: np.ndarray) -> None:
    hole = np.where((GRID > 8) & (GRID < 10), 0.02, 1.0)
    reasons = [one for one in found(novelty, usual * hole, Differs) if one.how == "less"]
    assert len(reasons) > 0.9 * len(usual)
    assert all(7.8 < reason.first < reason.last < 10.2 for reason in reasons)


def test_scores_grow_with_the_shift(novelty: Novelty, unseen: SiteSpectra) -> None:
    medians = [np.median(novelty.score(moved(unseen, shift))) for shift in (0.0, 1.0, 2.0, 4.0)]
    assert medians == sorted(medians)
    # A score of 1 is that of the median unseen spectrum.
    assert medians[0] == pytest.approx(1.0, abs=0.2)


def foreign_spectra() -> dict[str, np.ndarray]:
    """FEFF10 spectra of other crystals, by ``benchmarks/foreign_spectra.py --table``."""
    path = Path(__file__).parent / "foreign.dat"
    names = path.read_text().splitlines()[1].split()[2:]
    table = np.loadtxt(path)
    return dict(zip(names, resample(table[:, 0], table[:, 1:].T, GRID), strict=True))


def test_real_spectra_of_other_edges_and_compounds(novelty: Novelty, unseen: SiteSpectra) -> None:
    spectra = foreign_spectra()
    edges = np.array([mu for name, mu in spectra.items() if "-" in name])
    oxides = np.array([mu for name, mu in spectra.items() if "-" not in name])
    assert len(edges) >= 8
    assert len(oxides) >= 11
    assert novelty.flags(edges).all()
    # Oxides with a strong peak above the edge look like O-O dimers to every method tried.
    assert novelty.flags(oxides).mean() >= 4 / 11
    inside = novelty.score(unseen.inputs())
    ordinary = inside[unseen.environment != "dimer"]

    def area(inside: np.ndarray, outside: np.ndarray) -> float:
        return float((inside[:, None] < outside).mean())

    assert area(inside, novelty.score(edges)) > 0.99
    assert area(inside, novelty.score(oxides)) > 0.94
    assert area(ordinary, novelty.score(oxides)) > 0.97


@settings(deadline=None)
@given(
    arrays(
        float,
        st.tuples(st.integers(0, 3), st.just(len(GRID))),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_any_finite_spectrum_gets_a_finite_score(novelty: Novelty, inputs: np.ndarray) -> None:
    assert np.isfinite(novelty.score(inputs)).all()
    judged = novelty.reasons(inputs)
    assert list(map(bool, judged)) == novelty.flags(inputs).tolist()
    assert all(len(str(reason)) > 3 for reasons in judged for reason in reasons)


@settings(deadline=None, max_examples=10)
@given(st.floats(1e-12, 1e12))
def test_the_unit_does_not_matter(usual: np.ndarray, unit: float) -> None:
    """A model of spectra in another unit says the same of spectra in that unit."""
    one = fit_novelty(usual[:12], GRID)
    other = fit_novelty(unit * usual[:12], GRID)
    np.testing.assert_allclose(one.score(usual[12:]), other.score(unit * usual[12:]), rtol=1e-6)


@pytest.mark.parametrize("count", [10, 20, 50])
def test_few_training_spectra(training: SiteSpectra, unseen: SiteSpectra, count: int) -> None:
    """Not everything is flagged, nor nothing; and the folder says that the limit is a guess."""
    chosen = np.random.default_rng(count).choice(len(training), count, replace=False)
    novelty = learn(training.select(chosen))
    inputs = unseen.inputs()
    assert novelty.flags(inputs).mean() < 0.3
    for foreign in (1000 * inputs, inputs[:, ::-1], 2 - inputs):
        assert novelty.flags(foreign).mean() > 0.8
    assert novelty.calibration.extrapolated == (count < 1 / novelty.settings.flagged)


def test_without_groups_each_spectrum_is_its_own(training: SiteSpectra) -> None:
    inputs = training.inputs()[:100]
    alone = fit_novelty(inputs, GRID)
    one_group = fit_novelty(inputs, GRID, groups=np.repeat("a", len(inputs)))
    assert alone.calibration.groups is None
    assert one_group.calibration == alone.calibration
    assert one_group.threshold == alone.threshold


def test_equal_training_spectra(usual: np.ndarray) -> None:
    novelty = fit_novelty(np.repeat(usual[:1], 5, axis=0), GRID)
    assert not novelty.flags(usual[:1])[0]
    assert novelty.flags(usual[1:]).mean() > 0.9
    assert np.isfinite(novelty.score(usual)).all()


@pytest.mark.parametrize("shape", [(1, 70), (0, 70), (5, 3)])
def test_too_little_to_learn_from(shape: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="novelty cannot be learnt"):
        fit_novelty(np.ones(shape), np.arange(float(shape[1])))

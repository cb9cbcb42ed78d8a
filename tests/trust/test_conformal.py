"""What conformal prediction promises, on exchangeable data where the promise is a theorem."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.errors import InputError
from nearedge.trust import (
    calibrate_intervals,
    calibrate_sets,
    conformal_quantile,
    coverage,
    crossfit,
    crossfit_sets,
    set_coverage,
)

seeds = st.integers(0, 2**32 - 1)
CLASSES = ("0", "1", "2", "dimer")


def draw(
    rng: np.random.Generator, n: int, frequency: Sequence[float] = (0.1, 0.5, 0.35, 0.05)
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a classifier that is often wrong, most of all on the rare class."""
    truth = rng.choice(len(CLASSES), n, p=frequency)
    score = rng.normal(size=(n, len(CLASSES))) + np.log(np.maximum(frequency, 1e-3))
    score[np.arange(n), truth] += 1.0
    probability = np.exp(score)
    return probability / probability.sum(axis=1, keepdims=True), np.array(CLASSES)[truth]


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(1, 200), st.sampled_from([0.5, 0.8, 0.9]))
def test_the_quantile_holds_its_share_of_what_it_was_made_of(
    seed: int, n: int, level: float
) -> None:
    scores = np.random.default_rng(seed).normal(size=n)
    held = (scores <= conformal_quantile(scores, level)).mean()
    assert min(level, n / (n + 1)) <= held + 1e-9 <= min(1.0, level + 2 / n) + 2e-9


@pytest.mark.parametrize("n", [9, 19, 29, 49, 99, 999])
def test_the_rank_is_exact_where_rounding_would_spoil_it(n: int) -> None:
    assert conformal_quantile(np.arange(1.0, n + 1), 0.9) == round(0.9 * (n + 1))


@settings(max_examples=10, deadline=None)
@given(seeds, st.integers(10, 60), st.sampled_from([0.8, 0.9]))
def test_new_truths_are_held_as_often_as_promised_and_hardly_more(
    seed: int, n: int, level: float
) -> None:
    """The theorem: between level and level + 1/(n + 1), over calibrations and new sites."""
    rng = np.random.default_rng(seed)
    scores = rng.exponential(size=(4000, n + 1))
    rank = int(np.ceil((n + 1) * level - 1e-9))
    thresholds = np.array([conformal_quantile(row[:-1], level) for row in scores])
    held = (scores[:, -1] <= thresholds).mean()
    # Four standard errors of 4000 independent trials.
    slack = 4 * np.sqrt(0.25 * 0.8 / 4000)
    assert level - slack <= held <= level + 1 / (n + 1) + slack
    assert abs(held - rank / (n + 1)) < slack


def test_sets_hold_the_level_overall_and_in_every_class() -> None:
    rng = np.random.default_rng(1)
    overall, single = [], []
    new, true = draw(rng, 20_000)
    for _ in range(40):
        sets = calibrate_sets(*draw(rng, 1000), CLASSES)
        judged = set_coverage(sets.members(new), true, CLASSES, np.arange(20_000))
        overall.append(judged.coverage)
        single.append([judged.per_class[name].coverage for name in CLASSES])
    assert abs(np.mean(overall) - 0.9) < 0.01
    assert np.mean(single, axis=0).min() > 0.87
    # The same scores without classes leave out the truth of many sites of the rare class.
    own = true[:, None] == np.array(CLASSES)
    threshold = -conformal_quantile(-new[own], 0.9)
    rare = true == "dimer"
    assert (new[rare, 3] >= threshold).mean() < 0.8


def test_an_easy_class_does_not_make_the_sets_too_large() -> None:
    """Where the likeliest class is right in 99 %, the other classes pay for it, not the level."""
    rng = np.random.default_rng(2)
    probability, truth = draw(rng, 4000, (0.3, 0.3, 0.2, 0.2))
    easy = truth == "0"
    probability[easy] = [0.97, 0.01, 0.01, 0.01]
    sets = calibrate_sets(probability, truth, CLASSES)
    judged = set_coverage(sets.members(probability), truth, CLASSES, np.arange(4000))
    assert judged.coverage == pytest.approx(0.9, abs=0.002)
    assert judged.per_class["0"].coverage == 1
    assert 0.8 < sets.class_level < 0.9
    for name in CLASSES[1:]:
        assert judged.per_class[name].coverage == pytest.approx(sets.class_level, abs=0.01)


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(2, 100), st.sampled_from([0.5, 0.9]))
def test_sets_hold_their_share_of_what_they_were_made_of_and_are_never_empty(
    seed: int, n: int, level: float
) -> None:
    probability, truth = draw(np.random.default_rng(seed), n)
    sets = calibrate_sets(probability, truth, CLASSES, level)
    members = sets.members(probability)
    assert members.any(axis=1).all()
    assert members[np.arange(n), probability.argmax(axis=1)].all()
    held = (members & (truth[:, None] == np.array(CLASSES))).any(axis=1).mean()
    assert held >= min(level, n / (n + 1)) - 1e-9


def test_an_accurate_classifier_still_has_sets_for_its_worst_class() -> None:
    """Right in 95 % of all sites, in none of the rare class: overall no set would be needed."""
    rng = np.random.default_rng(10)
    truth = np.where(np.arange(2000) % 20 == 0, "b", "a")
    b = np.where(truth == "b", rng.uniform(0.1, 0.4, 2000), rng.uniform(0.0, 0.3, 2000))
    sets = calibrate_sets(np.column_stack([1 - b, b]), truth, ["a", "b"])
    judged = set_coverage(
        sets.members(np.column_stack([1 - b, b])), truth, ["a", "b"], np.arange(2000)
    )
    assert judged.per_class["b"].coverage == pytest.approx(0.85, abs=0.01)
    assert sets.class_level == pytest.approx(0.85)


def test_a_small_class_takes_the_threshold_of_all_and_says_so() -> None:
    rng = np.random.default_rng(3)
    probability, truth = draw(rng, 400, (0.5, 0.3, 0.2, 0.0))
    truth[:3] = "dimer"
    sets = calibrate_sets(probability, truth, CLASSES)
    assert sets.marginal == ("dimer",)
    assert min(sets.thresholds[:3]) <= sets.thresholds[3] <= max(sets.thresholds[:3])


@pytest.mark.parametrize("n", [1, 4])
def test_one_site_of_each_class_makes_sets_all_the_same(n: int) -> None:
    probability = np.full((n, 4), 0.1)
    probability[:, 0] = 0.7
    sets = calibrate_sets(probability, np.array(CLASSES)[:n], CLASSES)
    assert sets.marginal == CLASSES
    # The worst of the scores decides: a class of 0.1 was right once.
    assert sets.members(probability).all() == (n > 1)


def test_sites_of_a_class_that_was_never_learnt_are_misses() -> None:
    rng = np.random.default_rng(4)
    probability, truth = draw(rng, 500)
    truth[:100] = "4"
    sets = calibrate_sets(probability, truth, CLASSES)
    # A fifth of the truths cannot be held, so all classes are in every set.
    assert sets.members(probability).all()


@pytest.mark.parametrize("made", [calibrate_sets, calibrate_intervals])
def test_nothing_to_calibrate_on_is_refused(made: object) -> None:
    with pytest.raises(InputError, match="calibrated on no"):
        if made is calibrate_sets:
            calibrate_sets(np.empty((0, 4)), np.array([], str), CLASSES)
        else:
            calibrate_intervals(np.empty((0, 1)), np.empty((0, 1)))


def test_intervals_hold_each_output_of_an_average_over_any_number_of_atoms() -> None:
    """Errors shrink as the square root of the atoms, towards an error that all atoms share."""
    rng = np.random.default_rng(6)

    def sample(n: int, atoms: int) -> np.ndarray:
        width = np.sqrt(0.04 + np.array([1.0, 0.25]) / atoms)
        return rng.normal(size=(n, 2)) * width

    atoms = np.repeat([1, 4, 16, 64], 500)
    off = np.concatenate([sample(500, number) for number in (1, 4, 16, 64)])
    truth = rng.uniform(0, 6, size=off.shape)
    made = calibrate_intervals(truth + off, truth, atoms=atoms)
    assert made.atoms == (1, 4, 16, 64)
    for number in (1, 2, 4, 8, 16, 64, 500):
        held = np.abs(sample(20_000, number)) <= made.half_width(number)
        low = 0.87 if number in made.atoms else 0.86
        assert (held.mean(axis=0) > low).all()
        assert (held.mean(axis=0) < (0.93 if number in made.atoms else 0.96)).all()
    assert_allclose(made.half_width(None), made.half_width(1))
    assert_allclose(made.half_width(64), made.half_width(10**6))


def test_bounds_are_the_half_widths_around_the_prediction() -> None:
    rng = np.random.default_rng(7)
    truth = rng.dirichlet(np.ones(3), 200)
    predicted, atoms = truth + 0.1 * rng.normal(size=truth.shape), np.ones(200, int)
    made = calibrate_intervals(predicted, truth)
    ends = made.bounds(predicted, 1)
    assert_allclose(np.ptp(ends, axis=2) / 2, np.tile(made.half_width(1), (200, 1)))
    held = (ends[..., 0] <= truth) & (truth <= ends[..., 1])
    assert_array_equal(made.hold(predicted, truth, atoms), held)


def test_crossfitting_judges_sites_the_calibration_did_not_see() -> None:
    rng = np.random.default_rng(8)
    probability, truth = draw(rng, 3000)
    fold = np.arange(3000) % 3

    def members(probability: np.ndarray) -> np.ndarray:
        return crossfit_sets(probability, truth, CLASSES, fold)

    judged = set_coverage(members(probability), truth, CLASSES, fold)
    assert abs(judged.coverage - 0.9) < 0.02
    # A fold whose sites are all misjudged does not teach the sets that it is judged by.
    wrong = probability.copy()
    wrong[fold == 0] = np.roll(probability[fold == 0], 1, axis=1)
    assert members(wrong)[fold == 0].sum() > 0
    alone = calibrate_sets(wrong[fold != 0], truth[fold != 0], CLASSES).members(wrong[fold == 0])
    assert_array_equal(members(wrong)[fold == 0], alone)
    off = np.where(fold == 0, 10.0, 1.0)[:, None] * rng.normal(size=(3000, 1))
    true, atoms = np.zeros((3000, 1)), np.ones(3000, int)
    inside = crossfit(
        fold,
        lambda others, own: calibrate_intervals(off[others], true[others]).hold(
            off[own], true[own], atoms[own]
        ),
    )
    assert inside[fold == 0].mean() < 0.3
    assert inside[fold != 0].mean() > 0.95


def test_the_error_of_a_coverage_comes_from_the_groups() -> None:
    """Many like sites of few groups tell as little as the groups."""
    rng = np.random.default_rng(9)
    groups = np.repeat(np.arange(24), 84)
    alike = np.repeat(rng.random(24) < 0.9, 84)
    judged = coverage(alike, groups)
    assert judged.error == pytest.approx(np.std(alike[::84], ddof=1) / np.sqrt(24))
    assert judged.effective is not None
    assert 20 <= judged.effective <= 24
    free = [coverage(rng.random(len(groups)) < 0.9, groups) for _ in range(200)]
    error = np.mean([one.error or np.nan for one in free])
    assert error == pytest.approx(np.sqrt(0.09 / len(groups)), rel=0.05)
    assert coverage(alike, np.zeros(len(groups))).error is None
    assert coverage(np.ones(len(groups), bool), groups).effective is None

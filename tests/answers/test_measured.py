"""The rung `measured`: right, wrong and unanswered are counted as such."""

import json
from pathlib import Path

import pytest

from nearedge.answers import MeasuredEvaluation, Value, evaluate_measured, judgements
from nearedge.answers._measured_scores import Told, confusion, mixtures, reliability, score
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.matching import (
    Library,
    Standard,
    build_library,
    read_standards,
    standards_library,
)


@pytest.fixture(scope="module")
def library(crystal_dataset: SiteSpectra) -> Library:
    return build_library(crystal_dataset)


@pytest.fixture(scope="module")
def standards(standards_folder: Path) -> list[Standard]:
    return read_standards(standards_folder)


def test_scores_are_shares_of_what_was_answered() -> None:
    told = [
        Told(4, 4, (4,), 3.2, (2.9, 3.5), 3.0),
        Told(4, 6, (4, 6), 3.0, (2.9, 3.5), 4.0),
        Told(6, 6, (6,)),
        Told(6, 6, (6,)),
        Told(6, reason="Unlike"),
    ]
    scored = score(told)
    assert (scored.n, scored.answered) == (5, 4)
    assert scored.accuracy == pytest.approx(0.75)
    assert scored.balanced_accuracy == pytest.approx(0.75)
    assert scored.per_class == {"4": "1 of 2", "6": "2 of 2"}
    assert scored.set_coverage == 1.0
    assert scored.mean_set_size == pytest.approx(1.25)
    assert scored.oxidation_state == pytest.approx(0.5)
    assert scored.oxidation_state_coverage == pytest.approx(0.5)


def test_nothing_answered_is_no_score() -> None:
    assert score([Told(6, reason="noise")]).accuracy is None


def test_what_was_told_is_counted_by_the_truth() -> None:
    told = [Told(4, 4), Told(4, 6), Told(6, 6), Told(10, 6), Told(6, reason="Unlike")]
    counted = confusion(told)
    assert counted["classes"] == ["4", "6", "10", "no answer"]
    assert counted["matrix"] == [[1, 1, 0, 0], [0, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_reliability_is_the_share_right_at_a_probability() -> None:
    sure = [Told(6, 6, probability=0.99), Told(6, 4, probability=0.97)]
    unsure = [Told(6, 6, probability=0.5), Told(4, 6, probability=0.4), Told(4, 4)]
    low, high = reliability(sure + unsure)
    assert (low.n, low.probability, low.right) == (2, pytest.approx(0.45), 0.5)
    assert (high.n, high.probability, high.right) == (2, pytest.approx(0.98), 0.5)
    assert reliability([Told(6, 6)]) == []


def test_mixtures_are_scored_by_their_mean_number() -> None:
    told = Value(6.0, 4.0, 6.0, 0.9, set=("4", "6"), probabilities={"4": 0.25, "6": 0.75})
    scored = mixtures([(5.0, told), (6.0, told), (4.0, None)])
    assert scored is not None
    assert (scored.n, scored.answered) == (3, 2)
    assert scored.mae == pytest.approx(0.5)
    assert scored.constant_mae == pytest.approx(0.5)
    assert mixtures([]) is None


def test_standards_are_scored_beside_baselines(measured_evaluation: MeasuredEvaluation) -> None:
    result = measured_evaluation
    assert result.score.n == 7  # one is of grade B
    assert result.score.accuracy is not None
    assert result.score.accuracy > 0.8
    assert result.moved.n == 2 * 7
    assert result.moved.accuracy == pytest.approx(result.score.accuracy)
    assert set(result.baselines) == {
        "always the commonest", "1-nn", "random-forest", "nearest standard",
    }  # fmt: skip
    # Without the oxides only sulfides and the other element's oxides are left.
    assert result.without_own is not None
    assert result.without_own.n == 7
    assert result.by_element_without_own.keys() == result.by_element.keys()
    assert set(result.by_element) == {"Fe", "Mn"}
    plain = result.to_json()
    json.dumps(plain, allow_nan=False)
    assert plain["accuracy"] == result.score.accuracy
    assert sum(map(sum, result.confusion["matrix"])) == 7
    assert sum(step.n for step in result.reliability) == result.score.answered
    assert result.mixtures is not None
    assert result.mixtures.n == 1
    assert [one.absorber for one in judgements(result)] == [None, "Fe", "Mn"]


def test_a_library_is_not_scored_on_standards_it_holds(
    library: Library, standards: list[Standard], measured_evaluation: MeasuredEvaluation
) -> None:
    taught = library.joined(standards_library(standards, "standards"))
    result = evaluate_measured(lambda _: (taught, "taught"), standards)
    # Each compound is left out, and here that leaves the other class alone.
    assert result.score.per_class == measured_evaluation.score.per_class


def test_other_edges_are_not_answered(library: Library, standards: list[Standard]) -> None:
    iron = library.of("Fe")
    result = evaluate_measured(lambda _: (iron, "iron"), standards)
    assert result.score.answered == 4
    assert result.reasons == {"OtherEdge": 3}


def test_no_standard_is_no_score(library: Library, standards: list[Standard]) -> None:
    with pytest.raises(InputError, match="no measured spectrum of grade A"):
        evaluate_measured(lambda _: (library, "library"), [s for s in standards if s.grade == "B"])

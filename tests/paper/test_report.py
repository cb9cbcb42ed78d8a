"""The whole protocol in little, and the report made of it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nearedge.answers import MeasuredEvaluation
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.ladder.robustness import judge_disturbed
from nearedge.learning.recipes import Examples
from nearedge.paper.findings import headline, percent, several, small, summary, verdict
from nearedge.paper.protocol import Protocol, Reproduction, reproduce
from nearedge.paper.report import FORMATS, Making, versions, write_report
from nearedge.paper.tables import ladder_tables
from nearedge.records import as_json
from tests.conftest import SMALL_PAPER

NAMES = [
    *(f"figure-{name}" for name in ("1", "2", "3a", "3b", "4ab", "4c")),
    "ladder",
    "ladder-regression",
    "measured",
    "robustness",
    "robustness-regression",
]


@pytest.fixture(scope="module")
def results(telling_dataset: SiteSpectra) -> Reproduction:
    better = replace(SMALL_PAPER, name="best", averages=Examples(400, (1, 4)))
    protocol = Protocol(
        recipe=SMALL_PAPER,
        better=better,
        seeds=2,
        widths=(8,),
        sizes=(200, 400),
        sweep_epochs=20,
        quick=True,
    )
    return reproduce(telling_dataset, protocol, seed=11)


@pytest.fixture(scope="module")
def report(
    results: Reproduction,
    telling_dataset: SiteSpectra,
    measured_evaluation: MeasuredEvaluation,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("out") / "paper"
    making = Making("nearedge paper --seed 11 <&>", 1.5, versions())
    index = write_report(folder, results, telling_dataset, making, measured=measured_evaluation)
    assert index == folder / "index.html"
    return folder


def numbers_in(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        for one in value.values():
            yield from numbers_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from numbers_in(one)
    elif isinstance(value, float):
        yield value


def test_the_protocol_measures_all_that_the_paper_shows(results: Reproduction):
    assert [run.seed for run in results.classifier] == [11, 12]
    assert sorted({run.rate for run in results.regressor}) == [0.001, 0.01]
    assert len(results.regressor) == 4
    assert results.widths.values.tolist() == [8]
    assert results.sizes.values.tolist() == [200, 400]
    assert results.sizes.accuracy["test"].shape == (2, 2)  # seeds, sizes
    assert len(results.readings) >= 4
    assert len({reading.convention for reading in results.readings}) == 4
    for curve in results.curves:
        assert curve.epoch.tolist() == list(range(1, 21))
        assert curve.train[-1] < curve.train[0]
    first = next(run for run in results.regressor if run.rate == results.agreement.rate)
    error = (results.agreement.predicted - results.agreement.truth) ** 2
    assert error.mean() == pytest.approx(first.test)
    assert results.ladder.rungs["paper"].accuracies == tuple(run.test for run in results.classifier)
    assert results.better is not None
    assert "paper" not in results.better.rungs
    for name, step in results.better.rungs.items():
        assert step.baselines == results.ladder.rungs[name].baselines


def test_the_page_is_well_formed_and_holds_every_headline_number(
    report: Path, results: Reproduction
):
    text = (report / "index.html").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text.replace("<!DOCTYPE html>\n", ""))
    words = " ".join("".join(root.itertext()).replace("\u00a0", " ").split())
    assert len(list(root.iter("img"))) == len(NAMES)
    assert "://" not in text  # nothing is fetched; base64 has no colon
    ladder = results.ladder
    for step in ladder.rungs.values():
        assert percent(step.accuracy, several(ladder, step.spread)) in words
        for name, value in step.baselines.items():
            spread = None if name == "majority" else step.baseline_spreads[name]
            assert percent(value, spread) in words
    for level in ladder.regression.values():
        error = level.mixtures
        assert small(error.mse, several(ladder, error.mse_spread)) in words
    for sentence in (*headline(results), *summary(ladder, results.better)):
        assert sentence in words
    assert "98.7 %" in words
    assert "quick run" in words
    # The paper's own numbers come before what they hide, and every link has its goal.
    assert words.index("98.7 %") < words.index("On raw spectra of")
    anchors = {tag.get("id") for tag in root.iter("h2")}
    links = [tag.attrib["href"] for tag in root.iter("a")]
    assert len(links) == len(anchors) >= 6
    assert {link.removeprefix("#") for link in links} == anchors
    assert "nearedge paper --seed 11 <&>" in words
    assert results.dataset["fingerprint"] in words
    assert f"jax {versions()['jax']}" in words


def test_every_figure_is_there_in_every_format(report: Path):
    files = sorted(path.name for path in (report / "figures").iterdir())
    assert files == sorted(f"{name}.{kind}" for name in NAMES for kind in FORMATS)
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    for path in (report / "figures").iterdir():
        content = path.read_bytes()
        assert content.startswith(starts[path.suffix[1:]])
        assert len(content) > 3000


def test_measured_spectra_have_a_part_of_their_own(
    report: Path, measured_evaluation: MeasuredEvaluation
) -> None:
    page = (report / "index.html").read_text(encoding="utf-8")
    assert "Other elements, measured" in page
    assert f"{100 * (measured_evaluation.score.accuracy or 0):.1f}" in page
    told = json.loads((report / "report.json").read_text(encoding="utf-8"))["measured"]
    assert (told["rung"], told["n"]) == ("measured", measured_evaluation.score.n)


def test_undisturbed_scores_are_those_of_the_ladder(report: Path, results: Reproduction):
    """The same networks on the same sites, so the same accuracy."""
    assert results.robustness is not None
    assert results.better is not None
    assert results.robustness.rung == "trajectory"
    accuracy, error = results.robustness.classifier, results.robustness.regressor
    assert accuracy.names == ["paper", "best", "svm", "1-nn", "majority"]
    assert error.names == ["paper", "best", "ridge", "constant"]
    for ladder in (results.ladder, results.better):
        step = ladder.rungs["trajectory"]
        assert accuracy.undisturbed[ladder.recipe] == pytest.approx(step.accuracy)
        assert accuracy.at("offset", 0.0, ladder.recipe) == pytest.approx(step.accuracy)
    for name in ("svm", "1-nn", "majority"):
        rival = results.ladder.rungs["trajectory"].baselines[name]
        assert accuracy.undisturbed[name] == pytest.approx(rival)
    stored = json.loads((report / "report.json").read_text(encoding="utf-8"))["robustness"]
    assert stored == as_json(results.robustness)
    assert min(stored["classifier"]["curves"]["offset"]["levels"]) == -2.0


def test_without_a_rung_there_is_nothing_to_disturb(telling_dataset: SiteSpectra):
    assert judge_disturbed({"paper": {}}, telling_dataset, 0) is None


def test_the_json_holds_the_same_numbers(report: Path, results: Reproduction):
    stored = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert stored["seed"] == 11
    assert stored["classifier"][0]["test"] == results.classifier[0].test
    rung = results.ladder.rungs["trajectory"]
    assert stored["ladder"]["rungs"]["trajectory"]["accuracy"] == rung.accuracy
    assert stored["better"]["rungs"]["atom"]["n"] == results.ladder.rungs["atom"].n
    assert stored["made"]["command"].startswith("nearedge paper")
    assert stored["findings"][0] == headline(results)[0]
    assert len(list(numbers_in(stored))) > 300


def test_a_ladder_is_told_in_tables_that_the_terminal_prints_too(results: Reproduction):
    tables = ladder_tables(results.ladder)
    assert [table.caption.split()[0] for table in tables][:2] == ["Accuracy;", "Prediction"]
    for table in tables:
        assert {len(row) for row in table.rows} == {len(table.heads)}


def test_an_existing_report_is_only_replaced_when_told_to(
    report: Path, results: Reproduction, telling_dataset: SiteSpectra
):
    before = (report / "index.html").read_text(encoding="utf-8")
    making = Making("again", 1.0, {})
    with pytest.raises(InputError, match="--force"):
        write_report(report, results, telling_dataset, making)
    assert (report / "index.html").read_text(encoding="utf-8") == before


def test_words_follow_the_numbers(results: Reproduction):
    step = results.ladder.rungs["trajectory"]
    rival = max(step.baselines.values())
    spreads = dict.fromkeys(step.baseline_spreads, 0.0)
    step = replace(step, spread=0.05, baseline_spreads=spreads)
    assert verdict(replace(step, accuracy=rival + 0.06)).startswith("better")
    assert verdict(replace(step, accuracy=rival - 0.02)).startswith("within the spread")
    assert "single seed" in verdict(replace(step, accuracies=(0.5,)))
    beaten = replace(step, accuracy=0.1, spread=0.0)
    rungs = {**results.ladder.rungs, "trajectory": beaten}
    text = summary(replace(results.ladder, rungs=rungs))[0]
    assert "right for 10.0" in text
    assert "worse than the best plain method" in text
    level = results.ladder.regression["trajectory"]
    bad = replace(level.mixtures, mse=9.0)
    levels = {**results.ladder.regression, "trajectory": replace(level, mixtures=bad)}
    assert (
        "Answering the mean would be better"
        in summary(replace(results.ladder, regression=levels))[-1]
    )
    few = replace(results.ladder, rungs={}, regression={})
    assert "does not allow any rung" in summary(few)[0]

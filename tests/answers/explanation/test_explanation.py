"""Explanations of models: whose spectra are used, what is said, what is drawn."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from nearedge.answers.explanation import (
    Site,
    Training,
    explain_classes,
    explain_spectrum,
    findings,
    match_training,
    report,
)
from nearedge.answers.explanation._figures import draw_class_explanation, draw_spectrum_explanation
from nearedge.datasets import SiteSpectra
from nearedge.drawing.style import figure_style
from nearedge.errors import InputError
from nearedge.learning.recipes import PAPER
from nearedge.models import Model, train
from nearedge.targets import EnvironmentRule

PLAIN = replace(
    PAPER,
    classifier={"hidden": (12,), "epochs": 100, "l2": 0.0, "n_networks": 2},
    regressor={"hidden": (8,), "epochs": 100, "n_networks": 2},
    averaged=False,
)
teach = partial(train, recipe=PLAIN, hold_out=["run2"], seed=1)


@pytest.fixture(scope="module")
def classifier(telling_dataset: SiteSpectra) -> Model:
    return teach(telling_dataset, "classifier")


@pytest.fixture(scope="module")
def regressor(telling_dataset: SiteSpectra) -> Model:
    return teach(telling_dataset, "regressor")


@pytest.fixture(scope="module")
def training(classifier: Model, telling_dataset: SiteSpectra) -> Training:
    return match_training(classifier, telling_dataset)


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Texts of a figure that lie on each other or leave the page."""
    figure.draw_without_rendering()
    texts: list[Any] = [*figure.texts]
    for axes in figure.axes:
        texts += [axes.title, axes.xaxis.label, axes.yaxis.label, axes.yaxis.get_offset_text()]
        texts += [getattr(axes, "_left_title"), getattr(axes, "_right_title")]  # noqa: B009
        # Names on the balls of a drawing may lie on each other.
        texts += [one for one in axes.texts if len(one.get_text()) > 2]
    texts = [one for one in texts if one.get_text() and one.get_visible()]
    boxes = [one.get_window_extent().shrunk(0.98, 0.9) for one in texts]
    found = [
        (one.get_text(), other.get_text())
        for i, (one, box) in enumerate(zip(texts, boxes, strict=True))
        for other, another in zip(texts[i + 1 :], boxes[i + 1 :], strict=True)
        if box.overlaps(another)
    ]
    page = figure.bbox.padded(1)
    return found + [
        (one.get_text(), "the edge")
        for one, box in zip(texts, boxes, strict=True)
        if not (page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1))
    ]


def test_training_sites_are_found_without_the_held_out(
    classifier: Model, training: Training, telling_dataset: SiteSpectra
) -> None:
    assert set(training.data.trajectory) == {"run0", "run1"}
    assert training.inputs.shape == (112, 70)
    kept = telling_dataset.select(telling_dataset.trajectory == "run0")
    with pytest.raises(InputError, match="is not what the model was trained on"):
        match_training(classifier, kept)
    # Of another engine no site was seen, whatever its name.
    table = kept.table.copy()
    table.attrs["engine"] = "another"
    for data, unseen in ((kept, False), (SiteSpectra(table, kept.structures), True)):
        assert explain_classes(classifier, data, training).unseen is unseen


def test_the_nearest_site_comes_with_its_neighbours(
    classifier: Model, training: Training, telling_dataset: SiteSpectra
) -> None:
    data = telling_dataset
    row = int(np.flatnonzero((data.trajectory == "run2") & (data.environment == "3"))[0])
    result = explain_spectrum(
        classifier,
        data.energy,
        data.mu[row],
        training,
        nearest=4,
        site=Site(data, row),
    )
    assert result.usual > 0
    assert {str(site.data.trajectory[site.row]) for site in result.nearest} <= {"run0", "run1"}
    for site in result.nearest:
        near = [far for symbol, far in site.neighbours if symbol == "Fe"]
        assert len(near) == site.data.coordination[site.row]
        assert max(near) < site.cutoff
    assert result.nearest[0].environment == "3"


def test_a_spectrum_that_is_predicted_right(
    classifier: Model, training: Training, telling_dataset: SiteSpectra
) -> None:
    data = telling_dataset
    row = int(np.flatnonzero((data.trajectory == "run2") & (data.environment == "dimer"))[0])
    result = explain_spectrum(
        classifier,
        data.energy,
        data.mu[row],
        training,
        name="run2/x",
        site=Site(data, row),
    )
    words = findings(result)
    assert words[0].startswith("predicted: dimer")
    assert "its label is dimer" in words[0]
    assert any("5 of dimer" in text or "4 of dimer" in text for text in words)
    with figure_style():
        figure = draw_spectrum_explanation(result)
        assert overlaps(figure) == []
        assert figure.axes[1].get_ylabel() == "log-odds of dimer\nper 1 eV"
    assert report(result)["findings"] == words


def test_a_foreign_spectrum_is_said_to_be(
    regressor: Model, training: Training, telling_dataset: SiteSpectra
) -> None:
    data = telling_dataset
    foreign = 50 * data.mu[0]
    result = explain_spectrum(regressor, data.energy, foreign, training, nearest=0)
    assert any("does not apply" in text for text in findings(result))
    assert result.nearest == ()
    with figure_style():
        assert overlaps(draw_spectrum_explanation(result)) == []


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_classes_of_a_model(
    kind: str,
    classifier: Model,
    regressor: Model,
    training: Training,
    telling_dataset: SiteSpectra,
) -> None:
    model = classifier if kind == "classifier" else regressor
    result = explain_classes(model, telling_dataset, training, against="0")
    assert result.unseen
    named = {*result.classes, *result.never_right}
    assert ("0" in named) == (kind == "regressor")
    # With the mean of class 0 as the baseline what counts is the pre-edge at 1 eV.
    many = result.classes["2"].attribution
    size = np.abs(many.gradients.mean(axis=0))
    assert size[many.energy <= 3.5].sum() > size[many.energy >= 5.0].sum()
    assert many.score > many.baseline_score
    with figure_style():
        figure = draw_class_explanation(result)
        assert overlaps(figure) == []
        assert len(figure.axes) >= 2 * len(result.classes)
        # No two lines of the legend look the same.
        lines = [one for one in figure.legends[0].get_lines() if one.get_linewidth()]
        assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == len(lines) == 4


def test_other_labels_are_refused(
    classifier: Model, regressor: Model, training: Training, telling_dataset: SiteSpectra
) -> None:
    other = telling_dataset.relabel(EnvironmentRule("O", "Fe", 3.0, 1.7))
    with pytest.raises(InputError, match="relabel"):
        explain_classes(classifier, other, training)
    with pytest.raises(InputError, match="'9' is not among the training sites"):
        explain_spectrum(
            regressor,
            telling_dataset.energy,
            telling_dataset.mu[0],
            training,
            against="9",
        )
    with pytest.raises(InputError, match="predicts numbers; leave out"):
        explain_spectrum(
            regressor,
            telling_dataset.energy,
            telling_dataset.mu[0],
            training,
            target="2",
        )

"""The figures show what they are given."""

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.drawing.style import class_colours, figure_style
from nearedge.paper.figures import (
    draw_agreement,
    draw_classes,
    draw_epochs,
    draw_networks,
    draw_sizes,
    draw_widths,
    typical_sites,
)


def test_the_typical_site_is_the_medoid_of_its_class(telling_dataset: SiteSpectra):
    typical = typical_sites(telling_dataset)
    assert list(typical) == telling_dataset.classes
    mu = telling_dataset.inputs()
    scaled = (mu - mu.mean(axis=0)) / mu.std(axis=0)
    for name, site in typical.items():
        assert telling_dataset.environment[site] == name
        mine = scaled[telling_dataset.environment == name]
        sums = [np.linalg.norm(mine - one, axis=1).sum() for one in mine]
        own = np.linalg.norm(mine - scaled[site], axis=1).sum()
        assert own == pytest.approx(min(sums))


def test_figure_1_has_every_class_with_its_70_points(telling_dataset: SiteSpectra):
    with figure_style():
        figure = draw_classes(telling_dataset)
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == len(telling_dataset.classes)
    for axes in shown:
        assert max(len(np.asarray(line.get_xdata())) for line in axes.lines) >= 70
    titles = {axes.get_title() for axes in figure.axes}
    assert {"0 Fe", "1 Fe", "dimer"} <= titles


def test_figure_2_names_layers_and_classes():
    figure = draw_networks(70, ("0", "1", "dimer"), (8, 6))
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    for wanted in ("70 intensities", "8, ReLU", "6, ReLU", "3, softmax", "1, linear", "P(dimer)"):
        assert wanted in texts


def test_sweeps_and_curves_are_drawn_as_given():
    values = np.array([4, 8, 16])
    scores = {part: np.array([0.5, 0.9, 1.0]) for part in ("train", "validation", "test")}
    for figure in (draw_widths(values, scores), draw_sizes(values, scores)):
        (axes,) = figure.axes
        assert len(axes.lines) == 3
        for line in axes.lines:
            assert np.array_equal(np.asarray(line.get_ydata()), scores["test"])
        assert axes.get_xlabel()
        assert "accuracy" in axes.get_ylabel()
    epoch = np.arange(1, 6)
    (axes,) = draw_epochs(0.01, epoch, 1 / epoch, 2 / epoch).axes
    assert axes.get_yscale() == "log"
    assert "neighbours²" in axes.get_ylabel()
    assert "0.01" in axes.get_title(loc="left")


def test_agreement_tells_its_error():
    truth = np.array([1.0, 2.0, 3.0])
    (axes,) = draw_agreement(truth, truth + 0.1, "Fe").axes
    assert "MSE 0.0100" in axes.texts[0].get_text()
    assert "Fe" in axes.get_xlabel()


def test_classes_have_colours_of_their_own():
    colours = class_colours(["0", "1", "2", "3", "4", "dimer"])
    assert len(set(colours.values())) == 6

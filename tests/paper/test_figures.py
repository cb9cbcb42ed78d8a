"""The figures show what they are given."""

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.drawing.style import figure_style
from nearedge.paper.figures import (
    draw_agreement,
    draw_classes,
    draw_epochs,
    draw_networks,
    draw_sweep,
    typical_sites,
)
from nearedge.paper.protocol import Agreement, Curve, Sweep


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


def test_sweeps_are_drawn_as_means():
    values = np.array([4, 8, 16])
    scores = np.array([[0.5, 0.9, 1.0], [0.7, 0.9, 0.8]])
    accuracy: dict[str, np.ndarray] = dict.fromkeys(("train", "validation", "test"), scores)
    (axes,) = draw_sweep(Sweep(values, accuracy), "nodes").axes
    assert len(axes.lines) == len(axes.collections) == 3
    for line in axes.lines:
        assert np.allclose(np.asarray(line.get_ydata()), [0.6, 0.9, 0.9])
    assert axes.get_xlabel() == "nodes"
    assert "accuracy" in axes.get_ylabel()


def test_errors_of_all_rates_are_on_one_scale():
    epoch = np.arange(1, 6)
    curves = [Curve(rate, epoch, 1 / epoch, 1 / (rate * epoch)) for rate in (0.01, 0.001)]
    left, right = draw_epochs(curves, "neighbours²").axes
    assert left.get_yscale() == "log"
    assert left.get_ylim() == right.get_ylim()
    assert "neighbours²" in left.get_ylabel()
    assert "0.001" in right.get_title(loc="left")


def test_agreement_tells_its_error():
    truth = np.array([1.0, 2.0, 3.0])
    (axes,) = draw_agreement(Agreement(0.01, 0, truth, truth + 0.1), "number of Fe").axes
    assert "MSE 0.0100" in axes.texts[0].get_text()
    assert axes.get_xlabel() == "true number of Fe"

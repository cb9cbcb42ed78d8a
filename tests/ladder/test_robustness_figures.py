"""The robustness figure shows every number once."""

import numpy as np
import pytest

from nearedge.ladder.robustness import (
    TOP,
    Curve,
    Mean,
    Quantity,
    Robustness,
    Score,
    draw_robustness,
)


def result(score: Score, worst: float) -> Robustness:
    levels: dict[Quantity, tuple[float, ...]] = {
        "offset": (-1.0, 0.0, 1.0),
        "signal_to_noise": (1000.0, 10.0),
    }
    names = ["paper", "mine", "majority"]
    curves: dict[Quantity, Curve] = {
        quantity: Curve(
            tried,
            0,
            {
                name: Mean(
                    np.linspace(0.1, worst, len(tried)) + 0.01 * rank, np.full(len(tried), 0.05)
                )
                for rank, name in enumerate(names)
            },
        )
        for quantity, tried in levels.items()
    }
    return Robustness(score, 10, 2, dict.fromkeys(names, 0.1), curves)


@pytest.mark.parametrize("score", ["accuracy", "mean absolute error"])
def test_lines_are_the_means(score: Score) -> None:
    made = result(score, 0.9)
    figure = draw_robustness(made, title="Site spectra")
    panels = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_xlabel() for axes in panels] == [
        "energy offset (eV)",
        "signal to noise (peak / s.d.)",
    ]
    for axes, quantity in zip(panels, made.curves, strict=True):
        for name, line in zip(reversed(made.names), axes.get_lines(), strict=True):
            np.testing.assert_allclose(
                np.asarray(line.get_ydata()), made.curves[quantity].scores[name].mean
            )
    first, last = panels[1].get_xlim()
    assert first > last  # it gets worse to the right
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "paper",
        "mine",
        "majority",
    ]


def test_hopeless_errors_are_cut_off() -> None:
    figure = draw_robustness(result("mean absolute error", 1e4))
    assert figure.axes[0].get_ylim()[1] == TOP

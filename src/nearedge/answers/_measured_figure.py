"""The rung ``measured`` in two figures: predicted against true numbers, and reliability."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nearedge.answers.measured import MeasuredEvaluation
from nearedge.drawing.style import BLUE, GREY


def draw_measured(result: MeasuredEvaluation) -> Figure:
    """Draw the confusion matrix, and how often numbers of a given probability are right."""
    figure = Figure(figsize=(8.4, 3.9), layout="constrained")
    matrix, curve = figure.subplots(1, 2)
    _confusion(matrix, result)
    _reliability(curve, result)
    score = result.score
    figure.suptitle(
        f"{score.answered} of {score.n} measured spectra of known structure answered", fontsize=9.5
    )
    return figure


def _confusion(axes: Axes, result: MeasuredEvaluation) -> None:
    names, counts = result.confusion["classes"], np.array(result.confusion["matrix"])
    # A row without a spectrum says nothing: no answer is never the truth.
    rows = np.flatnonzero(counts.sum(axis=1))
    counts = counts[rows]
    axes.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="Blues", vmin=0, vmax=1.4)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, f"{count}", ha="center", va="center")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(rows)), [names[row] for row in rows])
    axes.set(xlabel="neighbours predicted", ylabel="neighbours in the crystal")
    axes.set_title("spectra, shaded by their share of the row")


def _reliability(axes: Axes, result: MeasuredEvaluation) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8, ls="--")
    told = [(step.probability, step.right, step.n) for step in result.reliability]
    if told:
        probability, right, n = np.array(told).T
        error = np.sqrt(np.clip(right * (1 - right), 1e-9, None) / n)
        axes.errorbar(probability, right, error, color=BLUE, marker="o", capsize=2)
        for x, y, count in told:
            axes.annotate(f"{count:.0f}", (x, y), (-4, -12), textcoords="offset points", ha="right")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.05), xlabel="probability of the predicted number")
    axes.set(ylabel="fraction that is right")
    axes.set_title("reliability, with the number of spectra at each point")

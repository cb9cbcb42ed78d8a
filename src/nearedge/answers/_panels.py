"""Panels of a measured spectrum: from the file to the answer."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from nearedge.answers._evidence import Evidence
from nearedge.drawing.style import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, class_colours


def draw_raw(axes: Axes, evidence: Evidence) -> None:
    """Draw a measured spectrum as it was read: window, baseline and glitches."""
    prepared, posterior = evidence.prepared, evidence.posterior
    read, window = prepared.read, evidence.fit.energy
    axes.axvspan(
        posterior.zero + window[0], posterior.zero + window[-1], color=SKY, alpha=0.18, lw=0
    )
    axes.plot(read.energy, read.mu, color=BLACK, lw=1, label="as read")
    if prepared.baseline.any():
        axes.plot(read.energy, prepared.baseline, color=ORANGE, lw=1, ls="--", label="baseline")
    if prepared.replaced.any():
        bad = prepared.replaced
        axes.plot(read.energy[bad], read.mu[bad], "x", color=VERMILION, label="glitch")
    axes.axvline(posterior.zero, color=BLUE, lw=0.8)
    axes.set(xlabel="energy (eV)", ylabel="intensity as read", title="a  as read; shaded: window")
    axes.margins(y=0.12)
    axes.legend(loc="lower right")


def draw_normalised(axes: Axes, evidence: Evidence) -> None:
    """Draw a measured spectrum with the best-fitting mixture and the training sites."""
    fit = evidence.fit
    axes.fill_between(
        fit.energy, fit.low, fit.high, color=GREY, alpha=0.25, lw=0, label="nine in ten sites"
    )
    axes.plot(fit.energy, fit.mixture, color=VERMILION, ls="--", label="mixture of this answer")
    axes.plot(fit.energy, fit.window, color=BLACK, lw=1.2, label="measured")
    axes.set(xlabel="energy from the model's zero (eV)", ylabel=evidence.unit)
    axes.legend(loc="best")


def draw_zero(axes: Axes, evidence: Evidence) -> None:
    """Draw the probability of each position of the zero."""
    posterior = evidence.posterior
    likely = posterior.zero_weights > 1e-4 * posterior.zero_weights.max()
    low, high = posterior.scanned[likely][[0, -1]]
    room = max(0.5, 0.1 * (high - low))
    step = float(np.diff(posterior.scanned).min()) if len(posterior.scanned) > 1 else 0.1
    axes.bar(posterior.scanned, posterior.zero_weights, width=0.9 * step, color=BLUE)
    axes.set_xlim(low - room, high + room)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set(
        xlabel="position of the model's zero, E0 (eV)",
        ylabel="probability",
        title=f"c  the zero; extra broadening {posterior.width:.1f} eV",
    )


def draw_fractions(axes: Axes, evidence: Evidence) -> None:
    """Draw the fractions of the environments."""
    posterior = evidence.posterior
    mean, ends = posterior.expected[1:], posterior.interval()[1:]
    names = posterior.names[1:]
    colours = class_colours(names)
    places = np.arange(len(names))
    axes.bar(places, mean, color=[colours[name] for name in names])
    # An interval need not hold the mean of a skew distribution.
    errors = np.maximum([mean - ends[:, 0], ends[:, 1] - mean], 0)
    axes.errorbar(places, mean, errors, fmt="none", ecolor=BLACK, elinewidth=1, capsize=3)
    axes.set_xticks(places, names)
    axes.set(ylabel="fraction", title="d  environments, with 90 % intervals", ylim=(0, None))

"""Colours and type of the figures: Okabe and Ito's palette, told apart by colour-blind eyes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

# M. Okabe and K. Ito, Color Universal Design (2008).
BLACK, GREY = "#000000", "#7f7f7f"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILION, PURPLE, YELLOW = "#E69F00", "#D55E00", "#CC79A7", "#F0E442"

_CLASSES = (BLUE, SKY, GREEN, ORANGE, VERMILION, BLACK, YELLOW, GREY)

_RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.4,
    "figure.dpi": 110,
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    "svg.hashsalt": "nearedge",
    "pdf.fonttype": 42,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw in the report's style inside the block, whatever the user's own matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """Give every class a colour: coordination numbers by their order, dimers purple.

    Examples
    --------
    >>> class_colours(["0", "1", "dimer"])["dimer"]
    '#CC79A7'
    """
    numbers = [name for name in classes if name != "dimer"]
    colours = {name: _CLASSES[index % len(_CLASSES)] for index, name in enumerate(numbers)}
    return {name: colours.get(name, PURPLE) for name in classes}


def class_title(name: str, neighbour: str) -> str:
    """Name a class in words: ``"2"`` as ``2 Fe``, ``"dimer"`` as it is.

    Examples
    --------
    >>> class_title("2", "Fe"), class_title("dimer", "Fe")
    ('2 Fe', 'dimer')
    """
    return f"{name} {neighbour}" if name.isdigit() else name

"""Colours and type of the figures: Okabe and Ito's palette, told apart by colour-blind eyes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

# M. Okabe and K. Ito, Color Universal Design (2008).
BLACK, GREY = "#000000", "#7f7f7f"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILION, PURPLE, YELLOW = "#E69F00", "#D55E00", "#CC79A7", "#F0E442"

_COUNTS = (BLUE, SKY, GREEN, ORANGE, VERMILION, BLACK, YELLOW, GREY)
_OTHERS = (PURPLE, BLACK, GREY, YELLOW)

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


def save_figure(figure: Figure, path: Path, formats: Sequence[str] = ("png", "pdf")) -> None:
    """Write a figure as `path` with each of the endings; the same figure gives the same files."""
    # Laid out once, not anew for every file.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    for ending in formats:
        figure.savefig(path.with_name(f"{path.name}.{ending}"), metadata=undated.get(ending))


def class_colours(classes: Sequence[str]) -> dict[str, str]:
    """Give every class a colour of its own, however many there are: counts by their order.

    Examples
    --------
    >>> class_colours(["0", "1", "peroxide"])
    {'0': '#0072B2', '1': '#56B4E9', 'peroxide': '#CC79A7'}
    """
    counts = [name for name in classes if name.isdigit()]
    others = [name for name in classes if not name.isdigit()]
    if len(counts) > len(_COUNTS) or len(others) > len(_OTHERS):
        colours = mpl.colormaps["turbo"].resampled(len(classes))
        return {name: to_hex(colours(place)) for place, name in enumerate(classes)}
    colour = {
        **dict(zip(counts, _COUNTS, strict=False)),
        **dict(zip(others, _OTHERS, strict=False)),
    }
    return {name: colour[name] for name in classes}


def plain(text: str) -> str:
    r"""Keep Matplotlib from reading formulas in a text that is not ours.

    Examples
    --------
    >>> plain("I$_0$")
    'I\\$_0\\$'
    """
    return text.replace("$", r"\$")


def short_zero(zero: str) -> str:
    """Name an energy zero in a few words, for an axis label."""
    return zero if len(zero) <= 60 else "the engine's zero"


def class_title(name: str, neighbour: str) -> str:
    """Name a class in words: a count with what is counted, any other as it is.

    Examples
    --------
    >>> class_title("2", "Ti"), class_title("peroxide", "Ti")
    ('2 Ti', 'peroxide')
    """
    return f"{name} {neighbour}" if name.isdigit() else name

"""One measured spectrum from the file to the answer, in four panels."""

import re
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from nearedge.answers._answer import Answer
from nearedge.answers._match_figure import draw_match
from nearedge.answers._panels import draw_fractions, draw_normalised, draw_raw, draw_zero
from nearedge.drawing.style import figure_style, plain
from nearedge.records import replacing


def plot_name(answer: Answer) -> str:
    """Give a file name for the figure of a spectrum.

    Examples
    --------
    >>> plot_name(Answer("data/o k.prj", "scan 1/2", None, None, "model", None))
    'o_k.prj-scan_1_2.png'
    """
    name = re.sub(r"[^\w.+-]+", "_", f"{answer.file_name}-{answer.label}")
    # File systems take 255 bytes; some are left for what makes names unique.
    return name.encode()[:200].decode(errors="ignore") + ".png"


def write_figure(path: str | Path, drawing: Callable[[], Figure], *, force: bool = False) -> None:
    """Write what `drawing` draws, in the report's style, into a file."""
    with figure_style(), replacing(path, force=force) as temporary:
        drawing().savefig(temporary)


def draw(answer: Answer) -> Figure:
    """Draw a measured spectrum: as read, as normalised, the place of the zero, the fractions.

    Where a library of references answered, over the nearest of these.
    """
    if answer.match is not None:
        return draw_match(answer.match, answer.sentence())
    evidence = answer.evidence
    if evidence is None:
        raise ValueError(f"{answer.name} was not read as a measured spectrum")
    figure = Figure(figsize=(8.4, 6.2), layout="constrained")
    raw, normalised, zero, fractions = figure.subplots(2, 2).ravel()
    draw_raw(raw, evidence)
    draw_normalised(normalised, evidence)
    normalised.set_title(f"b  normalised; novelty {evidence.fit.score:.2f} (limit 1)")
    draw_zero(zero, evidence)
    draw_fractions(fractions, evidence)
    figure.suptitle(plain(answer.sentence()), fontsize=9.5, wrap=True)
    return figure

"""What a notebook shows of an object: its name, facts and a small figure, as a piece of HTML."""

import base64
import io
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def image(png: bytes, alt: str) -> str:
    """Write a picture as an HTML tag that holds it; the text serves those who cannot see it.

    Examples
    --------
    >>> image(b"png", 'of "Fe"')
    '<img src="data:image/png;base64,cG5n" alt="of &quot;Fe&quot;"/>'
    """
    data = base64.b64encode(png).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}"/>'


def card(
    title: str, facts: Mapping[str, str], draw: "Callable[[Axes], object] | None" = None
) -> str:
    """Write a title over a figure, which is drawn into axes, and a list of facts.

    All texts are plain, none is markup.

    Examples
    --------
    >>> card("spectrum", {"file": "a<b.dat"})
    '<div><strong>spectrum</strong><dl><dt>file</dt><dd>a&lt;b.dat</dd></dl></div>'
    """
    shown = "" if draw is None else image(_small(draw), title)
    listed = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items()
    )
    return f"<div><strong>{escape(title)}</strong>{shown}<dl>{listed}</dl></div>"


def _small(draw: "Callable[[Axes], object]") -> bytes:
    # It takes long to import, and most who have an object never look at it.
    from matplotlib.figure import Figure

    from nearedge.drawing.style import figure_style

    written = io.BytesIO()
    with figure_style():
        figure = Figure(figsize=(4.6, 2.6), layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(written, format="png", dpi=100)
    return written.getvalue()

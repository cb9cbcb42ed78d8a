"""Writing a comparison: the numbers as JSON, the figure as files."""

import json
from pathlib import Path
from typing import Any

from nearedge.drawing.style import figure_style
from nearedge.ladder.comparison._comparing import Comparison
from nearedge.ladder.comparison._figure import draw_comparison
from nearedge.ladder.comparison._words import plain_words
from nearedge.records import replacing

FORMATS = ("png", "pdf")


def write_comparison(path: str | Path, result: Comparison, *, force: bool = False) -> Path:
    """Write a folder with ``report.json`` and ``comparison.png`` and ``.pdf``, whole or not at all.

    Parameters
    ----------
    path : str or Path
        The folder to make.
    result : Comparison
        What to write.
    force : bool
        Whether an existing folder may be replaced.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    with replacing(path, force=force) as folder, figure_style():
        folder.mkdir(parents=True)
        figure = draw_comparison(result)
        for kind in FORMATS:
            # No date inside: the same numbers give the same files.
            about: dict[str, Any] = {"pdf": {"CreationDate": None}}
            figure.savefig(folder / f"comparison.{kind}", metadata=about.get(kind))
        (folder / "report.json").write_text(
            json.dumps(report(result), indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )
    return Path(path)


def report(result: Comparison) -> dict[str, Any]:
    """Give every number and the findings in words, ready for JSON."""
    return {**result.to_dict(), "findings": plain_words(result)}

"""The written comparison holds what was measured."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.ladder.comparison import compare, write_comparison
from nearedge.ladder.comparison._figure import draw_comparison


def test_numbers_words_and_figure_are_written_whole(
    first: SiteSpectra, second: SiteSpectra, tmp_path: Path
) -> None:
    result = compare(first, second)
    folder = write_comparison(tmp_path / "out", result)
    assert {path.name for path in folder.iterdir()} == {
        "comparison.png",
        "comparison.pdf",
        "report.json",
    }
    saved = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert saved["alignment"]["shift"] == result.alignment.alignment.shift
    assert saved["findings"]
    again = write_comparison(tmp_path / "again", result)
    for name in ("comparison.pdf", "comparison.png"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    with pytest.raises(InputError, match="already exists"):
        write_comparison(tmp_path / "out", result)


def test_the_figure_has_every_class_and_atom(first: SiteSpectra, second: SiteSpectra) -> None:
    result = compare(first, second)
    figure = draw_comparison(result)
    a, b, c, d, e, f = figure.axes[:6]

    def points(axes: Axes, marker: str) -> list[int]:
        found = [line for line in axes.lines if line.get_marker() == marker]
        return [len(np.asarray(line.get_xdata())) for line in found]

    for axes in (a, b):
        curves = [count for count in points(axes, "None") if count > 2]
        assert curves == [result.window.points] * len(result.classes)
    assert sum(points(c, "o")) == sum(points(c, "^")) == len(first)
    assert sum(points(d, "o")) == int(result.peaked.sum())
    assert np.asarray(e.images[0].get_array()).shape == (len(first), len(first))
    assert len(f.texts) == len(result.classes) ** 2

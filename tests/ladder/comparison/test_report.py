"""The written comparison holds what was measured."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.ladder.comparison import Comparison, write_comparison
from nearedge.ladder.comparison._report import draw_comparison


def test_numbers_words_and_figure_are_written_whole(compared: Comparison, tmp_path: Path) -> None:
    folder = write_comparison(tmp_path / "out", compared)
    assert {path.name for path in folder.iterdir()} == {
        "comparison.png",
        "comparison.pdf",
        "report.json",
    }
    saved = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert saved["alignment"]["shift"] == compared.alignment.shift
    assert saved["findings"]
    with pytest.raises(InputError, match="already exists"):
        write_comparison(tmp_path / "out", compared)


def test_the_figure_has_every_class_and_atom(compared: Comparison, first: SiteSpectra) -> None:
    figure = draw_comparison(compared)
    a, b, c, d, e, f = figure.axes[:6]

    def points(axes: Axes, marker: str) -> list[int]:
        found = [line for line in axes.lines if line.get_marker() == marker]
        return [int(np.isfinite(np.asarray(line.get_xydata())).all(axis=1).sum()) for line in found]

    for axes in (a, b):
        curves = [count for count in points(axes, "None") if count > 2]
        assert curves == [compared.window.points] * len(compared.classes)
    assert sum(points(c, "o")) == sum(points(c, "^")) == len(first)
    assert sum(points(d, "o")) == compared.main_peak.n
    assert np.asarray(e.images[0].get_array()).shape == (len(first), len(first))
    assert len(f.texts) == len(compared.classes) ** 2

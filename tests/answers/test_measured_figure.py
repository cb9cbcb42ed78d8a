"""The figure of the rung measured shows every spectrum that was told."""

from pathlib import Path

import pytest

from nearedge.answers import (
    MeasuredEvaluation,
    draw_measured,
    evaluate_measured,
    write_measured,
)
from nearedge.datasets import SiteSpectra
from nearedge.matching import build_library, read_standards


@pytest.fixture(scope="module")
def result(crystal_dataset: SiteSpectra, standards_folder: Path) -> MeasuredEvaluation:
    library = build_library(crystal_dataset)
    return evaluate_measured(lambda _: (library, "library"), read_standards(standards_folder))


def test_all_spectra_are_in_the_matrix_and_beside_the_curve(result: MeasuredEvaluation) -> None:
    matrix, curve = draw_measured(result).axes
    assert sum(int(text.get_text()) for text in matrix.texts) == result.score.n
    assert sum(int(text.get_text()) for text in curve.texts) == result.score.answered


def test_it_is_written(result: MeasuredEvaluation, tmp_path: Path) -> None:
    write_measured(tmp_path / "measured.png", result)
    assert (tmp_path / "measured.png").read_bytes().startswith(b"\x89PNG")

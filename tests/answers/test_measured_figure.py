"""The figure of the rung measured shows every spectrum that was told."""

from functools import partial
from pathlib import Path

from nearedge.answers import MeasuredEvaluation, draw_measured, write_figure


def test_all_spectra_are_in_the_matrix_and_beside_the_curve(
    measured_evaluation: MeasuredEvaluation,
) -> None:
    matrix, curve = draw_measured(measured_evaluation).axes
    score = measured_evaluation.score
    assert sum(int(text.get_text()) for text in matrix.texts) == score.n
    assert sum(int(text.get_text()) for text in curve.texts) == score.answered


def test_it_is_written(measured_evaluation: MeasuredEvaluation, tmp_path: Path) -> None:
    write_figure(tmp_path / "measured.png", partial(draw_measured, measured_evaluation))
    assert (tmp_path / "measured.png").read_bytes().startswith(b"\x89PNG")

"""The figure of a measured spectrum shows what was read and what was inferred."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.answers import Answer, answer_files, draw, plot_name, write_figure
from nearedge.errors import InputError
from nearedge.models import Model


@pytest.fixture
def answer(measured_model: Model, files: Path) -> Answer:
    table = np.loadtxt(files / "scans.dat")
    table[20, 1] += 500.0
    np.savetxt(files / "glitch.dat", table[:, :2])
    ((_, (one,)),) = answer_files(lambda _: (measured_model, "model"), [str(files / "glitch.dat")])
    assert isinstance(one, Answer)
    return one


def labels(figure: Figure, panel: int) -> list[str]:
    return [str(text.get_text()) for text in figure.axes[panel].get_legend().get_texts()]  # pyright: ignore[reportOptionalMemberAccess]


def test_four_panels(measured_model: Model, answer: Answer) -> None:
    figure = draw(answer)
    assert answer.evidence is not None
    posterior = answer.evidence.posterior
    raw, normalised, zero, fractions = figure.axes
    assert labels(figure, 0) == ["as read", "baseline", "glitch"]
    assert_array_equal(raw.lines[0].get_ydata(), answer.evidence.prepared.read.mu)
    assert_array_equal(raw.lines[2].get_xdata(), answer.evidence.prepared.read.energy[[20]])
    assert labels(figure, 1) == ["nine in ten sites", "mixture of this answer", "measured"]
    assert_array_equal(normalised.lines[1].get_ydata(), answer.evidence.fit.window)
    heights = [bar.get_height() for bar in zero.patches]  # pyright: ignore[reportAttributeAccessIssue]
    assert sum(heights) == pytest.approx(1)
    bars = [bar.get_height() for bar in fractions.patches]  # pyright: ignore[reportAttributeAccessIssue]
    assert_allclose(bars, posterior.expected[1:])
    headline = str(figure.get_suptitle())
    assert f"coordination {posterior.expected[0]:.2f} (" in headline
    assert "does not apply" not in headline


def test_what_does_not_apply_is_said(measured_model: Model, files: Path) -> None:
    table = np.loadtxt(files / "scans.dat")
    foreign = table[:, 1] + 150 * np.exp(-(((table[:, 0] - 534) / 0.5) ** 2))
    np.savetxt(files / "foreign.dat", np.column_stack([table[:, 0], foreign]))
    ((_, (one,)),) = answer_files(lambda _: (measured_model, "model"), [str(files / "foreign.dat")])
    assert isinstance(one, Answer)
    assert "the model does not apply" in str(draw(one).get_suptitle())


def test_a_computed_spectrum_has_no_figure(measured_model: Model) -> None:
    with pytest.raises(ValueError, match="not read as a measured spectrum"):
        draw(Answer("o.dat", "mu", None, None, "model", None))


def test_a_file_is_written_whole_and_kept(
    measured_model: Model, answer: Answer, tmp_path: Path
) -> None:
    path, drawing = tmp_path / "one.png", partial(draw, answer)
    write_figure(path, drawing)
    assert path.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(InputError, match="--force"):
        write_figure(path, drawing)
    write_figure(path, drawing, force=True)


@pytest.mark.parametrize("name", ["x" * 300, "å" * 150, "a/../b", "scan\n1", "", ".."])
def test_any_name_makes_a_file_name(tmp_path: Path, name: str) -> None:
    made = plot_name(Answer("data/scan.prj", name, None, None, "model", None))
    assert made.startswith("scan.prj-")
    assert made.endswith(".png")
    assert "/" not in made
    # With room for what temporary names need.
    assert len(made.encode()) < 230
    (tmp_path / made).write_text("")

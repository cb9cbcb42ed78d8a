"""The verb `robustness`, on a small model of spectra that are plain to read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nearedge.datasets import SiteSpectra, save_dataset
from nearedge.models import Model, train

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(
    telling_dataset: SiteSpectra,
    measured_model: Model,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    path = tmp_path_factory.mktemp("robustness")
    save_dataset(telling_dataset, path / "data")
    train(telling_dataset, "classifier", hold_out=["run2"]).save(path / "classifier")
    measured_model.save(path / "regressor")
    return path


def test_scores_and_figures(run: Run, folder: Path, tmp_path: Path) -> None:
    for kind, whats in (("classifier", {"sites"}), ("regressor", {"sites", "mixtures"})):
        model, figure = str(folder / kind), tmp_path / f"{kind}.png"
        code, out, err = run(
            "robustness", model, str(folder / "data"), "--only", "run2", "--json",
            "-o", str(figure),
        )  # fmt: skip
        assert (code, err) == (0, "")
        result = json.loads(out)
        assert whats <= result.keys()
        assert result["models"][kind] == {
            "rung": "trajectory",
            "meaning": "no trajectory on both sides",
            "seen": 0,
        }
        plain = json.loads(
            run("evaluate", model, str(folder / "data"), "--only", "run2", "--json")[1]
        )
        score = plain["accuracy" if kind == "classifier" else "mae"]
        assert result["sites"]["undisturbed"][kind] == pytest.approx(score)
        assert figure.read_bytes().startswith(b"\x89PNG")
        assert (tmp_path / f"{kind}-mixtures.png").exists() == (kind == "regressor")


def test_what_people_read(run: Run, folder: Path) -> None:
    model = str(folder / "classifier")
    code, out, _ = run("robustness", model, str(folder / "data"), "--beside", model)
    assert code == 0
    assert "sites were trained on" in out
    assert "signal to noise 10" in out
    assert "constant" in out


def test_wrong_usage_is_said_in_a_line(run: Run, folder: Path, tmp_path: Path) -> None:
    model, data = str(folder / "classifier"), str(folder / "data")
    code, _, err = run("robustness", model, data, "-o", str(tmp_path / "figure.doc"))
    assert (code, "end in .png" in err) == (1, True)
    code, _, err = run("robustness", model, data, "--beside", str(folder / "regressor"))
    assert (code, "models of one kind" in err) == (1, True)
    code, _, err = run("robustness", model, data, "--only", "nowhere")
    assert (code, "nowhere" in err) == (1, True)

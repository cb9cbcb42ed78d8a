"""The verb `map`, on a small model and a small stack."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.models import Model

Run = Callable[..., tuple[int, str, str]]

ENERGY = np.arange(527.0, 543.01, 0.25)


@pytest.fixture(scope="module")
def folder(
    measuring_model: Model,
    telling_dataset: SiteSpectra,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A model, and a stack in each of two formats."""
    path = tmp_path_factory.mktemp("map")
    measuring_model.save(path / "model")
    rng = np.random.default_rng(0)
    mean = np.interp(ENERGY - 530, telling_dataset.energy, telling_dataset.mu.mean(axis=0))
    images = mean[:, None, None] + rng.normal(scale=0.01, size=(len(ENERGY), 6, 9))
    images[:, 0] = rng.normal(scale=0.01, size=images[:, 0].shape)
    np.save(path / "stack.npy", images)
    np.savetxt(path / "energies.txt", ENERGY)
    with h5py.File(path / "stack.h5", "w") as file:
        file["entry/data"] = images
        file["entry/energy"] = ENERGY
    return path


def test_maps_figures_and_numbers(run: Run, folder: Path, tmp_path: Path) -> None:
    code, out, err = run(
        "map", str(folder / "model"), str(folder / "stack.h5"), "--path", "/entry/data",
        "-o", str(tmp_path / "maps"), "--json",
    )  # fmt: skip
    assert code == 0, err
    result = json.loads(out)
    assert result["pixels"] == {
        "mapped": 45,
        "not_finite": 0,
        "no_signal": 9,
        "dim": 0,
        "unlike": 0,
        "unstated": 0,
    }
    assert result["files"] == sorted(path.name for path in (tmp_path / "maps").iterdir())
    names = {"coordination", "coordination_error", "novelty", "noise", "overview"}
    assert {f"{name}.png" for name in names} < set(result["files"])
    for name in result["files"]:
        beginning = (tmp_path / "maps" / name).read_bytes()[:4]
        assert beginning == (b"\x89HDF" if name == "maps.h5" else b"\x89PNG")
    with h5py.File(tmp_path / "maps" / "maps.h5") as file:
        found = np.asarray(file["coordination"])
    assert np.nanmedian(found) == pytest.approx(result["quantiles"]["coordination"][1])
    assert np.isnan(found[0]).all()


def test_what_people_read(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("draw_maps", "draw_overview"):
        monkeypatch.setattr(f"nearedge.answers.maps._mapping.{name}", lambda *_: None)
    arguments = (
        "map", str(folder / "model"), str(folder / "stack.npy"), "--energies",
        str(folder / "energies.txt"), "--e0", "530", "--e0-uncertainty", "0",
        "-o", str(tmp_path / "deep" / "maps"),
    )  # fmt: skip
    code, out, err = run(*arguments)
    assert code == 0, err
    for part in (
        "45 of 6 x 9 pixels mapped",
        "zero at 530.0 eV",
        "fraction_dimer",
        "9 of 54 pixels (16.7%) vary no more than their noise, or show no edge",
    ):
        assert part in out
    code, _, err = run(*arguments)
    assert (code, "already exists" in err) == (1, True)
    assert run(*arguments, "--force")[0] == 0


def test_wrong_usage_is_said_in_a_line(run: Run, folder: Path, tmp_path: Path) -> None:
    model, stack, output = str(folder / "model"), str(folder / "stack.h5"), str(tmp_path / "out")
    for arguments, said in (
        ([stack, "--path", "/entry/gone"], "/entry/gone does not exist; the file holds"),
        ([str(folder / "stack.npy")], "name a list of them with --energies"),
        ([stack, "--e0", "500"], "cover the window only for an E0"),
        ([stack, "--mask-below", "2"], "no share of the brightest"),
        ([str(folder / "none.tif")], "no such file"),
    ):
        code, out, err = run("map", model, *arguments, "-o", output)
        assert (code, out) == (1, "")
        assert said in err.splitlines()[-1]
    assert run("map", model, stack, "-o", output, "--axis", "middle")[0] == 2
    assert not Path(output).exists()


def test_a_wrong_file_is_one_line(run: Run, measured_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "stack.dat").write_text("529 0.1\n530 0.7\n")
    output = tmp_path / "maps"
    code, out, err = run(
        "map", str(measured_folder), str(tmp_path / "stack.dat"), "-o", str(output)
    )
    assert (code, out) == (1, "")
    assert "is no stack of images" in err
    assert err.count("\n") == 1

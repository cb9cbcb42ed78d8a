"""`nearedge predict` as a user meets it, on measured and on computed spectra."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra, load_dataset, save_dataset, starter_path
from nearedge.models import train

Run = Callable[..., tuple[int, str, str]]

AXIS = np.arange(515.0, 555.0, 0.2)


@pytest.fixture(scope="module")
def files(
    unseen_mu: Callable[[np.ndarray], np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder of files: two scans of one sample in one of them, and such as are of no use."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(3)
    mu = unseen_mu(AXIS - 530.0).mean(axis=0)
    scans = [100 * (mu + 0.2 + rng.normal(scale=0.01, size=len(mu))) for _ in range(2)]
    np.savetxt(folder / "scans.dat", np.column_stack([AXIS, *scans]), header="energy scan1 scan2")
    np.savetxt(folder / "down.dat", np.column_stack([AXIS, -scans[0]]))
    np.savetxt(folder / "short.dat", np.column_stack([AXIS, scans[0]])[70:100])
    (folder / "binary.dat").write_bytes(bytes(range(256)) * 8)
    return folder


@pytest.fixture(scope="module")
def dataset(telling_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("data") / "telling"
    save_dataset(telling_dataset, path)
    return str(path)


@pytest.fixture(scope="module")
def classifier(telling_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("classifier") / "model"
    train(telling_dataset, "classifier", hold_out=["run2"]).save(path)
    return str(path)


@pytest.fixture(scope="module")
def model(measured_folder: Path) -> str:
    return str(measured_folder)


def test_what_people_read_of_a_measured_spectrum(run: Run, model: str, files: Path) -> None:
    code, out, err = run("predict", model, str(files / "scans.dat"))
    assert (code, err) == (0, "")
    words = " ".join(out.split())
    assert "coordination: number of Fe atoms within 2.6 Å of O" in words
    assert "simulated measurements of unseen sites in any composition, rung trajectory" in words
    assert "scans.dat" in out
    assert "530.0" in out or "529.9" in out or "530.1" in out
    # What was done to both scans is said once.
    assert words.count("baseline taken off") <= 2
    # These are remarks on computed spectra.
    assert "--atoms-averaged" not in out


def test_json_holds_everything(run: Run, model: str, files: Path) -> None:
    code, out, err = run("predict", model, str(files / "scans.dat"), "--json")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said.keys() == {"answers", "failed"}
    assert said["failed"] == []
    assert [found["label"] for found in said["answers"]] == ["scan1", "scan2"]
    for found in said["answers"]:
        assert {
            "file", "label", "absorber", "edge", "e0", "model", "applies", "reasons", "values",
        } <= found.keys()  # fmt: skip
        assert (found["absorber"], found["edge"], found["model"]) == ("O", "K", model)
        assert found["applies"]
        assert found["reasons"] == []
        assert found["e0"] == pytest.approx(530, abs=0.2)
        value = found["values"]["coordination"]
        assert value["low"] <= value["value"] <= value["high"]
        assert sum(found["values"]["environment"]["probabilities"].values()) == pytest.approx(1)


def test_bad_files_are_a_line_each_and_the_others_go_on(run: Run, model: str, files: Path) -> None:
    names = ["short.dat", "scans.dat", "binary.dat", "absent.dat", "x" * 300]
    paths = [str(files / name) for name in names]
    code, out, err = run("predict", model, *paths)
    assert code == 1
    assert "scan2" in out
    lines = err.splitlines()
    assert len(lines) == 4
    assert all(line.startswith(f"nearedge: {files}") for line in lines)
    assert "do not cover the model's window" in lines[0]
    assert "binary.dat" in lines[1]
    assert "absent.dat: no such file" in lines[2]
    code, out, err = run("predict", model, *paths, "--json")
    assert code == 1
    said = json.loads(out)
    assert len(said["answers"]) == 2
    assert [one["file"].split("::")[0] for one in said["failed"]] == [
        path for path in paths if "scans" not in path
    ]
    assert [f"nearedge: {one['reason']}" for one in said["failed"]] == err.splitlines()


def test_a_single_bad_file_is_one_line(run: Run, model: str, files: Path) -> None:
    code, out, err = run("predict", model, str(files / "short.dat"))
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "short.dat::column 2: energies from 529 to 534.8 eV do not cover" in err


def test_a_foreign_spectrum_is_told(run: Run, model: str, files: Path) -> None:
    code, out, err = run("predict", model, str(files / "down.dat"))
    assert code == 0
    assert "the model does not apply, unlike any mixture of the training" in " ".join(out.split())
    assert "the model does not apply to 1 of 1 spectra" in err
    assert err.count("\n") == 1


def test_another_element_is_refused_by_name_and_answered_only_by_force(
    run: Run, model: str, files: Path, tmp_path: Path
) -> None:
    energy, mu, _ = np.loadtxt(files / "scans.dat").T
    far = tmp_path / "far.dat"
    np.savetxt(far, np.column_stack([energy + 181, mu]))
    code, out, _ = run("predict", model, str(far), "--json")
    assert code == 0
    (found,) = json.loads(out)["answers"]
    assert not found["applies"]
    assert found["values"] == {}
    assert "the model reads O K" in found["reasons"][0]
    code, out, _ = run("predict", model, str(far), "--json", "--force")
    assert code == 0
    (found,) = json.loads(out)["answers"]
    assert not found["applies"]
    assert found["e0"] == pytest.approx(711, abs=0.3)
    assert any("--force" in remark for remark in found["remarks"])


def test_a_reason_that_all_sites_share_is_said_once(
    run: Run, classifier: str, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    foreign = telling_dataset.table.assign_attrs(engine="another program")
    save_dataset(replace(telling_dataset, table=foreign), tmp_path / "foreign")
    code, out, err = run("predict", classifier, str(tmp_path / "foreign"))
    assert code == 0
    assert " ".join(out.split()).count("another engine: another program") == 1
    assert f"does not apply to {len(foreign.site)} of {len(foreign.site)} spectra" in err


def test_an_axis_that_is_taken_as_it_is_may_be_searched(
    run: Run, model: str, files: Path, tmp_path: Path
) -> None:
    """Of a relative axis the zero is taken for known, which may be wrong."""
    energy, mu, _ = np.loadtxt(files / "scans.dat").T
    np.savetxt(tmp_path / "relative.dat", np.column_stack([energy - 525.0, mu]))
    code, _, err = run("predict", model, str(tmp_path / "relative.dat"))
    assert code == 0
    assert "does not apply to 1 of 1 spectra" in err
    code, out, err = run(
        "predict", model, str(tmp_path / "relative.dat"), "--align", "auto", "--json"
    )
    assert (code, err) == (0, "")
    (found,) = json.loads(out)["answers"]
    assert found["e0"] == pytest.approx(5, abs=0.2)


def test_one_spectrum_of_a_file(run: Run, model: str, files: Path) -> None:
    code, out, _ = run("predict", model, f"{files / 'scans.dat'}::scan2", "--json")
    assert code == 0
    (one,) = json.loads(out)["answers"]
    assert one["label"] == "scan2"
    code, _, err = run("predict", model, f"{files / 'scans.dat'}::scan3")
    assert code == 1
    assert "it holds 'scan1' and 'scan2'" in err


def test_scans_are_merged(run: Run, model: str, files: Path) -> None:
    code, out, _ = run("predict", model, str(files / "scans.dat"), "--merge", "--json")
    assert code == 0
    (one,) = json.loads(out)["answers"]
    assert one["label"] == "merged"
    assert any("merged, moved by" in step for step in one["remarks"])


def test_a_zero_can_be_given(run: Run, model: str, files: Path) -> None:
    path = str(files / "scans.dat")
    code, out, _ = run(
        "predict", model, path, "--e0", "530.2", "--e0-uncertainty", "0", "--json"
    )  # fmt: skip
    assert code == 0
    one = json.loads(out)["answers"][0]
    assert one["zero"]["interval"] == [530.2, 530.2]
    code, out, err = run("predict", model, path, "--e0", "700")
    assert code == 0
    assert "the edge at 700.0 eV cannot be an O K-edge" in " ".join(out.split())
    code, _, err = run("predict", model, path, "--e0", "555")
    assert code == 1
    assert err.count("give another E0") == 2
    code, _, err = run("predict", model, path, "--e0", "530", "--align", "none")
    assert (code, err.count("\n")) == (1, 1)
    assert "leave out one of them" in err


def test_preparation_is_as_asked(run: Run, model: str, files: Path) -> None:
    path = str(files / "scans.dat")
    code, out, _ = run(
        "predict", model, path, "--baseline", "constant", "--pre-edge", "515", "522", "--json"
    )
    assert code == 0
    steps = json.loads(out)["answers"][0]["remarks"]
    assert "baseline taken off: constant" in steps[-1]
    code, _, err = run("predict", model, path, "--pre-edge", "522", "515")
    assert (code, err.count("\n")) == (1, 1)


def test_a_table_and_figures(run: Run, model: str, files: Path, tmp_path: Path) -> None:
    table, plots = tmp_path / "out" / "t.csv", tmp_path / "out" / "plots"
    paths = [str(files / name) for name in ("scans.dat", "absent.dat")]
    outputs = ("--csv", str(table), "--plot", str(plots))
    code, out, _ = run("predict", model, *paths, *outputs)
    assert code == 1
    assert out.splitlines()[-2:] == [str(table), str(plots)]
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["scan1", "scan2"]
    assert 0 < float(rows[0]["coordination.low"]) < float(rows[0]["coordination"]) < 4
    drawn = sorted(plots.iterdir())
    assert [path.name for path in drawn] == ["scans.dat-scan1.png", "scans.dat-scan2.png"]
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in drawn)
    # What is there stays, unless --overwrite or --force allows to replace it.
    before = [path.read_bytes() for path in (table, *drawn)]
    for output in (outputs[:2], outputs[2:]):
        code, out, err = run("predict", model, paths[0], *output)
        assert (code, out) == (1, "")
        assert "pass --overwrite" in err
    assert [path.read_bytes() for path in (table, *drawn)] == before
    one = f"{paths[0]}::scan1"
    assert run("predict", model, one, one, *outputs, "--force")[0] == 0
    assert run("predict", model, one, one, *outputs, "--overwrite")[0] == 0
    # One name twice is two figures.
    assert [path.name for path in sorted(plots.iterdir())] == [
        "2-scans.dat-scan1.png",
        "scans.dat-scan1.png",
    ]


def test_bad_usage(run: Run, model: str, files: Path) -> None:
    path = str(files / "scans.dat")
    assert run("predict")[0] == 2
    code, _, err = run("predict", model)
    assert code == 2
    assert "give files of spectra after the model" in err
    for wrong in (
        ("--align", "perhaps"),
        ("--baseline", "cubic"),
        ("--e0", "high"),
        ("--e0-uncertainty", "-1"),
        ("--atoms-averaged", "0"),
    ):
        assert run("predict", model, path, *wrong)[0] == 2


def test_a_folder_stands_for_its_files(run: Run, model: str, files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "beamtime"
    folder.mkdir()
    code, _, err = run("predict", str(folder))
    assert code == 1
    assert "the folder holds no files" in err
    for name in ("scans.dat", "down.dat", ".hidden"):
        (folder / name).write_bytes((files / name.replace(".hidden", "scans.dat")).read_bytes())
    code, out, _ = run("predict", model, str(folder), "--json")
    assert code == 0
    told = json.loads(out)["answers"]
    assert [Path(one["file"]).name for one in told] == ["down.dat", "scans.dat", "scans.dat"]
    # What lies in further folders is named, not read.
    (folder / "day2").mkdir()
    (folder / "day2" / "scans.dat").write_bytes((files / "scans.dat").read_bytes())
    code, again, err = run("predict", model, str(folder), "--json")
    assert (code, json.loads(again)["answers"]) == (0, told)
    assert err == f"nearedge: {folder}: folders in it are not looked into: day2\n"
    # A folder that is no model must not let the one that ships answer for the files after it.
    code, _, err = run("predict", str(folder), str(files / "scans.dat"))
    assert code == 1
    assert "beamtime: is no model's folder" in err


def test_files_of_one_name_are_told_apart(
    run: Run, model: str, files: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("day1", "day2")]
    for folder in folders:
        folder.mkdir()
        (folder / "scans.dat").write_bytes((files / "scans.dat").read_bytes())
    plots = tmp_path / "plots"
    code, out, _ = run("predict", model, *map(str, folders), "--plot", str(plots))
    assert code == 0
    assert "day1/scans.dat scan1" in out
    assert "day2/scans.dat scan2" in out
    assert sorted(path.name for path in plots.iterdir()) == [
        f"{folder}_scans.dat-{scan}.png"
        for folder in ("day1", "day2")
        for scan in ("scan1", "scan2")
    ]


def test_a_model_that_ships_goes_by_its_name(run: Run, files: Path) -> None:
    code, out, _ = run("predict", "li-fe-o", str(files / "scans.dat"), "--json")
    assert code == 0
    assert {Path(one["model"]).parent.name for one in json.loads(out)["answers"]} == {"li-fe-o"}


def test_the_model_that_ships_needs_no_name(run: Run, tmp_path: Path) -> None:
    data = load_dataset(starter_path())
    mean = data.mu[data.trajectory == data.trajectory[0]].mean(axis=0)
    path = tmp_path / "o_k.dat"
    np.savetxt(path, np.column_stack([data.energy + 531.0, 7 * mean + 2]))
    code, out, err = run("predict", str(path), "--json")
    assert (code, err) == (0, "")
    (one,) = json.loads(out)["answers"]
    assert one["applies"]
    assert one["e0"] == pytest.approx(531, abs=0.3)


def test_a_dataset_is_no_model(run: Run, tmp_path: Path) -> None:
    """The model that ships predicts what a dataset of its own kind holds."""
    data = load_dataset(starter_path())
    some = data.select(data.snapshot == data.snapshot[0])
    save_dataset(some, tmp_path / "data")
    code, out, err = run("predict", str(tmp_path / "data"), "--json", "--atoms-averaged", "1")
    assert code == 0, err
    said = json.loads(out)["answers"]
    assert len(said) == len(some)
    assert not any("zero" in one for one in said)
    off = [one["values"]["coordination"]["value"] for one in said] - some.coordination
    assert np.abs(off).mean() < np.abs(some.coordination - some.coordination.mean()).mean()


def test_classifiers_are_for_computed_spectra(
    run: Run, classifier: str, files: Path, tmp_path: Path
) -> None:
    code, out, err = run("predict", classifier, f"{files / 'scans.dat'}::scan1")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "use a regressor (nearedge train regressor)" in err
    energy = np.linspace(-2, 12, 50)
    np.savetxt(tmp_path / "mu.dat", np.column_stack([energy, np.full(50, 1e3)]))
    code, out, err = run("predict", classifier, str(tmp_path / "mu.dat"))
    assert code == 0
    assert "the model does not apply, flat" in " ".join(out.split())
    assert "does not apply to 1 of 1 spectra" in err


def test_what_the_intervals_of_computed_spectra_suppose_is_said(
    run: Run, model: str, dataset: str
) -> None:
    code, out, _ = run("predict", model, dataset)
    assert code == 0
    assert "--atoms-averaged N" in out
    code, out, _ = run("predict", model, dataset, "--atoms-averaged", "1")
    assert code == 0
    assert "atoms-averaged" not in out


def test_what_is_no_model(run: Run, tmp_path: Path, files: Path) -> None:
    code, _, err = run("predict", str(tmp_path), str(files / "scans.dat"))
    assert code == 1
    assert err.count("\n") == 1


def test_a_mistyped_model_is_not_replaced_by_the_one_that_ships(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scan.dat").write_text("529 0.1\n530 0.7\n")
    code, out, err = run("predict", str(tmp_path / "modle"), str(tmp_path / "scan.dat"))
    assert (code, out) == (1, "")
    assert "modle: no such model folder or file" in err
    assert err.count("\n") == 1


def test_no_folder_is_left_where_nothing_is_drawn(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scan.dat").write_text("529 0.1\n530 0.7\n")
    plot = tmp_path / "figures"
    code, _, err = run("predict", str(tmp_path / "scan.dat"), "--plot", str(plot))
    assert code == 0
    assert "nothing to draw" in err
    assert not plot.exists()


def test_columns_can_be_named(run: Run, model: str, files: Path, tmp_path: Path) -> None:
    table = np.loadtxt(files / "scans.dat")
    np.savetxt(tmp_path / "plain.dat", np.column_stack([table[:, 1], table[:, 0]]))
    code, out, err = run(
        "predict", model, str(tmp_path / "plain.dat"), "--energy", "2", "--mu", "1", "--json"
    )
    assert code == 0, err
    (found,) = json.loads(out)["answers"]
    assert found["e0"] == pytest.approx(530, abs=0.2)


def test_the_ready_models_are_listed(run: Run) -> None:
    code, out, _ = run("models", "--json")
    assert code == 0
    first = json.loads(out)[0]
    assert (first["absorber"], first["edge"], first["rung"]) == ("O", "K", "composition")
    assert {"coordination", "environment"} == set(first["targets"])
    code, out, _ = run("models")
    assert code == 0
    assert "O K: coordination, environment; mean absolute error" in out

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from nearedge.datasets import load_dataset, save_dataset, starter_path

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    write(tmp_path / "POSCAR", bulk("FeO", "rocksalt", a=4.2, cubic=True), format="vasp")
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "mu.dat", np.column_stack([np.linspace(-2, 12, 30), rng.random((30, 4))]))
    return ["--structure", str(tmp_path / "POSCAR"), "--spectra", str(tmp_path / "mu.dat"),
            "--absorber", "O", "--neighbour", "Fe", "--cutoff", "2.6"]  # fmt: skip


def test_import_merge_and_info(run: Run, inputs: list[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        code, out, err = run(
            "dataset", "import", *inputs, "--snapshot", name, "--trajectory", "md",
            "--format", "matrix",
            "-o", str(tmp_path / name),
        )  # fmt: skip
        assert (code, err) == (0, "")
        assert "4 sites" in out
    code, _, err = run(
        "dataset", "merge", str(tmp_path / "a"), str(tmp_path / "b"), "-o", str(tmp_path / "both"),
        "--attribute", "licence=CC BY 4.0",
    )  # fmt: skip
    assert (code, err) == (0, "")
    code, out, err = run("dataset", "info", str(tmp_path / "both"), "--json")
    assert (code, err) == (0, "")
    info = json.loads(out)
    assert (info["sites"], info["snapshots"], info["trajectories"]) == (8, 2, 1)
    assert info["classes"] == {"6": 8}
    assert info["provenance"]["licence"] == "CC BY 4.0"
    assert {"absorber", "neighbour", "cutoff", "engine", "energy", "version"} <= info.keys()
    code, out, _ = run("dataset", "info", str(tmp_path / "both"))
    assert code == 0
    assert "number of Fe atoms within 2.6 Å" in out


def test_dimers_of_an_anion_are_a_class_unless_it_is_refused(
    run: Run, shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "ocean-li3feo35"
    words = ["dataset", "import", "--structure", str(folder / "POSCAR_15ps"),
             "--spectra", str(folder / "15ps_Combo_O_all.dat.gz"),
             "--absorber", "O", "--neighbour", "Fe", "--cutoff", "2.6"]  # fmt: skip
    assert run(*words, "-o", str(tmp_path / "with"))[0] == 0
    assert load_dataset(tmp_path / "with").counts() == {
        "0": 6, "1": 17, "2": 16, "3": 7, "4": 1, "dimer": 2,
    }  # fmt: skip
    assert run(*words, "--dimer", "0", "-o", str(tmp_path / "without"))[0] == 0
    assert "dimer" not in load_dataset(tmp_path / "without").counts()


def test_sites_without_a_spectrum_are_said(run: Run, shared_data: Path, tmp_path: Path) -> None:
    spectra = tmp_path / "run"
    shutil.copytree(shared_data / "ocean-run-mgo", spectra, copy_function=shutil.copyfile)
    # A run that does not say of what it was.
    record = json.loads((spectra / "CNBSE" / "bse.json").read_text())
    del record["bse"]["xred"]
    (spectra / "CNBSE" / "bse.json").write_text(json.dumps(record))
    structure = tmp_path / "cell.vasp"
    write(structure, bulk("MgO", "rocksalt", a=4.2117, cubic=True), format="vasp")
    words = ["--absorber", "O", "--neighbour", "Mg", "--cutoff", "2.6", "--trajectory", "a"]
    code, _, err = run(
        "dataset", "import", "--structure", str(structure), "--spectra", str(spectra), *words,
        "-o", str(tmp_path / "a"),
    )  # fmt: skip
    assert code == 0
    assert f"holds spectra of 1 of the 4 O atoms of {structure}" in err


def test_an_unnamed_trajectory_is_said(run: Run, inputs: list[str], tmp_path: Path) -> None:
    code, _, err = run("dataset", "import", *inputs, "-o", str(tmp_path / "a"))
    assert code == 0
    assert "trajectory of its own" in err


def test_an_existing_output_needs_force(run: Run, inputs: list[str], tmp_path: Path) -> None:
    out = str(tmp_path / "a")
    assert run("dataset", "import", *inputs, "-o", out)[0] == 0
    code, _, err = run("dataset", "import", *inputs, "-o", out)
    assert code == 1
    assert err.strip().endswith("already exists; choose another output or pass --force")
    assert run("dataset", "import", *inputs, "-o", out, "--force")[0] == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--absorber", "S"], "holds no S atom"),
        (["--neighbour", "Co"], "holds no Co atom"),
        (["--cutoff", "-1"], "cutoff -1.0 must be a positive distance"),
        (["--spectra", "absent.dat"], "absent.dat: no such file"),
        (["--structure", "absent.vasp"], "absent.vasp"),
    ],
)
def test_bad_input_is_one_clear_line(
    run: Run, inputs: list[str], tmp_path: Path, change: list[str], said: str
) -> None:
    code, out, err = run("dataset", "import", *inputs, *change, "-o", str(tmp_path / "a"))
    assert (code, out) == (1, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "a").exists()


def test_bad_usage_is_exit_code_2(run: Run, inputs: list[str]) -> None:
    assert run("dataset", "import", *inputs)[0] == 2
    assert run("dataset", "info", "--nonsense")[0] == 2
    assert run("nonsense")[0] == 2
    assert run("dataset", "merge", "a", "-o", "b", "--attribute", "engine=mine")[0] == 2


def test_check_passes_what_ships(run: Run) -> None:
    code, out, err = run("dataset", "check", str(starter_path()))
    assert (code, err) == (0, "")
    assert "0 rejected" in out


def test_check_lists_faults_and_drops_them(run: Run, tmp_path: Path) -> None:
    data = load_dataset(starter_path())
    data = data.select(data.names_mask(np.unique(data.trajectory)[:4].tolist()))
    bad, clean = str(tmp_path / "bad"), str(tmp_path / "clean")
    table = data.table.copy(deep=True)
    table["mu"][:15] *= -1
    save_dataset(type(data)(table, data.structures), bad)
    code, out, err = run("dataset", "check", bad)
    assert code == 1
    assert err == (
        f"nearedge: {bad}: 15 of {len(data)} sites are rejected; -o FOLDER writes the others\n"
    )
    assert "rejected, no absorption: 15" in out
    assert f"{data.snapshot[0]} atom {data.atom[0]} (class {data.environment[0]}): highest" in out
    assert "... and 5 more; --json lists all" in out
    code, out, err = run("dataset", "check", bad, "--json")
    assert code == 1
    assert err.count("\n") == 1
    said = json.loads(out)
    assert (said["sites"], said["rejected"]) == (len(data), 15)
    assert said["tests"]["no absorption"] == {"rejections": 15, "warnings": 0}
    rejected = [one for one in said["findings"] if one["rejected"]]
    assert [one["atom"] for one in rejected] == data.atom[:15].tolist()
    code, out, err = run("dataset", "check", bad, "-o", clean)
    assert (code, err) == (0, "")
    assert f"{clean}: {len(data) - 15} sites" in out
    assert len(json.loads((tmp_path / "clean" / "rejected.json").read_text())) == 15
    code, out, _ = run("dataset", "check", clean)
    assert code == 0
    assert "left out by the earlier check: 15" in out
    assert run("dataset", "check", bad, "-o", clean)[0] == 1


def test_fetch_makes_a_dataset_of_a_filled_cache(
    run: Run, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEAREDGE_DATA", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "ocean-li3feo35"
    folder.mkdir(parents=True)
    for path in (shared_data / "ocean-li3feo35").iterdir():
        content = path.read_bytes()
        name = path.name.removesuffix(".gz")
        (folder / name).write_bytes(gzip.decompress(content) if name != path.name else content)
    out_path = str(tmp_path / "ocean")
    code, out, err = run("dataset", "fetch", "ocean-li3feo35", "-o", out_path)
    assert code == 0
    assert out.startswith(f"{out_path}: 98 sites")
    assert "third snapshot" in err
    assert load_dataset(out_path).attributes["licence"] == "MIT"
    code, out, err = run("dataset", "fetch", "ocean-li3feo35", "-o", out_path)
    assert (code, out) == (1, "")
    assert "already exists" in err


def test_fetch_refuses_a_wrong_file_in_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEAREDGE_DATA", str(tmp_path))
    (tmp_path / "ocean-li3feo35").mkdir()
    (tmp_path / "ocean-li3feo35" / "POSCAR_15ps").touch()
    code, out, err = run("dataset", "fetch", "ocean-li3feo35", "-o", str(tmp_path / "ocean"))
    assert (code, out) == (1, "")
    assert "POSCAR_15ps: its SHA-256 is e3b0c442" in err
    assert err.count("\n") == 1
    assert run("dataset", "fetch", "nonsense")[0] == 2


def test_independence_of_what_ships(run: Run, inputs: list[str], tmp_path: Path) -> None:
    code, out, err = run("dataset", "independence", str(starter_path()), "--json")
    assert code == 0, err
    found = json.loads(out)
    assert all(
        0 < one["median"] < found["other_class"]["median"] for one in found["same_atom"].values()
    )
    code, out, _ = run("dataset", "independence", str(starter_path()))
    assert code == 0
    assert f"{found['same_class']['median']:.3f}" in out
    # One snapshot has nothing to compare.
    lone = str(tmp_path / "lone")
    run("dataset", "import", *inputs, "--energy-zero", "CBM", "-o", lone)
    code, out, err = run("dataset", "independence", lone)
    assert (code, out) == (1, "")
    assert "no atom occurs in two snapshots" in err

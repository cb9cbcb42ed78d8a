import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def inputs(tmp_path: Path) -> list[str]:
    write(tmp_path / "POSCAR", bulk("FeO", "rocksalt", a=4.2, cubic=True), format="vasp")
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "mu.dat", np.column_stack([np.linspace(-2, 12, 30), rng.random((30, 4))]))
    return ["--structure", str(tmp_path / "POSCAR"), "--spectra", str(tmp_path / "mu.dat")]


def test_import_merge_and_info(run: Run, inputs: list[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        code, out, err = run(
            "dataset", "import", *inputs, "--snapshot", name, "--trajectory", "md",
            "--format", "matrix", "--absorber", "O", "--neighbour", "Fe", "--cutoff", "2.6",
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
    assert "Fe within 2.6 Å" in out


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

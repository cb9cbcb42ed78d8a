import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import write

from nearedge.datasets import load_dataset, starter_path

Run = Callable[..., tuple[int, str, str]]

TINY = ["--cluster-radius", "3.2", "--scf-radius", "2.5", "--fms-radius", "2.5"]
MAGNESIA = ["--absorber", "O", "--neighbour", "Mg", "--cutoff", "2.6"]


@pytest.fixture
def structure(tmp_path: Path) -> str:
    """Eight atoms of MgO, O at the odd indices."""
    path = tmp_path / "POSCAR"
    write(path, bulk("MgO", "rocksalt", a=4.21, cubic=True), format="vasp", sort=False)
    return str(path)


@pytest.mark.engine
def test_one_site_from_structure_to_dataset(run: Run, structure: str, tmp_path: Path) -> None:
    output = str(tmp_path / "data")
    code, out, err = run(
        "simulate", structure, *MAGNESIA, *TINY, "--engine", "feff", "--sites", "5",
        "--workers", "1", "-o", output,
    )  # fmt: skip
    assert code == 0, err
    assert out == f"{output}: 1 sites, classes 6: 1\n"
    data = load_dataset(output)
    assert data.atom.tolist() == [5]
    assert data.attributes["engine"] == "FEFF10"
    assert "University of Washington" in data.attributes["acknowledgement"]
    assert len(data.inputs()[0]) == 70
    # The dataset is there; it is not replaced unasked.
    code, _, err = run("simulate", structure, *MAGNESIA, "-o", output)
    assert code == 1
    assert "already exists" in err


def test_ocean_is_imported_not_run(run: Run, structure: str, tmp_path: Path) -> None:
    code, out, err = run(
        "simulate", structure, *MAGNESIA, "--engine", "ocean", "-o", str(tmp_path / "data")
    )
    assert (code, out) == (1, "")
    assert "does not run OCEAN" in err
    assert "nearedge dataset import --format ocean" in err


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([*MAGNESIA, "--sites", "four"], 2, "no list of atom indices"),
        ([*MAGNESIA, "--engine", "vasp"], 2, "vasp"),
        ([*MAGNESIA, "--every", "0"], 2, "--every"),
        ([*MAGNESIA, "--sites", "0"], 1, "atoms 0 are no O atoms"),
        ([*MAGNESIA, "--fms-radius", "9"], 1, "cluster_radius is 7.0"),
        ([*MAGNESIA, "--neighbour", "Fe"], 1, "holds no Fe atom"),
        (["--absorber", "O", "--neighbour", "Mg"], 2, "belong together"),
        ([*MAGNESIA, "--potentials", "shipped"], 1, "none of O_in_OMg (atom 1)"),
        ([*MAGNESIA, "--potentials", "nowhere"], 1, "nowhere: holds no reference"),
        ([], 2, "--absorber"),
        (["--absorber", "Xx"], 1, "not a chemical element"),
        (["--absorber", "O", "--edge", "M9"], 1, "no M9 edge"),
    ],
)
def test_bad_requests(
    run: Run, structure: str, tmp_path: Path, options: list[str], code: int, said: str
) -> None:
    found, out, err = run("simulate", structure, *options, "-o", str(tmp_path / "data"))
    assert (found, out) == (code, "")
    assert said in err
    assert [path.name for path in tmp_path.iterdir()] == ["POSCAR"]


def test_missing_structure(run: Run, tmp_path: Path) -> None:
    code, _, err = run(
        "simulate", str(tmp_path / "none.cif"), *MAGNESIA, "-o", str(tmp_path / "data")
    )
    assert code == 1
    assert "none.cif: does not exist" in err


@pytest.mark.engine
def test_what_ships_is_computed_again(run: Run, tmp_path: Path) -> None:
    """A structure of the dataset with its potentials gives the dataset's spectrum."""
    shipped = load_dataset(starter_path())
    path = tmp_path / "snapshot.extxyz"
    write(path, shipped.structures[shipped.snapshot[0]])
    site, output = int(shipped.atom[0]), str(tmp_path / "again")
    code, _, err = run(
        "simulate",
        str(path),
        "--absorber",
        "O",
        "--neighbour",
        "Fe",
        "--cutoff",
        "2.6",
        "--sites",
        str(site),
        "--potentials",
        "shipped",
        "-o",
        output,
    )
    assert code == 0, err
    again = load_dataset(output)
    np.testing.assert_allclose(again.mu[0], shipped.mu[0], rtol=1e-3, atol=1e-4)
    before, now = (json.loads(data.attributes["parameters"]) for data in (shipped, again))
    assert before.items() <= now.items()
    assert again.environment[0] == shipped.environment[0]

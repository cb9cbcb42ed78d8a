import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read, write

from nearedge.datasets import load_dataset, starter_path

Run = Callable[..., tuple[int, str, str]]

TINY = ["--cluster-radius", "3.2", "--scf-radius", "2.5", "--fms-radius", "2.5"]
MAGNESIA = ["--absorber", "O", "--neighbour", "Mg", "--cutoff", "2.6"]
OCEAN = [*MAGNESIA, "--engine", "ocean"]


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


def ocean(program: Path) -> list[str]:
    """Options that run the stand-in."""
    pseudopotentials = str(program.with_name("upf"))
    return [*OCEAN, "--pseudopotentials", pseudopotentials]


def test_ocean_runs_and_is_imported_alike(
    run: Run, recorded_ocean: Path, stand_in_ocean: Path, tmp_path: Path
) -> None:
    """The recorded run, through `simulate` and by hand through `dataset import`."""
    given = [str(recorded_ocean / "POSCAR"), *ocean(stand_in_ocean)]
    output = str(tmp_path / "data")
    code, out, err = run(
        "simulate", *given, "--ocean-program", str(stand_in_ocean), "--mpi", "env", "-o", output
    )
    assert code == 0, err
    assert out == f"{output}: 1 sites, classes 6: 1\n"
    data = load_dataset(output)
    photons = [
        np.loadtxt(recorded_ocean / "CNBSE" / f"absspct_O_.0001_1s_0{photon}", usecols=2)
        for photon in (1, 2, 3)
    ]
    np.testing.assert_allclose(data.mu[0], np.mean(photons, axis=0), rtol=1e-4)
    assert data.table["cbm"].values == pytest.approx([13.0287], abs=1e-4)
    inputs = tmp_path / "inputs"
    code, out, err = run("simulate", *given, "--dry-run", "-o", str(inputs))
    assert code == 0, err
    assert "nearedge dataset import --format ocean" in out
    by_hand = inputs / "POSCAR"
    subprocess.run([stand_in_ocean, "ocean.in"], cwd=by_hand, check=True)
    code, _, err = run(
        "dataset", "import", *MAGNESIA, "--spectra", str(by_hand), "--structure",
        str(by_hand / "structure.extxyz"), "--energies", "-9", "39", "0.05", "-o",
        str(tmp_path / "imported"),
    )  # fmt: skip
    assert code == 0, err
    imported = load_dataset(tmp_path / "imported")
    same = np.interp(imported.energy, data.energy, data.mu[0])
    np.testing.assert_allclose(imported.mu[0], same, rtol=1e-3)
    for name in ("engine", "energy_zero", "mu_unit"):
        assert imported.attributes[name] == data.attributes[name]


def test_a_failed_run_of_ocean_costs_its_structure(
    run: Run, recorded_ocean: Path, stand_in_ocean: Path, tmp_path: Path
) -> None:
    atoms = read(recorded_ocean / "POSCAR", format="vasp")
    assert isinstance(atoms, Atoms)
    atoms.set_cell(atoms.cell.array * 1.01, scale_atoms=True)
    write(tmp_path / "wide.vasp", atoms)
    output = str(tmp_path / "data")
    command = [
        "simulate", str(recorded_ocean / "POSCAR"), str(tmp_path / "wide.vasp"),
        *ocean(stand_in_ocean), "--ocean-program", str(stand_in_ocean), "-o", output,
    ]  # fmt: skip
    stand_in_ocean.with_name("fault").write_text("killed")
    code, _, err = run(*command)
    assert code == 1
    assert "none of 2 sites was finished" in err
    assert "OCEAN was killed" in err
    stand_in_ocean.with_name("fault").unlink()
    # The killed run is tried again; the structure that the stand-in does not know fails alone.
    code, out, err = run(*command, "--resume")
    assert (code, out) == (0, f"{output}: 1 sites, classes 6: 1\n")
    assert "1 of 2 sites failed" in err
    assert "wide atom 1: preparation failed:" in err
    assert "stand-in: bse.nbands is ['25'], recorded is ['24']" in err


def test_settings_of_ocean_are_a_file(run: Run, structure: str, tmp_path: Path) -> None:
    settings, output = tmp_path / "ocean.json", tmp_path / "inputs"
    given = ["simulate", structure, *OCEAN, "--dry-run", "-o", str(output)]
    settings.write_text('{"ecut": 90, "keywords": {"bse.kmesh": "4 4 4"}}')
    code, _, err = run(*given, "--ocean-settings", str(settings))
    assert code == 0, err
    text = (output / "POSCAR" / "ocean.in").read_text()
    assert "dft.ecut 90\n" in text
    assert "bse.kmesh { 4 4 4 }\n" in text
    settings.write_text('{"cutoff": 90}')
    code, _, err = run(*given, "--ocean-settings", str(settings), "--force")
    assert code == 1
    assert "cutoff" in err


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([*MAGNESIA, "--sites", "four"], 2, "not a list of atom indices"),
        ([*MAGNESIA, "--engine", "vasp"], 2, "vasp"),
        ([*MAGNESIA, "--every", "0"], 2, "--every"),
        ([*MAGNESIA, "--sites", "0"], 1, "atoms 0 are not O atoms"),
        ([*MAGNESIA, "--fms-radius", "9"], 1, "cluster_radius is 7.0"),
        ([*MAGNESIA, "--neighbour", "Fe"], 1, "holds no Fe atom"),
        (["--absorber", "O", "--neighbour", "Mg"], 2, "belong together"),
        ([*MAGNESIA, "--potentials", "shipped"], 1, "none of O_in_OMg (atom 1)"),
        ([*MAGNESIA, "--potentials", "nowhere"], 1, "nowhere: holds no reference"),
        ([], 2, "--absorber"),
        ([*MAGNESIA, "--mpi", "mpirun"], 2, "--mpi does nothing with --engine feff"),
        ([*OCEAN, "--scf-radius", "4"], 2, "--scf-radius does nothing with --engine ocean"),
        ([*OCEAN, "--dry-run", "--workers", "2"], 2, "--workers does nothing with --dry-run"),
        ([*OCEAN, "--ocean-program", "no.pl"], 1, "no.pl: program not found"),
        ([*OCEAN, "--dry-run", "--pseudopotentials", "no"], 1, "POSCAR: no: no such folder"),
        ([*OCEAN, "--dry-run", "--ocean-settings", "no.json"], 1, "no.json: cannot be read"),
        ([*OCEAN, "--dry-run", "--ocean-settings", "odd.json"], 1, "odd.json: has no foo; there"),
        ([*OCEAN, "--dry-run", "--sites", "0"], 1, "atoms 0 are not O atoms"),
        (["--absorber", "Xx"], 1, "not a chemical element"),
        (["--absorber", "O", "--edge", "M9"], 1, "no M9 edge"),
    ],
)
def test_bad_requests(
    run: Run, structure: str, tmp_path: Path, options: list[str], code: int, said: str
) -> None:
    odd = tmp_path / "odd.json"
    odd.write_text('{"foo": 1}')
    options = [str(odd) if option == odd.name else option for option in options]
    found, out, err = run("simulate", structure, *options, "-o", str(tmp_path / "data"))
    assert (found, out) == (code, "")
    assert said in err
    assert {path.name for path in tmp_path.iterdir()} == {"POSCAR", odd.name}


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

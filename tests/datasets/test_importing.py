import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read, write
from numpy.testing import assert_allclose

from nearedge.datasets import SiteSpectra, merge
from nearedge.datasets.importing import guess_format, import_dataset
from nearedge.errors import InputError
from nearedge.spectra import Window
from nearedge.targets import EnvironmentRule

RULE = EnvironmentRule("O", "Fe", 2.6, 1.7)


def import_reference(shared_data: Path, name: str) -> SiteSpectra:
    folder = shared_data / "ocean-li3feo35"
    return import_dataset(
        folder / f"POSCAR_{name}",
        folder / f"{name}_Combo_O_all.dat.gz",
        RULE,
        snapshot=name,
        trajectory="aimd",
    )


def test_the_authors_snapshots_import_and_merge(shared_data: Path) -> None:
    data = merge([import_reference(shared_data, name) for name in ("0K", "15ps")])
    assert data.counts() == {"0": 15, "1": 34, "2": 31, "3": 14, "4": 2, "dimer": 2}
    assert len(data.energy) == 1200
    assert data.inputs().shape == (98, 70)
    # The same atom twice is one group, and the two snapshots share all their atoms.
    assert len(set(data.groups("atom"))) == 49


def test_an_ocean_run_is_imported_with_its_own_zero(shared_data: Path) -> None:
    run = shared_data / "ocean-run-mgo"
    data = import_dataset(run / "POSCAR", run, EnvironmentRule("O", "Mg", 2.6, 1.7))
    assert data.coordination.tolist() == [6]
    assert data.attributes["engine"] == "OCEAN"
    columns = [np.loadtxt(run / "CNBSE" / f"absspct_O_.0001_1s_0{photon}") for photon in (1, 2, 3)]
    assert_allclose(data.energy, columns[0][:, 0], atol=1e-6)
    assert_allclose(data.mu[0], np.mean([c[:, 2] for c in columns], axis=0), rtol=1e-6)


def test_a_run_of_another_structure_is_refused(shared_data: Path, tmp_path: Path) -> None:
    run = shared_data / "ocean-run-mgo"
    rule = EnvironmentRule("O", "Mg", 2.6, 1.7)
    with pytest.raises(InputError, match=r"is a run with Mg, which .*POSCAR_15ps .* not hold"):
        import_dataset(shared_data / "ocean-li3feo35" / "POSCAR_15ps", run, RULE)
    crystal = read(run / "POSCAR")
    assert isinstance(crystal, Atoms)
    # The order of the elements is the file's own affair.
    write(tmp_path / "POSCAR", crystal[[1, 0]], format="vasp")
    assert len(import_dataset(tmp_path / "POSCAR", run, rule)) == 1
    for name, other in {
        "bigger.vasp": bulk("MgO", "rocksalt", a=4.4),
        "conventional.vasp": bulk("MgO", "rocksalt", a=4.2117, cubic=True),
    }.items():
        write(tmp_path / name, other, format="vasp")
        with pytest.raises(InputError, match=r"run of another structure \(MgO, cell 2.978 x"):
            import_dataset(tmp_path / name, run, rule)


@pytest.fixture
def iron_oxide(tmp_path: Path) -> Path:
    path = tmp_path / "POSCAR"
    write(path, bulk("FeO", "rocksalt", a=4.2, cubic=True), format="vasp")
    return path


def table(path: Path, spectra: int) -> Path:
    rng = np.random.default_rng(0)
    np.savetxt(path, np.column_stack([np.linspace(-2, 12, 30), rng.random((30, spectra))]))
    return path


def test_a_snapshot_is_its_own_trajectory_unless_named(iron_oxide: Path, tmp_path: Path) -> None:
    data = import_dataset(iron_oxide, table(tmp_path / "mu.dat", 4), RULE, temperature=300.0)
    assert set(data.trajectory) == set(data.snapshot) == {"POSCAR"}
    assert set(data.temperature) == {300.0}
    assert data.environment.tolist() == ["6"] * 4


def test_what_the_user_says_of_the_spectra_counts(iron_oxide: Path, tmp_path: Path) -> None:
    said = {"engine": "VASP", "energy_zero": "CBM", "mu_unit": "Mb"}
    data = import_dataset(iron_oxide, table(tmp_path / "mu.dat", 4), RULE, attributes=said)
    assert said.items() <= data.attributes.items()


def test_spectra_and_absorbers_must_be_as_many(iron_oxide: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mu.dat: holds 3 spectra, but .*POSCAR holds 4 O"):
        import_dataset(iron_oxide, table(tmp_path / "mu.dat", 3), RULE)
    with pytest.raises(InputError, match=r"POSCAR holds 4 O atoms"):
        import_dataset(iron_oxide, table(tmp_path / "mu.dat", 5), RULE)


def test_a_structure_without_absorber_or_neighbour_is_refused(
    iron_oxide: Path, tmp_path: Path
) -> None:
    spectra = table(tmp_path / "mu.dat", 4)
    with pytest.raises(InputError, match="holds no S atom"):
        import_dataset(iron_oxide, spectra, EnvironmentRule("S", "Fe", 2.6, 1.7))
    with pytest.raises(InputError, match="holds no Co atom"):
        import_dataset(iron_oxide, spectra, EnvironmentRule("O", "Co", 2.6, 1.7))


def test_words_on_the_sites_are_features(iron_oxide: Path, tmp_path: Path) -> None:
    spectra = table(tmp_path / "mu.dat", 4)
    data = import_dataset(iron_oxide, spectra, RULE, columns={"space_group": "Fm-3m"})
    (feature,) = data.features(["space_group"], Window())
    assert (feature.name, feature.values) == ("space_group", ("Fm-3m",))
    with pytest.raises(InputError, match="column 'atom' has a meaning of its own"):
        import_dataset(iron_oxide, spectra, RULE, columns={"atom": "a"})


def test_several_structures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.extxyz"
    write(path, [bulk("FeO", "rocksalt", a=4.2)] * 2)
    with pytest.raises(InputError, match="holds 2 structures"):
        import_dataset(path, table(tmp_path / "mu.dat", 1), RULE)


def test_the_format_is_seen(tmp_path: Path, iron_oxide: Path) -> None:
    (tmp_path / "run" / "CNBSE").mkdir(parents=True)
    assert guess_format(iron_oxide) == "matrix"
    assert guess_format(tmp_path / "run") == "ocean"
    assert guess_format(tmp_path) == "feff"
    with pytest.raises(InputError, match="no such file"):
        guess_format(tmp_path / "absent")


def test_runs_of_absolute_energies_are_merged_on_shared_ones(
    shared_data: Path, tmp_path: Path
) -> None:
    """Of one spectrum on two absolute scales, each with its own conduction band minimum."""
    rule, parts = EnvironmentRule("O", "Mg", 2.6, 1.7), []
    for name, cbm in (("a", 3.0), ("b", 3.013)):
        run = tmp_path / name
        shutil.copytree(shared_data / "ocean-run-mgo", run, copy_function=shutil.copyfile)
        record = json.loads((run / "CNBSE" / "bse.json").read_text())
        record["bse"]["cbm"] = cbm
        record["bse"]["screen"]["core_offset"]["enable"] = True
        (run / "CNBSE" / "bse.json").write_text(json.dumps(record))
        for path in (run / "CNBSE").glob("absspct*"):
            values = np.loadtxt(path)
            values[:, 0] += cbm
            np.savetxt(path, values, header="iter=  100")
        energies = (-9.0, 39.0, 0.05)
        parts.append(import_dataset(run / "POSCAR", run, rule, snapshot=name, energies=energies))
    data = merge(parts)
    assert_allclose(data.energy, np.arange(-9, 39.01, 0.05), atol=1e-9)
    assert_allclose(data.mu[0], data.mu[1], rtol=1e-5)
    with pytest.raises(InputError, match=r"cover -20 to 39 eV in steps of 0.05 eV"):
        import_dataset(run / "POSCAR", run, rule, energies=(-20.0, 39.0, 0.05))


def test_gzipped_ocean_files_are_read_as_they_are(shared_data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(shared_data / "ocean-run-mgo", run, copy_function=shutil.copyfile)
    rule = EnvironmentRule("O", "Mg", 2.6, 1.7)
    plain = import_dataset(run / "POSCAR", run, rule)
    (run / "CNBSE").chmod(0o755)
    for path in (run / "CNBSE").glob("absspct*"):
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert import_dataset(run / "POSCAR", run, rule).fingerprint() == plain.fingerprint()

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from nearedge.engines import FeffSettings, read_feff_run, read_xmu
from nearedge.engines.feff import FeffEngine
from nearedge.errors import InputError

TABLE = """# #                                                              FEFF 10.0.0
# # Mu=-1.224E+01eV kf=2.021E+00 Vint=-1.841E+01eV Rs_int= 1.794
#  xsedge+ 50, used to normalize mu           4.0000E-03
#  omega    e    k    mu    mu0     chi     @#
"""


def write_run(folder: Path, *, first: float = -15.24, scale: float = 1.0, rows: int = 96) -> None:
    """Write a run as FEFF leaves it: the engine's own input, and a table of FEFF's layout."""
    folder.mkdir(parents=True)
    oxygen = 1
    text = FeffEngine(FeffSettings(cluster_radius=5.0)).feff_input(
        bulk("MgO", "rocksalt", a=4.21, cubic=True), oxygen
    )
    (folder / "feff.inp").write_text(text)
    e = first + 0.2 * np.arange(rows)
    mu = scale / (1 + np.exp(-(e + 12.24)))
    columns = np.column_stack([e + 546.4, e, np.sqrt(np.abs(e)), mu, mu, 0 * mu])
    lines = "\n".join(" ".join(f"{value:.10E}" for value in row) for row in columns)
    (folder / "xmu.dat").write_text(TABLE + lines + "\n")


def test_one_folder_per_absorber(tmp_path: Path) -> None:
    write_run(tmp_path / "O_0003", scale=3.0)
    write_run(tmp_path / "O_0001", scale=1.0)
    rank, energy, mu, said = read_feff_run(tmp_path, "O")[:4]
    assert rank.tolist() == [0, 2]
    np.testing.assert_allclose(energy, -3.0 + 0.2 * np.arange(96), atol=1e-8)
    np.testing.assert_allclose(mu[1], 3 * mu[0])
    # 4.0E-03 Å^2 at the top of the step are 0.4 Mb.
    assert mu[0, -1] == pytest.approx(0.4, rel=1e-3)
    assert "Fermi level" in said["energy_zero"]
    assert "EDGE K" in said["parameters"]


def test_gzipped_and_foreign_folders(tmp_path: Path) -> None:
    write_run(tmp_path / "site-1")
    (tmp_path / "notes").mkdir()
    for name in ("xmu.dat", "feff.inp"):
        path = tmp_path / "site-1" / name
        path.with_name(f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    run = read_feff_run(tmp_path, "O")
    assert run.rank.tolist() == [0]
    assert run.elements == {"Mg", "O"}
    with pytest.raises(InputError, match="holds no FEFF run of Mg"):
        read_feff_run(tmp_path, "Mg")


def test_energies_that_differ_are_brought_together(tmp_path: Path) -> None:
    write_run(tmp_path / "O_1")
    write_run(tmp_path / "O_2", first=-14.64, rows=90)
    _, energy, mu, _ = read_feff_run(tmp_path, "O")[:4]
    assert energy[0] == pytest.approx(-2.4)
    assert energy[-1] == pytest.approx(15.4)
    np.testing.assert_allclose(mu[0], mu[1], atol=2e-3)


def test_bad_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no FEFF run of O"):
        read_feff_run(tmp_path, "O")
    write_run(tmp_path / "a" / "oxygen")
    with pytest.raises(InputError, match="must end in the rank"):
        read_feff_run(tmp_path / "a", "O")
    write_run(tmp_path / "b" / "O_1")
    shutil.copytree(tmp_path / "b" / "O_1", tmp_path / "b" / "O_01")
    with pytest.raises(InputError, match="second run of O atom 1"):
        read_feff_run(tmp_path / "b", "O")
    write_run(tmp_path / "c" / "O_1")
    (tmp_path / "c" / "O_1" / "xmu.dat").unlink()
    with pytest.raises(InputError, match=r"holds no xmu\.dat; finish"):
        read_feff_run(tmp_path / "c", "O")
    write_run(tmp_path / "d" / "O_1")
    write_run(tmp_path / "d" / "O_2", first=100.0)
    with pytest.raises(InputError, match="have no common energies"):
        read_feff_run(tmp_path / "d", "O")


def test_tables_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "xmu.dat"
    path.write_text("1 2 3\n2 3 4\n")
    with pytest.raises(InputError, match=r"not an xmu\.dat"):
        read_xmu(path)
    path.write_text(f"{TABLE}1 2 3 4 5 6\n2 3 four 5 6 7\n")
    with pytest.raises(InputError, match="line 6 is not a row of numbers"):
        read_xmu(path)


@pytest.mark.engine
def test_reads_what_the_engine_left(tmp_path: Path) -> None:
    settings = FeffSettings(
        cluster_radius=3.2, scf_radius=2.5, fms_radius=2.5, lmax=1, energy_step=0.5
    )
    magnesia = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    engine = FeffEngine(settings)
    (tmp_path / "potentials").mkdir()
    (tmp_path / "runs" / "O_0001").mkdir(parents=True)
    engine.prepare(magnesia, [1], tmp_path / "potentials")
    computed = engine.spectrum(magnesia, 1, tmp_path / "potentials", tmp_path / "runs" / "O_0001")
    _, energy, mu, _ = read_feff_run(tmp_path / "runs", "O")[:4]
    np.testing.assert_allclose(energy, computed.energy, atol=0.01)
    np.testing.assert_allclose(mu[0], computed.mu)

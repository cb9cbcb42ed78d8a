import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.engines import read_absspct, read_table, read_xmu
from nearedge.errors import InputError
from nearedge.files import read_spectra

FEFF10 = (
    "# #                                                              FEFF 10.0.0\n"
    "# # Mu=-1.224E+01eV kf=2.021E+00 Vint=-1.841E+01eV Rs_int= 1.794\n"
    "#  xsedge+ 50, used to normalize mu           4.0000E-03\n"
    "#  omega    e    k    mu    mu0     chi     @#\n"
)
# Versions before 9 print no unit after Mu.
FEFF8 = FEFF10.replace("eV", "")


def write_xmu(path: Path, head: str, fermi_level: float = -12.24) -> np.ndarray:
    energy = np.arange(-3, 16, 0.2)
    mu = 1 / (1 + np.exp(-energy))
    wave = np.sign(energy) * np.sqrt(np.abs(energy) / 3.81)
    rows = zip(energy + 540, energy + fermi_level, wave, mu, mu, 0 * mu, strict=True)
    path.write_text(head + "\n".join(" ".join(f"{v:.6E}" for v in row) for row in rows) + "\n")
    return energy


def test_xmu_of_feff10(path: Path) -> None:
    energy = write_xmu(path, FEFF10)
    (spectrum,) = read_spectra(path)
    assert spectrum.name == "mu"
    assert "Fermi level" in str(spectrum.identity.zero)
    assert_allclose(spectrum.energy, energy, atol=1e-4)
    assert_allclose(spectrum.mu, read_xmu(path)[1])
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert_allclose(read_spectra(path)[0].mu, spectrum.mu)


@pytest.mark.parametrize("level", [-12.24, 0.0, -6.0])
def test_xmu_of_older_versions(path: Path, level: float) -> None:
    energy = write_xmu(path, FEFF8, level)
    (spectrum,) = read_spectra(path)
    assert spectrum.identity.zero is not None
    assert_allclose(spectrum.energy, energy, atol=0.01)
    assert spectrum.notes == ("mu as FEFF normalised it; Fermi level from the wave numbers",)


def test_damaged_xmu(path: Path) -> None:
    path.write_text(FEFF10 + "1 2 3 4 5 6\n7 8 0 1 2 3\n".replace("2", "x"))
    with pytest.raises(InputError, match="scan.dat: "):
        read_spectra(path)
    path.write_text(FEFF8 + "1 2 3 4 5 6\n2 3 9 5 6 7\n")
    with pytest.raises(InputError, match="do not agree on a Fermi level"):
        read_spectra(path)
    path.write_text(FEFF8 + "1 2 3\n2 3 4\n")
    with pytest.raises(InputError, match="3 columns in place of six"):
        read_spectra(path)


def test_absspct(tmp_path: Path) -> None:
    path = tmp_path / "absspct_O_.0001_1s_01"
    energy = np.linspace(-5, 20, 51)
    table = np.column_stack([energy, energy**2, np.sin(energy), energy, energy])
    np.savetxt(path, table, header="  iter=  100\n    Energy  Spect  Spect(0)  SPKK  SPKK(0)")
    (spectrum,) = read_spectra(path)
    assert spectrum.name == "mu"
    assert "OCEAN" in str(spectrum.identity.zero)
    assert_allclose(spectrum.mu, read_absspct(path).mu)
    assert_allclose(spectrum.mu, np.sin(energy))
    # GMRES writes no header: the name tells.
    np.savetxt(path, table)
    assert_allclose(read_spectra(path)[0].mu, np.sin(energy))
    path.write_text("1 2 3 4 5\n2 3 x 4 5\n")
    with pytest.raises(InputError, match="line 2"):
        read_spectra(path)


def test_real_absspct(shared_data: Path) -> None:
    (spectrum,) = read_spectra(shared_data / "ocean-run-mgo/CNBSE/absspct_O_.0001_1s_01")
    assert len(spectrum.energy) == 1002
    assert spectrum.energy[0] == -10.0


@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.integers(1, 5), st.booleans())
def test_a_table_is_read_as_it_was_written(
    tmp_path: Path, seed: int, rows: int, sites: int, zipped: bool
) -> None:
    rng = np.random.default_rng(seed)
    energy, mu = np.cumsum(rng.uniform(0.01, 1, rows)), rng.normal(size=(sites, rows))
    path = tmp_path / ("table.dat.gz" if zipped else "table.dat")
    np.savetxt(path, np.column_stack([energy, mu.T]), fmt="%.18e", header="energy site ...")
    read_energy, read_mu = read_table(path)
    assert_array_equal(read_energy, energy)
    assert_array_equal(read_mu, mu)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no numbers"),
        (b"# only a comment\n", "holds no numbers"),
        (b"1.0\n2.0\n", "holds no spectrum"),
        (b"1 2\n2 x # y\n", r"line 2 is not a row of numbers \('2 x'\)"),
        (b"1 2\n3\n", "line 2 holds 1 numbers, the first row 2"),
        (b"1 2\n1 3\n", "must increase"),
        (b"1 2\n2 nan\n", "row 2 of the table holds a number that is not finite, in column 2"),
        (b"\xff\xfe1 2\n2 3\n", "is not text"),
    ],
)
def test_a_wrong_table_is_named_with_its_fault(path: Path, content: bytes, said: str) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"scan.dat: .*{said}"):
        read_table(path)


def test_cut_and_missing_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.dat.gz"
    path.write_bytes(gzip.compress(b"1 2\n2 3\n" * 500, mtime=0)[:-12])
    with pytest.raises(InputError, match=r"cut.dat.gz: cannot be read"):
        read_table(path)
    with pytest.raises(InputError, match="No such file"):
        read_table(tmp_path / "absent.dat")

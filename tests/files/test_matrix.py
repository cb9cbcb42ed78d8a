import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from numpy.testing import assert_array_equal

from nearedge.errors import InputError
from nearedge.files import read_table


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
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
        (b"", "holds no spectrum"),
        (b"# only a comment\n", "holds no spectrum"),
        (b"1.0\n2.0\n", "holds no spectrum"),
        (b"1 2\n2 x\n", "not a table of numbers .*'x'"),
        (b"1 2\n3\n", "not a table of numbers .*number of columns changed"),
        (b"1 2\n1 3\n", "must increase"),
        (b"1 2\n2 nan\n", "intensity nan at 2 eV"),
        (gzip.compress(b"1 2\n2 3\n", mtime=0), "is not text"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "wrong.dat"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"wrong.dat: .*{said}"):
        read_table(path)


def test_damaged_gzip_and_missing_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.dat.gz"
    path.write_bytes(gzip.compress(b"1 2\n2 3\n" * 500, mtime=0)[:-12])
    with pytest.raises(InputError, match=r"cut.dat.gz: is not a table"):
        read_table(path)
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "absent.dat")

"""``nearedge dataset make`` as it is typed, with the real potential and the real engine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nearedge.datasets import load_dataset

Run = Callable[..., tuple[int, str, str]]

# Li6Fe2O7 for a few femtoseconds, and one site; first neighbours only.
SMALL = [
    "--cells", "1", "--repeat", "1", "1", "2", "--dimers", "0", "--rare-sites", "0",
    "--equilibration", "4", "--interval", "2", "--sites", "9", "--trials", "1",
    "--cluster-radius", "3.2", "--scf-radius", "2.5", "--fms-radius", "2.5",
]  # fmt: skip


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore")  # torch, e3nn and sevenn warn about each other
def test_a_slice_from_nothing(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("sevenn", reason="needs the extra md: make test-md")
    path = tmp_path / "made"
    code, out, err = run("dataset", "make", *SMALL, "-o", str(path))
    assert code == 0, err
    assert out.startswith(f"{path / 'spectra'}: 3 sites, classes ")
    data = load_dataset(path / "spectra")
    assert data.temperature.tolist() == [300.0, 1000.0, 1000.0]
    # Everything is there already: the same command goes on from its end.
    code, again, err = run("dataset", "make", *SMALL, "-o", str(path), "--resume")
    assert (code, again) == (0, out), err
    code, _, err = run("dataset", "make", *SMALL, "-o", str(path))
    assert code == 1
    assert "pass --resume" in err


def test_bad_usage(run: Run, tmp_path: Path) -> None:
    for options in (["--cells", "0"], ["--sites", "x"], ["--repeat", "1"]):
        code, out, _ = run("dataset", "make", *options, "-o", str(tmp_path / "made"))
        assert (code, out) == (2, "")
    code, _, err = run("dataset", "make", "--repeat", "1", "1", "1", "-o", str(tmp_path / "made"))
    assert code == 1
    assert "not a whole number of sites" in err
    assert not list(tmp_path.iterdir())

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearedge.engines import read_absspct, read_ocean_run
from nearedge.errors import InputError

HEADER = (
    "#   iter=  100   gam= 0.18374661E-01   kpref= 0.57277314E-03vol= 0.12603732E+03\n"
    "     #   Energy           Spect        Spect(0)            SPKK         SPKK(0)\n"
)


@pytest.fixture
def run(shared_data: Path, tmp_path: Path) -> Path:
    """A copy of a real run that a test may damage."""
    copy = tmp_path / "run"
    shutil.copytree(shared_data / "ocean-run-mgo", copy, copy_function=shutil.copyfile)
    return copy


def photon(run: Path, number: int) -> Path:
    return run / "CNBSE" / f"absspct_O_.0001_1s_{number:02d}"


def change(run: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = run / "CNBSE" / "bse.json"
    record = json.loads(path.read_text())
    edit(record)
    path.write_text(json.dumps(record))


def write_absspct(path: Path, energy: np.ndarray, mu: np.ndarray, columns: int, head: str) -> None:
    table = np.zeros((len(energy), columns))
    table[:, 0], table[:, 1], table[:, 2], table[:, 3] = energy, 2 * mu, mu, -mu
    rows = "\n".join(" ".join(f"{value:.8E}" for value in row) for row in table)
    path.write_text(f"{head}{rows}\n")


def test_real_run_is_the_mean_of_the_photons(run: Path) -> None:
    rank, energy, mu, said = read_ocean_run(run, "O")[:4]
    assert rank.tolist() == [0]
    assert mu.shape == (1, len(energy)) == (1, 1002)
    third = [np.loadtxt(photon(run, number), usecols=2) for number in (1, 2, 3)]
    np.testing.assert_allclose(mu[0], np.mean(third, axis=0))
    # From the CBM: MgO absorbs nothing below it and is strongest within a few eV above.
    assert energy[0] == -10.0
    assert 0 < energy[mu[0].argmax()] < 15
    assert mu[0][energy < -2].max() < 0.1 * mu.max()
    assert said["engine"] == "OCEAN"
    assert "conduction band minimum" in said["energy_zero"]
    assert json.loads(said["parameters"])["photons"] == 3


def test_gzipped_files(run: Path) -> None:
    plain = read_ocean_run(run, "O")
    for path in [photon(run, 1), photon(run, 3), run / "CNBSE" / "bse.json"]:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    zipped = read_ocean_run(run, "O")
    np.testing.assert_array_equal(zipped[2], plain[2])


def test_core_offsets_make_the_axis_absolute(run: Path) -> None:
    plain = read_ocean_run(run, "O")[1]
    change(run, lambda record: record["bse"]["screen"]["core_offset"].update(enable=True))
    energy = read_ocean_run(run, "O")[1]
    np.testing.assert_allclose(energy, plain - 13.0286870834184)
    change(run, lambda record: record["bse"].pop("cbm"))
    with pytest.raises(InputError, match=r"bse\.cbm is null"):
        read_ocean_run(run, "O")


@pytest.mark.parametrize("columns", [5, 9])
@pytest.mark.parametrize("head", [HEADER, ""])
def test_every_layout_of_absspct(tmp_path: Path, columns: int, head: str) -> None:
    energy, mu = np.linspace(-5, 20, 51), np.linspace(0.0, 1.0, 51)
    write_absspct(tmp_path / "absspct", energy, mu, columns, head)
    read = read_absspct(tmp_path / "absspct")
    np.testing.assert_allclose(read.energy, energy)
    np.testing.assert_allclose(read.mu, mu)
    assert read.iterations == (100 if head else None)
    assert read.columns == columns


def test_old_run_without_bse_json(tmp_path: Path) -> None:
    folder = tmp_path / "CNBSE"
    folder.mkdir()
    energy = np.linspace(-5, 20, 51)
    for rank in (1, 2, 12):
        for number in (1, 2, 3):
            path = folder / f"absspct_Fe.{rank:04d}_2p_{number:02d}"
            write_absspct(path, energy, np.full(51, float(rank + number)), 5, "")
    rank, _, mu, _ = read_ocean_run(tmp_path, "Fe")[:4]
    assert rank.tolist() == [0, 1, 11]
    np.testing.assert_allclose(mu[:, 0], [3.0, 4.0, 14.0])


def test_several_edges_must_be_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "CNBSE"
    folder.mkdir()
    for edge, value in (("1s", 1.0), ("2p", 2.0)):
        path = folder / f"absspct_Fe.0001_{edge}_01"
        write_absspct(path, np.linspace(0, 5, 11), np.full(11, value), 5, "")
    with pytest.raises(InputError, match=r"several edges of Fe \(1s, 2p\)"):
        read_ocean_run(tmp_path, "Fe")
    (folder / "absspct_Fe.0001_1s_01").unlink()
    _, _, mu, said = read_ocean_run(tmp_path, "Fe")[:4]
    assert (mu[0, 0], said["edge"]) == (2.0, "L3")


def remove_photon(run: Path) -> None:
    photon(run, 2).unlink()


def remove_last_photon(run: Path) -> None:
    photon(run, 3).unlink()


def leave_stale(run: Path) -> None:
    text = photon(run, 2).read_text()
    photon(run, 2).write_text(text.replace("iter=  100", "iter=   40", 1))


def cut_off(run: Path) -> None:
    lines = photon(run, 3).read_text().splitlines(keepends=True)
    photon(run, 3).write_text("".join(lines[:500]))


def cut_within_row(run: Path) -> None:
    text = photon(run, 3).read_text()
    photon(run, 3).write_text(text[: len(text) // 2 + 30])


def shift_energies(run: Path) -> None:
    table = np.loadtxt(photon(run, 1))
    table[:, 0] += 0.5
    np.savetxt(photon(run, 1), table, header="   iter=  100")


def put_nan(run: Path) -> None:
    lines = photon(run, 1).read_text().splitlines()
    words = lines[400].split()
    words[2] = "NaN"
    lines[400] = " ".join(words)
    photon(run, 1).write_text("\n".join(lines))


def interrupt(run: Path) -> None:
    change(run, lambda record: record["bse"].update(complete=False))


def damage_record(run: Path) -> None:
    path = run / "CNBSE" / "bse.json"
    path.write_text(path.read_text()[:1000])


def remove_record(run: Path) -> None:
    (run / "CNBSE" / "bse.json").unlink()


def remove_all(run: Path) -> None:
    for number in (1, 2, 3):
        photon(run, number).unlink()


def ask_for_more(run: Path) -> None:
    def two_sites(record: dict[str, Any]) -> None:
        record["calc"]["sitelist"].append(["O_", 8, 2])
        record["calc"]["edges"].append("3 1 0")

    change(run, two_sites)


def damage_gzip(run: Path) -> None:
    path = photon(run, 1)
    path.write_bytes(gzip.compress(path.read_bytes())[:2000])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (remove_photon, "lacks the file of photon 2"),
        (remove_last_photon, "files of 2 photons, 3 are wanted"),
        (leave_stale, r"Haydock iterations \(100, 40, 100\)"),
        (cut_off, r"different energies \(1002, 1002, 498 points\)"),
        (cut_within_row, "cut off or damaged|not a row of numbers"),
        (shift_energies, "different energies"),
        (put_nan, "not finite"),
        (interrupt, r"bse\.complete is false"),
        (damage_record, r"does not say bse\.complete"),
        (remove_record, r"holds no bse\.json"),
        (remove_all, "holds no absspct file of O"),
        (ask_for_more, "lacks the files of O atoms 2"),
        (damage_gzip, "cannot be read"),
    ],
)
def test_damaged_runs_are_refused(run: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(run)
    with pytest.raises(InputError, match=said) as caught:
        read_ocean_run(run, "O")
    assert str(run) in str(caught.value)


def test_other_directories_are_refused(tmp_path: Path, run: Path) -> None:
    with pytest.raises(InputError, match="holds no CNBSE"):
        read_ocean_run(tmp_path, "O")
    with pytest.raises(InputError, match="holds no absspct file of Mg, only of elements O"):
        read_ocean_run(run, "Mg")

"""The datasets that ship are what their datasheets say."""

import json
from pathlib import Path

import numpy as np
import pytest

from nearedge.datasets import (
    SiteSpectra,
    check_folder,
    load_dataset,
    merge,
    ships,
    starter_path,
)
from nearedge.errors import InputError


@pytest.fixture(scope="module")
def shipped() -> SiteSpectra:
    return load_dataset("li3feo35")


def test_a_name_is_that_of_a_dataset_that_ships_unless_a_folder_has_it(
    shipped: SiteSpectra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped.source == str(starter_path())
    monkeypatch.chdir(tmp_path)
    Path("li3feo35").mkdir()
    with pytest.raises(InputError, match="is not a nearedge dataset"):
        load_dataset("li3feo35")
    assert not ships("li3feo35")
    assert ships("li-fe-o")
    assert not ships("x" * 5000)


def test_scale(shipped: SiteSpectra) -> None:
    assert len(shipped) >= 2000
    assert len(set(shipped.trajectory)) >= 24
    assert set(shipped.temperature) == {300.0, 1000.0}
    counts = shipped.counts()
    assert list(counts) == ["0", "1", "2", "3", "4", "dimer"]
    rarest = min(counts, key=lambda name: counts[name])
    assert counts[rarest] >= 60
    for name in counts:
        assert len(set(shipped.trajectory[shipped.environment == name])) >= 8


def test_datasheet_counts(shipped: SiteSpectra) -> None:
    words = " ".join((starter_path() / "DATASHEET.md").read_text().split())
    assert f"{len(shipped)} O sites from {len(shipped.snapshots())} snapshots" in words
    assert f"of {len(set(shipped.trajectory))} independent" in words
    assert ", ".join(f"{name}: {count}" for name, count in shipped.counts().items()) in words
    assert "CC BY 4.0" in words
    assert "University of Washington" in words


def test_size() -> None:
    files = [path for path in starter_path().rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 10e6


@pytest.mark.parametrize("name", ["li3feo35", "li-fe-o"])
def test_quality(name: str) -> None:
    quality = check_folder(starter_path().parent / name)
    assert quality.rejected == 0
    assert len(quality.findings) < 0.03 * quality.sites


@pytest.fixture(scope="module")
def compositions() -> SiteSpectra:
    return load_dataset("li-fe-o")


def test_compositions_reach_from_little_iron_to_much(compositions: SiteSpectra) -> None:
    formulas = compositions.groups("composition")
    names, sites = np.unique(formulas, return_counts=True)
    assert len(names) == 42
    assert sites.min() >= 30
    means = [compositions.coordination[formulas == name].mean() for name in names]
    assert min(means) < 0.6
    assert max(means) > 2.5
    assert set(compositions.temperature) == {300.0, 1000.0}
    words = " ".join((starter_path().parent / "li-fe-o" / "DATASHEET.md").read_text().split())
    snapshots, runs = compositions.snapshots(), set(compositions.trajectory)
    assert f"{len(compositions)} O sites from {len(snapshots)} snapshots" in words
    assert f"of {len(runs)} independent" in words
    assert ", ".join(f"{name}: {n}" for name, n in compositions.counts().items()) in words


def test_both_datasets_can_be_joined(shipped: SiteSpectra, compositions: SiteSpectra) -> None:
    both = merge([shipped, compositions])
    assert len(both) == len(shipped) + len(compositions)
    assert len(set(both.groups("composition"))) == 43
    assert both.rule == shipped.rule
    # One set of potentials, one zero of energy.
    levels = [set(data.table["fermi_level"].values.tolist()) for data in (shipped, compositions)]
    assert levels[0] == levels[1]


def test_every_snapshot_is_whole(compositions: SiteSpectra) -> None:
    for snapshot in compositions.snapshots():
        oxygen = np.flatnonzero(snapshot.atoms.numbers == 8)
        own = compositions.atom[compositions.snapshot == snapshot.name]
        assert sorted(own.tolist()) == oxygen.tolist()


def test_trajectories_are_arrangements_of_their_own(shipped: SiteSpectra) -> None:
    """In fractions of the cell, no two trajectories have their Fe on the same sites."""
    seen = set()
    for snapshot in shipped.snapshots():
        if snapshot.trajectory in {name for name, _ in seen}:
            continue
        iron = snapshot.atoms.numbers == 26
        place = np.round(snapshot.atoms.get_scaled_positions()[iron] * 4).astype(int) % 4
        arrangement = tuple(sorted(map(tuple, place.tolist())))
        assert arrangement not in {known for _, known in seen}
        seen.add((snapshot.trajectory, arrangement))


def test_spectra_were_made_with_the_potentials_beside_them(shipped: SiteSpectra) -> None:
    record = json.loads((starter_path() / "potentials" / "potentials.json").read_text())
    said = {kind: one["sha256"] for kind, one in record["groups"].items()}
    assert json.loads(shipped.attributes["parameters"])["potentials"] == said
    levels = {round(one["fermi_level"], 2) for one in record["groups"].values()}
    assert set(np.round(shipped.table.fermi_level.values, 2)) <= levels

"""Folds never put one group on both sides, whatever the groups."""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, strategies as st

from nearedge.datasets import SiteSpectra, assemble
from nearedge.datasets.splits import FOLDS, across, folds, obstacle, remark, turns
from nearedge.errors import InputError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

SEEDS = st.integers(0, 2**32 - 1)


def dataset(
    trajectories: tuple[str, ...] = ("run-a", "run-b"), snapshots: int = 2, bond: float = 2.0
) -> SiteSpectra:
    """Four isolated O atoms in each snapshot, with no Fe or with one."""
    cell = Atoms("FeO2FeO2", cell=[30, 30, 30], pbc=True)
    cell.positions = [[0, 0, 0], [bond, 0, 0], [0, 5, 0], [15, 0, 0], [17, 0, 0], [15, 5, 0]]
    frames = [
        Snapshot(name=f"{run}-{step}", trajectory=run, temperature=300.0, time=None, atoms=cell)
        for run in trajectories
        for step in range(snapshots)
    ]
    sites = [(frame, atom) for frame in range(len(frames)) for atom in (1, 2, 4, 5)]
    energy = np.linspace(-2, 12, 30)
    mu = np.random.default_rng(0).random((len(sites), 30))
    about = {"engine": "none", "energy_zero": "none", "mu_unit": "none"}
    return assemble(frames, sites, energy, mu, EnvironmentRule("O", "Fe", 2.6, 1.7), about)


@given(data=st.data(), seed=SEEDS, groups=st.integers(2, 12), count=st.integers(2, 6))
def test_no_group_is_on_both_sides_and_every_site_is_tested_once(
    data: st.DataObject, seed: int, groups: int, count: int
):
    names = np.array(
        data.draw(st.lists(st.integers(0, groups - 1), min_size=12, max_size=60))
    ).astype(str)
    names[:2] = ["0", "1"]
    labels = np.random.default_rng(seed).choice(["0", "1", "2"], len(names), p=[0.6, 0.35, 0.05])
    parts = folds(labels, names, count=count, seed=seed)
    assert len(parts) >= 2
    for part in parts:
        assert not set(names[part.train]) & set(names[part.test])
        assert len(part.train) + len(part.test) == len(names)
    tested = np.concatenate([part.test for part in parts])
    assert np.array_equal(np.sort(tested), np.arange(len(names)))


@given(seed=SEEDS)
def test_random_folds_keep_the_class_frequencies(seed: int):
    labels = np.repeat(["0", "1"], [30, 60])
    for part in folds(labels, count=3, seed=seed):
        assert (labels[part.test] == "0").sum() == 10
        assert not set(part.train) & set(part.test)


@pytest.mark.parametrize("rung", ["spectrum", "snapshot", "atom", "trajectory"])
def test_turns_test_every_site_once_in_the_first_round(rung: str):
    data = dataset(("a", "b", "c"))
    parts = turns(data, rung, seeds=FOLDS, seed=5)  # pyright: ignore[reportArgumentType]
    assert len(parts) == FOLDS
    tested = np.concatenate([part.test for part in parts])
    assert np.array_equal(np.sort(tested), np.arange(len(data)))
    if rung != "spectrum":
        groups = data.groups(rung)  # pyright: ignore[reportArgumentType]
        for part in parts:
            assert not set(groups[part.train]) & set(groups[part.test])


def test_further_seeds_shuffle_again():
    data = dataset(("a", "b", "c", "d"))
    parts = turns(data, "spectrum", seeds=2 * FOLDS, seed=0)
    first = {tuple(part.test) for part in parts[:FOLDS]}
    assert first != {tuple(part.test) for part in parts[FOLDS:]}
    again = turns(data, "spectrum", seeds=2 * FOLDS, seed=0)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(parts, again, strict=True))


def test_what_a_dataset_cannot_carry_is_said():
    single = dataset(("only",), snapshots=1)
    assert "snapshot, 'only-0'" in (obstacle(single, "snapshot") or "")
    assert "trajectory, 'only'" in (obstacle(single, "trajectory") or "")
    assert obstacle(single, "spectrum") is None
    assert "no atom occurs twice" in (remark(single, "atom") or "")
    with pytest.raises(InputError, match="does not allow the rung 'snapshot'"):
        turns(single, "snapshot", seeds=1, seed=0)
    pure = single.select(single.environment == "0")
    assert "one class, '0'" in (obstacle(pure, "spectrum") or "")
    short = dataset(("a", "b"), snapshots=1)
    assert "single snapshot" in (remark(short, "trajectory") or "")
    assert remark(dataset(), "trajectory") is None


def test_another_engine_is_not_tested_on_atoms_that_were_trained_on():
    data = dataset()
    other = replace(data, table=data.table.assign(mu=data.table["mu"] * 2))
    for part in across(data, other, seeds=3, seed=1):
        assert len(part.train)
        assert not set(data.groups("atom")[part.train]) & set(other.groups("atom")[part.test])
    # The same structures under other names are found by their atoms.
    hidden = other.table.assign_coords(
        snapshot=("site", np.char.add("x", other.snapshot.astype(str))),
        trajectory=("site", np.char.add("x", other.trajectory.astype(str))),
    )
    named = {f"x{name}": atoms for name, atoms in other.structures.items()}
    for part in across(data, replace(other, table=hidden, structures=named), seeds=3, seed=1):
        assert len(part.train)
        assert not set(data.groups("atom")[part.train]) & set(other.groups("atom")[part.test])
    foreign = dataset(("else",), bond=2.3)
    for part in across(data, foreign, seeds=2, seed=1):
        assert len(part.train) == len(data)
        assert len(part.test) == len(foreign)


def test_what_cannot_be_split_is_refused():
    with pytest.raises(InputError, match="at least two"):
        folds(np.array(["0", "1"]), np.array(["a", "a"]), seed=0)
    with pytest.raises(InputError, match="no class has two sites"):
        folds(np.array(["0", "1"]), seed=0)

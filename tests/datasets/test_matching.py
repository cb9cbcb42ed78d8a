"""The same atoms are found whatever the snapshot is called."""

import numpy as np
from hypothesis import given, settings, strategies as st

from nearedge.datasets import load_dataset, starter_path
from nearedge.datasets.matching import match_sites, match_snapshots, same_structure

DATA = load_dataset(starter_path())
NAMES = list(DATA.structures)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 2**32 - 1))
def test_rounding_images_and_turns_do_not_hide_a_structure(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    atoms = DATA.structures[name]
    moved = atoms.copy()
    moved.positions += rng.integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array
    moved.positions += rng.uniform(-0.01, 0.01, moved.positions.shape)
    moved.rotate(float(rng.uniform(0, 360)), rng.normal(size=3), rotate_cell=True)
    assert same_structure(atoms, moved)
    moved.positions[int(rng.integers(len(atoms)))] += 0.2
    assert not same_structure(atoms, moved)


def test_names_decide_only_where_the_structure_agrees() -> None:
    first = {name: DATA.structures[name] for name in NAMES[:3]}
    a, b, c = NAMES[:3]
    second = {a: first[b], b: first[a], "new": first[c]}
    assert match_snapshots(first, second) == {a: b, b: a, c: "new"}
    assert match_snapshots(first, {a: DATA.structures[NAMES[3]]}) == {}


def test_sites_are_matched_by_their_atom() -> None:
    order = np.random.default_rng(0).permutation(len(DATA))[:100]
    part = DATA.select(order)
    rows, others = match_sites(part, DATA)
    assert np.array_equal(rows, np.arange(100))
    assert np.array_equal(others, order)
    one, other = (DATA.select(DATA.trajectory == name) for name in sorted(set(DATA.trajectory))[:2])
    assert [len(found) for found in match_sites(one, other)] == [0, 0]


def test_molecules_without_a_cell_are_compared_by_position() -> None:
    atoms = DATA.structures[NAMES[0]].copy()
    atoms.cell = None
    atoms.pbc = False
    moved = atoms.copy()
    moved.positions += 0.001
    assert same_structure(atoms, moved)
    moved.positions += 1
    assert not same_structure(atoms, moved)
    assert same_structure(atoms, moved, tolerance=2.0)

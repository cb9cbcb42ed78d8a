import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.neighborlist import neighbor_list
from hypothesis import given, settings, strategies as st

from nearedge.errors import InputError
from nearedge.structures.clusters import cut_cluster


@st.composite
def structures(draw: st.DrawFn) -> Atoms:
    """Small skewed cells of one to five atoms, some outside the cell, of any periodicity."""
    count = draw(st.integers(1, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    cell = np.diag(rng.uniform(2.5, 5.0, 3)) + rng.uniform(-1.0, 1.0, (3, 3))
    pbc = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    atoms = Atoms(rng.choice(["O", "Fe", "Li"], count), cell=cell, pbc=pbc)
    atoms.set_scaled_positions(rng.uniform(-1.5, 1.5, (count, 3)))
    return atoms


@given(atoms=structures(), radius=st.floats(1.0, 6.0))
@settings(deadline=None, max_examples=60)
def test_cluster_has_the_neighbours_of_the_periodic_structure(atoms: Atoms, radius: float) -> None:
    centre = len(atoms) - 1
    first, second, distance = neighbor_list("ijd", atoms, radius)
    cluster = cut_cluster(atoms, centre, radius)
    assert len(cluster) == 1 + (first == centre).sum()
    expected = distance[first == centre]
    np.testing.assert_allclose(cluster.distance[1:], np.sort(expected), atol=1e-6)
    for element in set(atoms.get_chemical_symbols()):
        same = np.asarray(atoms.get_chemical_symbols()) == element
        assert same[cluster.atom[1:]].sum() == same[second[first == centre]].sum()


@given(atoms=structures())
@settings(deadline=None, max_examples=30)
def test_coordination_inside_the_cluster_is_the_periodic_one(atoms: Atoms) -> None:
    cutoff = 2.6
    cluster = cut_cluster(atoms, 0, 7.0)
    inside = Atoms(atoms.numbers[cluster.atom], cluster.position)
    periodic = np.bincount(neighbor_list("i", atoms, cutoff), minlength=len(atoms))
    finite = np.bincount(neighbor_list("i", inside, cutoff), minlength=len(inside))
    complete = cluster.distance < 7.0 - cutoff
    np.testing.assert_array_equal(finite[complete], periodic[cluster.atom[complete]])


def test_one_atom_cell_holds_its_own_images() -> None:
    iron = bulk("Fe", "bcc", a=2.87)
    cluster = cut_cluster(iron, 0, 2.9)
    assert len(cluster) == 1 + 8 + 6
    assert set(cluster.atom.tolist()) == {0}


def test_molecule_is_its_own_cluster() -> None:
    water = molecule("H2O")
    cluster = cut_cluster(water, 0, 5.0)
    assert cluster.atom.tolist() == [0, 1, 2]
    np.testing.assert_allclose(cluster.position, water.positions - water.positions[0])


def test_refuses_what_cannot_be_cut() -> None:
    with pytest.raises(InputError, match="atom 7 does not exist"):
        cut_cluster(bulk("Fe"), 7, 3.0)
    with pytest.raises(InputError, match="must be positive"):
        cut_cluster(bulk("Fe"), 0, 0.0)

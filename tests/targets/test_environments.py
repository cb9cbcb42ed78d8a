import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_array_equal

from nearedge.errors import InputError
from nearedge.structures import read_snapshots
from nearedge.targets import EnvironmentRule, class_order, coordination_numbers

RULE = EnvironmentRule("O", "Fe", 2.6)


@st.composite
def disordered_cells(draw: st.DrawFn) -> Atoms:
    """Small triclinic cells, shorter than the cutoff too, with O and Fe anywhere."""
    n = draw(st.integers(2, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cell = np.diag(rng.uniform(1.8, 5.0, 3)) + rng.uniform(-0.6, 0.6, (3, 3))
    symbols = ["O", "Fe", *rng.choice(["O", "Fe", "Li"], n - 2)]
    return Atoms(symbols, scaled_positions=rng.random((n, 3)), cell=cell, pbc=True)


def by_brute_force(atoms: Atoms, cutoff: float) -> list[int]:
    """Count Fe in so many explicit images that none within the cutoff is missed."""
    shifts = np.stack(np.meshgrid(*[np.arange(-4, 5)] * 3), -1).reshape(-1, 3) @ atoms.cell.array
    symbols = np.array(atoms.get_chemical_symbols())
    images = (atoms.positions[symbols == "Fe"][:, None] + shifts).reshape(-1, 3)
    return [
        int((np.linalg.norm(images - atom, axis=1) < cutoff).sum())
        for atom in atoms.positions[symbols == "O"]
    ]


@settings(max_examples=30, deadline=None)
@given(disordered_cells())
def test_counts_every_image_within_the_cutoff(atoms: Atoms) -> None:
    assert coordination_numbers(atoms, "O", "Fe", 2.6).tolist() == by_brute_force(atoms, 2.6)


@settings(max_examples=30, deadline=None)
@given(disordered_cells(), st.integers(0, 2**32 - 1))
def test_labels_do_not_depend_on_how_the_crystal_is_written_down(atoms: Atoms, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = RULE.label(atoms)

    moved = atoms.copy()
    moved.translate(rng.normal(size=3) * 5)
    moved.rotate(rng.uniform(0, 360), rng.normal(size=3), rotate_cell=True)
    if seed % 2:
        moved.wrap()
    assert_array_equal(RULE.label(moved).environment, known.environment)

    order = rng.permutation(len(atoms))
    shuffled = RULE.label(atoms[order])
    back = np.argsort(order[shuffled.atom])
    assert_array_equal(shuffled.environment[back], known.environment)

    # Another choice of cell: an integer matrix of determinant one.
    sheared = atoms.copy()
    sheared.set_cell(np.array([[1, 1, 0], [0, 1, 0], [0, -1, 1]]) @ atoms.cell.array)
    assert_array_equal(RULE.label(sheared).environment, known.environment)

    repeated = make_supercell(atoms, [[2, 0, 0], [0, 1, 0], [0, 0, 1]], order="atom-major")
    assert_array_equal(RULE.label(repeated).environment, np.repeat(known.environment, 2))


def test_an_atom_may_be_the_neighbour_of_its_own_image() -> None:
    iron = bulk("Fe", "sc", a=2.5)
    assert coordination_numbers(iron, "Fe", "Fe", 2.6).tolist() == [6]


def test_a_dimer_is_a_class_of_its_own_whatever_its_coordination() -> None:
    atoms = Atoms("O2Fe", [[0, 0, 0], [1.45, 0, 0], [0, 2.0, 0]])
    labels = RULE.label(atoms)
    assert labels.environment.tolist() == ["dimer", "dimer"]
    assert labels.coordination.tolist() == [1, 1]
    without = EnvironmentRule("O", "Fe", 2.6, dimer=None).label(atoms)
    assert without.environment.tolist() == ["1", "1"]


def test_reference_snapshots_have_the_published_class_counts(shared_data) -> None:
    for name, expected in (("0K", [9, 17, 15, 7, 1, 0]), ("15ps", [6, 17, 16, 7, 1, 2])):
        (snapshot,) = read_snapshots(shared_data / "ocean-li3feo35" / f"POSCAR_{name}")
        labels = RULE.label(snapshot.atoms)
        names = labels.environment.tolist()
        assert [names.count(c) for c in ("0", "1", "2", "3", "4", "dimer")] == expected


@pytest.mark.parametrize(
    ("rule", "atoms", "said"),
    [
        (RULE, Atoms("LiFe"), "holds no O atom"),
        (RULE, Atoms("LiO"), "holds no Fe atom"),
        (RULE, Atoms("OFe", [[0, 0, 0], [np.nan, 0, 0]]), "non-finite positions"),
        (RULE, Atoms("OFe", pbc=True), "cell has no volume"),
    ],
)
def test_an_unusable_structure_is_refused(rule: EnvironmentRule, atoms: Atoms, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rule.label(atoms)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"absorber": "Ox"}, "not a chemical element"),
        ({"cutoff": -1.0}, "positive distance"),
        ({"cutoff": float("nan")}, "positive distance"),
        ({"dimer": 0.0}, "positive distance"),
    ],
)
def test_an_impossible_rule_is_refused(given: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        EnvironmentRule(**given)


@given(st.lists(st.integers(0, 20)))
def test_classes_are_ordered_as_numbers_with_dimers_last(numbers: list[int]) -> None:
    names = [str(number) for number in numbers] + ["dimer"]
    assert class_order(names) == [str(n) for n in sorted(set(numbers))] + ["dimer"]

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.spacegroup import crystal as make_crystal
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_array_equal

from nearedge.errors import InputError
from nearedge.structures import read_snapshots
from nearedge.targets import (
    BondLength,
    BondValence,
    Coordination,
    EnvironmentRule,
    OxidationState,
    class_order,
)

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


def labels(atoms: Atoms) -> np.ndarray:
    return RULE.environment.of(atoms, RULE.sites(atoms))


@settings(max_examples=30, deadline=None)
@given(disordered_cells())
def test_counts_every_image_within_the_cutoff(atoms: Atoms) -> None:
    assert RULE.coordination.of(atoms, RULE.sites(atoms)).tolist() == by_brute_force(atoms, 2.6)


@settings(max_examples=30, deadline=None)
@given(disordered_cells(), st.integers(0, 2**32 - 1))
def test_labels_do_not_depend_on_how_the_crystal_is_written_down(atoms: Atoms, seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = labels(atoms)

    moved = atoms.copy()
    moved.translate(rng.normal(size=3) * 5)
    moved.rotate(rng.uniform(0, 360), rng.normal(size=3), rotate_cell=True)
    if seed % 2:
        moved.wrap()
    assert_array_equal(labels(moved), known)

    order = rng.permutation(len(atoms))
    shuffled = atoms[order]
    back = np.argsort(order[RULE.sites(shuffled)])
    assert_array_equal(labels(shuffled)[back], known)

    # Another choice of cell: an integer matrix of determinant one.
    sheared = atoms.copy()
    sheared.set_cell(np.array([[1, 1, 0], [0, 1, 0], [0, -1, 1]]) @ atoms.cell.array)
    assert_array_equal(labels(sheared), known)

    repeated = make_supercell(atoms, [[2, 0, 0], [0, 1, 0], [0, 0, 1]], order="atom-major")
    assert_array_equal(labels(repeated), np.repeat(known, 2))


def test_an_atom_may_be_the_neighbour_of_its_own_image() -> None:
    iron = bulk("Fe", "sc", a=2.5)
    assert Coordination("Fe", 2.6).of(iron, np.array([0])).tolist() == [6]


def test_a_dimer_is_a_class_of_its_own_whatever_its_coordination() -> None:
    atoms = Atoms("O2Fe", [[0, 0, 0], [1.45, 0, 0], [0, 2.0, 0]])
    rule, sites = EnvironmentRule("O", "Fe", 2.6, 1.7), np.array([0, 1])
    assert rule.environment.of(atoms, sites).tolist() == ["dimer", "dimer"]
    assert rule.coordination.of(atoms, sites).tolist() == [1, 1]
    assert RULE.environment.of(atoms, sites).tolist() == ["1", "1"]


def test_reference_snapshots_have_the_published_class_counts(shared_data) -> None:
    for name, expected in (("0K", [9, 17, 15, 7, 1, 0]), ("15ps", [6, 17, 16, 7, 1, 2])):
        (snapshot,) = read_snapshots(shared_data / "ocean-li3feo35" / f"POSCAR_{name}")
        rule = EnvironmentRule("O", "Fe", 2.6, 1.7)
        names = rule.environment.of(snapshot.atoms, rule.sites(snapshot.atoms)).tolist()
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
        rule.sites(atoms)


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
        EnvironmentRule(**{"absorber": "O", "neighbour": "Fe", "cutoff": 2.6, **given})


@given(st.lists(st.integers(0, 20)))
def test_classes_are_ordered_as_numbers_with_dimers_last(numbers: list[int]) -> None:
    names = [str(number) for number in numbers] + ["dimer"]
    assert class_order(names) == [str(n) for n in sorted(set(numbers))] + ["dimer"]


def corundum(z: float, x: float) -> list[tuple[float, float, float]]:
    return [(0, 0, z), (x, 0, 0.25)]


def crystal(
    symbols: list[str], basis: list, group: int, a: float, c: float, gamma: float = 90
) -> Atoms:
    return make_crystal(symbols, basis, spacegroup=group, cellpar=[a, a, c, 90, 90, gamma])


FAMOUS = {
    "rock salt MgO": (bulk("MgO", "rocksalt", a=4.212), 2),
    "rock salt MnO": (bulk("MnO", "rocksalt", a=4.445), 2),
    "rock salt FeO": (bulk("FeO", "rocksalt", a=4.326), 2),
    "rock salt CoO": (bulk("CoO", "rocksalt", a=4.260), 2),
    "rock salt NiO": (bulk("NiO", "rocksalt", a=4.177), 2),
    "zincite": (bulk("ZnO", "wurtzite", a=3.250, c=5.207, u=0.3825), 2),
    "rutile": (crystal(["Ti", "O"], [(0, 0, 0), (0.3053, 0.3053, 0)], 136, 4.594, 2.959), 4),
    "pyrolusite": (crystal(["Mn", "O"], [(0, 0, 0), (0.3046, 0.3046, 0)], 136, 4.398, 2.873), 4),
    "eskolaite": (crystal(["Cr", "O"], corundum(0.3475, 0.3058), 167, 4.961, 13.599, 120), 3),
    "hematite": (crystal(["Fe", "O"], corundum(0.3553, 0.3059), 167, 5.036, 13.749, 120), 3),
    "karelianite": (crystal(["V", "O"], corundum(0.3463, 0.3118), 167, 4.952, 14.003, 120), 3),
    "cuprite": (crystal(["O", "Cu"], [(0, 0, 0), (0.25, 0.25, 0.25)], 224, 4.2696, 4.2696), 1),
}


@pytest.mark.parametrize("name", FAMOUS)
def test_bond_valences_add_up_to_the_oxidation_states_of_well_known_crystals(name: str) -> None:
    atoms, state = FAMOUS[name]
    cations = np.flatnonzero(atoms.numbers != 8)
    assert BondValence("O", state).of(atoms, cations) == pytest.approx(state, abs=0.35)
    assert OxidationState("O").of(atoms, cations).tolist() == [state] * len(cations)


def test_an_anion_has_the_valences_of_its_cations() -> None:
    atoms, _ = FAMOUS["hematite"]
    oxygen = np.flatnonzero(atoms.numbers == 8)
    assert BondValence("Fe", 3).of(atoms, oxygen) == pytest.approx(2, abs=0.2)
    with pytest.raises(InputError, match="for O and Fe with the oxidation state 6"):
        BondValence("Fe", 6).of(atoms, oxygen)
    with pytest.raises(InputError, match="cannot be computed without a neighbour"):
        BondValence(None).of(atoms, oxygen)


def test_a_permanganate_bond_tells_manganese_seven() -> None:
    # KMnO4: four bonds of 1.629 Å.
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3) * 1.629
    atoms = Atoms("MnO4", [[0, 0, 0], *corners])
    assert OxidationState("O").of(atoms, np.array([0])).tolist() == [7]


def test_bond_length_is_the_mean_and_missing_without_neighbours() -> None:
    atoms = Atoms("OFe2O", [[0, 0, 0], [1.9, 0, 0], [0, 2.1, 0], [9, 9, 9]])
    lengths = BondLength("Fe", 2.6).of(atoms, np.array([0, 3]))
    assert lengths[0] == pytest.approx(2.0)
    assert np.isnan(lengths[1])


def test_targets_say_what_they_are() -> None:
    rule = EnvironmentRule("O", "Fe", 2.6, 1.7)
    targets = rule.targets()
    assert targets["coordination"].words() == "number of Fe atoms within 2.6 Å"
    assert targets["bond_valence"] == BondValence("Fe", 3)
    assert targets["bond_valence"].text(1.234) == "1.23 v.u."

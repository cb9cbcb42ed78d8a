"""First shells of crystals that everybody knows."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from ase.build import bulk

from nearedge.errors import MissingExtraError
from nearedge.structures import first_shells, read_amcsd, structure_types

if find_spec("pymatgen") is None:
    pytest.skip("pymatgen is not installed", allow_module_level=True)

# Structure type, formula, element: coordination and oxidation state of its sites.
KNOWN = {
    ("rutile", "O2Ti", "Ti"): [(6, 4)],
    ("corundum", "Fe2O3", "Fe"): [(6, 3)],
    ("rock salt", "NiO", "Ni"): [(6, 2)],
    ("spinel", "Co3O4", "Co"): [(4, 2), (6, 3)],
    ("cuprite", "Cu2O", "Cu"): [(2, 1)],
    ("wurtzite", "OZn", "Zn"): [(4, 2)],
    ("infinite layers", "CaCuO2", "Cu"): [(4, 2)],
    ("layered oxide", "CoLiO2", "Co"): [(6, 3)],
    ("tetragonal perovskite", "O3PbV", "V"): [(5, 4)],
    ("YAlO3 type", "FeInO3", "Fe"): [(5, 3)],
    ("perovskite", "FeO3Sr", "Fe"): [(6, 4)],
}


@pytest.mark.parametrize("key", KNOWN, ids=" ".join)
def test_structure_types(key: tuple[str, str, str]) -> None:
    name, formula, element = key
    crystal = next(c for c in structure_types([element]) if (c.name, c.formula) == (name, formula))
    shells = first_shells(crystal.atoms, list(crystal.sites([element])))
    assert [(shell.coordination, shell.oxidation_state) for shell in shells] == KNOWN[key]
    assert all(shell.agrees for shell in shells)
    assert all(shell.ligands == ("O",) for shell in shells)
    # What bond valence sums are for: they come near the oxidation states, in strained crystals too.
    sums = [
        shell.bond_valence - state for shell, (_, state) in zip(shells, KNOWN[key], strict=True)
    ]
    assert np.abs(sums).max() < 0.55


def test_without_pymatgen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymatgen.core", None)
    with pytest.raises(MissingExtraError, match="'pymatgen'.*pip install 'pymatgen>="):
        first_shells(bulk("MgO", "rocksalt", a=4.2), [0])


@pytest.mark.skipif(find_spec("larixite") is None, reason="AMCSD comes with larixite")
@pytest.mark.parametrize(
    ("mineral", "element", "numbers", "state"),
    [
        ("Tenorite", "Cu", {4}, 2),
        ("Shcherbinaite", "V", {5}, 5),
        ("Fayalite", "Fe", {6}, 2),
        ("Willemite", "Zn", {4}, 2),
        ("Anatase", "Ti", {6}, 4),
        ("Crocoite", "Cr", {4}, 6),
    ],
)
def test_minerals(mineral: str, element: str, numbers: set[int], state: int) -> None:
    crystal = next(c for c in read_amcsd([element]) if c.name == mineral and c.objection is None)
    shells = first_shells(crystal.atoms, list(crystal.sites([element])))
    assert {shell.coordination for shell in shells} == numbers
    assert {shell.oxidation_state for shell in shells} == {state}
    assert all(shell.agrees for shell in shells)


def test_lengths_and_distortion() -> None:
    regular = first_shells(bulk("NiO", "rocksalt", a=4.18), [0])[0]
    assert regular.bond_length == pytest.approx(2.09)
    assert regular.distortion == pytest.approx(0.0, abs=1e-9)
    longer = bulk("NiO", "rocksalt", a=4.18, cubic=True)
    longer.set_cell(longer.cell * np.array([[1.0], [1.0], [1.1]]), scale_atoms=True)
    stretched = first_shells(longer, [0])[0]
    # Four bonds of 2.09 Å and two that are a tenth longer.
    assert stretched.bond_length == pytest.approx((4 * 2.09 + 2 * 2.299) / 6)
    assert stretched.distortion == pytest.approx(4 / 93)


def test_rules_that_disagree_are_marked() -> None:
    # Eight neighbours and six a seventh farther: counted as 8 or 14.
    assert not first_shells(bulk("Fe", "bcc", a=2.87), [0])[0].agrees


def test_a_crystal_whose_bonds_are_impossible_is_not_scored() -> None:
    pressed, right = (
        first_shells(bulk("MnO", "rocksalt", a=2 * length), [0])[0] for length in (1.4, 2.22)
    )
    assert pressed.coordination == pressed.by_gap == 6
    assert (pressed.agrees, right.agrees) == (False, True)
    assert 1.8 < right.bond_valence < 2.2

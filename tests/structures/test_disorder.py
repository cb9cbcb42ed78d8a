"""The builder of disordered cells, against counting and against statistics."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from hypothesis import given, settings, strategies as st
from scipy.stats import hypergeom

from nearedge.campaigns import LI3FEO35
from nearedge.errors import InputError
from nearedge.structures import DisorderedCell, disordered_cell

seeds = st.integers(0, 2**32)


def iron_around_oxygen(atoms: Atoms) -> np.ndarray:
    first, second = neighbor_list("ij", atoms, 2.6)
    symbols = np.array(atoms.get_chemical_symbols())
    pairs = (symbols[first] == "O") & (symbols[second] == "Fe")
    return np.bincount(first[pairs], minlength=len(atoms))[symbols == "O"]


@pytest.mark.parametrize(
    ("repeat", "composition"),
    [
        ((2, 2, 2), {"Li": 24, "Fe": 8, "O": 28}),
        ((2, 2, 3), {"Li": 36, "Fe": 12, "O": 42}),
        ((1, 1, 2), {"Li": 6, "Fe": 2, "O": 7}),
    ],
)
@pytest.mark.parametrize("dimers", [0, 1])
def test_composition_is_exact(
    repeat: tuple[int, int, int], composition: dict[str, int], dimers: int
) -> None:
    options = replace(LI3FEO35, repeat=repeat, dimers=dimers)
    for seed in range(5):
        atoms = disordered_cell(options, seed)
        assert Counter(atoms.get_chemical_symbols()) == composition
        # Li(+1) Fe(+4) O(-2): neutral whatever the arrangement.
        assert sum({"Li": 1, "Fe": 4, "O": -2}[atom.symbol] for atom in atoms) == 0
        assert atoms.get_volume() == pytest.approx(72.5 * np.prod(repeat))


@settings(max_examples=30, deadline=None)
@given(seeds)
def test_every_atom_has_a_lattice_site_of_its_own_kind(seed: int) -> None:
    atoms = disordered_cell(LI3FEO35, seed)
    grid = atoms.positions / (72.5 ** (1 / 3) / 2)
    sites = np.rint(grid).astype(int)
    assert np.abs(grid - sites).max() < 1e-6
    assert len(np.unique(sites % 4, axis=0)) == len(atoms)
    odd = sites.sum(axis=1) % 2 == 1
    assert ((np.array(atoms.get_chemical_symbols()) == "O") == odd).all()


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(1, 2))
def test_dimers_have_their_length_no_iron_and_no_third_oxygen(seed: int, dimers: int) -> None:
    atoms = disordered_cell(replace(LI3FEO35, dimers=dimers), seed)
    first, _, distance, arm = neighbor_list("ijdD", atoms, 1.7)
    assert len(first) == 2 * dimers == len(np.unique(first))
    assert distance == pytest.approx(1.46)
    assert np.abs(arm) == pytest.approx(1.46 / np.sqrt(3))
    # The site the pair shares has no Fe among its six neighbours.
    centres = atoms.positions[first] + arm / 2
    iron = atoms[[atom.index for atom in atoms if atom.symbol == "Fe"]]
    probe = Atoms("X" * len(centres), centres, cell=atoms.cell, pbc=True) + iron
    near = neighbor_list("ij", probe, 2.6)
    assert not ((near[0] < len(centres)) & (near[1] >= len(centres))).any()


def test_coordination_is_that_of_random_draws() -> None:
    counts = np.concatenate([iron_around_oxygen(disordered_cell(LI3FEO35, s)) for s in range(150)])
    found = np.bincount(counts, minlength=7) / len(counts)
    # Six of 32 cation sites, 8 of which hold Fe: hypergeometric, close to binomial(6, 1/4).
    # Three standard errors of 4200 sites are 2.2 points.
    assert found == pytest.approx(hypergeom.pmf(range(7), 32, 8, 6), abs=0.022)
    assert counts.mean() == pytest.approx(1.5, abs=0.02)


@settings(max_examples=15, deadline=None)
@given(seeds, st.integers(1, 3), st.integers(0, 1))
def test_rare_sites_are_there_and_none_is_rarer(seed: int, rare: int, dimers: int) -> None:
    options = replace(LI3FEO35, rare_sites=rare, dimers=dimers)
    atoms = disordered_cell(options, seed)
    paired = neighbor_list("i", atoms, 1.7)
    oxygen = np.flatnonzero(np.array(atoms.get_chemical_symbols()) == "O")
    counts = iron_around_oxygen(atoms)[~np.isin(oxygen, paired)]
    assert np.count_nonzero(counts == 4) >= rare
    assert counts.max() == 4


def test_a_seed_is_a_structure_whatever_came_before() -> None:
    options = replace(LI3FEO35, dimers=1)
    forward = [disordered_cell(options, [3, n]) for n in (0, 1, 2)]
    backward = [disordered_cell(options, [3, n]) for n in (2, 1, 0)][::-1]
    assert forward == backward
    assert len({atoms.positions.tobytes() for atoms in forward}) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"repeat": (1, 1, 1)},  # an eighth of four sites
        {"repeat": (0, 1, 2)},
        {"minority_fraction": 0.3},
        {"vacancy_fraction": 1.0},
        {"edge": -1.0},
        {"dimers": -1},
        {"dimers": 1, "lattice": "antifluorite"},
        {"minority_fraction": 0.75, "empty_fraction": 0.5},
    ],
)
def test_wrong_options(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        replace(LI3FEO35, **wrong)


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 15), st.integers(0, 15), st.integers(0, 5))
def test_antifluorite_cations_are_in_tetrahedra_and_see_those_eight(
    seed: int, iron: int, empty: int, vacant: int
) -> None:
    recipe = DisorderedCell(
        "Li", "Fe", "O", 4.6, lattice="antifluorite", minority_fraction=iron / 64,
        empty_fraction=empty / 64, vacancy_fraction=vacant / 32,
    )  # fmt: skip
    atoms = disordered_cell(recipe, seed)
    expected = {"Li": 64 - iron - empty, "Fe": iron, "O": 32 - vacant}
    assert Counter(atoms.get_chemical_symbols()) == expected
    # Every cation is a quarter of the diagonal of the cell from each O around it.
    first, second, distance = neighbor_list("ijd", atoms, 2.2)
    symbols = np.array(atoms.get_chemical_symbols())
    assert ((symbols[first] == "O") != (symbols[second] == "O")).all()
    assert distance == pytest.approx(4.6 * np.sqrt(3) / 4)
    around = np.bincount(first, minlength=len(atoms))
    assert around[symbols != "O"].max() <= 4
    if not vacant:
        assert (around[symbols != "O"] == 4).all()
    if not empty:
        assert (around[symbols == "O"] == 8).all()


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(0, 1))
def test_empty_cation_sites_lack_the_majority_and_cost_no_iron(seed: int, dimers: int) -> None:
    recipe = replace(LI3FEO35, empty_fraction=6 / 32, dimers=dimers)
    atoms = disordered_cell(recipe, seed)
    assert Counter(atoms.get_chemical_symbols()) == {"Li": 18, "Fe": 8, "O": 28}


def test_an_impossible_wish_names_the_remedy() -> None:
    options = replace(LI3FEO35, repeat=(1, 1, 2), dimers=3)
    with pytest.raises(InputError, match="seed 5.*3 dimers.*fewer or a larger repeat"):
        disordered_cell(options, 5)

"""Disordered cells of the materials whose O K-edge datasets ship, composition by composition."""

from collections.abc import Sequence
from dataclasses import replace

from nearedge.structures import DisorderedCell, Lattice

# A quarter of the cation sites hold Fe, an eighth of the anion sites is empty, and a conventional
# cell has the 72.5 Å^3 of a formula unit: O is coordinated by Fe nearly as binomial(6, 1/4).
LI3FEO35 = DisorderedCell(
    "Li", "Fe", "O", 72.5 ** (1 / 3), minority_fraction=1 / 4, vacancy_fraction=1 / 8,
    dimer_length=1.46, rare_neighbours=4,
)  # fmt: skip

# Edges of conventional cells, Å: SevenNet-0 relaxes four of the rock salts below to 4.17-4.20. The
# orthorhombic axes of Li5FeO4 are two of 4.60; random arrangements of it want up to 4.71.
_EDGES: dict[Lattice, float] = {"rock-salt": 4.18, "antifluorite": 4.62}
# Atoms of Fe, Li and O in cells of 2 x 2 x 2, and dimers: from Li-rich to Fe-rich, with as much O
# as Fe of +3 to +5 asks for where the lattice holds it; else with dimers, which need fewer
# electrons. The antifluorites are Li5FeO4, from which charging starts, and what it passes.
_COMPOSITIONS: tuple[tuple[Lattice, int, int, int, int], ...] = (
    ("antifluorite", 4, 52, 32, 0),
    ("rock-salt", 8, 24, 27, 0),
    ("rock-salt", 14, 18, 30, 0),
    ("rock-salt", 5, 27, 27, 1),
    ("rock-salt", 11, 21, 28, 0),
    ("antifluorite", 8, 32, 32, 0),
    ("rock-salt", 10, 22, 30, 0),
    ("rock-salt", 6, 26, 27, 1),
    ("rock-salt", 13, 19, 29, 0),
    ("rock-salt", 8, 18, 28, 1),
    ("rock-salt", 4, 28, 27, 2),
    ("rock-salt", 12, 20, 31, 0),
    ("antifluorite", 12, 28, 32, 0),
    ("rock-salt", 9, 23, 28, 0),
    ("rock-salt", 14, 12, 30, 0),
    ("rock-salt", 7, 25, 27, 1),
    ("rock-salt", 12, 14, 29, 0),
    ("rock-salt", 10, 22, 27, 0),
    ("antifluorite", 8, 24, 30, 0),
    ("rock-salt", 13, 16, 31, 0),
    ("rock-salt", 6, 24, 28, 1),
    ("rock-salt", 12, 20, 28, 0),
    ("rock-salt", 8, 24, 29, 1),
    ("rock-salt", 14, 18, 32, 0),
    ("antifluorite", 8, 40, 32, 0),
    ("rock-salt", 10, 16, 28, 0),
    ("rock-salt", 9, 15, 32, 2),
    ("antifluorite", 4, 44, 28, 0),
    ("rock-salt", 7, 25, 32, 2),
    ("rock-salt", 11, 13, 32, 0),
    ("antifluorite", 6, 38, 30, 0),
    ("rock-salt", 5, 23, 27, 2),
    ("rock-salt", 13, 11, 27, 0),
    ("rock-salt", 7, 21, 30, 2),
    ("antifluorite", 10, 34, 32, 0),
    ("rock-salt", 8, 20, 32, 2),
    ("rock-salt", 11, 13, 27, 0),
    ("antifluorite", 6, 46, 32, 0),
    ("rock-salt", 6, 26, 30, 2),
    ("rock-salt", 11, 17, 30, 0),
    ("rock-salt", 5, 27, 29, 2),
    ("antifluorite", 8, 28, 28, 0),
    ("rock-salt", 13, 11, 32, 0),
    ("rock-salt", 9, 18, 30, 0),
    ("antifluorite", 4, 40, 30, 0),
    ("rock-salt", 7, 20, 27, 0),
    ("rock-salt", 9, 23, 32, 0),
    ("rock-salt", 10, 18, 32, 0),
    ("antifluorite", 12, 22, 30, 0),
    ("rock-salt", 12, 12, 31, 0),
    ("rock-salt", 9, 15, 27, 0),
    ("antifluorite", 8, 36, 30, 0),
    ("rock-salt", 8, 16, 30, 2),
    ("rock-salt", 14, 10, 32, 0),
    ("rock-salt", 10, 14, 30, 0),
    ("antifluorite", 6, 34, 28, 0),
    ("rock-salt", 13, 15, 28, 0),
    ("rock-salt", 12, 16, 32, 0),
    ("antifluorite", 10, 26, 30, 0),
    ("rock-salt", 14, 10, 28, 0),
)


def rock_salts(
    dimers: Sequence[int], rare_sites: int, repeat: tuple[int, int, int] = (2, 2, 2)
) -> tuple[DisorderedCell, ...]:
    """Give recipes of Li3FeO3.5 cells, one for each number of dimers."""
    return tuple(
        replace(LI3FEO35, repeat=repeat, dimers=number, rare_sites=rare_sites) for number in dimers
    )


def lithium_iron_oxides() -> tuple[DisorderedCell, ...]:
    """Give recipes of disordered Li-Fe oxides, one for each composition."""
    recipes = []
    for lattice, iron, lithium, oxygen, dimers in _COMPOSITIONS:
        cations = 64 if lattice == "antifluorite" else 32
        recipes.append(
            replace(
                LI3FEO35,
                lattice=lattice,
                edge=_EDGES[lattice],
                minority_fraction=iron / cations,
                empty_fraction=(cations - iron - lithium) / cations,
                vacancy_fraction=1 - oxygen / 32,
                dimers=dimers,
            )
        )
    return tuple(recipes)

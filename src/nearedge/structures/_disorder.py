"""Disordered cells: random cations, random vacancies, anion dimers on request."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, product
from typing import Literal

import numpy as np
from ase import Atoms
from jaxtyping import Float, Int

from nearedge.errors import InputError
from nearedge.structures._snapshots import Snapshot

Lattice = Literal["rock-salt", "antifluorite"]

# Steps of half an edge from a cation's place in the grid to those of the anions around it. The
# cations of a rock salt are the places whose coordinates have an even sum, its anions the others;
# in antifluorite the anions are the same and every cube between places holds a cation.
_AROUND: dict[Lattice, np.ndarray] = {
    "rock-salt": np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)]),
    "antifluorite": np.array(list(product((0, 1), repeat=3))),
}
# From an anion to the next ones, along <110>.
_SECOND = np.array([step for step in product((-1, 0, 1), repeat=3) if np.abs(step).sum() == 2])
# Arrangements drawn in search of one that has the wanted dimers and rare sites.
_ATTEMPTS = 2000
_DIAGONALS = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]]) / math.sqrt(3)


@dataclass(frozen=True)
class DisorderedCell:
    """What to build: a cell of exact composition with a random arrangement.

    A dimer is two anions on one site that has no minority neighbour; the neighbouring anion site
    from which the second came is left empty.

    Examples
    --------
    >>> mixed = DisorderedCell("Ni", "Mg", "O", 4.2, minority_fraction=1 / 8)
    >>> disordered_cell(mixed, seed=1).get_chemical_formula("hill")
    'Mg4Ni28O32'
    """

    majority: str  # element on most cation sites
    minority: str  # element on the others
    anion: str
    edge: float  # of the conventional cell, which has 4 anion sites, Å
    lattice: Lattice = "rock-salt"  # with 4 cation sites in that cell, or antifluorite with 8
    minority_fraction: float = 0.0  # of the cation sites
    empty_fraction: float = 0.0  # of the cation sites
    vacancy_fraction: float = 0.0  # of the anion sites, empty before dimers are made
    dimer_length: float = 1.5  # Å
    # Minority neighbours of a rare anion site, and the most of any where rare sites are wanted.
    rare_neighbours: int = 0
    repeat: tuple[int, int, int] = (2, 2, 2)  # conventional cells along the axes
    dimers: int = 0
    rare_sites: int = 0  # wanted at least; 0 takes the first arrangement as it comes

    def __post_init__(self) -> None:
        edge, length, dimers, rare = self.edge, self.dimer_length, self.dimers, self.rare_sites
        if self.lattice not in _AROUND:
            raise InputError(f"lattice '{self.lattice}': choose one of {', '.join(_AROUND)}")
        if len(self.repeat) != 3 or min(self.repeat) < 1:
            raise InputError(f"repeat {self.repeat}: give three integers of at least 1")
        if min(edge, length) <= 0:
            raise InputError(f"edge {edge} and dimer_length {length} must be positive (Å)")
        if min(dimers, rare) < 0:
            raise InputError(f"dimers {dimers} and rare_sites {rare} must be at least 0")
        if dimers and self.lattice != "rock-salt":
            raise InputError(f"dimers {dimers}: they are built into rock salts alone")
        for name in ("minority_fraction", "empty_fraction", "vacancy_fraction"):
            self.sites(name)
        if self.minority_fraction + self.empty_fraction > 1:
            raise InputError(
                f"minority_fraction {self.minority_fraction:g} and empty_fraction "
                f"{self.empty_fraction:g} are more than all cation sites"
            )

    def sites(self, name: str) -> int:
        """Return the number of sites that the fraction of that name means."""
        fraction = getattr(self, name)
        dense = self.lattice == "antifluorite" and name != "vacancy_fraction"
        sites = (8 if dense else 4) * math.prod(self.repeat)
        if not 0 <= fraction < 1 or not math.isclose(
            sites * fraction, round(sites * fraction), abs_tol=1e-9
        ):
            raise InputError(
                f"{name} {fraction:g} of the {sites} sites of repeat {self.repeat} is not a whole "
                "number of sites below all of them; choose another repeat or fraction"
            )
        return round(sites * fraction)


def disordered_cell(settings: DisorderedCell, seed: int | Sequence[int]) -> Atoms:
    """Build one cell, unrelaxed, atoms ordered by element: majority, minority, anion."""
    rng = np.random.default_rng(seed)
    for _ in range(_ATTEMPTS):
        cations, anions = _draw(settings, rng)
        minority = (cations == 2).astype(int)
        steps = _AROUND[settings.lattice]
        around = np.sum([np.roll(minority, step, (0, 1, 2)) for step in steps], axis=0)
        found = _insert_dimers(anions, around, settings.dimers, rng)
        if found and _has_rare_sites(around[anions == 1], settings):
            return _atoms(cations, anions, settings, rng)
    raise InputError(
        f"seed {seed}: none of {_ATTEMPTS} arrangements of repeat {settings.repeat} has "
        f"{settings.dimers} dimers and {settings.rare_sites} {settings.anion} with "
        f"{settings.rare_neighbours} {settings.minority}; ask for fewer or a larger repeat"
    )


def disordered_starts(
    recipes: Sequence[DisorderedCell], count: int, *, seed: int, name: str = "rocksalt"
) -> list[Snapshot]:
    """Build cells by recipes in turn, each the start of a trajectory ``NAME-SEED-NUMBER``.

    More of them leave the first ones as they are.
    """
    labels = [f"{name}-{seed}-{number:03d}" for number in range(count)]
    return [
        Snapshot(label, label, None, None, disordered_cell(recipe, [seed, number]))
        for number, (label, recipe) in enumerate(zip(labels, cycle(recipes), strict=False))
    ]


def _draw(
    settings: DisorderedCell, rng: np.random.Generator
) -> tuple[Int[np.ndarray, "x y z"], Int[np.ndarray, "x y z"]]:
    """Draw cations, 1 the majority and 2 the minority, and anions, 1; 0 is empty."""
    shape = tuple(2 * n for n in settings.repeat)
    odd = np.indices(shape).sum(axis=0).ravel() % 2
    cations = np.ones_like(odd) if settings.lattice == "antifluorite" else 1 - odd
    anions = odd.copy()
    places, sites = np.flatnonzero(cations), np.flatnonzero(odd)
    cations[rng.choice(places, settings.sites("minority_fraction"), replace=False)] = 2
    anions[rng.choice(sites, settings.sites("vacancy_fraction"), replace=False)] = 0
    if empty := settings.sites("empty_fraction"):
        cations[rng.choice(np.flatnonzero(cations == 1), empty, replace=False)] = 0
    return cations.reshape(shape), anions.reshape(shape)


def _insert_dimers(
    anions: Int[np.ndarray, "x y z"],
    minority_around: Int[np.ndarray, "x y z"],
    dimers: int,
    rng: np.random.Generator,
) -> bool:
    """Move anions, in place, to others that have no minority neighbour; False without room."""
    free = (minority_around == 0) & (anions == 1)
    for _ in range(dimers):
        centres = np.argwhere(free & (anions == 1))
        if not len(centres):
            return False
        centre = rng.choice(centres)
        around = np.unique((centre + _SECOND) % anions.shape, axis=0)
        partners = around[anions[tuple(around.T)] == 1]
        if not len(partners):
            return False
        anions[tuple(rng.choice(partners))] = 0
        anions[tuple(centre)] = 2
        # A second dimer next door would invite a third anion to join.
        free[tuple(around.T)] = False
    return True


def _has_rare_sites(counts: Int[np.ndarray, " anion"], settings: DisorderedCell) -> bool:
    if settings.rare_sites == 0:
        return True
    rare = np.count_nonzero(counts == settings.rare_neighbours)
    return bool(rare >= settings.rare_sites and counts.max() <= settings.rare_neighbours)


def _atoms(
    cations: Int[np.ndarray, "x y z"],
    anions: Int[np.ndarray, "x y z"],
    settings: DisorderedCell,
    rng: np.random.Generator,
) -> Atoms:
    """Put the atoms where the arrangement says."""
    half = settings.edge / 2
    offset = 0.5 if settings.lattice == "antifluorite" else 0.0
    single = np.argwhere(anions == 1) * half
    pairs = []
    for centre in np.argwhere(anions == 2):
        arm = _free_diagonal(anions, centre, rng) * settings.dimer_length / 2
        pairs += [centre * half + arm, centre * half - arm]
    groups = (
        (settings.majority, (np.argwhere(cations == 1) + offset) * half),
        (settings.minority, (np.argwhere(cations == 2) + offset) * half),
        (settings.anion, np.vstack([single, *pairs])),
    )
    atoms = Atoms(
        [element for element, positions in groups for _ in positions],
        positions=np.vstack([positions for _, positions in groups]),
        cell=np.array(settings.repeat) * settings.edge,
        pbc=True,
    )
    atoms.wrap()
    return atoms


def _free_diagonal(
    anions: Int[np.ndarray, "x y z"], centre: Int[np.ndarray, "3"], rng: np.random.Generator
) -> Float[np.ndarray, "3"]:
    """Choose the body diagonal whose ends face the fewest anions, which might join the dimer."""
    around = anions[tuple(((centre + _SECOND) % anions.shape).T)]
    faced = [around[np.abs(_SECOND @ diagonal) > 1].sum() for diagonal in _DIAGONALS]
    return _DIAGONALS[rng.choice(np.flatnonzero(faced == np.min(faced)))]

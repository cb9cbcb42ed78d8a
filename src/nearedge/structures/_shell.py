"""The first shell of an atom in a crystal, and its oxidation state, by two rules each."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from nearedge.errors import InputError, MissingExtraError
from nearedge.structures.clusters import cut_cluster
from nearedge.targets import REACH, B, bond_constants, neighbour_distances

# Å within which a first shell is searched.
_REACH = 4.5
_MOST = 8.0


@dataclass(frozen=True)
class Shell:
    """The nearest neighbours of an atom in a crystal."""

    coordination: int  # neighbours by CrystalNN
    by_gap: int  # neighbours before the largest gap between distances that follow each other
    ligands: tuple[str, ...]  # elements of CrystalNN's, in alphabetical order
    bond_length: float  # mean distance in Å
    distortion: float  # mean deviation from it, as a fraction of it (Baur 1974)
    oxidation_state: int | None  # balances the crystal and fits the bond valence sum, if any does
    bond_valence: float  # of the atoms of all ligand elements; NaN where one is no anion

    @property
    def agrees(self) -> bool:
        """Whether both rules count the same neighbours; where not, do not score the site.

        Nor where bonds are so short that their valences exceed every oxidation state there is.
        """
        return self.coordination == self.by_gap and not self.bond_valence > _MOST


def first_shells(atoms: Atoms, sites: Sequence[int]) -> list[Shell]:
    """Describe the first shells of some atoms of a crystal.

    Neighbours are those of pymatgen's CrystalNN (Pan et al., Inorg. Chem. 60, 1590 (2021)), its
    weights rounded to whole neighbours. Oxidation states are those of pymatgen's BVAnalyzer: the
    likeliest for the bond valence sums (O'Keeffe and Brese, J. Am. Chem. Soc. 113, 3226 (1991))
    of those that balance the charge. Bond valences are exp((R0 - d) / 0.37 Å), R0 that of
    `nearedge.targets.bond_constants` for oxides (of the oxidation state, or else of the one nearest
    to its sum), else of O'Keeffe and Brese's parameters of the elements.
    """
    try:
        from pymatgen.analysis.bond_valence import BVAnalyzer
        from pymatgen.analysis.local_env import CrystalNN
        from pymatgen.core import Structure
    except ImportError as error:
        raise MissingExtraError("pymatgen", "crystals", "A first shell in a crystal") from error
    with warnings.catch_warnings(action="ignore"):
        structure = Structure(
            atoms.cell.array, atoms.get_chemical_symbols(), atoms.get_scaled_positions()
        )
        try:
            valences = np.asarray(BVAnalyzer().get_valences(structure))
        except ValueError:  # no states balance the charge, or the bonds are of no known pair
            valences = None
        rule = CrystalNN()
        shells = []
        for site in sites:
            neighbours = rule.get_nn_info(structure, int(site))
            if not neighbours:
                raise InputError(f"atom {site} of {atoms.symbols} has no neighbours")
            around = [neighbour["site"] for neighbour in neighbours]
            lengths = np.array([structure[int(site)].distance(one, (0, 0, 0)) for one in around])
            ligands = tuple(sorted({one.specie.symbol for one in around}))
            state = None if valences is None else int(valences[int(site)])
            gap = _neighbours_before_gap(atoms, int(site))
            distortion = float(np.abs(lengths / lengths.mean() - 1).mean())
            valence = _bond_valence(atoms, int(site), ligands, state)
            mean = float(lengths.mean())
            shells.append(Shell(len(around), gap, ligands, mean, distortion, state, valence))
    return shells


def _bond_valence(atoms: Atoms, site: int, ligands: Sequence[str], state: int | None) -> float:
    from pymatgen.analysis.bond_valence import BV_PARAMS, ELECTRONEG
    from pymatgen.core import Element

    cation = Element(atoms.symbols[site])
    sums, others = {}, 0.0
    for symbol in ligands:
        anion = Element(symbol)
        if anion not in ELECTRONEG or anion.X <= cation.X or cation not in BV_PARAMS:
            return np.nan
        _, distance = neighbour_distances(atoms, np.array([site]), symbol, REACH)
        if constants := bond_constants(cation.symbol, symbol):
            sums = {
                charge: float(np.exp((length - distance) / B).sum())
                for charge, length in constants.items()
            }
            continue
        (r, c), (s, e) = ((BV_PARAMS[it]["r"], BV_PARAMS[it]["c"]) for it in (cation, anion))
        length = r + s - r * s * (np.sqrt(c) - np.sqrt(e)) ** 2 / (c * r + e * s)
        others += float(np.exp((length - distance) / B).sum())
    if not sums:
        return others
    nearest = min(sums, key=lambda charge: abs(sums[charge] + others - charge))
    return others + sums.get(state or 0, sums[nearest])


def _neighbours_before_gap(atoms: Atoms, site: int) -> int:
    distance = cut_cluster(atoms, site, _REACH).distance[1:]
    if len(distance) < 2:
        return len(distance)
    # Relative gaps: far from the atom they are small against what they separate.
    return int(np.argmax(np.diff(distance) / distance[:-1])) + 1

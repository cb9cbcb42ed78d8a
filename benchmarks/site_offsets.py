"""Try whether offsets of sites by their electrostatic potentials bring FEFF nearer OCEAN.

FEFF with shared potentials gives all sites of a structure one core level; OCEAN with core offsets
does not. The cheapest estimate of a site's own level is the electrostatic potential at its nucleus,
an Ewald sum over point charges (Li +0.8, Fe +1.2, O neutralises), times a factor to be chosen. On
the sites of one snapshot a shift of all spectra, a broadening and that factor are chosen by the
correlation of *site differences* (spectra less their mean); the others judge. Run it with::

    nearedge simulate OCEAN/structures.extxyz --absorber O --neighbour Fe --cutoff 2.6
        --potentials shipped -o FEFF
    python benchmarks/site_offsets.py FEFF OCEAN        (extra: crystals)

On the two snapshots of the authors' AIMD (98 sites; potentials spread by 1.5 V)::

    judged on  without offset  with offset  factor
    0K                  0.413        0.379    -0.2
    15ps                0.406        0.406    +0.0

The factor that one snapshot asks for makes the other worse: no offset is applied.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from ase import Atoms
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.io.ase import AseAtomsAdaptor
from scipy.ndimage import gaussian_filter1d

from nearedge.datasets import SiteSpectra, load_dataset

CHARGES = {"Li": 0.8, "Fe": 1.2}
"""Of the cations, in elementary charges; O takes what makes the cell neutral."""

SHIFTS = np.arange(0, 8.1, 0.5)
FACTORS = (-1, -0.6, -0.4, -0.2, -0.1, 0, 0.1, 0.2, 0.4, 0.6, 1)
WIDTHS = (0.5, 1.0)  # eV
ENERGIES = np.arange(0, 15, 0.2)


def site_potentials(atoms: Atoms) -> np.ndarray:
    """Give the electrostatic potential at every nucleus, V."""
    symbols = np.array(atoms.get_chemical_symbols())
    charge = np.array([CHARGES.get(symbol, 0.0) for symbol in symbols])
    charge[symbols == "O"] = -charge.sum() / (symbols == "O").sum()
    structure = AseAtomsAdaptor.get_structure(atoms)  # pyright: ignore[reportArgumentType]
    structure.add_oxidation_state_by_site(charge.tolist())
    return 2 * EwaldSummation(structure).total_energy_matrix.sum(axis=1) / charge


def agreement(
    feff: SiteSpectra, ocean: SiteSpectra, offset: np.ndarray, shift: float, width: float
) -> float:
    """Correlate the site differences, FEFF's energies moved by a shift and each site's offset."""
    moved = [
        np.interp(ENERGIES - shift - own, feff.energy, mu)
        for mu, own in zip(feff.mu, offset, strict=True)
    ]
    step = float(np.diff(ocean.energy).mean())
    broad = gaussian_filter1d(ocean.mu, width / step, axis=1)
    sides = [moved, [np.interp(ENERGIES, ocean.energy, mu) for mu in broad]]
    first, second = (np.array(side) / np.mean(side) for side in sides)
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def main() -> None:
    """Choose on the other snapshots, judge on each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("feff", type=Path, help="dataset of FEFF's spectra")
    parser.add_argument("ocean", type=Path, help="dataset of OCEAN's spectra of the same sites")
    options = parser.parse_args()
    feff, ocean = load_dataset(options.feff), load_dataset(options.ocean)
    place = {name: row for row, name in enumerate(ocean.names)}
    ocean = ocean.select(np.array([place[name] for name in feff.names]))
    potential = np.empty(len(feff))
    for name, atoms in feff.structures.items():
        rows = feff.snapshot == name
        own = site_potentials(atoms)[feff.atom[rows]]
        potential[rows] = own - own.mean()
    print(f"potentials spread by {potential.std():.1f} V")
    print("judged on  without offset  with offset  factor")
    for name in feff.structures:
        here = feff.snapshot == name

        def score(rows: np.ndarray, choice: tuple[float, float, float]) -> float:
            shift, factor, width = choice
            offset = factor * potential[rows]
            return agreement(feff.select(rows), ocean.select(rows), offset, shift, width)

        choices = list(product(SHIFTS, FACTORS, WIDTHS))
        there = {choice: score(~here, choice) for choice in choices}
        best = max(choices, key=there.__getitem__)
        plain = max((one for one in choices if one[1] == 0), key=there.__getitem__)
        print(f"{name:9} {score(here, plain):15.3f} {score(here, best):12.3f} {best[1]:+7.1f}")


if __name__ == "__main__":
    main()

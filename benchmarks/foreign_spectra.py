"""Spectra that a model of Li3FeO3.5's O K-edge does not apply to: other compounds, other edges.

Computed with the package's own engine, FEFF10, with its default settings, which are those of the
dataset that ships. Crystals are in their measured room-temperature structures; a supercell is made
and its atoms displaced at random (0.05 Å along each axis, seeded), as heat does, so that a few
sites of one crystal give a few spectra. ::

    nice python benchmarks/foreign_spectra.py FOLDER

A crystal takes one to three minutes on one core. Each is a dataset folder in FOLDER, and one that
is there is not computed again: what was ended goes on where it was. What the engine cannot compute
is said and left out.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from nearedge.campaign import simulate
from nearedge.dataset import SiteSpectra, load_dataset
from nearedge.engines import FeffEngine, FeffSettings
from nearedge.environments import EnvironmentRule
from nearedge.errors import NearEdgeError
from nearedge.structures import Snapshot

SITES = 3
"""Sites computed in each crystal; they share the potentials of one."""

DISPLACEMENT = 0.05
"""Standard deviation of the displacements in Å along each axis."""


@dataclass(frozen=True)
class Material:
    """A crystal, the element that absorbs in it, and the edge.

    Parameters
    ----------
    build : callable
        Makes its unit cell.
    absorber, neighbour : str
        Element that absorbs, and one around it.
    edge : str
        As FEFF names it.
    """

    build: Callable[[], Atoms]
    absorber: str
    neighbour: str
    edge: str = "K"

    @property
    def kind(self) -> str:
        """What makes it foreign."""
        oxygen = self.absorber == "O" and self.edge == "K"
        return "other compound" if oxygen else "other edge"


def _rock_salt(formula: str, edge: float) -> Callable[[], Atoms]:
    return lambda: bulk(formula, "rocksalt", a=edge, cubic=True)


def _corundum(metal: str, a: float, c: float, z: float, x: float) -> Callable[[], Atoms]:
    return lambda: crystal(
        [metal, "O"],
        [(0, 0, z), (x, 0, 0.25)],
        spacegroup=167,
        cellpar=[a, a, c, 90, 90, 120],
    )


def _rutile() -> Atoms:
    return crystal(
        ["Ti", "O"],
        [(0, 0, 0), (0.3053, 0.3053, 0)],
        spacegroup=136,
        cellpar=[4.594, 4.594, 2.959, 90, 90, 90],
    )


def _quartz() -> Atoms:
    return crystal(
        ["Si", "O"],
        [(0.4697, 0, 2 / 3), (0.4135, 0.2669, 0.1191 + 2 / 3)],
        spacegroup=154,
        cellpar=[4.916, 4.916, 5.4054, 90, 90, 120],
    )


def _perovskite() -> Atoms:
    return crystal(
        ["Sr", "Ti", "O"],
        [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0)],
        spacegroup=221,
        cellpar=[3.905, 3.905, 3.905, 90, 90, 90],
    )


MATERIALS: dict[str, Material] = {
    "MgO": Material(_rock_salt("MgO", 4.212), "O", "Mg"),
    "LiF-F": Material(_rock_salt("LiF", 4.026), "F", "Li"),
    "TiO2": Material(_rutile, "O", "Ti"),
    "Li2O": Material(lambda: bulk("Li2O", "fluorite", a=4.619, cubic=True), "O", "Li"),
    "Fe2O3": Material(_corundum("Fe", 5.038, 13.772, 0.3553, 0.3059), "O", "Fe"),
    "SiO2": Material(_quartz, "O", "Si"),
    "NiO": Material(_rock_salt("NiO", 4.177), "O", "Ni"),
    "Al2O3": Material(_corundum("Al", 4.759, 12.991, 0.3522, 0.3063), "O", "Al"),
    "ZnS-S": Material(lambda: bulk("ZnS", "zincblende", a=5.409, cubic=True), "S", "Zn"),
    "TiN-N": Material(_rock_salt("TiN", 4.241), "N", "Ti"),
    "TiO2-Ti": Material(_rutile, "Ti", "O"),
    "Fe-Fe": Material(lambda: bulk("Fe", "bcc", a=2.866, cubic=True), "Fe", "Fe"),
    "CaO": Material(_rock_salt("CaO", 4.811), "O", "Ca"),
    "FeO": Material(_rock_salt("FeO", 4.333), "O", "Fe"),
    "diamond-C": Material(lambda: bulk("C", "diamond", a=3.567, cubic=True), "C", "C"),
    "ZnO": Material(lambda: bulk("ZnO", "wurtzite", a=3.250, c=5.207), "O", "Zn"),
    "SrTiO3": Material(_perovskite, "O", "Ti"),
    "MgO-Mg": Material(_rock_salt("MgO", 4.212), "Mg", "O"),
    "Fe2O3-Fe": Material(_corundum("Fe", 5.038, 13.772, 0.3553, 0.3059), "Fe", "O"),
    "NaCl-Cl": Material(_rock_salt("NaCl", 5.640), "Cl", "Na"),
    "Fe-L3": Material(lambda: bulk("Fe", "bcc", a=2.866, cubic=True), "Fe", "Fe", "L3"),
}
"""The foreign crystals by name, an absorber other than O behind a hyphen."""


def displaced(material: Material, seed: int) -> Atoms:
    """Repeat a crystal to at least 7 Å along each axis and displace its atoms."""
    cell = material.build()
    atoms = Atoms(cell.numbers, cell.positions, cell=cell.cell, pbc=True)
    atoms = atoms.repeat([int(np.ceil(7.0 / length)) for length in atoms.cell.lengths()])
    atoms.positions += np.random.default_rng(seed).normal(0, DISPLACEMENT, atoms.positions.shape)
    return atoms


def compute(name: str, folder: Path, seed: int = 0) -> SiteSpectra:
    """Compute the spectra of one crystal, or read them if they are there."""
    path = folder / name
    if path.exists():
        return load_dataset(path)
    material = MATERIALS[name]
    atoms = displaced(material, seed)
    sites = np.flatnonzero(atoms.numbers == Atoms(material.absorber).numbers[0])
    chosen = np.random.default_rng(seed).choice(sites, min(SITES, len(sites)), replace=False)
    rule = EnvironmentRule(material.absorber, material.neighbour, 2.6, None)
    settings = replace(FeffSettings(), edge=material.edge, dimer=None)
    return simulate(
        [Snapshot(name, name, None, None, atoms)],
        FeffEngine(settings),
        rule,
        path,
        sites=[int(site) for site in chosen],
        workers=1,
        resume=True,
    )


def compute_all(folder: Path) -> dict[str, SiteSpectra]:
    """Compute every crystal that is not there yet; say which the engine cannot compute."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in MATERIALS:
        try:
            found[name] = compute(name, folder)
        except NearEdgeError as error:
            print(f"{name}: left out, {error}", flush=True)
        else:
            print(f"{name}: {len(found[name])} spectra", flush=True)
    return found


def read_all(folder: Path) -> dict[str, SiteSpectra]:
    """Read the crystals that were computed."""
    return {name: load_dataset(folder / name) for name in MATERIALS if (folder / name).exists()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    compute_all(parser.parse_args().folder)

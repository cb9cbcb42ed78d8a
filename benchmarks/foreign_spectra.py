"""Spectra that a model of Li3FeO3.5's O K-edge does not apply to: other compounds, other edges.

Computed with the package's own engine, FEFF10. Crystals are in their measured room-temperature
structures; a supercell is made and its atoms displaced at random (0.05 Å along each axis, seeded),
as heat does, so that a few sites of one crystal give a few spectra. ::

    nice python benchmarks/foreign_spectra.py FOLDER

Spheres are somewhat smaller than those of the dataset that ships, which saves two thirds of the
time: a crystal takes about a minute on one core. ``--full`` takes the same ones. Each is a dataset
folder in FOLDER, and one that is there is not computed again: what was ended goes on where it was.
What the engine cannot compute is said and left out: FEFF10's SCF crashes on LiF and NaCl.
``--table tests/trust/foreign.dat`` writes one spectrum of each for the tests.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from nearedge.campaigns import simulate
from nearedge.datasets import SiteSpectra, load_dataset
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import NearEdgeError
from nearedge.records import replacing
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

SITES = 2
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
    scf_radius : float
        Radius of multiple scattering in the self-consistent field in Å: about 20 atoms.
    """

    build: Callable[[], Atoms]
    absorber: str
    neighbour: str
    edge: str = "K"
    scf_radius: float = 3.2

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
    "SiO2": Material(_quartz, "O", "Si"),
    "NiO": Material(_rock_salt("NiO", 4.177), "O", "Ni"),
    "ZnS-S": Material(
        lambda: bulk("ZnS", "zincblende", a=5.409, cubic=True), "S", "Zn", scf_radius=3.9
    ),
    "Al2O3": Material(_corundum("Al", 4.759, 12.991, 0.3522, 0.3063), "O", "Al"),
    "Fe-Fe": Material(lambda: bulk("Fe", "bcc", a=2.866, cubic=True), "Fe", "Fe"),
    "Fe2O3": Material(_corundum("Fe", 5.038, 13.772, 0.3553, 0.3059), "O", "Fe"),
    "TiN-N": Material(_rock_salt("TiN", 4.241), "N", "Ti"),
    "CaO": Material(_rock_salt("CaO", 4.811), "O", "Ca", scf_radius=3.6),
    "TiO2-Ti": Material(_rutile, "Ti", "O"),
    "MgO": Material(_rock_salt("MgO", 4.212), "O", "Mg"),
    "TiO2": Material(_rutile, "O", "Ti"),
    "MgO-Mg": Material(_rock_salt("MgO", 4.212), "Mg", "O"),
    "Li2O": Material(lambda: bulk("Li2O", "fluorite", a=4.619, cubic=True), "O", "Li"),
    "ZnO": Material(lambda: bulk("ZnO", "wurtzite", a=3.250, c=5.207), "O", "Zn"),
    "diamond-C": Material(lambda: bulk("C", "diamond", a=3.567, cubic=True), "C", "C"),
    "SrTiO3": Material(_perovskite, "O", "Ti", scf_radius=3.4),
    "FeO": Material(_rock_salt("FeO", 4.333), "O", "Fe"),
    "Fe2O3-Fe": Material(_corundum("Fe", 5.038, 13.772, 0.3553, 0.3059), "Fe", "O"),
    "NaCl-Cl": Material(_rock_salt("NaCl", 5.640), "Cl", "Na", scf_radius=4.0),
    "LiF-F": Material(_rock_salt("LiF", 4.026), "F", "Li"),
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


def compute(name: str, folder: Path, full: bool = False, seed: int = 0) -> SiteSpectra:
    """Compute the spectra of one crystal, or read them if they are there."""
    path = folder / name
    if path.exists():
        return load_dataset(path)
    material = MATERIALS[name]
    atoms = displaced(material, seed)
    sites = np.flatnonzero(atoms.numbers == Atoms(material.absorber).numbers[0])
    chosen = np.random.default_rng(seed).choice(sites, min(SITES, len(sites)), replace=False)
    rule = EnvironmentRule(material.absorber, material.neighbour, 2.6, None)
    settings = FeffSettings(edge=material.edge, dimer=None, timeout=7200)
    if not full:
        settings = replace(
            settings, cluster_radius=5.2, scf_radius=material.scf_radius, fms_radius=4.3
        )
    return simulate(
        [Snapshot(name, name, None, None, atoms)],
        FeffEngine(settings),
        rule,
        path,
        sites=[int(site) for site in chosen],
        workers=1,
        timeout=7200,
        resume=True,
    )


def compute_all(folder: Path, full: bool = False) -> dict[str, SiteSpectra]:
    """Compute every crystal that is not there yet; say which the engine cannot compute."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for name in MATERIALS:
        try:
            found[name] = compute(name, folder, full)
        except NearEdgeError as error:
            print(f"{name}: left out, {error}", flush=True)
        else:
            print(f"{name}: {len(found[name])} spectra", flush=True)
    return found


def read_all(folder: Path) -> dict[str, SiteSpectra]:
    """Read the crystals that were computed."""
    return {name: load_dataset(folder / name) for name in MATERIALS if (folder / name).exists()}


def write_table(spectra: Mapping[str, SiteSpectra], path: Path) -> None:
    """Write the first spectrum of each crystal as a table that ``nearedge predict`` reads."""
    energy = next(iter(spectra.values())).energy
    columns = [energy, *(data.mu[0] for data in spectra.values())]
    header = (
        f"O K-edges and others by FEFF10, in Mb; eV from the Fermi level\neV {' '.join(spectra)}"
    )
    with replacing(path, force=True) as temporary:
        np.savetxt(temporary, np.column_stack(columns), fmt="%.4g", header=header)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true", help="spheres as in the dataset that ships")
    parser.add_argument("--table", type=Path, help="write one spectrum of each crystal here")
    given = parser.parse_args()
    computed = compute_all(given.folder, given.full)
    if given.table:
        write_table(computed, given.table)

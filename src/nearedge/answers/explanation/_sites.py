"""Training sites near a spectrum, with what surrounds their atoms."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import write
from jaxtyping import Float

from nearedge.answers.explanation._neighbours import nearest_spectra
from nearedge.answers.explanation._training import Training
from nearedge.datasets import SiteSpectra
from nearedge.spectra import Window
from nearedge.structures.clusters import Cluster, cut_cluster

RADIUS = 5.0
"""Radius in Å of the clusters that are written."""


@dataclass(frozen=True)
class Site:
    """An atom of a dataset: its spectrum, its label, its surroundings.

    Attributes
    ----------
    snapshot, trajectory : str
    atom : int
        Index into the snapshot.
    environment : str
    coordination : int
    cutoff : float
        Distance in Å within which neighbours count.
    spectrum : float array, shape (energy,)
        At the model's energies.
    cluster : Cluster
        All atoms within `RADIUS`.
    structure : ase.Atoms
        The snapshot.
    distance : float, optional
        From the spectrum that is explained, see `nearedge.trust.Nearest`.
    """

    snapshot: str
    trajectory: str
    atom: int
    environment: str
    coordination: int
    cutoff: float
    spectrum: Float[np.ndarray, " energy"]
    cluster: Cluster
    structure: Atoms
    distance: float | None = None

    @property
    def name(self) -> str:
        """Snapshot and atom, as predictions name them."""
        return f"{self.snapshot}/{self.atom}"

    @property
    def absorber(self) -> str:
        """Element of the atom."""
        return self.structure.get_chemical_symbols()[self.atom]

    @property
    def neighbours(self) -> list[tuple[str, float]]:
        """Element and distance in Å of every atom within the cutoff, the nearest first."""
        symbols = self.structure.get_chemical_symbols()
        around = zip(self.cluster.atom[1:], self.cluster.distance[1:], strict=True)
        return [(symbols[atom], float(far)) for atom, far in around if far < self.cutoff]

    def write_cluster(self, path: Path) -> None:
        """Write the cluster as an extended XYZ file, the absorber first and at the origin."""
        symbols = self.structure.get_chemical_symbols()
        atoms = Atoms([symbols[atom] for atom in self.cluster.atom], self.cluster.position)
        atoms.info = {key: value for key, value in self.to_dict().items() if key != "neighbours"}
        write(path, atoms, format="extxyz")

    def to_dict(self) -> dict[str, Any]:
        """Give what identifies and describes it, ready for JSON."""
        described: dict[str, Any] = {
            "snapshot": self.snapshot,
            "trajectory": self.trajectory,
            "atom": self.atom,
            "environment": self.environment,
            "coordination": self.coordination,
            "neighbours": [
                {"element": symbol, "distance": round(far, 4)} for symbol, far in self.neighbours
            ],
        }
        return described if self.distance is None else {**described, "distance": self.distance}


def find_site(data: SiteSpectra, row: int, window: Window, distance: float | None = None) -> Site:
    """Take one site out of a dataset."""
    structure = data.structures[str(data.snapshot[row])]
    atom = int(data.atom[row])
    return Site(
        str(data.snapshot[row]),
        str(data.trajectory[row]),
        atom,
        str(data.environment[row]),
        int(data.coordination[row]),
        data.rule.cutoff,
        data.select(np.array([row])).inputs(window)[0],
        # What counts must be in it, whatever the cutoff.
        cut_cluster(structure, atom, max(RADIUS, data.rule.cutoff)),
        structure,
        distance,
    )


def find_nearest(
    spectrum: Float[np.ndarray, " energy"],
    training: Training,
    window: Window,
    *,
    count: int = 5,
    besides: tuple[str, int] | None = None,
) -> tuple[list[Site], float]:
    """Find the training sites whose spectra are nearest, one of each atom.

    Parameters
    ----------
    spectrum : float array, shape (energy,)
        At the model's energies.
    training : Training
        Where they are looked for.
    window : Window
        The model's energies.
    count : int
        How many.
    besides : (str, int), optional
        Snapshot and atom of the spectrum itself: it is not its own neighbour.

    Returns
    -------
    sites : list of Site
        The nearest first.
    usual : float
        Median distance of a training spectrum from its nearest of another atom.
    """
    data = training.data
    allowed = None
    if besides is not None:
        allowed = ~((data.snapshot == besides[0]) & (data.atom == besides[1]))
    found = nearest_spectra(
        spectrum, training.inputs, data.groups("atom"), count=count, allowed=allowed
    )
    sites = [
        find_site(data, int(row), window, float(far))
        for row, far in zip(found.site, found.distance, strict=True)
    ]
    return sites, found.usual

"""The training sites whose spectra are nearest to a spectrum, with what surrounds their atoms."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

from nearedge.datasets import SiteSpectra
from nearedge.records import Json
from nearedge.structures.clusters import Cluster, cut_cluster
from nearedge.targets import Target

RADIUS = 5.0
"""Radius in Å of the clusters that are written."""


@dataclass(frozen=True)
class Site:
    """A site of a dataset.

    Attributes
    ----------
    data : SiteSpectra
        The dataset.
    row : int
        Which of its sites.
    distance : float, optional
        From the spectrum that is explained: root mean square difference over the energies, in
        standard deviations of the training spectra.
    """

    data: SiteSpectra
    row: int
    distance: float | None = None

    @property
    def snapshot(self) -> str:
        """Name of the snapshot."""
        return str(self.data.snapshot[self.row])

    @property
    def atom(self) -> int:
        """Index into the snapshot."""
        return int(self.data.atom[self.row])

    @property
    def name(self) -> str:
        """Snapshot and atom, as predictions name them."""
        return f"{self.snapshot}/{self.atom}"

    @property
    def environment(self) -> str:
        """Class."""
        return str(self.data.environment[self.row])

    @property
    def structure(self) -> Atoms:
        """The snapshot."""
        return self.data.structures[self.snapshot]

    @property
    def cutoff(self) -> float:
        """Distance in Å within which neighbours count."""
        return self.data.rule.cutoff if self.data.rule else RADIUS

    @property
    def cluster(self) -> Cluster:
        """All atoms within `RADIUS`, and all that count, whatever the cutoff."""
        return cut_cluster(self.structure, self.atom, max(RADIUS, self.cutoff))

    @property
    def neighbours(self) -> list[tuple[str, float]]:
        """Element and distance in Å of every atom within the cutoff, the nearest first."""
        symbols, cluster = self.structure.get_chemical_symbols(), self.cluster
        around = zip(cluster.atom[1:], cluster.distance[1:], strict=True)
        return [(symbols[atom], float(far)) for atom, far in around if far < self.cutoff]

    def label(self, target: Target) -> str | float:
        """Value of a target."""
        value = self.data.labels(target)[self.row]
        return str(value) if target.of_classes else float(value)

    @property
    def absorber(self) -> str:
        """Element of the atom."""
        return self.structure.get_chemical_symbols()[self.atom]

    def write_cluster(self, path: Path) -> None:
        """Write the cluster as an extended XYZ file, the absorber first and at the origin."""
        symbols, cluster = self.structure.get_chemical_symbols(), self.cluster
        atoms = Atoms([symbols[atom] for atom in cluster.atom], cluster.position)
        atoms.info = {key: value for key, value in self.to_json().items() if key != "neighbours"}
        write(path, atoms, format="extxyz")

    def to_json(self) -> Json:
        """Give what identifies and describes it, ready for JSON."""
        described: Json = {
            "snapshot": self.snapshot,
            "trajectory": str(self.data.trajectory[self.row]),
            "atom": self.atom,
            **{
                name: self.data.table[name].values[self.row].item()
                for name in self.data.targets
                if name in self.data.table.coords
            },
            "neighbours": [
                {"element": symbol, "distance": round(far, 4)} for symbol, far in self.neighbours
            ],
        }
        return described if self.distance is None else {**described, "distance": self.distance}


def nearest_spectra(
    spectrum: Float[np.ndarray, " energy"],
    training: Float[np.ndarray, "site energy"],
    atoms: np.ndarray,
    *,
    count: int = 5,
    allowed: Bool[np.ndarray, " site"] | None = None,
) -> tuple[Int[np.ndarray, " near"], Float[np.ndarray, " near"], float]:
    """Find the training spectra nearest to a spectrum, one of each atom.

    The spectra of one atom in the snapshots of its trajectory may be all but copies: only the
    nearest is given.

    Parameters
    ----------
    spectrum : float array, shape (energy,)
        Any spectrum.
    training : float array, shape (site, energy)
        At the same energies.
    atoms : str array, shape (site,)
        Name of the atom of each training spectrum, the same in all snapshots.
    count : int
        How many are wanted; fewer are given if there are not as many atoms.
    allowed : bool array, shape (site,), optional
        Which of them may be given; all by default.

    Returns
    -------
    rows : int array, shape (near,)
        Rows of the training spectra, the nearest first.
    distances : float array, shape (near,)
        Root mean square difference, the intensities standardised per energy.
    usual : float
        Median distance of a training spectrum from the nearest of another atom.

    Examples
    --------
    >>> training = np.array([[0.0, 0.0], [1.0, 1.0], [1.1, 1.1], [3.0, 3.0]])
    >>> atoms = np.array(["a", "b", "b", "c"])
    >>> nearest_spectra(np.array([1.2, 1.2]), training, atoms, count=2)[0].tolist()
    [2, 0]
    """
    mean, scale = training.mean(axis=0), training.std(axis=0)
    scale = np.where(scale > 1e-12 * np.abs(training).max(axis=0), scale, 1.0)
    inputs = (training - mean) / scale
    length = np.sqrt(inputs.shape[1])
    distance = cdist(((spectrum - mean) / scale)[None], inputs)[0] / length
    order = np.argsort(distance, kind="stable")
    if allowed is not None:
        order = order[allowed[order]]
    _, first = np.unique(atoms[order], return_index=True)
    rows = order[np.sort(first)[:count]]
    return rows, distance[rows], _usual_distance(inputs, atoms) / length


def _usual_distance(inputs: Float[np.ndarray, "site energy"], atoms: np.ndarray) -> float:
    _, atom = np.unique(atoms, return_inverse=True)
    if atom.max() == 0:
        return 0.0
    nearest = []
    # In parts: all distances of a large dataset would not fit.
    for rows in np.array_split(np.arange(len(inputs)), -(-len(inputs) // 500)):
        distance = cdist(inputs[rows], inputs)
        distance[atom[rows, None] == atom] = np.inf
        nearest.append(distance.min(axis=1))
    return float(np.median(np.concatenate(nearest)))

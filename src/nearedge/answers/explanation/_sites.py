"""The sites that a model was trained on, and those with the nearest spectra."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import numpy as np
from ase import Atoms
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

from nearedge.datasets import SiteSpectra, load_dataset, merge
from nearedge.errors import InputError
from nearedge.models import Model
from nearedge.records import Json
from nearedge.structures.clusters import cut_cluster

RADIUS = 5.0
"""Radius in Å of the clusters written."""

SHIPPED = (("li3feo35",), ("li-fe-o",), ("li3feo35", "li-fe-o"))
"""Datasets that ship, or several together, that models are trained on."""


@dataclass(frozen=True)
class Site:
    """A site, a row of a dataset.

    Its distance from a spectrum is the root mean square difference over the energies, in standard
    deviations of the training spectra.
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
    def cutoff(self) -> float:
        """Distance in Å within which neighbours count."""
        return self.data.rule.cutoff if self.data.rule else RADIUS

    def cluster(self, radius: float) -> Atoms:
        """Cut out all atoms within a radius in Å, the nearest first, the absorber at the origin."""
        structure = self.data.structures[self.snapshot]
        cluster = cut_cluster(structure, self.atom, radius)
        return Atoms(structure.numbers[cluster.atom], cluster.position)

    @property
    def neighbours(self) -> list[tuple[str, float]]:
        """Element and distance in Å of every atom within the cutoff, the nearest first."""
        cluster = self.cluster(self.cutoff)
        far = np.linalg.norm(cluster.positions, axis=1).tolist()
        return list(zip(cluster.get_chemical_symbols(), far, strict=True))[1:]

    def to_json(self) -> Json:
        """Return what identifies and describes it, ready for JSON."""
        coords = self.data.table.coords
        labels = {name: coords[name].values for name in self.data.targets if name in coords}
        around = [{"element": symbol, "distance": round(far, 4)} for symbol, far in self.neighbours]
        told: Json = {
            "snapshot": self.snapshot,
            "trajectory": str(self.data.trajectory[self.row]),
            "atom": self.atom,
            **{name: values[self.row].item() for name, values in labels.items()},
            "neighbours": around,
        }
        return told if self.distance is None else {**told, "distance": self.distance}


@dataclass(frozen=True)
class Training:
    """What a model was trained on, and these spectra at the model's energies."""

    data: SiteSpectra
    inputs: Float[np.ndarray, "site energy"]

    def baseline(self, against: str | None) -> Float[np.ndarray, " energy"]:
        """Return the mean spectrum of all training sites, or of a class."""
        members = np.full(len(self.data), True)
        if against is not None:
            members = self.data.environment == against
        if not members.any():
            raise InputError(
                f"class '{against}' is not among the training sites; choose one of "
                f"{', '.join(self.data.classes)}"
            )
        return self.inputs[members].mean(axis=0)


def match_training(model: Model, data: SiteSpectra) -> Training:
    """Find the sites a model was trained on in its dataset, by the fingerprint in its record."""
    record = model.record.training
    refusal = InputError(
        f"{data.source}: is not what the model was trained on (its fingerprint is not "
        f"{record.fingerprint[:12]}...); give the dataset it was trained on"
    )
    try:
        sites = data.select(~data.names_mask(record.held_out))
    except InputError:
        raise refusal from None
    if sites.fingerprint() != record.fingerprint:
        raise refusal
    return Training(sites, sites.inputs(model.window))


def shipped_training(model: Model) -> Training:
    """Find the sites a model was trained on among the datasets that ship.

    Raises
    ------
    InputError
        If it was trained on others.
    """
    for names in SHIPPED:
        with suppress(InputError):
            return match_training(model, _shipped(names))
    raise InputError("the model was not trained on a dataset that ships; give the one it was")


@cache
def _shipped(names: tuple[str, ...]) -> SiteSpectra:
    several = [load_dataset(name) for name in names]
    return merge(several) if len(several) > 1 else several[0]


def nearest_spectra(
    spectrum: Float[np.ndarray, " energy"],
    training: Float[np.ndarray, "site energy"],
    atoms: np.ndarray,
    *,
    count: int,
    allowed: Bool[np.ndarray, " site"],
) -> tuple[Int[np.ndarray, " near"], Float[np.ndarray, " near"], float]:
    """Find the allowed training spectra nearest to a spectrum, as in `Site.distance`.

    The spectra of one atom in the snapshots of its trajectory may be nearly copies: for each atom
    only the nearest is returned. The last number is the median distance of a training spectrum from
    the nearest of another atom.

    Examples
    --------
    >>> training = np.array([[0.0, 0.0], [1.0, 1.0], [1.1, 1.1], [3.0, 3.0]])
    >>> atoms, every = np.array(["a", "b", "b", "c"]), np.ones(4, bool)
    >>> nearest_spectra(np.array([1.2, 1.2]), training, atoms, count=2, allowed=every)[0].tolist()
    [2, 0]
    """
    mean, scale = training.mean(axis=0), training.std(axis=0)
    scale = np.where(scale > 1e-12 * np.abs(training).max(axis=0), scale, 1.0)
    inputs = (training - mean) / scale
    length = np.sqrt(inputs.shape[1])
    distance = cdist(((spectrum - mean) / scale)[None], inputs)[0] / length
    order = np.argsort(distance, kind="stable")
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

"""The training spectra that are nearest to a spectrum."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial.distance import cdist

from nearedge.answers.explanation._background import Background


@dataclass(frozen=True)
class Nearest:
    """Training spectra near a spectrum, the nearest first.

    Attributes
    ----------
    site : int array, shape (near,)
        Rows of the training spectra.
    distance : float array, shape (near,)
        Root mean square difference, the intensities standardised per energy.
    usual : float
        Median distance of a training spectrum from the nearest of another atom.
    """

    site: Int[np.ndarray, " near"]
    distance: Float[np.ndarray, " near"]
    usual: float


def nearest_spectra(
    spectrum: Float[np.ndarray, " energy"],
    training: Float[np.ndarray, "site energy"],
    atoms: np.ndarray,
    *,
    count: int = 5,
    allowed: Bool[np.ndarray, " site"] | None = None,
) -> Nearest:
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

    Examples
    --------
    >>> training = np.array([[0.0, 0.0], [1.0, 1.0], [1.1, 1.1], [3.0, 3.0]])
    >>> atoms = np.array(["a", "b", "b", "c"])
    >>> nearest_spectra(np.array([1.2, 1.2]), training, atoms, count=2).site.tolist()
    [2, 0]
    """
    background = Background.of(training)
    inputs = (training - background.mean) / background.scale
    own = ((spectrum - background.mean) / background.scale)[None]
    length = np.sqrt(inputs.shape[1])
    distance = cdist(own, inputs)[0] / length
    order = np.argsort(distance, kind="stable")
    if allowed is not None:
        order = order[allowed[order]]
    _, first = np.unique(atoms[order], return_index=True)
    chosen = order[np.sort(first)[:count]]
    return Nearest(chosen, distance[chosen], _usual_distance(inputs, atoms) / length)


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

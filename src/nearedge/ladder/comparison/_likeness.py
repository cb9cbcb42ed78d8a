"""How alike the spectra of two engines are, atom by atom and class by class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Likeness:
    """Pearson correlation of the first engine's spectra with the second's, and what it finds.

    Attributes
    ----------
    matrix : float array, shape (site, site)
        Row: an atom by the first engine, column: an atom by the second.
    same : float
        Mean correlation of the two spectra of one atom.
    different : float
        Mean correlation of spectra of different atoms.
    first, five : float
        Share of the atoms whose own spectrum is the most alike of all, or among the five that are.
    median_rank : float
        Median rank of an atom's own spectrum; 1 is best.
    same_class : float
        Share of the atoms whose most alike spectrum is of an atom of their class.
    chance_first, chance_class : float
        What guessing gives.
    """

    matrix: Float[np.ndarray, "site site"]
    same: float
    different: float
    first: float
    five: float
    median_rank: float
    same_class: float
    chance_first: float
    chance_class: float

    def to_dict(self) -> dict[str, Any]:
        """Give every number but the matrix."""
        return {name: value for name, value in vars(self).items() if name != "matrix"}


def likeness(
    first: Float[np.ndarray, "site grid"],
    second: Float[np.ndarray, "site grid"],
    environment: np.ndarray,
) -> Likeness:
    """Correlate spectra i and j of two sets of the same atoms, on one grid.

    Examples
    --------
    >>> mu = np.random.default_rng(0).random((6, 40))
    >>> alike = likeness(mu, 3 * mu + 1, np.array(list("001122")))
    >>> alike.first, alike.median_rank, round(alike.same, 6)
    (1.0, 1.0, 1.0)
    """
    matrix = correlations(first, second)
    own = np.diag(matrix)
    count = len(matrix)
    rank = 1 + (matrix > own[:, None]).sum(axis=1)
    nearest = matrix.argmax(axis=1)
    shares = np.unique(environment, return_counts=True)[1] / count
    return Likeness(
        matrix=matrix,
        same=float(own.mean()),
        different=float((matrix.sum() - own.sum()) / max(count * (count - 1), 1)),
        first=float((rank == 1).mean()),
        five=float((rank <= 5).mean()),
        median_rank=float(np.median(rank)),
        same_class=float((environment[nearest] == environment).mean()),
        chance_first=1 / count,
        chance_class=float((shares**2).sum()),
    )


def correlations(
    first: Float[np.ndarray, "row grid"], second: Float[np.ndarray, "column grid"]
) -> Float[np.ndarray, "row column"]:
    """Pearson correlation over the energies of every spectrum with every other."""
    one, other = _normal(first), _normal(second)
    return one @ other.T


def _normal(mu: Float[np.ndarray, "row grid"]) -> Float[np.ndarray, "row grid"]:
    centred = mu - mu.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    # A constant spectrum, such as the mean of a single site less itself, is like nothing.
    return centred / np.where(length > 0, length, 1)

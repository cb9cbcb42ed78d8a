"""Averages over few and many unseen sites, to calibrate intervals of averages on."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy.sparse import csr_array

DRAWS = 6
"""Averages made of each snapshot for each number of atoms."""

WHOLE = 0.25
"""Fraction by which the number of sites of a snapshot may differ from the usual one."""


@dataclass(frozen=True)
class Averages:
    """Which sites are averaged: weights whose rows sum to one, and how many sites have weight.

    The `origin`, one of the sites in each average, identifies the trajectory.
    """

    weights: csr_array
    atoms: Int[np.ndarray, " average"]
    origin: Int[np.ndarray, " average"]

    def __len__(self) -> int:
        return len(self.atoms)

    def of(self, values: Float[np.ndarray, "site output"]) -> Float[np.ndarray, "average output"]:
        """Average values of the sites."""
        return np.asarray(self.weights @ values)


def average_sizes(snapshot: Shaped[np.ndarray, " site"]) -> tuple[int, ...]:
    """Numbers of atoms to average: powers of two, and finally a whole snapshot.

    Examples
    --------
    >>> average_sizes(np.repeat(["a", "b"], 28))
    (1, 2, 4, 8, 16, 28)
    """
    whole = int(np.median(np.unique(snapshot, return_counts=True)[1]))
    return (*(2**power for power in range(whole.bit_length()) if 2**power < whole), whole)


def snapshot_averages(
    snapshot: Shaped[np.ndarray, " site"], numbers: tuple[int, ...], *, seed: int
) -> Averages:
    """Average sites of one snapshot at a time, drawn without replacement.

    Each single site is taken once, and each whole snapshot: the largest number means all sites of a
    snapshot that has about as many. For the other numbers, `DRAWS` averages are made of each
    snapshot with enough sites.
    """
    rng = np.random.default_rng(seed)
    picked = [np.array([site]) for site in range(len(snapshot))] if 1 in numbers else []
    atoms = [1] * len(picked)
    for name in np.unique(snapshot):
        own = np.flatnonzero(snapshot == name)
        for number in (several for several in numbers if several > 1):
            whole = number == max(numbers) and abs(len(own) / number - 1) <= WHOLE
            if whole or number <= len(own):
                draws, size = (1, len(own)) if whole else (DRAWS, number)
                picked += [rng.choice(own, size, replace=False) for _ in range(draws)]
                atoms += [number] * draws
    return _averages(picked, len(snapshot), atoms)


def uneven_averages(
    environment: Shaped[np.ndarray, " site"], numbers: tuple[int, ...], *, examples: int, seed: int
) -> Averages:
    """Average sites in compositions that the material need not have, drawn with replacement.

    The fractions of the classes are uniform over all compositions (a flat Dirichlet distribution).
    Single sites are left out: they have no composition.
    """
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(environment == name) for name in np.unique(environment)]
    picked = []
    for number in (several for several in numbers if several > 1):
        for counts in rng.multinomial(number, rng.dirichlet(np.ones(len(members)), examples)):
            drawn = [rng.choice(own, n) for own, n in zip(members, counts, strict=True) if n]
            picked.append(np.concatenate(drawn))
    return _averages(picked, len(environment), [len(sites) for sites in picked])


def _averages(picked: list[np.ndarray], count: int, atoms: list[int]) -> Averages:
    sizes = np.array([len(sites) for sites in picked], int)
    columns = np.concatenate([*picked, np.empty(0, int)]).astype(int)
    parts = (np.repeat(1 / sizes, sizes), columns, np.concatenate([[0], sizes.cumsum()]))
    weights = csr_array(parts, shape=(len(picked), count))
    first = np.array([sites[0] for sites in picked], int)
    return Averages(weights, np.array(atoms, int), first)

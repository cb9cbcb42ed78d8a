"""Training examples made of raw spectra: averages of one class or of many, and the 3:1:1 split."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import block_diag, csr_array

from nearedge.errors import InputError
from nearedge.targets import class_order

AVERAGE_SIZE = (2, 10)
"""Number of parents of a same-class average, least and most.

The paper does not say how many raw spectra it averaged. A pair is the least that makes an average,
and ten still leaves the examples of one class visibly different.
"""

MIXTURE_SIZE = (20, 70)
"""Number of parents of a mixture, least and most, as in the paper."""

COMPOSITION_SIZE = (1, 70)
"""Number of parents of an average whose fractions are learnt: from one site to many."""

CONCENTRATION = 0.7
"""Of the Dirichlet distribution of unlikely compositions: below one, few classes dominate."""


def has_value(labels: np.ndarray) -> Bool[np.ndarray, " site"]:
    """Tell which sites have a value: a class that is not ``""``, or a number that is not NaN."""
    return labels != "" if labels.dtype.kind == "U" else np.isfinite(labels)


@dataclass(frozen=True)
class Labelled:
    """Spectra on one grid, in any unit, with the label of each (a class or number) and its class.

    The first columns of `mu` may be those of categorical features: `categories` counts the values
    of each. Sites of one `material` can be in one sample; by default all can.
    """

    mu: Float[np.ndarray, "site energy"]
    value: np.ndarray
    environment: np.ndarray
    categories: tuple[int, ...] = ()
    material: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.mu)

    def part(self, sites: np.ndarray) -> "Labelled":
        """Keep some sites."""
        own = self.mu[sites], self.value[sites], self.environment[sites]
        material = None if self.material is None else self.material[sites]
        return Labelled(*own, self.categories, material)

    @property
    def spectra(self) -> Float[np.ndarray, "site energy"]:
        """The intensities alone."""
        return self.mu[:, sum(self.categories) :]

    def class_values(self) -> dict[str, float]:
        """Return the mean value of each class: 3 for "3" neighbours; for dimers it may vary."""
        return {
            str(name): float(self.value[self.environment == name].mean())
            for name in np.unique(self.environment)
        }

    def outputs(self, classes: Sequence[str]) -> Float[np.ndarray, "site {len(classes)+1}"]:
        """Value of each site, which must be a number, and one in the column of its class."""
        return np.column_stack([self.value.astype(float), membership(self.environment, classes)])

    @property
    def of_classes(self) -> bool:
        """Whether the labels are classes, not numbers."""
        return self.value.dtype.kind == "U"

    @property
    def valued(self) -> np.ndarray:
        """Mask of the sites that have a value, bool, shape (site,)."""
        return has_value(self.value)


class Partition(NamedTuple):
    """Indices of the examples of each part of a 3:1:1 split: every example once."""

    train: Int[np.ndarray, " train"]
    validation: Int[np.ndarray, " validation"]
    test: Int[np.ndarray, " test"]

    def split(self, x: np.ndarray, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Divide examples and their labels into the three parts."""
        return [(x[part], y[part]) for part in self]


def partition(count: int, *, seed: int) -> Partition:
    """Split `count` examples at random, three parts to train, one to validate, one to test."""
    if count < 5:
        raise InputError(f"{count} examples cannot be split 3:1:1; give at least 5")
    order = np.random.default_rng(seed).permutation(count)
    fifth = count // 5
    return Partition(order[2 * fifth :], order[:fifth], order[fifth : 2 * fifth])


def class_averages(
    mu: Float[np.ndarray, "site energy"],
    environment: np.ndarray,
    *,
    examples: int,
    size: tuple[int, int] = AVERAGE_SIZE,
    seed: int,
) -> tuple[Float[np.ndarray, "example energy"], np.ndarray]:
    """Average raw spectra of one class at a time, and give the class of each average.

    The classes are balanced: each gets ``examples // classes`` examples, and a remainder goes to
    random classes, one each. The number of parents of each example is uniform in `size`, and the
    parents are drawn with replacement from the spectra of the class, so that a class of two spectra
    still has more than one average. The order is random.

    Raises
    ------
    InputError
        If a class has a single spectrum, or `size` or `examples` are invalid.
    """
    environment = np.asarray(environment)
    _check(examples, size, mu, environment)
    classes = class_order(np.unique(environment).tolist())
    if examples < len(classes):
        raise InputError(
            f"{examples} examples cannot cover {len(classes)} classes; ask for at least "
            f"{len(classes)}"
        )
    members = {name: np.flatnonzero(environment == name) for name in classes}
    for name, sites in members.items():
        if len(sites) < 2:
            raise InputError(
                f"class '{name}' has a single spectrum, of which no average can be made; merge "
                "another dataset that has more of them, or leave the class out"
            )
    rng = np.random.default_rng(seed)
    turns = rng.permutation(len(classes))[np.arange(examples) % len(classes)]
    labels = np.array(classes)[rng.permutation(turns)]
    averages = np.empty((examples, mu.shape[1]))
    for name, sites in members.items():
        rows = np.flatnonzero(labels == name)
        averages[rows] = _weights(len(rows), len(sites), size, rng) @ mu[sites]
    return averages, labels


def mixtures(
    mu: Float[np.ndarray, "site energy"],
    values: np.ndarray,
    *,
    examples: int,
    size: tuple[int, int] = MIXTURE_SIZE,
    seed: int,
) -> tuple[Float[np.ndarray, "example energy"], Float[np.ndarray, " example"]]:
    """Average raw spectra of any class; the label is the mean of the parents' values."""
    _check(examples, size, mu, values)
    weights = mixture_weights(len(mu), examples=examples, size=size, seed=seed)
    return weights @ mu, weights @ np.asarray(values, float)


def mixture_weights(
    sites: int, *, examples: int, size: tuple[int, int] = MIXTURE_SIZE, seed: int
) -> csr_array:
    """Return the weight of every site in every mixture, shape (example, site).

    The number of parents is uniform in `size` and they are drawn with replacement from all
    spectra, so that a single snapshot can be mixed too.
    """
    _check(examples, size)
    if sites < 2:
        raise InputError(f"{sites} spectra cannot be mixed; give at least 2")
    return _weights(examples, sites, size, np.random.default_rng(seed))


def membership(
    environment: np.ndarray, classes: Sequence[str] | None = None
) -> Float[np.ndarray, "site _"]:
    """Return one in the column of each site's class and zero elsewhere.

    The columns are `classes`, by default those that occur, in `class_order`.

    Examples
    --------
    >>> membership(np.array(["dimer", "0"]))
    array([[0., 1.],
           [1., 0.]])
    """
    environment = np.asarray(environment)
    if classes is None:
        classes = class_order(np.unique(environment).tolist())
    return (environment[:, None] == np.array(classes, dtype=str)).astype(float)


def composition_weights(
    environment: np.ndarray,
    *,
    material: np.ndarray | None = None,
    examples: int,
    size: tuple[int, int] = COMPOSITION_SIZE,
    seed: int,
) -> csr_array:
    """Draw sites for averages of likely and unlikely compositions: weights (example, site).

    Half of the averages draw their sites from all, so their composition is close to that of the
    dataset. The other half first draw fractions of the classes, from a Dirichlet distribution that
    favours few (`CONCENTRATION`), then sites of each class: compositions that the dataset lacks, so
    that a model does not fall back on the dataset's mean. The logarithm of the number of sites is
    uniform, single spectra included.

    If the sites are of several materials, each average is of one of them, all equally likely: no
    sample is a random mixture of sites from all compositions.
    """
    environment = np.asarray(environment)
    _check(examples, size)
    if len(np.unique(environment)) < 2:
        raise InputError(f"all spectra are of one class, '{environment[0]}'; fractions need two")
    rng = np.random.default_rng(seed)
    sorts = [] if material is None else np.unique(material).tolist()
    if len(sorts) < 2:
        return _likely_and_unlikely(environment, examples, size, rng)
    columns, blocks = [], []
    for number, name in enumerate(sorts):
        rows = np.flatnonzero(material == name)
        share = len(range(number, examples, len(sorts)))
        if share:
            columns.append(rows)
            blocks.append(_likely_and_unlikely(environment[rows], share, size, rng))
    together = csr_array(block_diag(blocks))
    order = np.concatenate(columns)
    shape = (examples, len(environment))
    return csr_array((together.data, order[together.indices], together.indptr), shape=shape)


def _likely_and_unlikely(
    environment: np.ndarray, examples: int, size: tuple[int, int], rng: np.random.Generator
) -> csr_array:
    own = membership(environment)
    logs = rng.uniform(np.log(size[0]), np.log(size[1] + 1), examples)
    counts = np.minimum(np.exp(logs).astype(int), size[1])
    chances = np.tile(own.mean(axis=0), (examples, 1))
    unlikely = np.arange(examples) % 2 == 1
    alpha = np.full(own.shape[1], CONCENTRATION)
    chances[unlikely] = rng.dirichlet(alpha, int(unlikely.sum()))
    of_class = rng.multinomial(counts, chances)
    parents = np.empty(of_class.sum(), dtype=int)
    drawn = np.repeat(np.tile(np.arange(own.shape[1]), examples), of_class.ravel())
    for number in range(own.shape[1]):
        same = drawn == number
        parents[same] = rng.choice(np.flatnonzero(own[:, number]), int(same.sum()))
    return _equal_weights(counts, parents, len(own))


def _weights(
    examples: int, sites: int, size: tuple[int, int], rng: np.random.Generator
) -> csr_array:
    """Weights of every site in every example, rows summing to one; sparse, as `size` is small."""
    counts = rng.integers(size[0], size[1] + 1, examples)
    return _equal_weights(counts, rng.integers(0, sites, counts.sum()), sites)


def _equal_weights(
    counts: Int[np.ndarray, " example"], parents: Int[np.ndarray, " parent"], sites: int
) -> csr_array:
    """Weigh the parents of each example, `counts` of them one after the other, alike."""
    starts = np.concatenate([[0], np.cumsum(counts)])
    shape = (len(counts), sites)
    return csr_array((np.repeat(1 / counts, counts), parents, starts), shape=shape)


def _check(
    examples: int, size: tuple[int, int], mu: np.ndarray | None = None, labels: Any = ()
) -> None:
    if mu is not None and len(labels) != len(mu):
        raise InputError(f"{len(labels)} labels for {len(mu)} spectra; give one for each")
    if examples < 1:
        raise InputError(f"{examples} examples asked for; ask for at least 1")
    if not 1 <= size[0] <= size[1]:
        raise InputError(f"{size} parents for an average: give (least, most), 1 <= least <= most")

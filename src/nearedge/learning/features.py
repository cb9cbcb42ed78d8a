"""Features of sites besides their spectra: words, as columns of zeros and ones, and the rise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError

RISE = "rise"
"""Energy of the rise from the stated zero, given if spectra are counted from their rise."""


@dataclass(frozen=True)
class Feature:
    """A property of sites in words (absorber, space group, defect type), and its values.

    One without values is a number, given as its deviation from the mean in units of its spread.

    Examples
    --------
    >>> Feature("absorber", ("Fe", "Mn")).columns(np.array(["Mn", "Fe"]), "dataset")
    array([[0., 1.],
           [1., 0.]])
    """

    name: str
    values: tuple[str, ...] = ()
    mean: float = 0.0
    spread: float = 1.0

    def __len__(self) -> int:
        return len(self.values) or 1

    def columns(self, words: np.ndarray, source: str) -> Float[np.ndarray, "site value"]:
        """Return one in the column of each site's value; other values are an error."""
        if not self.values:
            return ((words.astype(float) - self.mean) / self.spread)[:, None]
        others = np.setdiff1d(words, self.values)
        if len(others):
            raise InputError(
                f"{source}: {self.name} '{others[0]}' was not in the training, which had "
                f"{', '.join(self.values)}: leave those sites out, or train on some of them"
            )
        return (words[:, None] == np.array(self.values)).astype(float)


def features_of(columns: Mapping[str, np.ndarray]) -> tuple[Feature, ...]:
    """Make features of columns: words with the values that occur, numbers with their spread."""
    return tuple(
        Feature(name, tuple(np.unique(column).tolist()))
        if column.dtype.kind == "U"
        else Feature(name, (), float(column.mean()), float(column.std()) or 1.0)
        for name, column in columns.items()
    )


def with_features(
    spectra: Float[np.ndarray, "site energy"],
    features: Sequence[Feature],
    words: Mapping[str, np.ndarray],
    source: str,
) -> Float[np.ndarray, "site input"]:
    """Put the columns of all features before the intensities, as estimators take them."""
    return np.hstack([*(one.columns(words[one.name], source) for one in features), spectra])

"""Categorical features of sites: words beside a spectrum, a column of zeros and ones for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError


@dataclass(frozen=True)
class Feature:
    """What is known of a site in words (absorber, space group, defect type), and its values.

    Examples
    --------
    >>> Feature("absorber", ("Fe", "Mn")).columns(np.array(["Mn", "Fe"]), "dataset")
    array([[0., 1.],
           [1., 0.]])
    """

    name: str
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def columns(self, words: np.ndarray, source: str) -> Float[np.ndarray, "site value"]:
        """Give one in the column of each site's value; a value that is not one is an error."""
        others = np.setdiff1d(words, self.values)
        if len(others):
            raise InputError(
                f"{source}: {self.name} '{others[0]}' was not taught; the model knows "
                f"{', '.join(self.values)}: leave those sites out, or train on some of them"
            )
        return (words[:, None] == np.array(self.values)).astype(float)


def with_features(
    spectra: Float[np.ndarray, "site energy"],
    features: Sequence[Feature],
    words: Mapping[str, np.ndarray],
    source: str,
) -> Float[np.ndarray, "site input"]:
    """Put the columns of all features before the intensities, as estimators take them."""
    return np.hstack([*(one.columns(words[one.name], source) for one in features), spectra])

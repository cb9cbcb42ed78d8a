"""A kernel machine and networks that answer together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Array, Float

from nearedge.learning.estimators._mixtures import MixtureRegressor
from nearedge.learning.estimators._networks import CompositionRegressor
from nearedge.records import Kept


@dataclass(frozen=True)
class CommitteeRecord:
    """What a `CommitteeRegressor` is rebuilt from."""

    kernel: MixtureRegressor
    networks: CompositionRegressor


@dataclass(frozen=True, eq=False)
class CommitteeRegressor(Kept):
    """The mean of what two fitted regressors say of fractions, and of the number they make.

    Kernel machines know best what is like the training spectra, networks what is not; the mean is
    seldom worse than the better one. Both have the same classes and values.
    """

    record = CommitteeRecord

    kernel: MixtureRegressor
    networks: CompositionRegressor

    def __post_init__(self) -> None:
        ours = [(*one.classes, *one.values, one.n_features_in_) for one in self._both]
        if ours[0] != ours[1]:
            raise ValueError(f"members of other classes, values or inputs: {ours[0]}, {ours[1]}")

    @property
    def classes(self) -> Sequence[str]:
        """The classes, in the order of the fractions."""
        return self.kernel.classes

    @property
    def values(self) -> Sequence[float]:
        """The number of each class."""
        return self.kernel.values

    @property
    def n_features_in_(self) -> int:
        """Number of intensities that are read."""
        return self.kernel.n_features_in_

    @property
    def members(self) -> int:
        """Number of networks; see `differentiable`."""
        return self.networks.members

    def predict(self, X: Any) -> Float[np.ndarray, " example"]:  # noqa: N803
        """Mean of the numbers of the classes."""
        return np.mean([one.predict(X) for one in self._both], axis=0)

    def predict_fractions(self, X: Any) -> Float[np.ndarray, "example class"]:  # noqa: N803
        """Fraction of each of `classes`: none is negative, and they add up to one."""
        return np.mean([one.predict_fractions(X) for one in self._both], axis=0)

    def differentiable(
        self, x: Float[Array, "example energy"], network: int
    ) -> Float[Array, "example 1"]:
        """Predict in JAX with the kernel machine and one of the networks, to be differentiated."""
        return (self.kernel.differentiable(x, 0) + self.networks.differentiable(x, network)) / 2

    def to_record(self) -> CommitteeRecord:
        """Return what it consists of."""
        return CommitteeRecord(self.kernel, self.networks)

    @classmethod
    def from_record(cls, record: CommitteeRecord) -> "CommitteeRegressor":
        """Undo `to_record`; a ValueError if the members do not fit each other."""
        return cls(record.kernel, record.networks)

    @property
    def _both(self) -> tuple[MixtureRegressor, CompositionRegressor]:
        return self.kernel, self.networks

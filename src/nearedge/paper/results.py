"""What the protocol measures, as records that figures and report are made from."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from nearedge.ladder import Ladder
from nearedge.paper.robustness import Disturbed
from nearedge.records import Json, as_json


@dataclass(frozen=True)
class Published:
    """The numbers of L. Li, M. Lu and M. K. Y. Chan (2019) that ours are set beside."""

    train_accuracy: float = 0.989
    validation_accuracy: float = 0.986
    test_accuracy: float = 0.987
    test_mse: float = 0.0035
    snapshots: int = 21
    spectra: int = 1000


@dataclass(frozen=True)
class Run:
    """One network, trained and scored (accuracy, or mean squared error) as the paper does."""

    seed: int  # of examples, split and network
    train: float
    validation: float
    test: float
    raw: float  # the score on the raw spectra that the examples were made of
    restarts: int  # times the network had died and was started again
    rate: float  # Adam's


@dataclass(frozen=True)
class Curve:
    """Mean squared error of one regressor after every epoch."""

    rate: float
    epoch: Int[np.ndarray, " epoch"]
    train: Float[np.ndarray, " epoch"]
    validation: Float[np.ndarray, " epoch"]


@dataclass(frozen=True)
class Sweep:
    """Accuracy of the classifier against one quantity; arrays by the names of the parts."""

    values: Int[np.ndarray, " value"]
    accuracy: dict[str, Float[np.ndarray, "seed value"]]


@dataclass(frozen=True)
class Agreement:
    """True and predicted numbers of the test mixtures of one regressor."""

    rate: float
    seed: int
    truth: Float[np.ndarray, " example"]
    predicted: Float[np.ndarray, " example"]


@dataclass(frozen=True)
class Reading:
    """One way to read "L2 0.1", as it is given to the trainer, and what it gives."""

    name: str
    convention: str
    coefficient: float
    run: Run


@dataclass(frozen=True)
class Reproduction:
    """All that the protocol measured on one dataset."""

    dataset: Json  # as `SiteSpectra.info` gives it
    settings: dict[str, str]  # every option of the protocol, as text
    seed: int  # the first; every other number follows from it
    quick: bool  # whether fewer epochs and seeds were spent than the paper's
    hidden: tuple[int, ...]  # nodes of the networks' hidden layers
    classifier: tuple[Run, ...]
    regressor: tuple[Run, ...]
    curves: tuple[Curve, ...]
    agreement: Agreement
    widths: Sweep
    sizes: Sweep
    readings: tuple[Reading, ...]
    ladder: Ladder
    better: Ladder | None  # of another recipe, above the paper's own rung
    robustness: Disturbed | None  # of both, where a rung above the paper's was climbed
    published: Published = Published()

    def to_json(self) -> Json:
        """Give every number, ready for JSON."""
        return as_json({**vars(self), "best_rate": self.agreement.rate})

"""Networks to be trained, and the results."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.learning.networks import MultilayerPerceptron

Loss = Literal["cross-entropy", "fractions", "squared-error"]
"""``"fractions"`` is the cross-entropy with the fractions of several classes in each example."""

L2Convention = Literal["batch", "example", "scikit-learn", "decoupled"]

RESTARTS = 5
"""How often a dead network is restarted."""


@dataclass(kw_only=True)
class TrainingSettings:
    """How networks are trained.

    Parameters
    ----------
    learning_rate : float
        Of Adam (Kingma and Ba, 2015), whose other constants are the usual 0.9, 0.999 and 1e-8.
    batch_size : int
        Examples per step. An epoch has as many whole batches as the examples fill; the few left out
        differ from epoch to epoch.
    epochs : int
        Passes through the examples.
    l2 : float
        Coefficient `c` of the penalty on the squared weights (not the biases).
    l2_convention : {"batch", "example", "scikit-learn", "decoupled"}
        ``"batch"``: ``c * sum(w**2)`` is added to the mean loss of each batch (``regularizers.L2``
        of Keras). ``"example"``: ``c / n * sum(w**2)`` for `n` training examples, that is, the
        penalty is added once to the loss summed over all examples. ``"scikit-learn"``:
        ``c / (2 * batch) * sum(w**2)`` (`alpha` of `MLPClassifier`). ``"decoupled"``: each step
        shrinks the weights by ``learning_rate * c`` in addition to Adam's step (AdamW).
    records : int
        Number of points on the learning curves.
    dropout : float
        Probability that a step hides the value of a categorical feature, so that the network learns
        to predict for unseen values.
    """

    learning_rate: float = 0.01
    batch_size: int = 32
    epochs: int = 1500
    l2: float = 0.0
    l2_convention: L2Convention | str = "example"
    records: int = 50
    dropout: float = 0.1

    def check(self) -> None:
        """Refuse invalid settings."""
        if self.l2_convention not in get_args(L2Convention):
            raise InputError(
                f"l2_convention={self.l2_convention!r} is not known; choose one of "
                f"{', '.join(get_args(L2Convention))}"
            )
        for name in ("batch_size", "epochs", "records"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} must be at least 1")
        if not self.learning_rate > 0 or not self.l2 >= 0:
            raise InputError(
                f"learning_rate={self.learning_rate} must be positive and l2={self.l2} not negative"
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout={self.dropout} must be from 0 to below 1")

    def penalty(self, examples: int) -> tuple[float, float]:
        """Coefficient of ``sum(w**2)`` in the loss, and of the decoupled decay."""
        batch = min(self.batch_size, examples)
        scale = {"batch": 1.0, "example": 1 / examples, "scikit-learn": 0.5 / batch}
        if self.l2_convention == "decoupled":
            return 0.0, self.l2
        return self.l2 * scale[self.l2_convention], 0.0


@dataclass(frozen=True)
class Job:
    """One network to train, from standardised inputs, to the least mean `loss`.

    The targets `y` are class numbers for the cross-entropy, fractions that add up to one in each
    example, or values. The seed alone determines weights and order of examples. The first inputs
    are the values of categorical features, if there are `embeddings`: dimensions and values of
    each.
    """

    x: Float[np.ndarray, "example input"]
    y: np.ndarray
    loss: Loss
    hidden: tuple[int, ...]
    outputs: int
    seed: int
    settings: TrainingSettings
    validation: tuple[Float[np.ndarray, "held input"], np.ndarray] | None = None
    embeddings: tuple[tuple[int, int], ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Layer sizes of the network, embedded features first."""
        inputs = self.x.shape[1] + sum(size - values for size, values in self.embeddings)
        return (inputs, *self.hidden, self.outputs)


class Curves(NamedTuple):
    """Loss without the penalty, accuracy or mean squared error, and the outputs' spread, by epoch.

    Losses and scores of the validation examples are NaN where none were given.
    """

    epoch: Any  # NumPy's, or JAX's while they are recorded
    loss: Any
    score: Any
    spread: Any
    validation_loss: Any
    validation_score: Any


@dataclass(frozen=True)
class Trained:
    """A trained network, how often it died and was restarted, and whether it is still dead."""

    network: MultilayerPerceptron
    curves: Curves
    restarts: int
    dead: bool

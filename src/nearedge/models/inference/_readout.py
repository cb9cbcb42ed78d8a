"""What the networks' answer means: the composition behind it, for two kinds of samples.

Networks are biased and unsure in their own way. What they say of simulated samples of known
composition tells it: said and true composition are taken for jointly normal, once for samples in
which environments are about as frequent as in the training data (``alike``) and once for any other
(``any``). A new answer then gives the composition for either kind, and how likely each kind is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Bool, Float, Shaped

Kind = Literal["alike", "any"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SAID_ERROR = 0.03
"""Spread of what networks say of samples of one kind that few samples may not have shown."""

PRIOR_SAMPLES = 6
"""How many independent samples the spread that is expected beforehand counts for."""

LEAST_SPREAD = 0.005
"""Least standard deviation of a composition, given what networks say."""


@dataclass(frozen=True)
class Readout:
    """Normal distributions of said and true compositions; the first axis is that of `KINDS`.

    Made by `fit_readout`.

    Attributes
    ----------
    said : float array, shape (kind, class)
        Mean fractions that the networks say.
    precision : float array, shape (kind, class, class)
        Inverse of their covariance.
    log_scale : float array, shape (kind,)
        Half the logarithm of the determinant of their covariance.
    true : float array, shape (kind, output)
        Mean true outputs: the coordination number, then the fractions.
    gain : float array, shape (kind, output, class)
        What a deviation of the said from their mean adds to the true.
    spread : float array, shape (kind, output)
        Standard deviations of the true outputs, given what is said.
    """

    said: Float[np.ndarray, "kind class"]
    precision: Float[np.ndarray, "kind class class"]
    log_scale: Float[np.ndarray, " kind"]
    true: Float[np.ndarray, "kind output"]
    gain: Float[np.ndarray, "kind output class"]
    spread: Float[np.ndarray, "kind output"]

    def read(
        self, said: Float[np.ndarray, "answer class"]
    ) -> tuple[Float[np.ndarray, "answer kind"], Float[np.ndarray, "answer kind output"]]:
        """Give the logarithm of each kind's density, and the outputs that each expects.

        Parameters
        ----------
        said : float array, shape (answer, class)
            Fractions that the networks say.
        """
        off = said[:, None] - self.said
        squares = np.einsum("akc,kcd,akd->ak", off, self.precision, off)
        expected = self.true + np.einsum("koc,akc->ako", self.gain, off)
        return -squares / 2 - self.log_scale, expected

    def arrays(self) -> dict[str, np.ndarray]:
        """Give what must be kept; `from_arrays` makes it again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], classes: int) -> "Readout":
        """Make it of what `arrays` gave.

        Raises
        ------
        KeyError, ValueError
            If something is missing or does not fit together.
        """
        kinds, outputs = len(KINDS), classes + 1
        shapes = {
            "said": (kinds, classes),
            "precision": (kinds, classes, classes),
            "log_scale": (kinds,),
            "true": (kinds, outputs),
            "gain": (kinds, outputs, classes),
            "spread": (kinds, outputs),
        }
        for name, shape in shapes.items():
            if arrays[name].shape != shape:
                raise ValueError(f"{name} has shape {arrays[name].shape}, not {shape}")
        return cls(**{name: arrays[name] for name in shapes})


class Expectation(NamedTuple):
    """How far samples like the training data differ from each other, before any is seen.

    Attributes
    ----------
    spread : float array, shape (output,)
        Standard deviation of each output.
    samples : int
        How many independent samples are seen.
    """

    spread: Float[np.ndarray, " output"]
    samples: int

    def combined(self, spread: Float[np.ndarray, " output"]) -> Float[np.ndarray, " output"]:
        """Weigh this and the spread that was seen by the number of samples behind each."""
        seen, before = self.samples, PRIOR_SAMPLES
        mean = (seen * np.square(spread) + before * np.square(self.spread)) / (seen + before)
        return np.sqrt(mean)


def fit_readout(
    said: Float[np.ndarray, "sample class"],
    true: Float[np.ndarray, "sample output"],
    kind: Shaped[np.ndarray, " sample"],
    expectation: Expectation,
) -> Readout:
    """Learn what the networks' answers mean from samples of known composition.

    Parameters
    ----------
    said : float array, shape (sample, class)
        Fractions that networks said of samples whose sites they had not seen.
    true : float array, shape (sample, output)
        The coordination number and the fractions of these samples.
    kind : str array, shape (sample,)
        Which of `KINDS` each is; both must occur.
    expectation : Expectation
        Of the samples like the training data, which may be few.
    """
    parts = [_conditional(said[kind == one], true[kind == one]) for one in KINDS]
    fitted = Readout(*(np.array(column) for column in zip(*parts, strict=True)))
    alike = KINDS.index("alike")
    fitted.spread[alike] = expectation.combined(fitted.spread[alike])
    return fitted


def _conditional(said: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, ...]:
    count = said.shape[1]
    both = np.concatenate([said, true], axis=1)
    mean = both.mean(axis=0)
    off = both - mean
    covariance = off.T @ off / len(both)
    own = covariance[:count, :count] + SAID_ERROR**2 * np.eye(count)
    precision = np.linalg.inv(own)
    gain = covariance[count:, :count] @ precision
    left = np.diag(covariance[count:, count:]) - np.einsum(
        "oc,co->o", gain, covariance[:count, count:]
    )
    return (
        mean[:count],
        precision,
        np.array(np.linalg.slogdet(own)[1] / 2),
        mean[count:],
        gain,
        np.sqrt(np.maximum(left, LEAST_SPREAD**2)),
    )


def is_alike(kinds: int) -> Bool[np.ndarray, " component"]:
    """Tell which components are of the kind ``alike`` if the kinds take turns.

    Examples
    --------
    >>> is_alike(4)
    array([ True, False,  True, False])
    """
    return np.arange(kinds) % len(KINDS) == KINDS.index("alike")

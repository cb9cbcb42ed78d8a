"""Which energies decide: integrated gradients and occlusion, which check each other.

Both act on *scores*, functions from raw spectra to one number each. Integrated gradients
(Sundararajan, Taly and Yan, ICML 2017) are summed along the straight line from a baseline spectrum:
every point on it is the spectrum of a mixture of sites. Their sum is the difference of the scores
(completeness). Occlusion (Zeiler and Fergus, ECCV 2014) replaces an interval of energies by the
same baseline and measures how far the score falls.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.stats import rankdata

from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier, Regressor

Score = Callable[[Float[Array, "example energy"]], Float[Array, " example"]]
Evaluator = Callable[[Float[np.ndarray, "example energy"]], Float[np.ndarray, "network example"]]
_Sums = Float[Array, "network example energy"]
Intervals = Bool[np.ndarray, "interval energy"]
Curves = Float[np.ndarray, "network energy"]
Axis = Float[np.ndarray, " energy"]
Spectra = Float[np.ndarray, "example energy"]


@dataclass(frozen=True)
class Attribution:
    """Contribution of each energy to an ensemble's scores, for one spectrum or a mean over many.

    From the integrated gradients at each energy (eV), and from the fall of the score if the
    interval of the given width around it is hidden. Scores are means over the networks; the gap is
    what the gradients' sum lacks of the difference of the scores, the largest over networks and
    spectra.
    """

    energy: Axis
    width: float
    gradients: Curves
    occluded: Curves
    score: float
    baseline_score: float
    gap: float

    @property
    def summed(self) -> Curves:
        """Integrated gradients summed over the interval around each energy that is hidden."""
        return self.gradients @ intervals(self.energy, self.width).T

    @property
    def agreement(self) -> float:
        """Rank correlation of both methods over the energies (Spearman), at the same width."""
        curves = self.summed.mean(axis=0), self.occluded.mean(axis=0)
        if min(map(np.ptp, curves)) == 0:
            return 0.0
        return float(np.corrcoef([np.asarray(rankdata(curve)) for curve in curves])[0, 1])


def intervals(energy: Axis, width: float) -> Intervals:
    """Mask of the energies in the interval of a width (eV) around each energy."""
    # Rounding must not decide on energies at the very edge.
    return np.abs(energy[:, None] - energy) <= width / 2 + 1e-9


def scores(
    estimator: Classifier | Regressor, targets: Sequence[str] = (), against: str | None = None
) -> list[Score]:
    """Make the scores to explain, one function for each network of an estimator.

    For a classifier the log-odds ``log(p / (1 - p))`` of each spectrum's target class, or
    ``log(p / q)`` against another class: probabilities hardly change if a network is sure. For a
    regressor the number itself.
    """
    networks = range(estimator.members)
    if not isinstance(estimator, Classifier):
        return [lambda x, network=n: estimator.differentiable(x, network)[:, 0] for n in networks]
    places = {str(name): place for place, name in enumerate(estimator.classes_)}
    unknown = [name for name in (*targets, against) if name is not None and name not in places]
    if unknown:
        raise InputError(
            f"class '{unknown[0]}' is not a class of the model; choose one of {', '.join(places)}"
        )
    rows = jnp.asarray([places[name] for name in targets])
    chosen = rows[:, None] == jnp.arange(len(places))

    def score(x: Float[Array, "example energy"], network: int) -> Float[Array, " example"]:
        logs = estimator.differentiable(x, network)
        own = jnp.where(chosen, logs, 0).sum(axis=1)
        if against is not None:
            return own - logs[:, places[against]]
        return own - jax.nn.logsumexp(jnp.where(chosen, -jnp.inf, logs), axis=1)

    return [partial(score, network=network) for network in networks]


def evaluator(functions: Sequence[Score]) -> Evaluator:
    """Make the function that evaluates the scores of every network."""
    together = jax.jit(lambda x: jnp.stack([score(x) for score in functions]))
    return lambda spectra: np.asarray(together(jnp.asarray(spectra)), float)


def integrated_gradients(
    functions: Sequence[Score], spectra: Spectra, baseline: Axis, steps: int
) -> Float[np.ndarray, "network example energy"]:
    """Integrate the gradients of scores from a baseline to spectra, at the middle of equal steps.

    Examples
    --------
    For a linear score they are the weights times the differences:

    >>> weight = jnp.array([1.0, -2.0, 0.0])
    >>> spectra, baseline = np.array([[2.0, 2.0, 2.0]]), np.ones(3)
    >>> integrated_gradients([lambda x: x @ weight], spectra, baseline, 100)[0, 0].round(4)
    array([ 1., -2.,  0.])
    """
    away, start = jnp.asarray(spectra - baseline), jnp.asarray(baseline)
    slopes = [jax.grad(lambda x, score=score: score(x).sum()) for score in functions]

    @jax.jit
    def total() -> _Sums:
        def add(so_far: _Sums, part: Float[Array, ""]) -> tuple[_Sums, None]:
            x = start + part * away
            return so_far + jnp.stack([slope(x) for slope in slopes]), None

        parts = (jnp.arange(steps) + 0.5) / steps
        return jax.lax.scan(add, jnp.zeros((len(slopes), *away.shape)), parts)[0]

    return np.asarray(total() / steps * away, float)


def occlusion(
    evaluate: Evaluator, spectra: Spectra, baseline: Axis, hidden: Intervals
) -> Float[np.ndarray, "network example interval"]:
    """Hide intervals of energies one after the other, and measure how far the scores fall."""
    whole = evaluate(spectra)
    without = (np.where(mask, baseline, spectra) for mask in hidden)
    return np.stack([whole - evaluate(masked) for masked in without], axis=-1)


def attribute(
    functions: Sequence[Score],
    spectra: Spectra,
    energy: Axis,
    baseline: Axis,
    *,
    width: float = 1.0,
    steps: int = 200,
) -> list[Attribution]:
    """Explain the scores of each spectrum by both methods.

    The baseline is the mean training spectrum, or that of the class to compare with; `width` is
    that of the intervals in eV, `steps` are those of the integrated gradients.
    """
    if not (np.isfinite(width) and width > 0):
        raise InputError(f"interval width {width} must be a positive energy (eV)")
    if steps < 1:
        raise InputError(f"steps={steps} must be at least 1")
    gradients = integrated_gradients(functions, spectra, baseline, steps)
    evaluate = evaluator(functions)
    occluded = occlusion(evaluate, spectra, baseline, intervals(energy, width))
    high, low = evaluate(spectra), evaluate(np.broadcast_to(baseline, spectra.shape))
    gaps = np.abs(gradients.sum(axis=2) - (high - low)).max(axis=0)
    numbers = np.stack([high.mean(axis=0), low.mean(axis=0), gaps], axis=1).tolist()
    return [
        Attribution(energy, width, gradients[:, row], occluded[:, row], *numbers[row])
        for row in range(len(spectra))
    ]


def mean_attribution(parts: Sequence[Attribution]) -> Attribution:
    """Average attributions over spectra, network by network; the gap is the largest."""

    def mean(name: str) -> Any:
        return np.mean([getattr(part, name) for part in parts], axis=0)

    return replace(
        parts[0],
        gradients=mean("gradients"),
        occluded=mean("occluded"),
        score=float(mean("score")),
        baseline_score=float(mean("baseline_score")),
        gap=max(part.gap for part in parts),
    )


@dataclass(frozen=True)
class Stretch:
    """Adjacent energies, from `low` to `high` (eV), that are all for the score, or all against.

    The amount is the sum of the integrated gradients, mean over the networks, with its standard
    deviation; it is confirmed if hiding parts changes the score in the same direction on average.
    """

    low: float
    high: float
    amount: float
    spread: float
    confirmed: bool


def stretches(attribution: Attribution) -> list[Stretch]:
    """Cut an attribution, summed over its intervals, where its sign changes; largest first.

    The amounts add up to the score minus the baseline's.
    """
    sign = np.sign(attribution.summed.mean(axis=0))
    # Zeros belong to what stands before them.
    for place in np.flatnonzero(sign == 0):
        sign[place] = sign[place - 1] if place else 0
    edges = [0, *(np.flatnonzero(np.diff(sign)) + 1), len(sign)]
    pieces = []
    for start, stop in pairwise(edges):
        amounts = attribution.gradients[:, start:stop].sum(axis=1)
        hidden = attribution.occluded[:, start:stop].mean()
        amount = float(amounts.mean())
        low, high = attribution.energy[[start, stop - 1]].tolist()
        pieces.append(Stretch(low, high, amount, float(amounts.std()), bool(amount * hidden > 0)))
    return sorted(pieces, key=lambda piece: -abs(piece.amount))

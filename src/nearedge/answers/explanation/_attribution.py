"""Which energies decide: integrated gradients and occlusion, two views that check each other.

Both act on *scores*, functions from raw spectra to one number each, so they know nothing of how
an estimator prepares its inputs. Integrated gradients (Sundararajan, Taly and Yan, ICML 2017) are
summed along the straight way from a baseline spectrum to the spectrum in question: every point of
it is an average of two spectra, which is a spectrum that a mixture of sites would have. Their sum
over the energies is the difference of the scores (completeness). Occlusion (Zeiler and Fergus,
ECCV 2014) hides an interval of energies by the same baseline and sees how far the score falls. Both
ask how much a score rests on the energies: they should agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.stats import rankdata

from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier, Regressor

Score = Callable[[Float[Array, "example energy"]], Float[Array, " example"]]


@dataclass(frozen=True)
class Attribution:
    """What each energy adds to the scores of an ensemble, for one spectrum or as a mean over many.

    Attributes
    ----------
    energy : float array, shape (energy,)
        In eV.
    width : float
        Of the intervals, in eV.
    gradients : float array, shape (network, energy)
        Integrated gradients: what each single energy adds to the score of each network.
    occluded : float array, shape (network, energy)
        Fall of the score if the interval around each energy is hidden by the baseline.
    score, baseline_score : float
        Mean over the networks at the spectrum and at the baseline.
    gap : float
        What the gradients lack to their difference, the largest over the networks and spectra.
    """

    energy: Float[np.ndarray, " energy"]
    width: float
    gradients: Float[np.ndarray, "network energy"]
    occluded: Float[np.ndarray, "network energy"]
    score: float
    baseline_score: float
    gap: float

    @property
    def summed(self) -> Float[np.ndarray, "network energy"]:
        """Integrated gradients summed over the interval around each energy, as wide as hidden."""
        return self.gradients @ intervals(self.energy, self.width).T

    @property
    def agreement(self) -> float:
        """Rank correlation of both methods over the energies (Spearman), at the same width."""
        curves = self.summed.mean(axis=0), self.occluded.mean(axis=0)
        if min(map(np.ptp, curves)) == 0:
            return 0.0
        return float(np.corrcoef([np.asarray(rankdata(curve)) for curve in curves])[0, 1])

    def share(self, low: float, high: float) -> float:
        """Share of the absolute attribution (gradients, ensemble mean) between two energies."""
        size = np.abs(self.gradients.mean(axis=0))
        within = (self.energy >= low) & (self.energy <= high)
        return float(size[within].sum() / max(size.sum(), np.finfo(float).tiny))


def intervals(
    energy: Float[np.ndarray, " energy"], width: float
) -> Bool[np.ndarray, "interval energy"]:
    """Tell which energies lie in the interval of a width (eV) around each energy."""
    # Rounding must not decide on energies at the very edge.
    return np.abs(energy[:, None] - energy) <= width / 2 + 1e-9


def scores(
    estimator: Classifier | Regressor, target: np.ndarray | None = None, against: int | None = None
) -> list[Score]:
    """Make the numbers that are explained, one function for each network of an estimator.

    Parameters
    ----------
    estimator : Classifier or Regressor
        Fitted.
    target : int array, shape (example,), optional
        Of a classifier, the place in `classes_` of the class that is asked about, for every
        example. Not used with a regressor.
    against : int, optional
        Another class, to ask why the target rather than this.

    Returns
    -------
    list of function
        From spectra, shape (example, energy), to scores, shape (example,): of a classifier the
        log-odds ``log(p / (1 - p))`` of the target, or ``log(p / q)`` against the other class; of
        a regressor the coordination number. Log-odds and not probabilities: these hardly change
        where a network is sure.
    """
    count = estimator.members
    if not isinstance(estimator, Classifier):
        return [
            lambda x, network=network: estimator.differentiable(x, network)[:, 0]
            for network in range(count)
        ]
    if target is None:
        raise InputError("a classifier is asked about a class; give target")
    chosen = jnp.asarray(target)[:, None] == jnp.arange(len(estimator.classes_))

    def score(x: Float[Array, "example energy"], network: int) -> Float[Array, " example"]:
        logs = estimator.differentiable(x, network)
        own = jnp.where(chosen, logs, 0).sum(axis=1)
        if against is not None:
            return own - logs[:, against]
        return own - jax.nn.logsumexp(jnp.where(chosen, -jnp.inf, logs), axis=1)

    return [lambda x, network=network: score(x, network) for network in range(count)]


def evaluate_scores(
    functions: Sequence[Score], spectra: Float[np.ndarray, "example energy"]
) -> Float[np.ndarray, "network example"]:
    """Evaluate the scores of every network."""
    return np.asarray(_together(functions)(jnp.asarray(spectra)), float)


def integrated_gradients(
    functions: Sequence[Score],
    spectra: Float[np.ndarray, "example energy"],
    baseline: Float[np.ndarray, " energy"],
    steps: int = 100,
) -> Float[np.ndarray, "network example energy"]:
    """Integrate the gradients of scores from a baseline to spectra.

    Parameters
    ----------
    functions : sequence of function
        The scores, see `scores`.
    spectra : float array, shape (example, energy)
        What is explained.
    baseline : float array, shape (energy,)
        Where the way starts.
    steps : int
        Points on the way, in the middle of equal parts.

    Returns
    -------
    float array, shape (network, example, energy)
        What each energy adds to each score; the sum is the score's difference from the baseline.

    Examples
    --------
    A linear score's are the weights times the differences:

    >>> weight = jnp.array([1.0, -2.0, 0.0])
    >>> spectra, baseline = np.array([[2.0, 2.0, 2.0]]), np.ones(3)
    >>> integrated_gradients([lambda x: x @ weight], spectra, baseline)[0, 0].round(4)
    array([ 1., -2.,  0.])
    """
    away = jnp.asarray(spectra - baseline)
    start = jnp.asarray(baseline)
    slopes = [jax.grad(lambda x, score=score: score(x).sum()) for score in functions]

    @jax.jit
    def total() -> Float[Array, "network example energy"]:
        def add(
            so_far: Float[Array, "network example energy"], part: Float[Array, ""]
        ) -> tuple[Float[Array, "network example energy"], None]:
            x = start + part * away
            return so_far + jnp.stack([slope(x) for slope in slopes]), None

        parts = (jnp.arange(steps) + 0.5) / steps
        return jax.lax.scan(add, jnp.zeros((len(slopes), *away.shape)), parts)[0]

    return np.asarray(total() / steps * away, float)


def occlusion(
    functions: Sequence[Score],
    spectra: Float[np.ndarray, "example energy"],
    baseline: Float[np.ndarray, " energy"],
    hidden: Bool[np.ndarray, "interval energy"],
) -> Float[np.ndarray, "network example interval"]:
    """Hide intervals of energies one after the other, and see how far the scores fall.

    Parameters
    ----------
    functions : sequence of function
        The scores, see `scores`.
    spectra : float array, shape (example, energy)
        What is explained.
    baseline : float array, shape (energy,)
        What takes the place of the hidden intensities.
    hidden : bool array, shape (interval, energy)
        What is hidden, see `intervals`.

    Returns
    -------
    float array, shape (network, example, interval)
        Score of the whole spectrum less that of the spectrum with the interval hidden.
    """
    together = _together(functions)
    whole = np.asarray(together(jnp.asarray(spectra)), float)
    without = (jnp.asarray(np.where(mask, baseline, spectra)) for mask in hidden)
    return np.stack([whole - np.asarray(together(x), float) for x in without], axis=-1)


def attribute(
    functions: Sequence[Score],
    spectra: Float[np.ndarray, "example energy"],
    energy: Float[np.ndarray, " energy"],
    baseline: Float[np.ndarray, " energy"],
    *,
    width: float = 1.0,
    steps: int = 200,
) -> list[Attribution]:
    """Explain the scores of each spectrum by both methods.

    Parameters
    ----------
    functions : sequence of function
        The scores, see `scores`.
    spectra : float array, shape (example, energy)
        What is explained.
    energy : float array, shape (energy,)
        In eV.
    baseline : float array, shape (energy,)
        Where integrated gradients start, and what hides intervals: the mean training spectrum, or
        that of the class which the question is against.
    width : float
        Of the interval in eV that is hidden, and over which gradients are summed.
    steps : int
        Points on the way of the integrated gradients.

    Returns
    -------
    list of Attribution
        One for each spectrum.

    Raises
    ------
    InputError
        If the width is not positive or there is no step.
    """
    if not (np.isfinite(width) and width > 0):
        raise InputError(f"interval width {width} must be a positive energy (eV)")
    if steps < 1:
        raise InputError(f"steps={steps} must be at least 1")
    gradients = integrated_gradients(functions, spectra, baseline, steps)
    hidden = intervals(energy, width)
    occluded = occlusion(functions, spectra, baseline, hidden)
    high = evaluate_scores(functions, spectra)
    low = evaluate_scores(functions, np.broadcast_to(baseline, spectra.shape).copy())
    gaps = np.abs(gradients.sum(axis=2) - (high - low)).max(axis=0)
    return [
        Attribution(
            energy,
            width,
            gradients[:, row],
            occluded[:, row],
            float(high[:, row].mean()),
            float(low[:, row].mean()),
            float(gaps[row]),
        )
        for row in range(len(spectra))
    ]


def mean_attribution(parts: Sequence[Attribution]) -> Attribution:
    """Average attributions over spectra, network by network; the gap is the largest."""

    def mean(name: str) -> np.ndarray:
        return np.mean([getattr(part, name) for part in parts], axis=0)

    return Attribution(
        parts[0].energy,
        parts[0].width,
        mean("gradients"),
        mean("occluded"),
        float(np.mean([part.score for part in parts])),
        float(np.mean([part.baseline_score for part in parts])),
        max(part.gap for part in parts),
    )


@dataclass(frozen=True)
class Stretch:
    """Energies next to each other that all speak for, or all against.

    Attributes
    ----------
    low, high : float
        First and last energy in eV.
    amount : float
        Sum of the integrated gradients, mean over the networks.
    spread : float
        Its standard deviation over the networks.
    confirmed : bool
        Whether hiding parts of it changes the score in the same direction, on average.
    """

    low: float
    high: float
    amount: float
    spread: float
    confirmed: bool


def stretches(attribution: Attribution) -> list[Stretch]:
    """Cut an attribution where its sign changes, as seen through intervals of its width.

    Returns
    -------
    list of Stretch
        The weightiest first. Their amounts add up to the difference of score and baseline score.
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


def _together(
    functions: Sequence[Score],
) -> Callable[[Float[Array, "example energy"]], Float[Array, "network example"]]:
    return jax.jit(lambda x: jnp.stack([score(x) for score in functions]))

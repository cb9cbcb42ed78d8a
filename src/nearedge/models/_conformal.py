"""Split-conformal calibration: intervals and class sets that hold the truth as often as they say.

Both follow Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World* (2005), with the
residuals of cross-validation by group in place of those of one calibration set. The promise holds
for sites of new groups that are like the old ones, on average over groups; not for another engine
or material.
"""

import numpy as np
from jaxtyping import Bool, Float


def half_width(residuals: Float[np.ndarray, " site"], level: float) -> float:
    """Half the width of an interval around a prediction, from absolute residuals on unseen sites.

    Parameters
    ----------
    residuals : float array, shape (site,)
        Absolute errors on sites the predictor had not seen.
    level : float
        Share of truths that the interval is to hold.

    Returns
    -------
    float
        The ceil((n + 1) level)-th smallest residual, the largest if there are too few.

    Examples
    --------
    >>> half_width(np.arange(1.0, 11.0), 0.9)
    10.0
    """
    rank = int(np.ceil((len(residuals) + 1) * level))
    return float(np.sort(residuals)[min(rank, len(residuals)) - 1])


def set_threshold(chances: Float[np.ndarray, " site"], level: float) -> float:
    """Probability from which a class belongs to the set, from those of the true classes.

    The score is one minus the probability of the true class, the least ambiguous set of Sadinle,
    Lei and Wasserman, J. Am. Stat. Assoc. 114, 223 (2019).

    Parameters
    ----------
    chances : float array, shape (site,)
        Probability that was given to the true class of each unseen site.
    level : float
        Share of truths that the set is to hold.
    """
    return -half_width(-np.asarray(chances, float), level)


def class_sets(
    probability: Float[np.ndarray, "site class"], threshold: float
) -> Bool[np.ndarray, "site class"]:
    """Tell which classes belong to the set of each site; the likeliest always does."""
    probability = np.asarray(probability, float)
    chosen = probability >= threshold
    chosen[np.arange(len(chosen)), probability.argmax(axis=1)] = True
    return chosen

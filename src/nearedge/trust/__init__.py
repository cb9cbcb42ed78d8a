"""Reasons to believe a prediction, or to doubt it."""

from nearedge.trust._background import Background as Background, replaced as replaced
from nearedge.trust._explanation import (
    Attribution as Attribution,
    ExplanationOptions as ExplanationOptions,
    Score as Score,
    attribute as attribute,
    evaluate_scores as evaluate_scores,
    integrated_gradients as integrated_gradients,
    intervals as intervals,
    mean_attribution as mean_attribution,
    occlusion as occlusion,
    scores as scores,
)
from nearedge.trust._neighbours import Nearest as Nearest, nearest_spectra as nearest_spectra
from nearedge.trust._stretches import Stretch as Stretch, stretches as stretches

"""The public names of the room and where they live; each is imported when it is first used."""

from ._attribution import (
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
from ._background import Background as Background, replaced as replaced
from ._classes import (
    ClassAttribution as ClassAttribution,
    ClassExplanation as ClassExplanation,
    explain_classes as explain_classes,
)
from ._neighbours import Nearest as Nearest, nearest_spectra as nearest_spectra
from ._report import report as report, write_explanation as write_explanation
from ._sites import Site as Site, find_nearest as find_nearest, find_site as find_site
from ._spectrum import (
    SpectrumExplanation as SpectrumExplanation,
    explain_spectrum as explain_spectrum,
)
from ._stretches import Stretch as Stretch, stretches as stretches
from ._training import (
    Question as Question,
    Training as Training,
    match_training as match_training,
    seen_sites as seen_sites,
)
from ._words import plain_words as plain_words

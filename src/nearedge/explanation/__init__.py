"""Why a model says what it says: the energies that decide, and sites like those it has seen."""

from nearedge.explanation._classes import (
    ClassAttribution as ClassAttribution,
    ClassExplanation as ClassExplanation,
    explain_classes as explain_classes,
)
from nearedge.explanation._report import report as report, write_explanation as write_explanation
from nearedge.explanation._sites import (
    Site as Site,
    find_nearest as find_nearest,
    find_site as find_site,
)
from nearedge.explanation._spectrum import (
    SpectrumExplanation as SpectrumExplanation,
    explain_spectrum as explain_spectrum,
)
from nearedge.explanation._training import (
    Question as Question,
    Training as Training,
    match_training as match_training,
    seen_sites as seen_sites,
)
from nearedge.explanation._words import plain_words as plain_words

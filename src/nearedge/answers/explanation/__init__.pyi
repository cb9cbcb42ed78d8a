"""The public names of the room and where they live; each is imported when it is first used."""

from ._attribution import (
    Attribution as Attribution,
    Score as Score,
    Stretch as Stretch,
    attribute as attribute,
    evaluator as evaluator,
    integrated_gradients as integrated_gradients,
    intervals as intervals,
    mean_attribution as mean_attribution,
    occlusion as occlusion,
    scores as scores,
    stretches as stretches,
)
from ._explaining import (
    ClassAttribution as ClassAttribution,
    ClassExplanation as ClassExplanation,
    SpectrumExplanation as SpectrumExplanation,
    explain_classes as explain_classes,
    explain_spectrum as explain_spectrum,
)
from ._report import (
    findings as findings,
    report as report,
    write_explanation as write_explanation,
)
from ._sites import (
    Site as Site,
    Training as Training,
    match_training as match_training,
    nearest_spectra as nearest_spectra,
    shipped_training as shipped_training,
)

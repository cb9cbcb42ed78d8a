"""Two engines on the same atoms: what their spectra share, and what one gets wrong."""

from nearedge.ladder.comparison._comparing import (
    ClassFit as ClassFit,
    Comparison as Comparison,
    compare as compare,
)
from nearedge.ladder.comparison._features import Landmarks as Landmarks, Measures as Measures
from nearedge.ladder.comparison._likeness import Likeness as Likeness
from nearedge.ladder.comparison._report import (
    report as report,
    write_comparison as write_comparison,
)
from nearedge.ladder.comparison._words import plain_words as plain_words

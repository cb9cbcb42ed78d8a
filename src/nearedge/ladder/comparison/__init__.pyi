"""The public names of the room and where they live; each is imported when it is first used."""

from ._comparing import ClassFit as ClassFit, Comparison as Comparison, compare as compare
from ._features import Landmarks as Landmarks, Measures as Measures
from ._likeness import Likeness as Likeness
from ._report import report as report, write_comparison as write_comparison
from ._words import plain_words as plain_words

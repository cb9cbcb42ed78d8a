"""The ladder: how well a recipe does when less and less is shared by training and test.

Every rung is scored on raw spectra that were not trained on, beside plain methods that learnt from
the same spectra. Only the lowest rung, the paper's own, is scored on averages, as the paper's is.
"""

from nearedge.ladder._climbing import Progress as Progress, Witness as Witness, climb as climb
from nearedge.ladder._results import (
    Contest as Contest,
    Errors as Errors,
    Ladder as Ladder,
    Level as Level,
    Step as Step,
)
from nearedge.ladder._rungs import Part as Part, RungParts as RungParts

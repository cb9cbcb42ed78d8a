"""The ladder: how well a recipe does when less and less is shared by training and test.

Every rung is scored on raw spectra that were not trained on, beside plain methods that learnt from
the same spectra. Only the lowest rung, the paper's own, is scored on averages, as the paper's is.
"""

from nearedge.ladder._climbing import Progress as Progress
from nearedge.ladder._climbing import climb as climb
from nearedge.ladder._results import Contest as Contest
from nearedge.ladder._results import Errors as Errors
from nearedge.ladder._results import Ladder as Ladder
from nearedge.ladder._results import Level as Level
from nearedge.ladder._results import Step as Step

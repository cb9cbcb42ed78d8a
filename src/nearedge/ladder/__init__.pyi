"""The public names of the room and where they live; each is imported when it is first used."""

from ._climbing import Progress as Progress, Witness as Witness, climb as climb
from ._results import (
    Contest as Contest,
    EngineAlignment as EngineAlignment,
    Errors as Errors,
    Ladder as Ladder,
    Level as Level,
    Step as Step,
)
from ._rungs import RungParts as RungParts
from ._snapshots import (
    SnapshotMeans as SnapshotMeans,
    predict_snapshots as predict_snapshots,
)

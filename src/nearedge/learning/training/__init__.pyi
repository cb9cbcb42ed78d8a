"""The public names of the room and where they live; each is imported when it is first used."""

from ._jobs import (
    RESTARTS as RESTARTS,
    Curves as Curves,
    Job as Job,
    L2Convention as L2Convention,
    Loss as Loss,
    Trained as Trained,
    TrainingSettings as TrainingSettings,
)
from ._schedule import train as train

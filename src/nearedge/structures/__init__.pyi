"""The public names of the room and where they live; each is imported when it is first used."""

from ._disorder import (
    DisorderedRockSalt as DisorderedRockSalt,
    disordered_rock_salt as disordered_rock_salt,
    disordered_starts as disordered_starts,
)
from ._dynamics import Dynamics as Dynamics, run_trajectory as run_trajectory
from ._potential import sevennet as sevennet
from ._reading import read_snapshots as read_snapshots
from ._sanity import Sanity as Sanity
from ._snapshot import Snapshot as Snapshot, write_snapshots as write_snapshots

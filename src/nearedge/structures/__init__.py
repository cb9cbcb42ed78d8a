"""Structures: disordered cells, their molecular dynamics, and snapshots read from files."""

from nearedge.structures._disorder import (
    DisorderedRockSalt as DisorderedRockSalt,
    disordered_rock_salt as disordered_rock_salt,
    disordered_starts as disordered_starts,
)
from nearedge.structures._dynamics import Dynamics as Dynamics, run_trajectory as run_trajectory
from nearedge.structures._potential import sevennet as sevennet
from nearedge.structures._reading import read_snapshots as read_snapshots
from nearedge.structures._sanity import Sanity as Sanity
from nearedge.structures._snapshot import Snapshot as Snapshot, write_snapshots as write_snapshots

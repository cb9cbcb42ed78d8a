"""Structures: disordered cells, their molecular dynamics, and snapshots read from files."""

from nearedge.structures._disorder import (
    DisorderedRockSalt,
    disordered_rock_salt,
    disordered_starts,
)
from nearedge.structures._dynamics import Dynamics, run_trajectory
from nearedge.structures._potential import sevennet
from nearedge.structures._reading import read_snapshots
from nearedge.structures._sanity import Sanity
from nearedge.structures._snapshot import Snapshot, write_snapshots

__all__ = [
    "DisorderedRockSalt",
    "Dynamics",
    "Sanity",
    "Snapshot",
    "disordered_rock_salt",
    "disordered_starts",
    "read_snapshots",
    "run_trajectory",
    "sevennet",
    "write_snapshots",
]

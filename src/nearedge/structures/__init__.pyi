"""The public names of the room and where they live; each is imported when it is first used."""

from ._amcsd import read_amcsd as read_amcsd
from ._crystals import (
    MAX_ATOMS as MAX_ATOMS,
    Crystal as Crystal,
    Rejection as Rejection,
    read_crystals as read_crystals,
    select_crystals as select_crystals,
    structure_types as structure_types,
    write_crystals as write_crystals,
)
from ._disorder import (
    DisorderedCell as DisorderedCell,
    Lattice as Lattice,
    disordered_cell as disordered_cell,
    disordered_starts as disordered_starts,
)
from ._dynamics import Dynamics as Dynamics, run_trajectory as run_trajectory, sevennet as sevennet
from ._formula import reduced_formula as reduced_formula
from ._sanity import unsoundness as unsoundness
from ._shell import Shell as Shell, first_shells as first_shells
from ._snapshots import (
    Snapshot as Snapshot,
    fingerprint as fingerprint,
    read_snapshots as read_snapshots,
    repeated_names as repeated_names,
    write_snapshots as write_snapshots,
)
from ._symmetry import equivalent_atoms as equivalent_atoms

"""The public names of the room and where they live; each is imported when it is first used."""

from ._executor import LocalExecutor as LocalExecutor
from ._parsl import ParslExecutor as ParslExecutor
from ._potentials import TRIALS as TRIALS, reference_potentials as reference_potentials
from ._run import STRUCTURE as STRUCTURE, simulate as simulate, write_inputs as write_inputs
from .clusters import CLUSTERS as CLUSTERS, Cluster as Cluster
from .production import (
    LI3FEO35 as LI3FEO35,
    Production as Production,
    produce as produce,
    rock_salts as rock_salts,
    run_trajectories as run_trajectories,
)

"""The public names of the room and where they live; each is imported when it is first used."""

from ._executor import LocalExecutor as LocalExecutor
from ._parsl import ParslExecutor as ParslExecutor
from ._potentials import TRIALS as TRIALS, reference_potentials as reference_potentials
from ._run import STRUCTURE as STRUCTURE, simulate as simulate, write_inputs as write_inputs
from .clusters import CLUSTERS as CLUSTERS, Cluster as Cluster
from .materials import (
    LI3FEO35 as LI3FEO35,
    lithium_iron_oxides as lithium_iron_oxides,
    rock_salts as rock_salts,
)
from .production import (
    Material as Material,
    Production as Production,
    produce as produce,
    production_of as production_of,
    run_trajectories as run_trajectories,
)

"""The public names of the room and where they live; each is imported when it is first used."""

from ._bond_valence import B as B, bond_constants as bond_constants
from ._neighbours import (
    absorbers as absorbers,
    dimer_distance as dimer_distance,
    neighbour_distances as neighbour_distances,
)
from ._targets import (
    DIMER as DIMER,
    REACH as REACH,
    TARGETS as TARGETS,
    AnyTarget as AnyTarget,
    BondLength as BondLength,
    BondValence as BondValence,
    Coordination as Coordination,
    Environment as Environment,
    EnvironmentRule as EnvironmentRule,
    OxidationState as OxidationState,
    Target as Target,
    class_order as class_order,
)

"""The public names of the room and where they live; each is imported when it is first used."""

from ._neighbours import (
    absorbers as absorbers,
    dimer_distance as dimer_distance,
    image_vectors as image_vectors,
    neighbour_distances as neighbour_distances,
)
from ._targets import (
    DIMER as DIMER,
    REACH as REACH,
    TARGETS as TARGETS,
    AnyTarget as AnyTarget,
    B as B,
    BondLength as BondLength,
    BondValence as BondValence,
    Coordination as Coordination,
    Environment as Environment,
    EnvironmentRule as EnvironmentRule,
    OxidationState as OxidationState,
    Target as Target,
    bond_constants as bond_constants,
    class_order as class_order,
)

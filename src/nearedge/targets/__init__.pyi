"""The public names of the room and where they live; each is imported when it is first used."""

from ._environments import (
    DIMER as DIMER,
    EnvironmentRule as EnvironmentRule,
    absorbers as absorbers,
    class_order as class_order,
    coordination_numbers as coordination_numbers,
)

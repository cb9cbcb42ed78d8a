"""What is asked of a site."""

from nearedge.targets._environments import (
    DIMER as DIMER,
    EnvironmentRule as EnvironmentRule,
    absorbers as absorbers,
    class_order as class_order,
    coordination_numbers as coordination_numbers,
)

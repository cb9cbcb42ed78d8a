"""Campaigns: computations of many structures, in parallel and restartable."""

from nearedge.campaigns._motion import run_trajectories as run_trajectories
from nearedge.campaigns._potentials import (
    TRIALS as TRIALS,
    reference_potentials as reference_potentials,
)
from nearedge.campaigns._run import simulate as simulate

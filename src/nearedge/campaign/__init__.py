"""Campaigns: computations of many structures, in parallel and restartable."""

from nearedge.campaign._motion import run_trajectories
from nearedge.campaign._potentials import TRIALS, reference_potentials
from nearedge.campaign._run import simulate

__all__ = ["TRIALS", "reference_potentials", "run_trajectories", "simulate"]

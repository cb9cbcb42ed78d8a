"""Campaigns: the spectra of many sites of many structures, in parallel and restartable."""

from nearedge.campaign._run import simulate

__all__ = ["simulate"]

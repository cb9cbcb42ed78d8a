"""Spectrum engines, one file each behind one small protocol, and readers of their files."""

from nearedge.engines._protocol import Engine, SiteSpectrum
from nearedge.engines.feff import FeffEngine, FeffSettings, read_feff_run
from nearedge.engines.ocean import read_absspct, read_ocean_run

__all__ = [
    "Engine",
    "FeffEngine",
    "FeffSettings",
    "SiteSpectrum",
    "read_absspct",
    "read_feff_run",
    "read_ocean_run",
]

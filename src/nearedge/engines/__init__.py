"""Spectrum engines, one file each behind one small protocol, and readers of their files."""

from nearedge.engines._feff_potentials import (
    read_reference as read_reference,
    write_reference as write_reference,
)
from nearedge.engines._feff_runs import (
    ENERGY_ZERO as ENERGY_ZERO,
    read_feff_run as read_feff_run,
    read_xmu as read_xmu,
)
from nearedge.engines._feff_settings import FeffSettings as FeffSettings
from nearedge.engines._protocol import Engine as Engine, SiteSpectrum as SiteSpectrum
from nearedge.engines.feff import FeffEngine as FeffEngine
from nearedge.engines.ocean import read_absspct as read_absspct, read_ocean_run as read_ocean_run

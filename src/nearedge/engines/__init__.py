"""Spectrum engines, one file each behind one small protocol, and readers of their files."""

from nearedge.engines._protocol import Engine as Engine
from nearedge.engines._protocol import SiteSpectrum as SiteSpectrum
from nearedge.engines.feff import (
    FeffEngine as FeffEngine,
)
from nearedge.engines.feff import (
    FeffSettings as FeffSettings,
)
from nearedge.engines.feff import (
    read_feff_run as read_feff_run,
)

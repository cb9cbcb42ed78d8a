"""The public names of the room and where they live; each is imported when it is first used."""

from ._columns import read_table as read_table
from ._feff_potentials import (
    Reference as Reference,
    read_reference as read_reference,
    write_reference as write_reference,
)
from ._feff_runs import (
    ENERGY_ZERO as ENERGY_ZERO,
    read_feff_run as read_feff_run,
    read_xmu as read_xmu,
)
from ._feff_settings import FeffSettings as FeffSettings
from ._ocean_input import OceanInput as OceanInput, OceanSettings as OceanSettings
from ._ocean_runs import read_absspct as read_absspct, read_ocean_run as read_ocean_run
from ._protocol import (
    Engine as Engine,
    Preparation as Preparation,
    RunSpectra as RunSpectra,
    SiteSpectrum as SiteSpectrum,
)
from .feff import FeffEngine as FeffEngine
from .ocean import OceanEngine as OceanEngine

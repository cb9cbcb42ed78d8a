"""Spectra: energy grids, windows, alignment, and the preparation of measured ones."""

from nearedge.spectra._edge import edge_energy as edge_energy, guess_edge as guess_edge
from nearedge.spectra._grids import (
    Window as Window,
    check_spectra as check_spectra,
    resample as resample,
)
from nearedge.spectra._identity import Identity as Identity
from nearedge.spectra._preparation import (
    BASELINES as BASELINES,
    Baseline as Baseline,
    Preparation as Preparation,
    Prepared as Prepared,
    merge_scans as merge_scans,
    prepare as prepare,
)
from nearedge.spectra._spectrum import (
    ABSOLUTE as ABSOLUTE,
    Channel as Channel,
    Spectrum as Spectrum,
)
from nearedge.spectra._windows import (
    covered_zeros as covered_zeros,
    cut_windows as cut_windows,
    noise_level as noise_level,
    profiles as profiles,
    structure_below as structure_below,
)

"""The public names of the room and where they live; each is imported when it is first used."""

from ._distortion import (
    FWHM as FWHM,
    broadened as broadened,
    convolved as convolved,
    recorded as recorded,
)
from ._edge import (
    edge_energy as edge_energy,
    fall_energy as fall_energy,
    guess_edge as guess_edge,
    with_edge as with_edge,
)
from ._grids import (
    Window as Window,
    check_spectra as check_spectra,
    covered as covered,
    resample as resample,
)
from ._normalisation import (
    Normalised as Normalised,
    find_e0 as find_e0,
    fit_ranges as fit_ranges,
    normalise as normalise,
    normalise_alike as normalise_alike,
)
from ._plot import plot as plot
from ._preparation import (
    Baseline as Baseline,
    Preparation as Preparation,
    Prepared as Prepared,
    merge_scans as merge_scans,
    prepare as prepare,
)
from ._rise import (
    cut_window as cut_window,
    find_rises as find_rises,
    half_rises as half_rises,
)
from ._spectrum import (
    ABSOLUTE as ABSOLUTE,
    Channel as Channel,
    Identity as Identity,
    Spectrum as Spectrum,
)
from ._windows import (
    covered_zeros as covered_zeros,
    cut_windows as cut_windows,
    noise_level as noise_level,
    profiles as profiles,
    structure_below as structure_below,
)

"""The public names of the room and where they live; each is imported when it is first used."""

from ._averages import (
    Averages as Averages,
    average_sizes as average_sizes,
    snapshot_averages as snapshot_averages,
    uneven_averages as uneven_averages,
)
from ._conformal import (
    LEVEL as LEVEL,
    ClassSets as ClassSets,
    Intervals as Intervals,
    SiteIntervals as SiteIntervals,
    calibrate_intervals as calibrate_intervals,
    calibrate_sets as calibrate_sets,
    calibrate_site_intervals as calibrate_site_intervals,
    conformal_quantile as conformal_quantile,
)
from ._coverage import (
    ClassCoverage as ClassCoverage,
    Coverage as Coverage,
    SetCoverage as SetCoverage,
    coverage as coverage,
    crossfit as crossfit,
    crossfit_sets as crossfit_sets,
    set_coverage as set_coverage,
)
from ._likeness import Gaussian as Gaussian, run_around as run_around
from ._novelty import Novelty as Novelty, fit_novelty as fit_novelty
from ._reasons import (
    BELOW_EDGE as BELOW_EDGE,
    Differs as Differs,
    Misfit as Misfit,
    Misnamed as Misnamed,
    NoEdge as NoEdge,
    Noisy as Noisy,
    OnBackground as OnBackground,
    OtherEdge as OtherEdge,
    OtherOrigin as OtherOrigin,
    OtherSample as OtherSample,
    OutsideEdge as OutsideEdge,
    Reason as Reason,
    Scaled as Scaled,
    Shifted as Shifted,
    Structureless as Structureless,
    TooShort as TooShort,
    Unlike as Unlike,
    Unstated as Unstated,
    UpsideDown as UpsideDown,
)

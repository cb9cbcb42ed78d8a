"""Site-resolved spectra with the structures they belong to, in memory and as a folder."""

from nearedge.datasets._assembly import assemble as assemble, merge as merge
from nearedge.datasets._folder import (
    load_dataset as load_dataset,
    save_dataset as save_dataset,
    starter_path as starter_path,
)
from nearedge.datasets._independence import (
    Distances as Distances,
    Independence as Independence,
    independence as independence,
)
from nearedge.datasets._limits import QualityLimits as QualityLimits
from nearedge.datasets._quality import (
    Finding as Finding,
    Quality as Quality,
    check_folder as check_folder,
    check_quality as check_quality,
)
from nearedge.datasets._sites import (
    ATTRIBUTES as ATTRIBUTES,
    Group as Group,
    SiteSpectra as SiteSpectra,
)

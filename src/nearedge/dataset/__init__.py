"""Site-resolved spectra with the structures they belong to, in memory and as a folder."""

from nearedge.dataset._assembly import assemble as assemble
from nearedge.dataset._assembly import merge as merge
from nearedge.dataset._folder import (
    load_dataset as load_dataset,
)
from nearedge.dataset._folder import (
    save_dataset as save_dataset,
)
from nearedge.dataset._folder import (
    starter_path as starter_path,
)
from nearedge.dataset._sites import ATTRIBUTES as ATTRIBUTES
from nearedge.dataset._sites import Group as Group
from nearedge.dataset._sites import SiteSpectra as SiteSpectra

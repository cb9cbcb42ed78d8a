"""The public names of the room and where they live; each is imported when it is first used."""

from ._assembly import assemble as assemble, merge as merge
from ._copies import check_copies as check_copies, copied as copied, prints as prints
from ._folder import (
    load_dataset as load_dataset,
    save_dataset as save_dataset,
    ships as ships,
    starter_path as starter_path,
)
from ._independence import (
    Distances as Distances,
    Independence as Independence,
    independence as independence,
)
from ._info import facts as facts, summary as summary
from ._quality import (
    Finding as Finding,
    Quality as Quality,
    check_folder as check_folder,
    check_quality as check_quality,
)
from ._sites import SiteSpectra as SiteSpectra, as_names as as_names
from ._table import ATTRIBUTES as ATTRIBUTES
from .fetching import (
    PUBLIC as PUBLIC,
    fetch_public as fetch_public,
    public_dataset as public_dataset,
)
from .importing import import_dataset as import_dataset

"""The public names and where they live, for type checkers and for lazy_loader."""

from .answers import Answer as Answer, answer as answer, draw as draw
from .campaigns import simulate as simulate
from .datasets import (
    SiteSpectra as SiteSpectra,
    import_dataset as import_dataset,
    load_dataset as load_dataset,
    save_dataset as save_dataset,
)
from .engines import FeffEngine as FeffEngine, FeffSettings as FeffSettings
from .errors import NearEdgeError as NearEdgeError
from .files import read_spectra as read_spectra
from .ladder import climb as climb
from .models import (
    Model as Model,
    evaluate as evaluate,
    load_model as load_model,
    train as train,
)
from .spectra import (
    Spectrum as Spectrum,
    find_e0 as find_e0,
    normalise as normalise,
    plot as plot,
)
from .structures import read_snapshots as read_snapshots
from .targets import EnvironmentRule as EnvironmentRule

__version__: str

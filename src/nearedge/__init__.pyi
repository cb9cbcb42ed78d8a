"""The public names and where they live, for type checkers and for lazy_loader."""

from .answers import Answer as Answer, answer as answer
from .campaigns import simulate as simulate
from .datasets import (
    SiteSpectra as SiteSpectra,
    load_dataset as load_dataset,
    merge as merge,
    save_dataset as save_dataset,
    starter_path as starter_path,
)
from .datasets.importing import import_dataset as import_dataset
from .errors import NearEdgeError as NearEdgeError
from .learning.estimators import (
    CompositionRegressor as CompositionRegressor,
    KernelClassifier as KernelClassifier,
    NetworkClassifier as NetworkClassifier,
    NetworkRegressor as NetworkRegressor,
)
from .models import (
    Model as Model,
    evaluate as evaluate,
    load_model as load_model,
    train as train,
)
from .spectra import Window as Window
from .structures import Snapshot as Snapshot, read_snapshots as read_snapshots
from .targets import EnvironmentRule as EnvironmentRule

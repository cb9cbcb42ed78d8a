"""The public names and where they live, for type checkers and for lazy_loader."""

from .campaign import simulate as simulate
from .dataset import (
    SiteSpectra as SiteSpectra,
    load_dataset as load_dataset,
    merge as merge,
    save_dataset as save_dataset,
    starter_path as starter_path,
)
from .environments import EnvironmentRule as EnvironmentRule
from .errors import NearEdgeError as NearEdgeError
from .estimators import (
    CompositionRegressor as CompositionRegressor,
    CoordinationRegressor as CoordinationRegressor,
    EnvironmentClassifier as EnvironmentClassifier,
    KernelClassifier as KernelClassifier,
)
from .imports import import_dataset as import_dataset
from .models import (
    Model as Model,
    evaluate as evaluate,
    load_model as load_model,
    predict as predict,
    train as train,
)
from .spectra import Window as Window
from .structures import Snapshot as Snapshot, read_snapshots as read_snapshots

"""The public names of the room and where they live; each is imported when it is first used."""

from ._base import SpectrumEstimator as SpectrumEstimator, fit_many as fit_many
from ._classifier import EnvironmentClassifier as EnvironmentClassifier
from ._composition import CompositionRegressor as CompositionRegressor
from ._kernel import KernelClassifier as KernelClassifier
from ._loading import (
    Classifier as Classifier,
    Regressor as Regressor,
    load_estimator as load_estimator,
    read_arrays as read_arrays,
)
from ._probabilities import class_table as class_table, fraction_table as fraction_table
from ._regressor import CoordinationRegressor as CoordinationRegressor

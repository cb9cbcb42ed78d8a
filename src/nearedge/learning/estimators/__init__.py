"""The scikit-learn-style estimators: spectra in, environments or coordination numbers out."""

from nearedge.learning.estimators._base import (
    SpectrumEstimator as SpectrumEstimator,
    fit_many as fit_many,
)
from nearedge.learning.estimators._classifier import EnvironmentClassifier as EnvironmentClassifier
from nearedge.learning.estimators._composition import CompositionRegressor as CompositionRegressor
from nearedge.learning.estimators._kernel import KernelClassifier as KernelClassifier
from nearedge.learning.estimators._loading import (
    Classifier as Classifier,
    Regressor as Regressor,
    load_estimator as load_estimator,
    read_arrays as read_arrays,
)
from nearedge.learning.estimators._probabilities import (
    class_table as class_table,
    fraction_table as fraction_table,
)
from nearedge.learning.estimators._regressor import CoordinationRegressor as CoordinationRegressor

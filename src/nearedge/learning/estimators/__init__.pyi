"""The public names of the room and where they live; each is imported when it is first used."""

from ._base import SpectrumEstimator as SpectrumEstimator, fit_many as fit_many
from ._classifier import NetworkClassifier as NetworkClassifier
from ._composition import CompositionRegressor as CompositionRegressor
from ._kernel import KernelClassifier as KernelClassifier, KernelRegressor as KernelRegressor
from ._probabilities import class_table as class_table, fraction_table as fraction_table
from ._regressor import NetworkRegressor as NetworkRegressor
from ._unions import Classifier as Classifier, Regressor as Regressor

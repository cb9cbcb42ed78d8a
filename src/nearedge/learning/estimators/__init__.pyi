"""The public names of the room and where they live; each is imported when it is first used."""

from ._committees import CommitteeRegressor as CommitteeRegressor
from ._kernel import KernelClassifier as KernelClassifier, KernelRegressor as KernelRegressor
from ._mixtures import MixtureRegressor as MixtureRegressor
from ._networks import (
    CompositionRegressor as CompositionRegressor,
    NetworkClassifier as NetworkClassifier,
    NetworkRegressor as NetworkRegressor,
    SpectrumEstimator as SpectrumEstimator,
)
from ._unions import (
    AnyEstimator as AnyEstimator,
    Classifier as Classifier,
    FractionRegressor as FractionRegressor,
    Regressor as Regressor,
    Split as Split,
    Unfitted as Unfitted,
    UnfittedRegressor as UnfittedRegressor,
    class_table as class_table,
    fit_many as fit_many,
    fraction_classes as fraction_classes,
    outputs as outputs,
)

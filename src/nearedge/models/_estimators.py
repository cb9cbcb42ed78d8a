"""What a model may have fitted: imported when a model's estimator is first used."""

from dataclasses import dataclass

from nearedge.learning.estimators import (
    CompositionRegressor,
    KernelClassifier,
    KernelRegressor,
    NetworkClassifier,
    NetworkRegressor,
)

AnyEstimator = (
    NetworkClassifier | KernelClassifier | NetworkRegressor | CompositionRegressor | KernelRegressor
)


@dataclass(frozen=True)
class Fitted:
    """An estimator as it is kept with a model."""

    estimator: AnyEstimator

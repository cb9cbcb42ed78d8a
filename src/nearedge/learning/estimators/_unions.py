"""What tells classes, and what tells numbers."""

from nearedge.learning.estimators._classifier import NetworkClassifier
from nearedge.learning.estimators._composition import CompositionRegressor
from nearedge.learning.estimators._kernel import KernelClassifier, KernelRegressor
from nearedge.learning.estimators._regressor import NetworkRegressor

Classifier = NetworkClassifier | KernelClassifier
Regressor = NetworkRegressor | CompositionRegressor | KernelRegressor

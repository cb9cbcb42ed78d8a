"""What all estimators share: being kept as records of what they were told and have learnt."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from nearedge.records import Kept


class SavedEstimator(Kept, BaseEstimator):
    """An estimator that `nearedge.records` keeps."""

    def parameters(self) -> dict[str, Any]:
        """What it was told, ready for JSON."""
        return {
            name: np.asarray(value).tolist() if isinstance(value, np.ndarray | tuple) else value
            for name, value in self.get_params(deep=False).items()
        }

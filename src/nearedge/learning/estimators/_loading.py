"""Reading a model folder of either kind."""

from pathlib import Path
from typing import Any, get_args

import numpy as np

from nearedge.errors import InputError
from nearedge.learning.estimators._classifier import EnvironmentClassifier
from nearedge.learning.estimators._composition import CompositionRegressor
from nearedge.learning.estimators._folder import KEPT, REMEDY, read_folder
from nearedge.learning.estimators._kernel import KernelClassifier
from nearedge.learning.estimators._regressor import CoordinationRegressor

Classifier = EnvironmentClassifier | KernelClassifier
Regressor = CoordinationRegressor | CompositionRegressor


def load_estimator(path: str | Path) -> tuple[Classifier | Regressor, dict[str, Any]]:
    """Read what the `save` of an estimator wrote.

    Parameters
    ----------
    path : str or Path
        The folder.

    Returns
    -------
    estimator : Classifier or Regressor
        Fitted: it predicts the same numbers as the one that was saved.
    metadata : dict
        What was given to `save`.

    Raises
    ------
    InputError
        If the folder is missing, damaged or not a model of nearedge.
    """
    description, tensors = read_folder(path)
    kinds = (*get_args(Classifier), *get_args(Regressor))
    for kind in kinds:
        if description.get("kind") == kind.__name__:
            return kind._restored(path, description, tensors), dict(description["metadata"])
    raise InputError(
        f"{path}: model.json speaks of a {description.get('kind')!r}, not of one of "
        f"{', '.join(kind.__name__ for kind in kinds)}; {REMEDY}"
    )


def read_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays that were given to the `save` of an estimator, by their names.

    Parameters
    ----------
    path : str or Path
        The folder.

    Raises
    ------
    InputError
        If the folder is missing, damaged or not a model of nearedge.
    """
    _, tensors = read_folder(path)
    return {
        name.removeprefix(KEPT): array for name, array in tensors.items() if name.startswith(KEPT)
    }

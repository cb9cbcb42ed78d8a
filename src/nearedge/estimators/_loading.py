"""Reading a model folder of either kind."""

from pathlib import Path
from typing import Any

import numpy as np

from nearedge.errors import InputError
from nearedge.estimators._classifier import EnvironmentClassifier
from nearedge.estimators._folder import KEPT, REMEDY, read_folder
from nearedge.estimators._regressor import CoordinationRegressor


def load_estimator(
    path: str | Path,
) -> tuple[EnvironmentClassifier | CoordinationRegressor, dict[str, Any]]:
    """Read what the `save` of an estimator wrote.

    Parameters
    ----------
    path : str or Path
        The folder.

    Returns
    -------
    estimator : EnvironmentClassifier or CoordinationRegressor
        Fitted: it predicts the same numbers as the one that was saved.
    metadata : dict
        What was given to `save`.

    Raises
    ------
    InputError
        If the folder is missing, damaged or not a model of nearedge.
    """
    description, tensors = read_folder(path)
    for kind in (EnvironmentClassifier, CoordinationRegressor):
        if description.get("kind") == kind.__name__:
            return kind._restored(path, description, tensors), dict(description["metadata"])
    raise InputError(
        f"{path}: model.json speaks of a {description.get('kind')!r}, not of an "
        f"EnvironmentClassifier or CoordinationRegressor; {REMEDY}"
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

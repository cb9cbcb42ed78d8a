"""What all estimators share: being written to a folder."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from nearedge.learning.estimators._folder import KEPT, Tensors, write_folder

_SEQUENCES = (np.ndarray, tuple, list)


class SavedEstimator(BaseEstimator):
    """An estimator that is kept as ``weights.safetensors`` and ``model.json``."""

    def save(
        self,
        path: str | Path,
        *,
        metadata: Mapping[str, Any] | None = None,
        arrays: Mapping[str, np.ndarray] | None = None,
        force: bool = False,
    ) -> None:
        """Write the fitted estimator as a folder, which `load_estimator` reads.

        Parameters
        ----------
        path : str or Path
            The folder to be made.
        metadata : mapping, optional
            Whatever shall be kept with it, JSON-able.
        arrays : mapping, optional
            Finite arrays that shall be kept with it; `read_arrays` reads them.
        force : bool
            Whether an existing folder may be replaced.

        Raises
        ------
        InputError
            If `path` exists and `force` is false.
        """
        check_is_fitted(self)
        contents, tensors = self._contents()
        description = {
            "kind": type(self).__name__,
            "parameters": {
                name: np.asarray(value).tolist() if isinstance(value, _SEQUENCES) else value
                for name, value in self.get_params(deep=False).items()
            },
            **contents,
            "metadata": dict(metadata or {}),
        }
        kept = {f"{KEPT}{name}": np.asarray(array) for name, array in (arrays or {}).items()}
        write_folder(path, description, {**tensors, **kept}, force=force)

    @abstractmethod
    def _contents(self) -> tuple[dict[str, Any], Tensors]:
        """What was learnt: what goes into JSON, and the arrays."""

"""The errors that nearedge raises on purpose: each names the file, the value and the remedy."""

import os
import re
from pathlib import Path


class NearEdgeError(Exception):
    """Base of all deliberate errors of nearedge; the command line prints it and exits with 1."""


class InputError(NearEdgeError, ValueError):
    """Something the user gave cannot be used: a file, a value, a name."""


class OutputError(NearEdgeError, OSError):
    """A result cannot be written: no permission, a file in the way, a full disk.

    Parameters
    ----------
    path : Path
        What was to be written.
    error : OSError
        Why not, as the system says.
    """

    def __init__(self, path: Path, error: OSError) -> None:
        # HDF5 writes pages of its own about the system's error.
        reason = error.strerror or str(error)
        if error.errno and len(reason) > 80:
            reason = os.strerror(error.errno)
        super().__init__(f"{path}: cannot be written ({reason}); choose another output")


class EngineError(NearEdgeError, RuntimeError):
    """A spectrum engine could not be run, or did not finish, for one site or one structure."""


class MissingExtraError(NearEdgeError, ImportError):
    """An optional dependency is not installed; the message says which extra brings it.

    Parameters
    ----------
    package : str
        The distribution that could not be imported.
    extra : str
        The extra of nearedge that installs it.
    purpose : str
        What needed it, as the subject of the message.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        from importlib.metadata import requires

        # Named one by one: nearedge itself may be on no index, and the extra's name of no use.
        wanted = [
            f"'{requirement.partition(';')[0].strip()}'"
            for requirement in requires("nearedge") or []
            if re.search(rf"extra == ['\"]{extra}['\"]", requirement)
        ]
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed: "
            f"pip install {' '.join(wanted) or package} (the extra nearedge[{extra}])"
        )

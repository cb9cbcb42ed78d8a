"""The errors that nearedge raises on purpose: each names the file, the value and the remedy."""


class NearEdgeError(Exception):
    """What every deliberate error of nearedge is; the command line prints it and exits with 1."""


class InputError(NearEdgeError, ValueError):
    """Something the user gave cannot be used: a file, a value, a name."""


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
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed: "
            f"pip install 'nearedge[{extra}]'"
        )

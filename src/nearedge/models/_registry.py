"""The models that ship, found by absorber and edge without loading any of them."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.records import read_json


@dataclass(frozen=True)
class ReadyModel:
    """What is known of a model that ships before it is loaded; no edge: of several absorbers."""

    name: str
    folder: Path
    edge: Edge | None
    targets: tuple[str, ...]
    score: str
    value: float | None
    rung: str | None


@cache
def ready_models() -> tuple[ReadyModel, ...]:
    """List the models that ship, the oldest first.

    Examples
    --------
    >>> first = ready_models()[0]
    >>> first.name, str(first.edge), first.targets, first.rung
    ('li3feo35', 'O K', ('coordination', 'environment'), 'trajectory')
    """
    root = Path(str(files("nearedge") / "data"))
    return tuple(_described(path) for path in sorted(root.glob("**/model.json")))


def ready_model(edge: Edge | None = None) -> ReadyModel:
    """Find the model that ships for an edge; without one, the first."""
    models = ready_models()
    for model in models:
        if edge is None or model.edge == edge:
            return model
    raise InputError(
        f"no model that ships reads the {edge}-edge, only "
        f"{', '.join(str(model.edge) for model in models)}; train one (nearedge train) and name "
        "its folder"
    )


def _described(path: Path) -> ReadyModel:
    plain = read_json(path).get("model", {})
    try:
        edge, estimate = plain["identity"]["edge"], plain["record"]["estimate"]
        target = plain["target"]["name"]
        return ReadyModel(
            name=path.parents[1].name,
            folder=path.parent,
            edge=None if edge is None else Edge(edge["absorber"], edge["name"]),
            targets=(target, "environment") if plain["inference"] else (target,),
            score=estimate["score"],
            value=estimate["value"],
            rung=estimate["rung"],
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: does not describe a model ({error} is missing)") from None

"""The models that ship, found by absorber and edge without loading any of them."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.records import Json, read_json

MEASURED = "measured"
"""Rung of libraries, which are scored on spectra from beamlines."""


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
    n: int  # sites or spectra that the score is of


@cache
def ready_models() -> tuple[ReadyModel, ...]:
    """List the models that ship, the oldest first.

    Examples
    --------
    >>> first = ready_models()[0]
    >>> first.name, str(first.edge), first.targets, first.rung
    ('li-fe-o', 'O K', ('coordination', 'environment'), 'composition')
    """
    root = Path(str(files("nearedge") / "data"))
    paths = sorted(root.glob("*/model/model.json"))
    models = [model for path in paths for model in _described(path)]
    # A library compares, and says nothing of spectra that are of no element it has.
    return tuple(sorted(models, key=lambda model: model.rung == MEASURED))


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


def ready_folder(name: str | Path) -> Path:
    """Give the folder of the model that ships under a name, unless a path of that name exists."""
    path = Path(name)
    ready = {model.name: model.folder for model in ready_models()}
    return path if path.exists() else ready.get(str(path), path)


def _described(path: Path) -> list[ReadyModel]:
    about = read_json(path)
    if "library" in about:
        return _library(path, about["library"])
    plain = about.get("model", {})
    try:
        edge, estimate = plain["identity"]["edge"], plain["record"]["estimate"]
        target = plain["target"]["name"]
        model = ReadyModel(
            name=path.parents[1].name,
            folder=path.parent,
            edge=None if edge is None else Edge(edge["absorber"], edge["name"]),
            targets=(target, "environment") if plain["inference"] else (target,),
            score=estimate["score"],
            value=estimate["value"],
            rung=estimate["rung"],
            n=estimate["n"],
        )
        return [model]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: does not describe a model ({error} is missing)") from None


def _library(path: Path, plain: Json) -> list[ReadyModel]:
    """Describe a library of references: a model for each of its elements."""
    judged = {one["absorber"]: one for one in plain["judged"]}
    edges = sorted(
        (Edge(absorber, plain["edge"]) for absorber in set(plain["absorber"])),
        key=lambda edge: edge.energy,
    )
    return [
        ReadyModel(
            name=path.parents[1].name,
            folder=path.parent,
            edge=edge,
            targets=("coordination", "oxidation_state", "bond_length"),
            score="accuracy",
            value=judged[edge.absorber]["accuracy"] if edge.absorber in judged else None,
            rung=MEASURED,
            n=judged[edge.absorber]["n"] if edge.absorber in judged else 0,
        )
        for edge in edges
    ]

"""Arguments and options that several verbs share, and how results reach the terminal."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from nearedge import datasets

Dataset = Annotated[
    Path,
    typer.Argument(help="Dataset folder, or li3feo35: the one that ships.", show_default=False),
]
ModelFolder = Annotated[Path, typer.Argument(help="Model folder.", show_default=False)]
# After "--hold-out A" further names arrive as arguments: an option of many values.
MoreNames = Annotated[list[str] | None, typer.Argument(hidden=True, metavar="NAME")]
Only = Annotated[
    list[str] | None,
    typer.Option(help="Snapshots or trajectories to score.", metavar="NAME ..."),
]
RecipeName = Literal["best", "network", "paper"]
Output = Annotated[
    Path, typer.Option("-o", "--output", help="Folder to write.", show_default=False)
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output if it exists.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.", min=0)]
Absorber = Annotated[str, typer.Option(help="Element that absorbs.")]
Neighbour = Annotated[str, typer.Option(help="Element that is counted around it.")]
Cutoff = Annotated[float, typer.Option(help="Distance in Å below which a neighbour counts.")]
Dimer = Annotated[
    float | None,
    typer.Option(
        help="Distance in Å below which two absorbers are a dimer, a class of its own; 0 for none.",
        show_default="by absorber",
    ),
]
ClusterRadius = Annotated[float, typer.Option(help="Radius of the cluster given to FEFF, Å.")]
ScfRadius = Annotated[
    float, typer.Option(help="Radius of multiple scattering in the self-consistent field, Å.")
]
FmsRadius = Annotated[float, typer.Option(help="Radius of multiple scattering in the spectrum, Å.")]
Workers = Annotated[
    int | None, typer.Option(help="Worker processes (default: one for each core).", min=1)
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what an interrupted run left.")]
Repeat = Annotated[
    tuple[int, int, int], typer.Option(help="Conventional cells along the three axes.")
]


def class_counts(data: "datasets.SiteSpectra") -> str:
    """Say how many sites each class has."""
    return ", ".join(f"{name}: {count}" for name, count in data.counts().items())


def print_json(result: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Print one JSON object, or one list of them, on stdout."""
    typer.echo(json.dumps(result, indent=2, allow_nan=False))


def named(option: str, names: list[str] | None, more: list[str] | None) -> list[str]:
    """Put the names after an option together, those that arrived as arguments too."""
    if more and not names:
        raise typer.BadParameter(f"got unexpected extra arguments ({' '.join(more)})")
    for name in [*(names or []), *(more or [])]:
        if name.startswith("-"):
            raise typer.BadParameter(f"{option} needs a name, not '{name}'")
    return [*(names or []), *(more or [])]

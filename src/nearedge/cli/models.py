"""The verb that lists the models that ship."""

import typer

from nearedge import models as room
from nearedge.cli._arguments import Json, print_json


def models(json: Json = False) -> None:
    """List the ready models: absorber, edge, what each tells, how good it is on which rung."""
    ready = room.ready_models()
    if json:
        print_json(
            [
                {
                    "name": model.name,
                    "absorber": model.edge and model.edge.absorber,
                    "edge": model.edge and model.edge.name,
                    "targets": list(model.targets),
                    "score": model.score,
                    "value": model.value,
                    "rung": model.rung,
                    "folder": str(model.folder),
                }
                for model in ready
            ]
        )
        return
    for model in ready:
        value = "unknown" if model.value is None else f"{model.value:.3f}"
        typer.echo(
            f"{model.edge or 'several absorbers'}: {', '.join(model.targets)}; {model.score} "
            f"{value} on unseen sites, rung {model.rung} ({model.name})"
        )

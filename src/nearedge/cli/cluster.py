"""The verb ``nearedge cluster``: a configuration of Parsl to print, keep and edit."""

from typing import Annotated, Literal

import typer
from typer import Argument, Option

from nearedge import campaigns


def cluster(
    system: Annotated[
        Literal["local", "slurm", "pbs"], Argument(help="This machine, or what gives out nodes.")
    ],
    nodes: Annotated[int, Option(help="Nodes of a job.", min=1)] = 1,
    jobs: Annotated[int, Option(help="Jobs at once.", min=1)] = 1,
    cores: Annotated[
        int | None, Option(help="Cores to use of each node (default: as many as here).", min=1)
    ] = None,
    walltime: Annotated[str, Option(help="Time of a job.", metavar="HH:MM:SS")] = "01:00:00",
    partition: Annotated[str | None, Option(help="Partition, or queue of PBS.")] = None,
    worker_init: Annotated[
        str | None,
        Option(help="Shell commands for each node (default: the PATH of this installation)."),
    ] = None,
) -> None:
    """Print a configuration of Parsl, for: simulate --parsl FILE.py.

    It is a short Python file, to edit as the cluster asks. The cluster's nodes must see this
    installation and the folder of the output (a shared file system).
    """
    given = {"cores": cores, "worker_init": worker_init}
    asked = campaigns.Cluster(
        nodes=nodes,
        jobs=jobs,
        walltime=walltime,
        partition=partition,
        **{name: value for name, value in given.items() if value is not None},
    )
    typer.echo(asked.configuration(system), nl=False)

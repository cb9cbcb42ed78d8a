"""The verb ``nearedge simulate``: spectra of the absorbers of given structures."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nearedge.campaign import simulate as run_campaign
from nearedge.cli._arguments import Absorber, Cutoff, Dimer, Force, Neighbour, Output
from nearedge.engines import FeffEngine, FeffSettings
from nearedge.environments import EnvironmentRule
from nearedge.errors import InputError
from nearedge.structures import read_snapshots


class EngineName(StrEnum):
    """Engines by name."""

    FEFF = "feff"
    OCEAN = "ocean"


def _indices(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is no list of atom indices; write e.g. 4,7,12"
        ) from None


def simulate(
    structures: Annotated[
        list[Path],
        typer.Argument(help="Files of structures, any format ASE reads.", show_default=False),
    ],
    output: Output,
    absorber: Absorber = "O",
    neighbour: Neighbour = "Fe",
    cutoff: Cutoff = 2.6,
    dimer: Dimer = 1.7,
    engine: Annotated[EngineName, typer.Option(help="What computes.")] = EngineName.FEFF,
    every: Annotated[
        int,
        typer.Option(help="Take the first snapshot of each trajectory and every so many.", min=1),
    ] = 1,
    sites: Annotated[
        str | None,
        typer.Option(
            help="Indices of the atoms to compute in each structure, from 0 (default: every "
            "absorber).",
            metavar="I,J,...",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes (default: one for each core).", min=1)
    ] = None,
    edge: Annotated[str, typer.Option(help="Edge, e.g. K or L3.")] = FeffSettings.edge,
    cluster_radius: Annotated[
        float, typer.Option(help="Radius of the cluster given to FEFF, Å.")
    ] = FeffSettings.cluster_radius,
    scf_radius: Annotated[
        float, typer.Option(help="Radius of multiple scattering in the self-consistent field, Å.")
    ] = FeffSettings.scf_radius,
    fms_radius: Annotated[
        float, typer.Option(help="Radius of multiple scattering in the spectrum, Å.")
    ] = FeffSettings.fms_radius,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what an interrupted run left.")
    ] = False,
    force: Force = False,
) -> None:
    """Compute a spectrum of every absorber with FEFF10 and save them as a dataset.

    Finished sites are kept in OUTPUT.campaign: a run that was interrupted or killed goes on with
    --resume. Sites that fail are listed with the reason, the others are kept.
    """
    if engine is EngineName.OCEAN:
        raise InputError(
            "--engine ocean: this version does not run OCEAN; run it yourself and read its output "
            "with: nearedge dataset import --format ocean"
        )
    settings = FeffSettings(
        edge=edge,
        cluster_radius=cluster_radius,
        scf_radius=scf_radius,
        fms_radius=fms_radius,
        dimer=dimer or None,
    )
    chosen = None if sites is None else _indices(sites)
    try:
        data = run_campaign(
            [snapshot for path in structures for snapshot in read_snapshots(path)],
            FeffEngine(settings),
            EnvironmentRule(absorber, neighbour, cutoff, dimer or None),
            output,
            every=every,
            sites=chosen,
            workers=workers,
            resume=resume,
            force=force,
        )
    except KeyboardInterrupt:
        typer.echo("nearedge: interrupted; the same command with --resume goes on", err=True)
        raise typer.Exit(130) from None
    counts = ", ".join(f"{name}: {count}" for name, count in data.counts().items())
    typer.echo(f"{output}: {len(data)} sites, classes {counts}")

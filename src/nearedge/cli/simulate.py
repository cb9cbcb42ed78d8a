"""The verbs ``nearedge simulate`` and ``nearedge potentials``: spectra of given structures."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nearedge.campaigns import TRIALS, reference_potentials, simulate as run_campaign
from nearedge.cli._arguments import (
    Absorber,
    ClusterRadius,
    Cutoff,
    Dimer,
    FmsRadius,
    Force,
    Neighbour,
    Output,
    Resume,
    ScfRadius,
    Workers,
    class_counts,
)
from nearedge.datasets import starter_path
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import InputError
from nearedge.structures import read_snapshots
from nearedge.targets import EnvironmentRule

_SHIPPED = starter_path() / "potentials"


class EngineName(StrEnum):
    """Engines by name."""

    FEFF = "feff"
    OCEAN = "ocean"


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Ctrl-C into one line that says how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("nearedge: interrupted; the same command with --resume goes on", err=True)
        raise typer.Exit(130) from None


def site_list(text: str) -> list[int]:
    """Read indices of atoms, separated by commas."""
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
    workers: Workers = None,
    edge: Annotated[str, typer.Option(help="Edge, e.g. K or L3.")] = FeffSettings.edge,
    cluster_radius: ClusterRadius = FeffSettings.cluster_radius,
    scf_radius: ScfRadius = FeffSettings.scf_radius,
    fms_radius: FmsRadius = FeffSettings.fms_radius,
    potentials: Annotated[
        Path | None,
        typer.Option(
            help="Folder of reference potentials, which spare each structure its self-consistent "
            "field, see: nearedge potentials; or 'shipped', those of the dataset that ships.",
            show_default=False,
        ),
    ] = None,
    resume: Resume = False,
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
    chosen = None if sites is None else site_list(sites)
    with interruptible():
        data = run_campaign(
            [snapshot for path in structures for snapshot in read_snapshots(path)],
            FeffEngine(settings, _SHIPPED if potentials == Path("shipped") else potentials),
            EnvironmentRule(absorber, neighbour, cutoff, dimer or None),
            output,
            every=every,
            sites=chosen,
            workers=workers,
            resume=resume,
            force=force,
        )
    typer.echo(f"{output}: {len(data)} sites, classes {class_counts(data)}")


def potentials(
    structures: Annotated[
        list[Path],
        typer.Argument(help="Files of structures, any format ASE reads.", show_default=False),
    ],
    output: Output,
    absorber: Absorber = "O",
    dimer: Dimer = 1.7,
    trials: Annotated[
        int, typer.Option(help="Structures to try: the first of each trajectory.", min=1)
    ] = TRIALS,
    workers: Workers = None,
    edge: Annotated[str, typer.Option(help="Edge, e.g. K or L3.")] = FeffSettings.edge,
    cluster_radius: ClusterRadius = FeffSettings.cluster_radius,
    scf_radius: ScfRadius = FeffSettings.scf_radius,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Compute potentials that many alike structures share, for: simulate --potentials.

    Their Fermi level is the median of those of several structures. Spectra computed with them
    differ by geometry alone, and cost a tenth of those with a self-consistent field each.
    """
    settings = FeffSettings(
        edge=edge, cluster_radius=cluster_radius, scf_radius=scf_radius,
        fms_radius=min(FeffSettings.fms_radius, cluster_radius), dimer=dimer or None,
    )  # fmt: skip
    with interruptible():
        found = reference_potentials(
            [snapshot for path in structures for snapshot in read_snapshots(path)],
            output,
            settings,
            EnvironmentRule(absorber, dimer=dimer or None),
            trials=trials,
            workers=workers,
            resume=resume,
            force=force,
        )
    for label, said in found.items():
        levels = sorted(said["trials"].values())
        typer.echo(
            f"{label}: Fermi level {said['fermi_level']:.2f} eV ({said['snapshot']} atom "
            f"{said['representative']}), the median of {len(levels)} from {levels[0]:.2f} to "
            f"{levels[-1]:.2f} eV"
        )

"""The verb ``nearedge dataset make``: the open dataset from nothing."""

from typing import Annotated

import typer

from nearedge import campaigns, engines, structures
from nearedge.cli._arguments import (
    ClusterRadius,
    FmsRadius,
    Output,
    Repeat,
    Resume,
    ScfRadius,
    Workers,
    class_counts,
)
from nearedge.cli.simulate import interruptible, site_list
from nearedge.records import check_free


def make(
    output: Output,
    cells: Annotated[int, typer.Option(help="Cells to start from, a trajectory each.", min=1)] = 26,
    repeat: Repeat = (2, 2, 2),
    dimers: Annotated[
        list[int] | None,
        typer.Option(
            help="O-O dimers in a cell; given several times, the cells take turns "
            "(default: 1, 0, 2, 0).",
            min=0,
        ),
    ] = None,
    rare_sites: Annotated[
        int, typer.Option(help="O with 4 Fe that each cell has at least.", min=0)
    ] = 1,
    equilibration: Annotated[
        float, typer.Option(help="Time at a temperature before its first snapshot, fs.")
    ] = 160.0,
    interval: Annotated[float, typer.Option(help="Time between snapshots, fs.")] = 100.0,
    sites: Annotated[
        str | None,
        typer.Option(
            help="Indices of the atoms to compute in each snapshot, from 0 (default: every O).",
            metavar="I,J,...",
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(help="Structures to try for the reference potentials.", min=1)
    ] = 9,
    cluster_radius: ClusterRadius = 7.0,
    scf_radius: ScfRadius = 4.0,
    fms_radius: FmsRadius = 4.8,
    workers: Workers = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.", min=0)] = 1,
    resume: Resume = False,
) -> None:
    """Make the dataset of disordered Li3FeO3.5 from nothing (extra: md; takes hours).

    Builds cells, moves them with SevenNet-0 at 300 and 1000 K, computes reference potentials and
    the spectra of every O with FEFF10. OUTPUT/spectra is the dataset. The defaults give the one
    that ships; a killed run goes on with --resume.
    """
    check_free(output, force=resume, remedy="--resume")
    production = campaigns.Production(
        cells=cells,
        kinds=tuple(
            structures.DisorderedRockSalt(repeat=repeat, dimers=number, rare_sites=rare_sites)
            for number in dimers or (1, 0, 2, 0)
        ),
        dynamics=structures.Dynamics(equilibration=equilibration, interval=interval),
        feff=engines.FeffSettings(
            cluster_radius=cluster_radius, scf_radius=scf_radius, fms_radius=fms_radius, dimer=1.7
        ),
        trials=trials,
        sites=None if sites is None else tuple(site_list(sites)),
        seed=seed,
    )
    with interruptible():
        data = campaigns.produce(
            production, output, structures.sevennet(), workers=workers, resume=resume
        )
    typer.echo(f"{output / 'spectra'}: {len(data)} sites, classes {class_counts(data)}")

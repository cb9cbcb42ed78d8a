"""The verbs ``nearedge simulate`` and ``nearedge potentials``: spectra of given structures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nearedge import campaigns, datasets, engines, structures as cells, targets
from nearedge.cli._arguments import (
    Absorber,
    Dimer,
    Force,
    Output,
    Resume,
    Workers,
    class_counts,
)
from nearedge.edges import Edge
from nearedge.errors import InputError

ClusterRadius = Annotated[
    float | None,
    typer.Option(help="Radius of the cluster given to FEFF, Å.", show_default="by edge"),
]
ScfRadius = Annotated[
    float | None,
    typer.Option(
        help="Radius of multiple scattering in the self-consistent field, Å.",
        show_default="by edge",
    ),
]


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


def _settings(
    edge: Edge, dimer: float | None, radii: dict[str, float | None]
) -> "engines.FeffSettings":
    """What suits an edge, with the values that were given."""
    settings = engines.FeffSettings.for_edge(edge)
    given = {name: radius for name, radius in radii.items() if radius is not None}
    return replace(settings, dimer=settings.dimer if dimer is None else dimer or None, **given)


def simulate(
    structures: Annotated[
        list[Path],
        typer.Argument(help="Files of structures, any format ASE reads.", show_default=False),
    ],
    output: Output,
    absorber: Absorber,
    neighbour: Annotated[
        str | None,
        typer.Option(
            help="Element that is counted around it (default: sites are labelled by their first "
            "shell, extra: crystals).",
            show_default=False,
        ),
    ] = None,
    cutoff: Annotated[
        float | None,
        typer.Option(help="Distance in Å below which a neighbour counts.", show_default=False),
    ] = None,
    dimer: Dimer = None,
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
    edge: Annotated[str, typer.Option(help="Edge, e.g. K or L3.")] = "K",
    cluster_radius: ClusterRadius = None,
    scf_radius: ScfRadius = None,
    fms_radius: Annotated[
        float | None,
        typer.Option(
            help="Radius of multiple scattering in the spectrum, Å.", show_default="by edge"
        ),
    ] = None,
    symmetry: Annotated[
        bool, typer.Option(help="Compute one atom for all that the space group makes equal.")
    ] = True,
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
    if (neighbour is None) != (cutoff is None):
        raise typer.BadParameter("--neighbour and --cutoff belong together; give both or none")
    settings = _settings(
        Edge(absorber, edge),
        dimer,
        {"cluster_radius": cluster_radius, "scf_radius": scf_radius, "fms_radius": fms_radius},
    )
    rule = (
        absorber
        if neighbour is None or cutoff is None
        else targets.EnvironmentRule(absorber, neighbour, cutoff, settings.dimer)
    )
    shipped = datasets.starter_path() / "potentials"
    chosen = None if sites is None else site_list(sites)
    with interruptible():
        data = campaigns.simulate(
            [snapshot for path in structures for snapshot in cells.read_snapshots(path)],
            engines.FeffEngine(settings, shipped if potentials == Path("shipped") else potentials),
            rule,
            output,
            every=every,
            sites=chosen,
            symmetry=symmetry,
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
    absorber: Absorber,
    dimer: Dimer = None,
    trials: Annotated[
        int, typer.Option(help="Structures to try: the first of each trajectory.", min=1)
    ] = 9,
    workers: Workers = None,
    edge: Annotated[str, typer.Option(help="Edge, e.g. K or L3.")] = "K",
    cluster_radius: ClusterRadius = None,
    scf_radius: ScfRadius = None,
    resume: Resume = False,
    force: Force = False,
) -> None:
    """Compute potentials that many similar structures share, for: simulate --potentials.

    Their Fermi level is the median of those of several structures. Spectra computed with them
    differ by geometry alone, and cost a tenth of those with a self-consistent field each.
    """
    radii = {"cluster_radius": cluster_radius, "scf_radius": scf_radius}
    settings = _settings(Edge(absorber, edge), dimer, radii)
    with interruptible():
        found = campaigns.reference_potentials(
            [snapshot for path in structures for snapshot in cells.read_snapshots(path)],
            output,
            absorber,
            settings,
            trials=trials,
            workers=workers,
            resume=resume,
            force=force,
        )
    for label, reference in found.items():
        levels = sorted(reference.trials.values())
        typer.echo(
            f"{label}: Fermi level {reference.fermi_level:.2f} eV ({reference.snapshot} atom "
            f"{reference.representative}), the median of {len(levels)} from {levels[0]:.2f} to "
            f"{levels[-1]:.2f} eV"
        )

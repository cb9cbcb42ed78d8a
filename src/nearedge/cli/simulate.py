"""The verbs simulate, potentials and cluster: spectra of given structures, and where they run."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer import Argument, Option

from nearedge import campaigns, datasets, engines, records, structures as cells, targets
from nearedge.cli import options, terminal
from nearedge.edges import Edge


def site_list(text: str | None) -> tuple[int, ...] | None:
    """Read indices of atoms, separated by commas."""
    try:
        return None if text is None else tuple(int(word) for word in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"'{text}' is not a list of atom indices; write e.g. 4,7,12"
        ) from None


def feff_settings(
    edge: Edge, dimer: float | None = None, **radii: float | None
) -> "engines.FeffSettings":
    """What suits an edge, with the values that were given."""
    settings = engines.FeffSettings.for_edge(edge)
    apart = settings.dimer if dimer is None else dimer or None
    return replace(settings, dimer=apart, **options.given(**radii))


def refuse_options(company: str, **options: object) -> None:
    """Refuse options that do nothing in the company of another."""
    if idle := [f"--{name.replace('_', '-')}" for name, value in options.items() if value]:
        raise typer.BadParameter(f"{idle[0]} does nothing with {company}; leave it out")


def simulate(
    structures: options.Structures,
    output: options.Output,
    absorber: options.Absorber,
    neighbour: Annotated[
        str | None,
        Option(
            help="Element that is counted around it (default: sites are labelled by their first "
            "shell, extra: crystals)."
        ),
    ] = None,
    cutoff: Annotated[float | None, Option(help="Distance in Å below which it counts.")] = None,
    dimer: options.Dimer = None,
    engine: Annotated[Literal["feff", "ocean"], Option(help="Program that computes.")] = "feff",
    every: Annotated[
        int, Option(help="Compute every N-th snapshot of each trajectory, from the first.", min=1)
    ] = 1,
    sites: options.Sites = None,
    workers: options.Workers = None,
    executor: Annotated[
        Literal["local", "parsl"], Option(help="Worker processes here, or Parsl's.")
    ] = "local",
    parsl: Annotated[
        str | None,
        Option(
            help="Parsl's configuration: a file, see: nearedge cluster; or local, slurm, pbs "
            "(implies --executor parsl).",
            metavar="FILE.py",
        ),
    ] = None,
    edge: options.EdgeName = "K",
    cluster_radius: options.ClusterRadius = None,
    scf_radius: options.ScfRadius = None,
    fms_radius: options.FmsRadius = None,
    symmetry: Annotated[
        bool, Option(help="Compute one of the atoms that the space group makes equivalent.")
    ] = True,
    potentials: Annotated[
        Path | None,
        Option(
            help="Folder of reference potentials, which spare each structure its self-consistent "
            "field, see: nearedge potentials; or 'shipped', those of the dataset that ships."
        ),
    ] = None,
    ocean_program: options.OceanProgram = None,
    pseudopotentials: options.Pseudopotentials = None,
    mpi: options.Mpi = None,
    ocean_settings: options.OceanSettingsFile = None,
    dry_run: options.DryRun = False,
    resume: options.Resume = False,
    force: options.Force = False,
) -> None:
    """Compute a spectrum of every absorber with FEFF10 or OCEAN and save them as a dataset.

    Finished sites are kept in OUTPUT.campaign: a run that was interrupted or killed goes on with
    --resume. Sites that fail are listed with the reason, the others are kept. OCEAN computes all
    sites of a structure in one run.
    """
    if (neighbour is None) != (cutoff is None):
        raise typer.BadParameter("--neighbour and --cutoff belong together; give both or none")
    radii = {"cluster_radius": cluster_radius, "scf_radius": scf_radius, "fms_radius": fms_radius}
    if engine == "ocean":
        refuse_options("--engine ocean", **radii, potentials=potentials)
    else:
        refuse_options(
            "--engine feff", ocean_program=ocean_program, pseudopotentials=pseudopotentials,
            mpi=mpi, ocean_settings=ocean_settings, dry_run=dry_run,
        )  # fmt: skip
    settings = feff_settings(Edge(absorber, edge), dimer, **radii)
    rule = absorber
    if neighbour is not None and cutoff is not None:
        rule = targets.EnvironmentRule(absorber, neighbour, cutoff, settings.dimer)
    snapshots = [snapshot for path in structures for snapshot in cells.read_snapshots(path)]
    which: dict[str, Any] = {"every": every, "sites": site_list(sites), "symmetry": symmetry}
    timeout = 3600.0
    if engine == "feff":
        shipped = datasets.starter_path() / "potentials"
        folder = shipped if potentials == Path("shipped") else potentials
        program = engines.FeffEngine(settings, folder)
    else:
        plain = {} if ocean_settings is None else records.read_json(ocean_settings)
        chosen = records.unpack(engines.OceanSettings, plain, source=str(ocean_settings))
        inputs = engines.OceanInput(Edge(absorber, edge), chosen, pseudopotentials, mpi or "")
        if dry_run:
            refuse_options(
                "--dry-run", workers=workers, executor=executor != "local", parsl=parsl,
                resume=resume, ocean_program=ocean_program,
            )  # fmt: skip
            runs = campaigns.write_inputs(snapshots, inputs, rule, output, **which, force=force)
            typer.echo(
                f"{output}: inputs of {len(runs)} OCEAN runs; run ocean.pl ocean.in in each, then: "
                f"nearedge dataset import --format ocean --spectra {runs[0]} --structure "
                f"{runs[0] / campaigns.STRUCTURE} --energies MIN MAX STEP --absorber {absorber} ..."
            )
            return
        program = engines.OceanEngine(inputs, ocean_program or "ocean.pl")
        # A run takes the cores that MPI gives it.
        workers, timeout = workers or 1, chosen.timeout
    pool = None
    if executor == "parsl" or parsl:
        logs = output.with_name(f"{output.name}.campaign") / "parsl"
        pool = campaigns.ParslExecutor(parsl or "local", logs, timeout)
    with terminal.interruptible():
        data = campaigns.simulate(
            snapshots, program, rule, output, **which, workers=workers, timeout=timeout,
            executor=pool, resume=resume, force=force,
        )  # fmt: skip
    terminal.say_written(output, data)


def potentials(
    structures: options.Structures,
    output: options.Output,
    absorber: options.Absorber,
    dimer: options.Dimer = None,
    trials: options.Trials = 9,
    workers: options.Workers = None,
    edge: options.EdgeName = "K",
    cluster_radius: options.ClusterRadius = None,
    scf_radius: options.ScfRadius = None,
    resume: options.Resume = False,
    force: options.Force = False,
) -> None:
    """Compute potentials that many similar structures share, for: simulate --potentials.

    Their Fermi level is the median of those of several structures. Spectra computed with them
    differ by geometry alone, and cost a tenth of those with a self-consistent field each.
    """
    settings = feff_settings(
        Edge(absorber, edge), dimer, cluster_radius=cluster_radius, scf_radius=scf_radius
    )
    with terminal.interruptible():
        references = campaigns.reference_potentials(
            [snapshot for path in structures for snapshot in cells.read_snapshots(path)],
            output,
            absorber,
            settings,
            trials=trials,
            workers=workers,
            resume=resume,
            force=force,
        )
    for label, reference in references.items():
        levels = sorted(reference.trials.values())
        typer.echo(
            f"{label}: Fermi level {reference.fermi_level:.2f} eV ({reference.snapshot} atom "
            f"{reference.representative}), the median of {len(levels)} from {levels[0]:.2f} to "
            f"{levels[-1]:.2f} eV"
        )


def cluster(
    system: Annotated[
        Literal["local", "slurm", "pbs"],
        Argument(help="This machine, or the scheduler of a cluster."),
    ],
    nodes: Annotated[int, Option(help="Nodes of a job.", min=1)] = 1,
    jobs: Annotated[int, Option(help="Jobs at once.", min=1)] = 1,
    cores: Annotated[
        int | None, Option(help="Cores to use of each node (default: as many as here).", min=1)
    ] = None,
    walltime: Annotated[str, Option(help="Time of a job.", metavar="[D-]HH:MM:SS")] = "01:00:00",
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

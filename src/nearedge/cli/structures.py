"""The verbs ``nearedge structures ...``: collect crystals, build disordered cells and move them."""

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from nearedge import campaigns, structures as cells
from nearedge.cli import options
from nearedge.cli.simulate import refuse_options
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.records import check_free

app = typer.Typer(
    no_args_is_help=True, help="Collect crystals; build disordered structures and move them."
)


@app.command("crystals")
def crystals(
    output: options.Output,
    absorber: Annotated[list[str], Option(help="Element that absorbs; several times for several.")],
    folder: Annotated[Path | None, Option("--from", help="Folder of CIFs to choose from.")] = None,
    limit: Annotated[
        int | None, Option(help="Largest number of crystals; small cells come first.", min=1)
    ] = None,
    max_atoms: Annotated[
        int, Option(help="Largest number of atoms in a primitive cell.", min=1)
    ] = 80,
    force: options.Force = False,
) -> None:
    """Collect ordered crystals that hold an absorber, a CIF each.

    Chosen from the minerals of AMCSD (get them with: pip install --no-deps larixite) and from a
    table of structure types that minerals lack, or from your own CIFs; one of each formula, space
    group and volume. OUTPUT/rejected.tsv says what was left out, and why.
    """
    for element in absorber:
        Edge(element)  # refuses what is no element
    check_free(output, force=force)
    # Where a mineral and the table have the same crystal, the refinement is taken.
    candidates = (
        cells.read_crystals(folder)
        if folder
        else chain(cells.read_amcsd(absorber), cells.structure_types(absorber))
    )
    chosen, rejected = cells.select_crystals(candidates, absorber, max_atoms=max_atoms, limit=limit)
    if not chosen:
        raise InputError(
            f"no crystal with {', '.join(absorber)} can be used ({len(rejected)} were left out"
            + (f", the first because {rejected[0].reason})" if rejected else ")")
        )
    cells.write_crystals(output, chosen, rejected, force=force)
    sites = sum(len(crystal.sites(absorber)) for crystal in chosen)
    typer.echo(
        f"{output}: {len(chosen)} crystals with {sites} unique sites; {len(rejected)} left out"
    )


@app.command("build")
def build(
    output: options.OutputFile,
    material: options.Material = "li3feo35",
    count: Annotated[int, Option(help="Arrangements to draw.", min=1)] = 1,
    repeat: options.Repeat = None,
    dimers: options.Dimers = None,
    rare_sites: options.RareSites = None,
    name: Annotated[str, Option(help="First part of the trajectories' names.")] = "rocksalt",
    seed: options.Seed = 0,
    force: options.Force = False,
) -> None:
    """Build disordered cells of exact composition, unrelaxed, as extended XYZ.

    Rock salts of Li3FeO3.5; or of li-fe-o one composition after the other, rock salts and
    antifluorites.
    """
    check_free(output, force=force)
    if material == "li3feo35":
        recipes = campaigns.rock_salts(dimers or [0], rare_sites or 0, repeat or (2, 2, 2))
    else:
        refuse_options(
            f"--material {material}", repeat=repeat, dimers=dimers, rare_sites=rare_sites
        )
        recipes = campaigns.lithium_iron_oxides()
    snapshots = cells.disordered_starts(recipes, count, seed=seed, name=name)
    cells.write_snapshots(output, snapshots, force=force)
    made = Counter(each.atoms.get_chemical_formula("hill") for each in snapshots)
    typer.echo(f"{output}: {', '.join(f'{n} x {formula}' for formula, n in made.items())}")


@app.command("md")
def md(
    structures: options.Structures,
    output: options.Output,
    temperature: Annotated[
        list[float] | None,
        Option(help="Temperature in K, several one after the other (default: 300, 1000)."),
    ] = None,
    frames: Annotated[list[int] | None, Option(help="Snapshots at each (default: 1, 2).")] = None,
    equilibration: options.Equilibration = None,
    interval: options.Interval = None,
    timestep: Annotated[float, Option(help="Time step, fs.")] = 2.0,
    friction: Annotated[float, Option(help="Friction of the Langevin thermostat, 1/fs.")] = 0.02,
    relaxation_steps: Annotated[
        int, Option(help="Largest number of relaxation steps.", min=0)
    ] = 40,
    seed: options.Seed = 0,
    resume: options.Resume = False,
) -> None:
    """Relax structures and run Langevin dynamics with SevenNet-0 (extra: md).

    Each start structure gives TRAJECTORY.extxyz and TRAJECTORY.json in the folder as soon as it
    is complete. A killed run continues with --resume and gives the same frames.
    """
    settings = cells.Dynamics(
        temperatures=tuple(temperature or cells.Dynamics.temperatures),
        frames=tuple(
            frames or (cells.Dynamics.frames if temperature is None else [1] * len(temperature))
        ),
        timestep=timestep,
        friction=friction,
        relaxation_steps=relaxation_steps,
        **options.given(equilibration=equilibration, interval=interval),
    )
    check_free(output, force=resume, remedy="--resume")
    starts = [start for path in structures for start in cells.read_snapshots(path)]
    campaigns.run_trajectories(starts, output, cells.sevennet(), settings, seed=seed)

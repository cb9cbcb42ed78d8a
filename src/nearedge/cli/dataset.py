"""The verbs ``nearedge dataset ...``: import, fetch, make, merge, describe and check datasets."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from typer import Argument, Option

from nearedge import campaigns, datasets, structures, targets
from nearedge.cli import options, terminal
from nearedge.cli.simulate import feff_settings, refuse_options, site_list
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.records import check_free

app = typer.Typer(no_args_is_help=True, help="Import, fetch, merge, describe and check datasets.")

PublicName = Literal["ocean-li3feo35"]
# Findings of one test that are printed; --json gives all.
_LISTED = 10


@app.command("info")
def info(path: options.Dataset, json: options.Json = False) -> None:
    """Show sites, snapshots, trajectories, class counts, energy grid and provenance."""
    data = datasets.load_dataset(path)
    if json:
        terminal.print_json(datasets.summary(data))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in datasets.facts(data).items():
        table.add_row(name, text)
    Console().print(table, highlight=False, markup=False)


@app.command("import")
def import_(
    structure: Annotated[Path, Option(help="File of the structure, any format ASE reads.")],
    spectra: Annotated[
        Path, Option(help="Table of spectra, OCEAN run directory or directory of FEFF runs.")
    ],
    output: options.Output,
    absorber: options.Absorber,
    neighbour: Annotated[str, Option(help="Element that is counted around it.")],
    cutoff: Annotated[float, Option(help="Distance in Å below which a neighbour counts.")],
    dimer: options.Dimer = None,
    snapshot: Annotated[
        str | None, Option(help="Name of the snapshot (default: the file's).")
    ] = None,
    trajectory: Annotated[
        str | None, Option(help="Trajectory that the snapshot belongs to (default: its own).")
    ] = None,
    temperature: Annotated[float | None, Option(help="Temperature in K.", min=0)] = None,
    format: Annotated[
        Literal["matrix", "ocean", "feff"] | None,
        Option(help="Format of the spectra (default: matrix for a file, recognised for a folder)."),
    ] = None,
    energies: Annotated[
        tuple[float, float, float] | None,
        Option(
            help="Energies in eV to interpolate spectra to: least, greatest, step. Core offsets of "
            "OCEAN give each run energies of its own, which cannot be merged.",
            metavar="MIN MAX STEP",
        ),
    ] = None,
    engine: Annotated[str | None, Option(help="Code that computed the spectra.")] = None,
    energy_zero: Annotated[str | None, Option(help="What 0 eV is, e.g. CBM.")] = None,
    mu_unit: Annotated[str | None, Option(help="Unit of the spectra.")] = None,
    licence: Annotated[str | None, Option(help="Licence of the spectra.")] = None,
    column: Annotated[
        list[str] | None,
        Option(
            help="Text stated of all sites, as space_group=Fd-3m for --feature.",
            metavar="NAME=WORD",
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Make a dataset of one structure and the spectra of its absorbers."""
    check_free(output, force=force)
    attributes = {"engine": engine, "energy_zero": energy_zero, "mu_unit": mu_unit}
    attributes["licence"] = licence
    apart = targets.dimer_distance(absorber) if dimer is None else dimer or None
    data = datasets.import_dataset(
        structure,
        spectra,
        targets.EnvironmentRule(absorber, neighbour, cutoff, apart),
        format=format,
        snapshot=snapshot,
        trajectory=trajectory,
        temperature=temperature,
        energies=energies,
        attributes={key: text for key, text in attributes.items() if text is not None},
        columns=options.pairs("--column", column),
    )
    datasets.save_dataset(data, output, force=force)
    (frame,) = data.structures.values()
    if len(data) < (total := [*frame.symbols].count(absorber)):
        typer.echo(
            f"{spectra}: holds spectra of {len(data)} of the {total} {absorber} atoms of "
            f"{structure}; the others are left out",
            err=True,
        )
    if trajectory is None:
        typer.echo(
            f"The snapshot counts as a trajectory of its own, '{data.trajectory[0]}': "
            "if it has siblings, name their common --trajectory, or splits by atom and by "
            "trajectory will flatter.",
            err=True,
        )
    terminal.say_written(output, data)


@app.command("merge")
def merge_(
    paths: Annotated[list[Path], Argument(help="Dataset folders.")],
    output: options.Output,
    attribute: Annotated[
        list[str] | None,
        Option(
            help="Attribute of the result, as licence='CC BY 4.0'; may be repeated.",
            metavar="KEY=TEXT",
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Join datasets of one engine, one labelling rule and one energy grid."""
    check_free(output, force=force)
    attributes = options.pairs("--attribute", attribute)
    for key in attributes:
        if not key.isidentifier() or key in datasets.ATTRIBUTES:
            others = ", ".join(datasets.ATTRIBUTES)
            raise typer.BadParameter(f"'{key}' is not a KEY; write a name other than {others}")
    data = datasets.merge([datasets.load_dataset(path) for path in paths], attributes)
    datasets.save_dataset(data, output, force=force)
    terminal.say_written(output, data)


@app.command("check")
def check(
    path: options.Dataset,
    output: Annotated[
        Path | None,
        options.to("Folder to write without the rejected sites; rejected.json in it lists these."),
    ] = None,
    force: options.Force = False,
    json: options.Json = False,
) -> None:
    """Find sites that should not be trained on; list each with the reason.

    Found are: numbers that are not finite, missing structures, repeated sites and copies, negative
    or flat spectra, self-consistent fields that did not converge or to another Fermi level, labels
    that the structure contradicts, and spectra unlike those of their class. Warnings are for a
    person to look at; rejected sites are unfit. The exit code is 1 if sites are rejected, unless
    the rest is written with -o.
    """
    check_free(output, force=force)
    quality = datasets.check_folder(path)
    if output is not None:
        quality.save_kept(output, force=force)
    if json:
        terminal.print_json(quality.to_dict())
    else:
        _print_quality(quality)
    if output is not None:
        typer.echo(f"{output}: {quality.sites - quality.rejected} sites", err=json)
    elif quality.rejected:
        raise InputError(
            f"{path}: {quality.rejected} of {quality.sites} sites are rejected; "
            "-o FOLDER writes the others"
        )


@app.command("independence")
def independence_(path: options.Dataset, json: options.Json = False) -> None:
    """Compare spectra of one atom in successive snapshots with those of different atoms.

    Relative distances between two spectra: where one atom differs from itself as much as from
    others of its class, a snapshot is as good as another trajectory.
    """
    result = datasets.independence(datasets.load_dataset(path))
    if json:
        terminal.print_json(asdict(result))
        return
    rows = {f"one atom, {between}": apart for between, apart in result.same_atom.items()}
    rows |= {"two atoms of one class": result.same_class, "of two classes": result.other_class}
    terminal.print_table(
        ["pairs of spectra", "median", "middle half", "pairs"],
        [
            [name, f"{it.median:.3f}", f"{it.lower:.3f} to {it.upper:.3f}", str(it.pairs)]
            for name, it in rows.items()
            if it is not None
        ],
        title="distance of two spectra",
    )


@app.command("fetch")
def fetch(
    name: Annotated[PublicName, Argument(help="Public data to fetch.")],
    output: Annotated[Path | None, options.to("Folder to write (default: NAME).")] = None,
    force: options.Force = False,
) -> None:
    """Download public data, check its SHA-256 and make a dataset of it.

    ocean-li3feo35: O K-edge spectra of two snapshots of Li3FeO3.5 by OCEAN, published by a
    co-author of the method's paper under the MIT licence. Files are kept in a cache, which the
    environment variable NEAREDGE_DATA may place; what lies there already is not downloaded again,
    so a cache that was filled by hand needs no network.
    """
    output = output or Path(name)
    check_free(output, force=force)
    public = datasets.PUBLIC[name]
    data = datasets.public_dataset(public, datasets.fetch_public(public))
    datasets.save_dataset(data, output, force=force)
    if public.left_out:
        typer.echo(public.left_out, err=True)
    terminal.say_written(output, data)


@app.command("make")
def make(
    output: options.Output,
    material: options.Material = "li3feo35",
    cells: Annotated[
        int | None,
        Option(help="Cells to start from, a trajectory each (default: 26, 78 of li-fe-o).", min=1),
    ] = None,
    repeat: options.Repeat = None,
    dimers: options.Dimers = None,
    rare_sites: options.RareSites = None,
    equilibration: options.Equilibration = None,
    interval: options.Interval = None,
    sites: options.Sites = None,
    trials: options.Trials = 9,
    cluster_radius: options.ClusterRadius = None,
    scf_radius: options.ScfRadius = None,
    fms_radius: options.FmsRadius = None,
    workers: options.Workers = None,
    seed: options.Seed = 1,
    resume: options.Resume = False,
) -> None:
    """Make an O K-edge dataset that ships from nothing (extra: md; takes hours).

    Builds disordered cells, moves them with SevenNet-0 at 300 and 1000 K and computes the spectra
    of every O with FEFF10: of Li3FeO3.5 after reference potentials of its own, of li-fe-o with
    those that ship. OUTPUT/spectra is the dataset. The defaults give the one that ships; a killed
    run goes on with --resume.
    """
    check_free(output, force=resume, remedy="--resume")
    production = campaigns.production_of(material)
    radii = {"cluster_radius": cluster_radius, "scf_radius": scf_radius, "fms_radius": fms_radius}
    if material == "li3feo35":
        rare = 1 if rare_sites is None else rare_sites
        recipes = campaigns.rock_salts(dimers or (1, 0, 2, 0), rare, repeat or (2, 2, 2))
        feff = feff_settings(Edge(production.rule.absorber), **radii)
        production = replace(production, recipes=recipes, feff=feff)
    else:
        given = {"repeat": repeat, "dimers": dimers, "rare_sites": rare_sites, **radii}
        refuse_options(f"--material {material}", **given)
    times = options.given(equilibration=equilibration, interval=interval)
    production = replace(
        production,
        cells=cells or production.cells,
        dynamics=replace(production.dynamics, **times),
        trials=trials,
        sites=site_list(sites),
        seed=seed,
    )
    with terminal.interruptible():
        data = campaigns.produce(
            production, output, structures.sevennet(), workers=workers, resume=resume
        )
    terminal.say_written(output / "spectra", data)


def _print_quality(quality: "datasets.Quality") -> None:
    """Print what quality control found: counts, then each finding, long lists cut."""
    terminal.say(f"{quality.source}: {quality.sites} sites, {quality.rejected} rejected")
    if counts := quality.counts():
        rows = [[test, str(n["rejections"]), str(n["warnings"])] for test, n in counts.items()]
        terminal.print_table(["test", "rejections", "warnings"], rows)
    lists: dict[tuple[str, str | None], list[str]] = {}
    for finding in sorted(quality.findings, key=lambda finding: not finding.rejected):
        heading, style = ("rejected", "red") if finding.rejected else ("warning", "yellow")
        site = finding.snapshot
        if finding.atom is not None:
            site += f" atom {finding.atom} (class {finding.environment})"
        lines = lists.setdefault((f"{heading}, {finding.test}", style), [])
        lines.append(f"{site}: {finding.reason}")
    for site in quality.left_out:
        lines = lists.setdefault((f"left out by the {site['by']}", None), [])
        lines.append(f"{site['snapshot']} atom {site['atom']}: {site['reason']}")
    for (heading, style), lines in lists.items():
        terminal.say(f"{heading}: {len(lines)}", style)
        for line in lines[:_LISTED]:
            terminal.say(f"  {line}")
        if len(lines) > _LISTED:
            terminal.say(f"  ... and {len(lines) - _LISTED} more; --json lists all")
    few = [f"class {name} ({count})" for name, count in quality.too_few.items()]
    if few:
        terminal.say(f"too few sites to compare their spectra: {', '.join(few)}")

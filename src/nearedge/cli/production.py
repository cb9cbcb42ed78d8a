"""The verb ``nearedge dataset make``: the open dataset from nothing."""

from dataclasses import replace
from typing import Annotated

from typer import Option

from nearedge import campaigns, structures
from nearedge.cli import options, terminal
from nearedge.cli.simulate import feff_settings, site_list
from nearedge.edges import Edge
from nearedge.records import check_free


def make(
    output: options.Output,
    cells: Annotated[int, Option(help="Cells to start from, a trajectory each.", min=1)] = 26,
    repeat: options.Repeat = (2, 2, 2),
    dimers: options.Dimers = None,
    rare_sites: options.RareSites = 1,
    equilibration: options.Equilibration = 160.0,
    interval: options.Interval = 100.0,
    sites: options.Sites = None,
    trials: options.Trials = 9,
    cluster_radius: options.ClusterRadius = None,
    scf_radius: options.ScfRadius = None,
    fms_radius: options.FmsRadius = None,
    workers: options.Workers = None,
    seed: options.Seed = 1,
    resume: options.Resume = False,
) -> None:
    """Make the dataset of disordered Li3FeO3.5 from nothing (extra: md; takes hours).

    Builds cells, moves them with SevenNet-0 at 300 and 1000 K, computes reference potentials and
    the spectra of every O with FEFF10. OUTPUT/spectra is the dataset. The defaults give the one
    that ships; a killed run goes on with --resume.
    """
    check_free(output, force=resume, remedy="--resume")
    recipe = campaigns.Production()
    production = replace(
        recipe,
        cells=cells,
        recipes=campaigns.rock_salts(dimers or (1, 0, 2, 0), rare_sites, repeat),
        dynamics=structures.Dynamics(equilibration=equilibration, interval=interval),
        feff=feff_settings(
            Edge(recipe.rule.absorber),
            cluster_radius=cluster_radius,
            scf_radius=scf_radius,
            fms_radius=fms_radius,
        ),
        trials=trials,
        sites=site_list(sites),
        seed=seed,
    )
    with terminal.interruptible():
        data = campaigns.produce(
            production, output, structures.sevennet(), workers=workers, resume=resume
        )
    terminal.say_written(output / "spectra", data)

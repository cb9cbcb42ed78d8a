"""Making the open O K-edge datasets from nothing: cells, dynamics, potentials, spectra."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ase.calculators.calculator import Calculator

from nearedge.campaigns._potentials import TRIALS, reference_potentials
from nearedge.campaigns._run import simulate
from nearedge.campaigns.materials import lithium_iron_oxides, rock_salts
from nearedge.datasets import SiteSpectra, load_dataset, starter_path
from nearedge.drawing.progress import counting_bar
from nearedge.edges import Edge
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import InputError
from nearedge.records import as_json, check_free, read_json, write_json
from nearedge.structures import (
    DisorderedCell,
    Dynamics,
    Snapshot,
    disordered_starts,
    read_snapshots,
    run_trajectory,
    write_snapshots,
)
from nearedge.targets import EnvironmentRule

Material = Literal["li3feo35", "li-fe-o"]
"""What can be made, by the names of the datasets that ship."""


@dataclass(frozen=True)
class Production:
    """What a dataset is made of; the defaults are those of ``li3feo35``."""

    cells: int = 26  # to start from, each a trajectory of its own
    # The cells take turns: every second has one or two dimers, every one an O with four Fe.
    recipes: tuple[DisorderedCell, ...] = rock_salts((1, 0, 2, 0), 1)
    name: str = "rocksalt"  # first part of the trajectories' names
    dynamics: Dynamics = field(default_factory=Dynamics)
    feff: FeffSettings = field(default_factory=lambda: FeffSettings.for_edge(Edge("O")))
    rule: EnvironmentRule = field(default_factory=lambda: EnvironmentRule("O", "Fe", 2.6, 1.7))
    trials: int = TRIALS  # structures whose self-consistent field is computed
    # Whether sites share the potentials that ship with li3feo35, instead of some of their own.
    shipped_potentials: bool = False
    sites: tuple[int, ...] | None = None  # atoms to compute in each snapshot; None: all absorbers
    seed: int = 1


def production_of(material: Material) -> Production:
    """Give what a dataset that ships is made of.

    ``li-fe-o`` has the potentials of ``li3feo35``, so that both can be joined, and steps of 4 fs:
    the fastest vibration, of a dimer, takes some 30 fs.
    """
    if material == "li3feo35":
        return Production()
    recipes = lithium_iron_oxides()
    return Production(
        cells=len(recipes),
        recipes=recipes,
        name="lifeo",
        dynamics=Dynamics(equilibration=100.0, interval=80.0, timestep=4.0, relaxation_steps=20),
        shipped_potentials=True,
    )


def produce(
    production: Production,
    path: str | Path,
    calculator: Calculator,
    *,
    workers: int | None = None,
    resume: bool = False,
) -> SiteSpectra:
    """Make a dataset from nothing: ``spectra/`` in `path`, beside all that it was made of.

    Every step is restartable: however a run ends, the next with `resume` goes on from there.
    """
    path = Path(path)
    _begin(production, path, resume=resume)
    starts_file = path / "starts.extxyz"
    if not starts_file.exists():
        starts = disordered_starts(
            production.recipes, production.cells, seed=production.seed, name=production.name
        )
        write_snapshots(starts_file, starts)
    frames = run_trajectories(
        read_snapshots(starts_file),
        path / "trajectories",
        calculator,
        production.dynamics,
        seed=production.seed,
    )
    if not frames:
        raise InputError(
            f"{path}: none of the {production.cells} trajectories gave a sound frame; "
            "its trajectories/*.json say why"
        )
    made = starter_path() if production.shipped_potentials else path
    potentials, spectra = made / "potentials", path / "spectra"
    if not potentials.exists():
        reference_potentials(
            frames,
            potentials,
            production.rule.absorber,
            production.feff,
            trials=production.trials,
            workers=workers,
            resume=resume,
        )
    if spectra.exists() and not spectra.with_name("spectra.campaign").exists():
        return load_dataset(spectra)
    return simulate(
        frames,
        FeffEngine(production.feff, potentials),
        production.rule,
        spectra,
        sites=production.sites,
        workers=workers,
        resume=resume,
    )


def run_trajectories(
    starts: Sequence[Snapshot],
    folder: str | Path,
    calculator: Calculator,
    settings: Dynamics,
    *,
    seed: int = 0,
) -> list[Snapshot]:
    """Relax and move structures; what was done before is read back, not done again."""
    names = [start.trajectory for start in starts]
    if len(set(names)) != len(names):
        raise InputError(
            "start structures must belong to different trajectories; "
            "give each an info key 'trajectory' or a file of its own"
        )
    frames: list[Snapshot] = []
    with counting_bar() as bar:
        task = bar.add_task("steps", total=settings.steps * len(starts))
        for number, start in enumerate(starts):
            before = number * settings.steps
            bar.update(task, description=start.trajectory, completed=before)

            def report(done: int, _: int, before: int = before) -> None:
                bar.update(task, completed=before + done)

            sound = run_trajectory(start, folder, calculator, settings, seed=seed, progress=report)
            frames += sound
            record = read_json(Path(folder) / f"{start.trajectory}.json")
            lines = [f"  rejected {lost['name']}: {lost['reason']}" for lost in record["rejected"]]
            lines.insert(0, f"{start.trajectory}: {len(sound)} snapshots")
            bar.console.print("\n".join(lines), markup=False, highlight=False)
        bar.update(task, completed=settings.steps * len(starts))
    return frames


def _begin(production: Production, path: Path, *, resume: bool) -> None:
    """Make the folder, or check that it was made for the same."""
    wanted = as_json(production)
    record = path / "production.json"
    if not resume:
        check_free(path)
    if record.is_file():
        begun_with = read_json(record)
        changed = sorted(key for key in wanted if begun_with.get(key) != wanted[key])
        if changed:
            raise InputError(
                f"{path}: was started with other {', '.join(changed)}; give the same, "
                "or choose another output"
            )
    elif path.exists() and any(path.iterdir()):
        raise InputError(f"{path}: holds no production to resume; choose another output")
    path.mkdir(parents=True, exist_ok=True)
    write_json(record, wanted, force=True)

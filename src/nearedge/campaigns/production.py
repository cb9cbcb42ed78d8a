"""Making the open dataset of Li3FeO3.5 from nothing: cells, dynamics, potentials, spectra."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ase.calculators.calculator import Calculator

from nearedge.campaigns._potentials import TRIALS, reference_potentials
from nearedge.campaigns._run import simulate
from nearedge.datasets import SiteSpectra, load_dataset
from nearedge.drawing.progress import counting_bar
from nearedge.edges import Edge
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import InputError
from nearedge.records import as_json, check_free, read_json, write_json
from nearedge.structures import (
    DisorderedRockSalt,
    Dynamics,
    Snapshot,
    disordered_starts,
    read_snapshots,
    run_trajectory,
    write_snapshots,
)
from nearedge.targets import EnvironmentRule

# A quarter of the cation sites hold Fe, an eighth of the anion sites is empty, and a conventional
# cell has the 72.5 Å^3 of a formula unit: O is coordinated by Fe nearly as binomial(6, 1/4).
LI3FEO35 = DisorderedRockSalt(
    "Li", "Fe", "O", 72.5 ** (1 / 3), minority_fraction=1 / 4, vacancy_fraction=1 / 8,
    dimer_length=1.46, rare_neighbours=4,
)  # fmt: skip


def rock_salts(
    dimers: Sequence[int], rare_sites: int, repeat: tuple[int, int, int] = (2, 2, 2)
) -> tuple[DisorderedRockSalt, ...]:
    """Give recipes of Li3FeO3.5 cells, one for each number of dimers."""
    return tuple(
        replace(LI3FEO35, repeat=repeat, dimers=number, rare_sites=rare_sites) for number in dimers
    )


@dataclass(frozen=True)
class Production:
    """What the dataset is made of; the defaults are the one that ships."""

    cells: int = 26  # to start from, each a trajectory of its own
    # The cells take turns: every second has one or two dimers, every one an O with four Fe.
    recipes: tuple[DisorderedRockSalt, ...] = rock_salts((1, 0, 2, 0), 1)
    dynamics: Dynamics = field(default_factory=Dynamics)
    feff: FeffSettings = field(default_factory=lambda: FeffSettings.for_edge(Edge("O")))
    rule: EnvironmentRule = field(default_factory=lambda: EnvironmentRule("O", "Fe", 2.6, 1.7))
    trials: int = TRIALS  # structures whose self-consistent field is computed
    sites: tuple[int, ...] | None = None  # atoms to compute in each snapshot; None: all absorbers
    seed: int = 1


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
        starts = disordered_starts(production.recipes, production.cells, seed=production.seed)
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
    potentials, spectra = path / "potentials", path / "spectra"
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
                f"{path}: was begun with other {', '.join(changed)}; give what it was begun with, "
                "or choose another output"
            )
    elif path.exists() and any(path.iterdir()):
        raise InputError(f"{path}: holds no production to resume; choose another output")
    path.mkdir(parents=True, exist_ok=True)
    write_json(record, wanted, force=True)

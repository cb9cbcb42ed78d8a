"""Making the open dataset from nothing: cells, dynamics, potentials, spectra, quality control."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ase.calculators.calculator import Calculator
from rich.console import Console

from nearedge.campaigns._motion import run_trajectories
from nearedge.campaigns._potentials import TRIALS, reference_potentials
from nearedge.campaigns._run import simulate
from nearedge.datasets import SiteSpectra, load_dataset
from nearedge.edges import Edge
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import InputError
from nearedge.records import check_free
from nearedge.structures import (
    DisorderedRockSalt,
    Dynamics,
    disordered_starts,
    read_snapshots,
    write_snapshots,
)
from nearedge.targets import EnvironmentRule


@dataclass(frozen=True)
class Production:
    """What the dataset is made of.

    Parameters
    ----------
    cells : int
        Cells to start from, each a random arrangement and a trajectory of its own.
    kinds : tuple of DisorderedRockSalt
        What to build; the cells take turns. By default every second cell has one or two dimers,
        and every cell an O with four Fe.
    dynamics : Dynamics
        How they are moved, and which frames are kept.
    feff : FeffSettings
        How spectra are computed.
    rule : EnvironmentRule
        How sites are labelled.
    trials : int
        Structures whose self-consistent field is computed for the reference potentials.
    sites : tuple of int or None
        Atoms to compute in every snapshot; None means all absorbers.
    seed : int
        Seed of arrangements, momenta and thermostats.
    """

    cells: int = 26
    kinds: tuple[DisorderedRockSalt, ...] = field(
        default=tuple(DisorderedRockSalt(dimers=n, rare_sites=1) for n in (1, 0, 2, 0))
    )
    dynamics: Dynamics = field(default_factory=Dynamics)
    feff: FeffSettings = field(default_factory=lambda: FeffSettings.for_edge(Edge("O")))
    rule: EnvironmentRule = field(default_factory=lambda: EnvironmentRule("O", "Fe", 2.6, 1.7))
    trials: int = TRIALS
    sites: tuple[int, ...] | None = None
    seed: int = 1


def produce(
    production: Production,
    path: str | Path,
    calculator: Calculator,
    *,
    workers: int | None = None,
    resume: bool = False,
    console: Console | None = None,
) -> SiteSpectra:
    """Make a dataset from nothing.

    Every step is restartable: however a run ends, the next with `resume` goes on from there.

    Parameters
    ----------
    production : Production
        What to make.
    path : str or Path
        Folder to write. It holds ``starts.extxyz``, ``trajectories/``, ``potentials/`` and
        ``spectra/``, the dataset, with ``production.json``, what was asked for.
    calculator : ase.calculators.calculator.Calculator
        Gives energy and forces, `nearedge.structures.sevennet` for the dataset that ships.
    workers : int, optional
        Processes that compute spectra; one for each core by default.
    resume : bool
        Whether to go on with what an earlier run left in `path`.
    console : rich.console.Console, optional
        Where progress is shown; stderr by default.

    Returns
    -------
    SiteSpectra
        All finished sites, as ``spectra/`` holds them.

    Raises
    ------
    InputError
        If `path` is in use, was begun for something else, or no trajectory gave a sound frame.
    EngineError
        If no spectrum could be computed.
    """
    path = Path(path)
    console = console or Console(stderr=True)
    _begin(production, path, resume=resume)
    starts_file = path / "starts.extxyz"
    if not starts_file.exists():
        starts = disordered_starts(production.kinds, production.cells, seed=production.seed)
        write_snapshots(starts_file, starts)
    frames = run_trajectories(
        read_snapshots(starts_file),
        path / "trajectories",
        calculator,
        production.dynamics,
        seed=production.seed,
        console=console,
    )
    if not frames:
        raise InputError(
            f"{path}: none of the {production.cells} trajectories gave a sound frame; "
            "its trajectories/*.json say why"
        )
    potentials = path / "potentials"
    if not potentials.exists():
        reference_potentials(
            frames,
            potentials,
            production.rule.absorber,
            production.feff,
            trials=production.trials,
            workers=workers,
            resume=resume,
            console=console,
        )
    spectra = path / "spectra"
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
        console=console,
    )


def _begin(production: Production, path: Path, *, resume: bool) -> None:
    """Make the folder, or check that it was made for the same."""
    wanted = json.loads(json.dumps(asdict(production)))
    record = path / "production.json"
    if not resume:
        check_free(path)
    if record.is_file():
        found = json.loads(record.read_text())
        changed = sorted(key for key in wanted if found.get(key) != wanted[key])
        if changed:
            raise InputError(
                f"{path}: was begun with other {', '.join(changed)}; give what it was begun with, "
                "or choose another output"
            )
    elif path.exists() and any(path.iterdir()):
        raise InputError(f"{path}: holds no production to resume; choose another output")
    path.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(wanted, indent=1) + "\n")

"""Molecular dynamics of many structures, one after the other."""

import json
from collections.abc import Sequence
from pathlib import Path

from ase.calculators.calculator import Calculator
from rich.console import Console

from nearedge.drawing.progress import counting_bar
from nearedge.errors import InputError
from nearedge.structures import Dynamics, Snapshot, run_trajectory


def run_trajectories(
    starts: Sequence[Snapshot],
    folder: str | Path,
    calculator: Calculator,
    settings: Dynamics | None = None,
    *,
    seed: int = 0,
    console: Console | None = None,
) -> list[Snapshot]:
    """Relax and move structures; what was done before is read back, not done again.

    Parameters
    ----------
    starts : sequence of Snapshot
        The structures to start from, each of a trajectory of its own.
    folder : str or Path
        Where the trajectories go, see `nearedge.structures.run_trajectory`.
    calculator : ase.calculators.calculator.Calculator
        Gives energy and forces.
    settings : Dynamics or None
        How to move them; None means the defaults.
    seed : int
        Seed of momenta and thermostat.
    console : rich.console.Console, optional
        Where progress is shown; stderr by default.

    Returns
    -------
    list of Snapshot
        The sound frames of all trajectories, in their order.

    Raises
    ------
    InputError
        If two starts are of one trajectory, or the files found belong to another run.
    """
    settings = settings or Dynamics()
    folder = Path(folder)
    names = [start.trajectory for start in starts]
    if len(set(names)) != len(names):
        raise InputError(
            "start structures must belong to different trajectories; "
            "give each an info key 'trajectory' or a file of its own"
        )
    frames: list[Snapshot] = []
    with counting_bar(console) as bar:
        task = bar.add_task("steps", total=settings.steps * len(starts))
        for number, start in enumerate(starts):
            before = number * settings.steps
            bar.update(task, description=start.trajectory, completed=before)

            def report(done: int, _: int, before: int = before) -> None:
                bar.update(task, completed=before + done)

            kept = run_trajectory(start, folder, calculator, settings, seed=seed, progress=report)
            frames += kept
            record = json.loads((folder / f"{start.trajectory}.json").read_text())
            bar.console.print(f"{start.trajectory}: {len(kept)} snapshots", highlight=False)
            for frame in record["rejected"]:
                bar.console.print(
                    f"  rejected {frame['name']}: {frame['reason']}", markup=False, highlight=False
                )
        bar.update(task, completed=settings.steps * len(starts))
    return frames

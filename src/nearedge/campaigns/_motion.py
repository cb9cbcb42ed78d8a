"""Molecular dynamics of many structures, one after the other."""

from collections.abc import Sequence
from pathlib import Path

from ase.calculators.calculator import Calculator
from rich.console import Console

from nearedge.drawing.progress import counting_bar
from nearedge.errors import InputError
from nearedge.records import read_json
from nearedge.structures import Dynamics, Snapshot, run_trajectory


def run_trajectories(
    starts: Sequence[Snapshot],
    folder: str | Path,
    calculator: Calculator,
    settings: Dynamics,
    *,
    seed: int = 0,
    console: Console | None = None,
) -> list[Snapshot]:
    """Relax and move structures; what was done before is read back, not done again."""
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

            sound = run_trajectory(start, folder, calculator, settings, seed=seed, progress=report)
            frames += sound
            record = read_json(Path(folder) / f"{start.trajectory}.json")
            lines = [f"  rejected {lost['name']}: {lost['reason']}" for lost in record["rejected"]]
            lines.insert(0, f"{start.trajectory}: {len(sound)} snapshots")
            bar.console.print("\n".join(lines), markup=False, highlight=False)
        bar.update(task, completed=settings.steps * len(starts))
    return frames

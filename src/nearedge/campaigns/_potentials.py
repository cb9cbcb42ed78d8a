"""Reference potentials: self-consistent fields of several structures, one of which serves all."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from nearedge.campaigns._state import CampaignState, describe_inputs
from nearedge.campaigns._workers import WorkerPool
from nearedge.drawing.progress import counting_bar
from nearedge.engines import FeffSettings, write_reference
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError, InputError
from nearedge.records import check_free, replacing
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

TRIALS = 9
"""Structures whose self-consistent field is computed unless told otherwise."""

_Trial = tuple[int, str, tuple[int, ...]]  # number of the snapshot, label and sites of the group


@dataclass(frozen=True)
class _Work:
    engine: FeffEngine
    snapshots: tuple[Snapshot, ...]
    state: CampaignState

    def __call__(self, trial: _Trial) -> None:
        number, label, sites = trial
        self.state.prepare(self.engine, self.snapshots[number].atoms, number, label, sites)


def reference_potentials(
    snapshots: Sequence[Snapshot],
    path: str | Path,
    settings: FeffSettings | None = None,
    rule: EnvironmentRule | None = None,
    *,
    trials: int = TRIALS,
    workers: int | None = None,
    timeout: float = 3600.0,
    resume: bool = False,
    force: bool = False,
    console: Console | None = None,
) -> dict[str, dict[str, Any]]:
    """Compute potentials that the sites of many alike structures can share.

    FEFF's Fermi level depends on the atoms that happen to stand for each element, by more than an
    eV in a disordered material; spectra of structures with potentials of their own therefore
    differ by what is no physics. Here the SCF runs on the most typical site of several structures,
    and the one with the median Fermi level is kept: for every kind of ordinary sites, and for
    dimers.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The structures. The first snapshot of each of the first `trials` trajectories is used.
    path : str or Path
        Folder to write, for `FeffEngine`.
    settings : FeffSettings or None
        What to compute; None means the defaults.
    rule : EnvironmentRule or None
        Which element absorbs; None means O.
    trials : int
        How many structures to compute; an odd number has a median of its own.
    workers : int, optional
        Number of worker processes; one for each core by default.
    timeout : float
        Longest time in s that one SCF may take.
    resume : bool
        Whether to go on with what an earlier run left in ``PATH.campaign``.
    force : bool
        Whether to replace `path`.
    console : rich.console.Console, optional
        Where progress is shown; stderr by default.

    Returns
    -------
    dict
        For each kind of sites: ``fermi_level`` (eV), ``snapshot``, ``representative`` (the atom),
        ``scf_iterations``, and ``trials``, the Fermi level of every trial by snapshot and atom.

    Raises
    ------
    InputError
        If the structures or the path cannot be used.
    EngineError
        If the SCF of some kind of sites converged nowhere.
    """
    path = Path(path)
    check_free(path, force=force)
    rule = rule or EnvironmentRule()
    engine = FeffEngine(replace(settings or FeffSettings(), trials=1))
    chosen = _first_of_each(snapshots)[:trials]
    if not chosen:
        raise InputError(f"{path}: no structures to compute potentials for; name at least one file")
    sites = [tuple(rule.label(snapshot.atoms).atom.tolist()) for snapshot in chosen]
    todo: list[_Trial] = [
        (number, label, members)
        for number, snapshot in enumerate(chosen)
        for label, members in engine.groups(snapshot.atoms, sites[number]).items()
    ]
    state = CampaignState(path.with_name(f"{path.name}.campaign"))
    if state.folder.exists() and not resume:
        raise InputError(
            f"{state.folder}: an earlier run was not finished; pass --resume to go on with it, or "
            "delete it"
        )
    state.folder.mkdir(parents=True, exist_ok=True)
    with state.locked():
        state.begin(describe_inputs(engine, rule, chosen, sites))
        failures = _compute(
            _Work(engine, tuple(chosen), state), todo, workers or os.cpu_count() or 1, timeout,
            console,
        )  # fmt: skip
        kinds = dict.fromkeys(engine.kind(label) for _, label, _ in todo)
        found = {}
        for kind in kinds:
            mine = [trial for trial in todo if engine.kind(trial[1]) == kind]
            found[kind] = _median(state, chosen, mine, kind, failures)
        with replacing(path, force=force) as temporary:
            temporary.mkdir()
            write_reference(temporary, engine.settings, found)
    shutil.rmtree(state.folder)
    return {label: said for label, (_, said) in found.items()}


def _first_of_each(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the first snapshot of each trajectory."""
    first: dict[str, Snapshot] = {}
    for snapshot in snapshots:
        first.setdefault(snapshot.trajectory, snapshot)
    return list(first.values())


def _compute(
    work: _Work, todo: Sequence[_Trial], workers: int, timeout: float, console: Console | None
) -> dict[_Trial, str]:
    """Do what is not done yet; return why some failed."""
    failures: dict[_Trial, str] = {}
    waiting = [trial for trial in todo if work.state.preparation(*trial[:2]) is None]
    with (
        counting_bar(console) as bar,
        WorkerPool(work, max(1, min(workers, len(waiting))), timeout) as pool,
    ):
        shown = bar.add_task("potentials", total=len(todo), completed=len(todo) - len(waiting))
        while waiting or pool.busy:
            while waiting and pool.free:
                trial = waiting.pop(0)
                pool.submit(trial, trial)
            for outcome in pool.wait():
                if outcome.failure is not None:
                    failures[outcome.key] = outcome.failure  # pyright: ignore[reportArgumentType]
                bar.advance(shown)
    return failures


def _median(
    state: CampaignState,
    snapshots: Sequence[Snapshot],
    trials: Sequence[_Trial],
    kind: str,
    failures: dict[_Trial, str],
) -> tuple[Path, dict[str, Any]]:
    """Choose the potentials of one kind of sites: their folder, and what is known of them."""
    done = []
    for trial in trials:
        said = state.preparation(*trial[:2])
        if said is not None:
            done.append((said["fermi_level"], trial, said))
    if not done:
        raise EngineError(
            f"the SCF of {kind} converged in none of the structures: {failures[trials[0]]}"
        )
    done.sort(key=lambda one: one[:2])
    _, (number, label, _), said = done[(len(done) - 1) // 2]
    levels = {
        f"{snapshots[trial[0]].name} atom {one['representative']}": level
        for level, trial, one in done
    }
    return state.group(number, label), {
        **said,
        "snapshot": snapshots[number].name,
        "trials": levels,
    }

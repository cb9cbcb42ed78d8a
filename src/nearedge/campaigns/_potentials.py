"""Reference potentials: self-consistent fields of several structures, one of which serves all."""

import os
import shutil
from collections.abc import Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from nearedge.campaigns._executor import LocalExecutor, reason_of_failure
from nearedge.campaigns._run import site_groups
from nearedge.campaigns._state import CampaignState
from nearedge.campaigns._tasks import Group
from nearedge.drawing.progress import counting_bar
from nearedge.engines import FeffSettings, Preparation, Reference, write_reference
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError, InputError
from nearedge.records import check_free, replacing
from nearedge.structures import Snapshot
from nearedge.targets import absorbers

TRIALS = 9
"""Structures whose self-consistent field is computed unless told otherwise."""


def reference_potentials(
    snapshots: Sequence[Snapshot],
    path: str | Path,
    absorber: str,
    settings: FeffSettings | None = None,
    *,
    trials: int = TRIALS,
    workers: int | None = None,
    timeout: float = 3600.0,
    resume: bool = False,
    force: bool = False,
    console: Console | None = None,
) -> dict[str, Reference]:
    """Compute potentials that the sites of many similar structures can share.

    FEFF's Fermi level depends on the atoms that happen to stand for each element, by more than an
    eV in a disordered material; spectra of structures with potentials of their own therefore
    differ by what is no physics. Here the SCF runs on the most typical site of several structures,
    and the one with the median Fermi level is kept: for every class of ordinary sites, and for
    dimers.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The structures. The first snapshot of each of the first `trials` trajectories is used.
    path : str or Path
        Folder to write, for `FeffEngine`.
    absorber : str
        Element that absorbs.
    settings : FeffSettings or None
        What to compute; None means the defaults.
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
    dict of str to Reference
        For each class of sites.

    Raises
    ------
    InputError
        If the structures or the path cannot be used.
    EngineError
        If the SCF of some class of sites converged nowhere.
    """
    path = Path(path)
    check_free(path, force=force)
    engine = FeffEngine(replace(settings or FeffSettings(), trials=1))
    chosen = _first_of_each(snapshots)[:trials]
    if not chosen:
        raise InputError(f"{path}: no structures to compute potentials for; name at least one file")
    groups = [
        group
        for snapshot in chosen
        for group in site_groups(
            engine, snapshot, tuple(absorbers(snapshot.atoms, absorber).tolist())
        )
    ]
    state = CampaignState(path.with_name(f"{path.name}.campaign"))
    if state.folder.exists() and not resume:
        raise InputError(
            f"{state.folder}: an earlier run was not finished; pass --resume to go on with it, or "
            "delete it"
        )
    state.folder.mkdir(parents=True, exist_ok=True)
    with state.locked():
        state.begin(engine)
        failures = _compute(state, engine, groups, workers or os.cpu_count() or 1, timeout, console)
        references = {
            name: _median(
                state, [group for group in groups if engine.kind(group.label) == name], failures
            )
            for name in dict.fromkeys(engine.kind(group.label) for group in groups)
        }
        with replacing(path, force=force) as temporary:
            temporary.mkdir()
            write_reference(temporary, engine.settings, references)
    shutil.rmtree(state.folder)
    return {label: reference for label, (_, reference) in references.items()}


def _first_of_each(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the first snapshot of each trajectory."""
    first: dict[str, Snapshot] = {}
    for snapshot in snapshots:
        first.setdefault(snapshot.trajectory, snapshot)
    return list(first.values())


def _compute(
    state: CampaignState,
    engine: FeffEngine,
    groups: Sequence[Group],
    workers: int,
    timeout: float,
    console: Console | None,
) -> dict[str, str]:
    """Prepare the groups; return why some failed, by their names."""
    failures: dict[str, str] = {}
    with (
        counting_bar(console) as bar,
        LocalExecutor(max(1, min(workers, len(groups))), timeout) as executor,
    ):
        shown = bar.add_task("potentials", total=len(groups))
        running = {
            executor.submit(state.prepare, engine, group.atoms, group.label, group.sites): group
            for group in groups
        }
        for future in as_completed(running):
            reason = reason_of_failure(future, timeout)
            if reason is not None:
                failures[_name(running[future])] = reason
            bar.advance(shown)
    return failures


def _name(group: Group) -> str:
    return f"{group.structure} {group.label}"


def _median(
    state: CampaignState, trials: Sequence[Group], failures: dict[str, str]
) -> tuple[Path, Reference]:
    """Choose the potentials of one class of sites: their folder, and what is known of them."""
    done: list[tuple[float, str, Group, Preparation]] = []
    for trial in trials:
        preparation = state.preparation(trial.atoms, trial.label)
        if preparation is not None and preparation.fermi_level is not None:
            done.append((preparation.fermi_level, _name(trial), trial, preparation))
    if not done:
        first = trials[0]
        raise EngineError(
            f"the SCF of {first.label} converged in none of the structures: "
            f"{failures[_name(first)]}"
        )
    done.sort(key=lambda trial: trial[:2])
    _, _, chosen, preparation = done[(len(done) - 1) // 2]
    levels = {
        f"{trial.structure} atom {prepared.representative}": level
        for level, _, trial, prepared in done
    }
    reference = Reference(**asdict(replace(preparation, trials=levels)), snapshot=chosen.structure)
    return state.group(chosen.atoms, chosen.label), reference

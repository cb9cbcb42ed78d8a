"""Running a campaign: tasks to workers, results to one dataset."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from rich.console import Console

from nearedge.campaigns._schedule import Schedule, Task
from nearedge.campaigns._state import CampaignState, describe_inputs
from nearedge.campaigns._workers import WorkerPool
from nearedge.datasets import SiteSpectra, assemble, save_dataset
from nearedge.drawing.progress import counting_bar
from nearedge.engines import Engine, SiteSpectrum
from nearedge.errors import EngineError, InputError
from nearedge.records import check_free, replacing
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

FAILURES = "failures.json"


@dataclass(frozen=True)
class _Work:
    """What a worker process needs to do any task of a campaign."""

    engine: Engine
    structures: tuple[Atoms, ...]
    state: CampaignState

    def __call__(self, task: Task) -> None:
        atoms = self.structures[task.number]
        if task.kind == "prepare":
            self.state.prepare(self.engine, atoms, task.number, task.group, task.sites)
        else:
            self.state.compute(self.engine, atoms, task.number, task.group, task.sites[0])


def simulate(
    snapshots: Sequence[Snapshot],
    engine: Engine,
    rule: EnvironmentRule,
    path: str | Path,
    *,
    every: int = 1,
    sites: Sequence[int] | None = None,
    workers: int | None = None,
    timeout: float = 3600.0,
    resume: bool = False,
    force: bool = False,
    console: Console | None = None,
) -> SiteSpectra:
    """Compute the spectra of the absorbers of many structures and save them as a dataset.

    Each task runs in a worker process; one that fails, crashes or hangs costs its own sites, which
    are listed with the reason at the end and in ``failures.json`` of the dataset. Finished sites
    are files in ``PATH.campaign``: however a run ends, the next with `resume` goes on from there
    (and tries again what failed). That folder is removed when every site is done.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The structures, with unique names.
    engine : Engine
        What computes the spectra.
    rule : EnvironmentRule
        Which element absorbs and how sites are labelled.
    path : str or Path
        The dataset's folder.
    every : int
        Take the first snapshot of each trajectory and every so many after it.
    sites : sequence of int, optional
        Indices of the atoms to compute in every structure, from 0; all absorbers by default.
    workers : int, optional
        Number of worker processes; one for each core by default.
    timeout : float
        Longest time in s that one task may take.
    resume : bool
        Whether to go on with what an earlier run left.
    force : bool
        Whether to replace an existing dataset and to throw away what an earlier run left.
    console : rich.console.Console, optional
        Where progress is shown; stderr by default.

    Returns
    -------
    SiteSpectra
        The finished sites.

    Raises
    ------
    InputError
        If structures, sites or path cannot be used, or a resumed campaign differs from its record.
    EngineError
        If no site was finished.
    """
    path = Path(path)
    console = console or Console(stderr=True)
    state = CampaignState(path.with_name(f"{path.name}.campaign"))
    if resume and not force and path.exists() and not state.folder.exists():
        raise InputError(
            f"{path}: is complete, there is nothing to resume; pass --force to compute it anew"
        )
    check_free(path, force=force or resume)
    chosen = _every(snapshots, every)
    atoms_of = [_sites(snapshot, rule, sites) for snapshot in chosen]
    groups = [
        _groups(engine, snapshot, found) for snapshot, found in zip(chosen, atoms_of, strict=True)
    ]
    if state.folder.exists() and not resume:
        if not force:
            raise InputError(
                f"{state.folder}: an earlier run was not finished; pass --resume to go on with it "
                "or --force to begin anew"
            )
        with state.locked():
            state.discard()
    state.folder.mkdir(parents=True, exist_ok=True)
    with state.locked():
        state.begin(describe_inputs(engine, rule, chosen, atoms_of))
        todo = [(number, atom) for number, found in enumerate(atoms_of) for atom in found]
        count = workers or os.cpu_count() or 1
        failures = _compute(state, engine, chosen, groups, count, timeout, console)
        data = _collect(state, engine, rule, chosen, todo)
        with replacing(path, force=force or resume) as temporary:
            save_dataset(data, temporary)
            if failures:
                (temporary / FAILURES).write_text(json.dumps(failures, indent=1) + "\n")
    if failures:
        console.print(
            f"{len(failures)} of {len(todo)} sites failed; --resume tries them again:",
            *(f"  {one['snapshot']} atom {one['atom']}: {one['reason']}" for one in failures),
            sep="\n",
            style="yellow",
            markup=False,
            highlight=False,
        )
    else:
        shutil.rmtree(state.folder)
    return data


def _every(snapshots: Sequence[Snapshot], every: int) -> list[Snapshot]:
    if every < 1:
        raise InputError(f"every is {every}; take every 1st, 2nd, ... snapshot")
    names = [snapshot.name for snapshot in snapshots]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"several snapshots are named {', '.join(twice)}; rename them")
    seen: dict[str, int] = {}
    chosen = []
    for snapshot in snapshots:
        place = seen.get(snapshot.trajectory, 0)
        seen[snapshot.trajectory] = place + 1
        if place % every == 0:
            chosen.append(snapshot)
    if not chosen:
        raise InputError("no structures to compute; name at least one file")
    return chosen


def _sites(
    snapshot: Snapshot, rule: EnvironmentRule, sites: Sequence[int] | None
) -> tuple[int, ...]:
    try:
        found = rule.label(snapshot.atoms).atom.tolist()
    except InputError as error:
        raise InputError(f"{snapshot.name}: {error}") from None
    if sites is None:
        return tuple(found)
    wrong = sorted(set(sites) - set(found))
    if wrong:
        raise InputError(
            f"{snapshot.name}: atoms {', '.join(map(str, wrong))} are no {rule.absorber} atoms; "
            f"these are {found[0]} to {found[-1]} (counted from 0)"
        )
    return tuple(sorted(set(sites)))


def _groups(
    engine: Engine, snapshot: Snapshot, sites: tuple[int, ...]
) -> dict[str, tuple[int, ...]]:
    try:
        return engine.groups(snapshot.atoms, sites)
    except InputError as error:
        raise InputError(f"{snapshot.name}: {error}") from None


def _compute(
    state: CampaignState,
    engine: Engine,
    snapshots: list[Snapshot],
    groups: list[dict[str, tuple[int, ...]]],
    workers: int,
    timeout: float,
    console: Console,
) -> list[dict[str, Any]]:
    """Do all that is not done yet; return what failed."""
    todo = [(number, site) for number, named in enumerate(groups) for site in _members(named)]
    finished = {one for one in todo if state.site(*one).is_file()}
    schedule = Schedule(groups, finished, _prepared(state, groups, finished))
    work = _Work(engine, tuple(snapshot.atoms for snapshot in snapshots), state)
    shutil.rmtree(state.folder / "work", ignore_errors=True)
    failures: list[dict[str, Any]] = []
    reported: set[int] = set()
    with (
        counting_bar(console) as bar,
        WorkerPool(work, max(1, min(workers, len(todo) - len(finished))), timeout) as pool,
    ):
        shown = bar.add_task("sites", total=len(todo), completed=len(finished))
        while True:
            # Each start changes what is ready.
            while pool.free and (task := next(schedule.ready(), None)) is not None:
                schedule.start(task)
                pool.submit(task, task)
            if not pool.busy:
                break
            for outcome in pool.wait():
                task = outcome.key
                assert isinstance(task, Task)
                if outcome.failure is not None:
                    schedule.fail(task, outcome.failure)
                elif task.kind == "prepare":
                    said = state.preparation(task.number, task.group)
                    schedule.finish_preparation(task, said or {})
                else:
                    finished.add((task.number, task.sites[0]))
            if len(schedule.failures) > len(failures):
                failures = [
                    {"snapshot": snapshots[number].name, "atom": atom, "reason": reason}
                    for (number, atom), reason in sorted(schedule.failures.items())
                ]
                state.write_failures(failures)
            bar.update(
                shown,
                completed=len(finished),
                description=f"sites ({len(failures)} failed)" if failures else "sites",
            )
            for number, named in enumerate(groups):
                members = {(number, site) for site in _members(named)}
                if number not in reported and members <= finished | schedule.failures.keys():
                    reported.add(number)
                    state.sweep(number, named)
                    done = len(members & finished)
                    bar.console.print(
                        f"{snapshots[number].name}: {done} of {len(members)} sites",
                        highlight=False,
                        markup=False,
                    )
    return failures


def _members(named: dict[str, tuple[int, ...]]) -> list[int]:
    return [site for members in named.values() for site in members]


def _prepared(
    state: CampaignState,
    groups: list[dict[str, tuple[int, ...]]],
    finished: set[tuple[int, int]],
) -> dict[tuple[int, str], dict[str, Any]]:
    """Look up the preparations that need not be repeated."""
    prepared = {}
    for number, named in enumerate(groups):
        for name, members in named.items():
            said = state.preparation(number, name)
            over = all((number, site) in finished for site in members)
            # The files are swept when a snapshot is done; the record stays.
            if said is not None and (over or state.group(number, name).is_dir()):
                prepared[number, name] = said
    return prepared


def _collect(
    state: CampaignState,
    engine: Engine,
    rule: EnvironmentRule,
    snapshots: list[Snapshot],
    todo: list[tuple[int, int]],
) -> SiteSpectra:
    """Make a dataset of the finished sites."""
    done = [one for one in todo if state.site(*one).is_file()]
    if not done:
        raise EngineError(
            f"none of {len(todo)} sites was finished; {state.folder / FAILURES} lists the reasons"
        )
    spectra = [state.spectrum(*one) for one in done]
    energy = spectra[0].energy
    for (number, atom), spectrum in zip(done, spectra, strict=True):
        if not np.array_equal(spectrum.energy, energy):
            raise EngineError(
                f"{snapshots[number].name} atom {atom}: its energies differ from those of the "
                "other sites; the engine must use one grid"
            )
    return assemble(
        snapshots,
        done,
        energy,
        np.array([spectrum.mu for spectrum in spectra]),
        rule,
        engine.attributes(),
        extra=_numbers(spectra),
        source=str(state.folder),
    )


def _numbers(spectra: list[SiteSpectrum]) -> dict[str, np.ndarray]:
    """Gather the numbers that the provenance of every site holds."""
    shared = set.intersection(*(set(spectrum.provenance) for spectrum in spectra))
    gathered = {
        name: np.array([spectrum.provenance[name] for spectrum in spectra])
        for name in sorted(shared)
    }
    return {name: values for name, values in gathered.items() if values.dtype.kind in "if"}

"""The tasks of a campaign: groups of sites are prepared, then their sites computed."""

import shutil
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ase import Atoms

from nearedge.campaigns._executor import LocalExecutor, WorkerLostError, reason_of_failure
from nearedge.campaigns._state import (
    FAILURES,
    LOG,
    PREPARATION,
    CampaignState,
    Failure,
    FinishedSites,
)
from nearedge.drawing.progress import counting_bar
from nearedge.engines import Engine, SiteSpectrum
from nearedge.records import pack, write_json
from nearedge.structures import fingerprint, unsoundness

# Times that a task is given to a worker when workers are lost with it: the fault is mostly not its.
_TRIES = 3
# Calls submitted at once to an executor that does not say how many are of use.
_AHEAD = 1000
# Of what an engine wrote before it failed, files up to so many bytes are kept.
_TELLING = 2**20


@dataclass(frozen=True)
class Group:
    """Sites of a structure that share one preparation."""

    structure: str
    atoms: Atoms
    label: str
    sites: tuple[int, ...]

    @cached_property
    def fingerprint(self) -> str:
        """What results are kept by: equal structures are computed once."""
        return fingerprint(self.atoms)

    @property
    def name(self) -> str:
        """What the preparation is kept by."""
        return f"{self.fingerprint}-{self.label}"


def prepare_group(engine: Engine, group: Group, state: CampaignState) -> None:
    """Prepare a group, unless it is; its folder appears whole or not at all.

    A worker that was given up may still be at it: the first to end is taken.
    """
    if state.preparation(group.name) is not None:
        return
    work = Path(tempfile.mkdtemp(prefix=f"{group.name}-", dir=state.folder / "work"))
    with _telling_kept(work, state, group.name):
        plain, _ = pack(engine.prepare(group.atoms, group.sites, work))
        write_json(work / PREPARATION, plain)
    try:
        work.rename(state.group(group.name))
    except OSError:
        shutil.rmtree(work)


def compute_site(
    engine: Engine, group: Group, site: int, state: CampaignState, scratch: Path | None
) -> SiteSpectrum:
    """Compute a site of a prepared group, in the scratch folder or the machine's own."""
    prepared, name = state.group(group.name), f"{group.fingerprint}-{site:05d}"
    with (
        tempfile.TemporaryDirectory("", "nearedge-", scratch, ignore_cleanup_errors=True) as work,
        _telling_kept(Path(work), state, name),
    ):
        spectrum = engine.spectrum(group.atoms, site, prepared, Path(work))
    preparation = state.preparation(group.name)
    assert preparation is not None
    return replace(spectrum, provenance={**preparation.numbers(), **spectrum.provenance})


@contextmanager
def _telling_kept(work: Path, state: CampaignState, name: str) -> Iterator[None]:
    """Keep what an engine wrote if it fails in this block."""
    try:
        yield
    except BaseException:
        for path in work.rglob("*"):
            if path.is_file() and path.stat().st_size <= _TELLING:
                copy = state.folder / "failed" / name / path.relative_to(work)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copy)
        raise


@dataclass(frozen=True)
class _Task:
    """Prepare a group (no site), or compute one site of it."""

    group: Group
    site: int | None = None
    tries: int = 1


def compute_groups(
    state: CampaignState,
    finished: FinishedSites,
    engine: Engine,
    groups: Sequence[Group],
    executor: Executor,
) -> list[Failure]:
    """Compute all sites of some groups that are not finished yet, the first groups first.

    This process alone writes what is finished; workers return it.
    """
    # Structures may be equal, and are computed once.
    unique, before = {group.name: group for group in groups}, finished.sites()
    left = {name: set(group.sites) - before[group.fingerprint] for name, group in unique.items()}
    total = sum(len(group.sites) for group in unique.values())
    done = total - sum(map(len, left.values()))
    waiting = deque(_Task(group) for name, group in unique.items() if left[name])
    running: dict[Future[Any], _Task] = {}
    ended: SimpleQueue[Future[Any]] = SimpleQueue()
    failures: dict[tuple[str, int], str] = {}
    scratch = state.folder / "work" if isinstance(executor, LocalExecutor) else None

    def settle(task: _Task, future: Future[Any]) -> Iterator[tuple[str, int, SiteSpectrum]]:
        """Take note of what became of a task; give its spectrum, of which atom."""
        group, unfinished = task.group, left[task.group.name]
        if task.tries < _TRIES and isinstance(future.exception(), WorkerLostError):
            waiting.appendleft(replace(task, tries=task.tries + 1))
            return
        reason = reason_of_failure(future, getattr(executor, "timeout", None))
        if reason is not None:
            if fault := unsoundness(group.atoms):
                reason += f"; {fault}: mend the structure"
            lost = sorted(unfinished) if task.site is None else [task.site]
            why = f"preparation failed: {reason}" if task.site is None else reason
            failures.update({(group.name, site): why for site in lost})
            unfinished.difference_update(lost)
            bar.write_log(f"{group.structure} atoms {lost}: {why}")
        elif task.site is None:
            # Before other groups, so that early structures are complete early.
            sites = sorted(unfinished, reverse=True)
            waiting.extendleft(_Task(group, site) for site in sites)
        else:
            unfinished.discard(task.site)
            yield group.fingerprint, task.site, future.result()

    with counting_bar(log=state.folder / LOG) as bar:
        shown = bar.add_task("sites", total=total, completed=done)
        if done:
            bar.print_line(f"{done} of {total} sites were finished before")
        try:
            while waiting or running:
                while waiting and len(running) < getattr(executor, "ahead", _AHEAD):
                    task = waiting.popleft()
                    work: tuple[Any, ...] = (prepare_group, engine, task.group, state)
                    if task.site is not None:
                        work = (compute_site, engine, task.group, task.site, state, scratch)
                    future = executor.submit(work[0], *work[1:])
                    running[future] = task
                    future.add_done_callback(ended.put)
                ready = [ended.get(), *(ended.get() for _ in range(ended.qsize()))]
                tasks = [(running.pop(future), future) for future in ready]
                results: list[tuple[str, int, SiteSpectrum]] = []
                try:
                    for task, future in tasks:
                        results += settle(task, future)
                finally:
                    finished.add(results)
                done += len(results)
                lost = f"{len(failures)} failed, " if failures else ""
                doing = f"sites, {lost}{len(running)} submitted"
                bar.update(shown, completed=done, description=doing)
                for group in {task.group.name: task.group for task, _ in tasks}.values():
                    # Its sites, which are finished, hold what is known of the preparation.
                    if not left[group.name] and not any(name == group.name for name, _ in failures):
                        shutil.rmtree(state.group(group.name), ignore_errors=True)
        finally:
            for future in running:
                future.cancel()
    failed = [
        Failure(group.structure, site, failures[group.name, site])
        for group in groups
        for site in group.sites
        if (group.name, site) in failures
    ]
    write_json(state.folder / FAILURES, list(map(asdict, failed)), force=True)
    return failed

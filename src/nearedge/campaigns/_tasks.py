"""The tasks of a campaign: groups of sites are prepared, then their sites computed."""

import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ase import Atoms
from rich.console import Console

from nearedge.campaigns._executor import LocalExecutor, WorkerLostError, reason_of_failure
from nearedge.campaigns._finished import FinishedSites
from nearedge.campaigns._state import (
    FAILURES,
    LOG,
    PREPARATION,
    CampaignState,
    Failure,
    write_failures,
)
from nearedge.drawing.progress import counting_bar
from nearedge.engines import Engine, Preparation, SiteSpectrum
from nearedge.records import pack, read_json, unpack, write_json
from nearedge.structures import fingerprint

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
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", fingerprint(self.atoms))

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
    try:
        plain, _ = pack(engine.prepare(group.atoms, group.sites, work))
        write_json(work / PREPARATION, plain)
    except BaseException:
        _keep_telling(work, state.folder / "failed" / group.name)
        raise
    try:
        work.rename(state.group(group.name))
    except OSError:
        shutil.rmtree(work)


def compute_site(
    engine: Engine, group: Group, site: int, state: CampaignState, scratch: Path | None
) -> SiteSpectrum:
    """Compute a site of a prepared group, in the scratch folder or the machine's own."""
    with tempfile.TemporaryDirectory(
        prefix="nearedge-", dir=scratch, ignore_cleanup_errors=True
    ) as work:
        prepared = state.group(group.name)
        try:
            spectrum = engine.spectrum(group.atoms, site, prepared, Path(work))
        except BaseException:
            name = f"{group.fingerprint}-{site:05d}"
            _keep_telling(Path(work), state.folder / "failed" / name)
            raise
    record = prepared / PREPARATION
    preparation = unpack(Preparation, read_json(record), source=str(record))
    return replace(spectrum, provenance={**preparation.numbers(), **spectrum.provenance})


def _keep_telling(work: Path, folder: Path) -> None:
    for path in work.rglob("*"):
        if path.is_file() and path.stat().st_size <= _TELLING:
            copy = folder / path.relative_to(work)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)


@dataclass(frozen=True)
class _Task:
    """Prepare a group (no site), or compute one site of it."""

    group: Group
    site: int | None = None
    tries: int = 1


class _Ledger:
    """What is left to do, group by group, and what failed."""

    def __init__(self, groups: Sequence[Group], finished: set[tuple[str, int]]) -> None:
        # Structures may be equal, and are computed once.
        self.groups = {group.name: group for group in groups}
        self.left = {
            name: {site for site in group.sites if (group.fingerprint, site) not in finished}
            for name, group in self.groups.items()
        }
        self.total = sum(len(group.sites) for group in self.groups.values())
        self.done = self.total - sum(map(len, self.left.values()))
        self.failures: dict[tuple[str, int], str] = {}
        self._open = Counter(
            group.structure for group in self.groups.values() if self.left[group.name]
        )
        self._sites, self._failed = Counter[str](), Counter[str]()
        for group in self.groups.values():
            self._sites[group.structure] += len(group.sites)

    def end(self, group: Group, sites: Iterable[int], reason: str | None) -> bool:
        """Strike sites that were computed or failed off; whether that ends their group."""
        ended = sorted(sites)
        self.left[group.name].difference_update(ended)
        if reason is None:
            self.done += len(ended)
        else:
            self.failures |= {(group.name, site): reason for site in ended}
            self._failed[group.structure] += len(ended)
        return not self.left[group.name]

    def text(self, running: int) -> str:
        """Say what is counted, with what failed and how many tasks are submitted."""
        counts = {"failed": len(self.failures), "submitted": running}
        return ", ".join(["sites", *(f"{count} {what}" for what, count in counts.items() if count)])

    def is_sound(self, group: Group) -> bool:
        """Whether no site of a group failed."""
        return not any((group.name, site) in self.failures for site in group.sites)

    def end_of_structure(self, group: Group) -> str | None:
        """Count a group that ended; say what became of its structure if it was the last."""
        name = group.structure
        self._open[name] -= 1
        if self._open[name]:
            return None
        return f"{name}: {self._sites[name] - self._failed[name]} of {self._sites[name]} sites"


def compute_groups(
    state: CampaignState,
    finished: FinishedSites,
    engine: Engine,
    groups: Sequence[Group],
    executor: Executor,
    *,
    console: Console | None = None,
) -> list[Failure]:
    """Compute all sites of some groups that are not finished yet, the first groups first.

    This process alone writes what is finished; workers return it.
    """
    ledger = _Ledger(groups, finished.sites())
    waiting = deque(_Task(group) for name, group in ledger.groups.items() if ledger.left[name])
    running: dict[Future[Any], _Task] = {}
    ended: SimpleQueue[Future[Any]] = SimpleQueue()
    ahead = getattr(executor, "ahead", _AHEAD)
    scratch = state.folder / "work" if isinstance(executor, LocalExecutor) else None

    def submit(task: _Task) -> None:
        if task.site is None:
            future = executor.submit(prepare_group, engine, task.group, state)
        else:
            future = executor.submit(compute_site, engine, task.group, task.site, state, scratch)
        running[future] = task
        future.add_done_callback(ended.put)

    with counting_bar(console, log=state.folder / LOG) as bar:
        shown = bar.add_task("sites", total=ledger.total)
        if ledger.done:
            bar.print_line(f"{ledger.done} of {ledger.total} sites were finished before")
        while waiting or running:
            while waiting and len(running) < ahead:
                submit(waiting.popleft())
            bar.update(shown, completed=ledger.done, description=ledger.text(len(running)))
            results, over = [], []
            for future in _ready(ended):
                task = running.pop(future)
                group = task.group
                if task.tries < _TRIES and isinstance(future.exception(), WorkerLostError):
                    waiting.appendleft(replace(task, tries=task.tries + 1))
                    continue
                reason = reason_of_failure(future, getattr(executor, "timeout", None))
                if task.site is None and reason is None:
                    # Before other groups, so that early structures are complete early.
                    sites = sorted(ledger.left[group.name], reverse=True)
                    waiting.extendleft(_Task(group, site) for site in sites)
                    continue
                if task.site is None:
                    members = ledger.left[group.name].copy()
                    reason = f"preparation failed: {reason}"
                else:
                    members = {task.site}
                    if reason is None:
                        results.append((group.fingerprint, task.site, future.result()))
                if reason is not None:
                    bar.write_log(f"{group.structure} atoms {sorted(members)}: {reason}")
                if ledger.end(group, members, reason):
                    over.append(group)
            finished.add(results)
            for group in over:
                if ledger.is_sound(group):
                    # Its sites, which are finished, hold what is known of the preparation.
                    shutil.rmtree(state.group(group.name), ignore_errors=True)
                if line := ledger.end_of_structure(group):
                    bar.print_line(line)
        bar.update(shown, completed=ledger.done, description=ledger.text(0))
    failures = [
        Failure(group.structure, site, ledger.failures[group.name, site])
        for group in groups
        for site in group.sites
        if (group.name, site) in ledger.failures
    ]
    write_failures(state.folder / FAILURES, failures)
    return failures


def _ready(ended: "SimpleQueue[Future[Any]]") -> Iterator[Future[Any]]:
    """Wait for a task to end; give all that did."""
    yield ended.get()
    while not ended.empty():
        yield ended.get()

"""The tasks of a campaign: groups of sites are prepared, then their sites computed."""

import shutil
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from ase import Atoms
from rich.console import Console

from nearedge.campaigns._executor import LocalExecutor, reason_of_failure
from nearedge.campaigns._state import FAILURES, CampaignState, Failure, write_failures
from nearedge.drawing.progress import counting_bar
from nearedge.engines import Engine


@dataclass(frozen=True)
class Group:
    """Sites of a structure that share one preparation."""

    structure: str
    atoms: Atoms
    label: str
    sites: tuple[int, ...]


@dataclass(frozen=True)
class _Task:
    """Prepare a group (no site), or compute one site of it."""

    group: Group
    site: int | None = None

    def __call__(self, state: CampaignState, engine: Engine) -> None:
        if self.site is None:
            state.prepare(engine, self.group.atoms, self.group.label, self.group.sites)
        else:
            state.compute(engine, self.group.atoms, self.group.label, self.site)


def compute_groups(
    state: CampaignState,
    engine: Engine,
    groups: Sequence[Group],
    executor: LocalExecutor,
    *,
    console: Console | None = None,
) -> list[Failure]:
    """Compute all sites of some groups that are not finished yet, the first groups first."""
    left = {
        id(group): {site for site in group.sites if not state.site(group.atoms, site).is_file()}
        for group in groups
    }
    waiting = deque(_Task(group) for group in groups if left[id(group)])
    failures: dict[tuple[int, int], Failure] = {}
    open_groups = Counter(task.group.structure for task in waiting)
    total = sum(len(group.sites) for group in groups)
    running: dict[Future[None], _Task] = {}
    with counting_bar(console) as bar:
        shown = bar.add_task("sites", total=total)
        while True:
            done = total - sum(map(len, left.values())) - len(failures)
            failed = f"sites ({len(failures)} failed)" if failures else "sites"
            bar.update(shown, completed=done, description=failed)
            while waiting and len(running) < executor.workers:
                task = waiting.popleft()
                running[executor.submit(task, state, engine)] = task
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                group, unfinished = task.group, left[id(task.group)]
                reason = reason_of_failure(future, executor.timeout)
                if task.site is None and reason is None:
                    # Before other groups, so that early structures are complete early.
                    waiting.extendleft(_Task(group, site) for site in sorted(unfinished)[::-1])
                    continue
                ended = unfinished.copy() if task.site is None else {task.site}
                unfinished -= ended
                if reason is not None:
                    why = f"preparation failed: {reason}" if task.site is None else reason
                    for site in sorted(ended):
                        failures[id(group), site] = Failure(group.structure, site, why)
                    write_failures(state.folder / FAILURES, list(failures.values()))
                if unfinished:
                    continue
                if all((id(group), site) not in failures for site in group.sites):
                    # Its sites, which are finished, hold what is known of the preparation.
                    shutil.rmtree(state.group(group.atoms, group.label), ignore_errors=True)
                open_groups[group.structure] -= 1
                if not open_groups[group.structure]:
                    keys = [
                        key
                        for other in groups
                        if other.structure == group.structure
                        for key in _keys(other)
                    ]
                    done = sum(key not in failures for key in keys)
                    line = f"{group.structure}: {done} of {len(keys)} sites"
                    bar.console.print(line, highlight=False, markup=False)
    return [failures[key] for group in groups for key in _keys(group) if key in failures]


def _keys(group: Group) -> list[tuple[int, int]]:
    return [(id(group), site) for site in group.sites]

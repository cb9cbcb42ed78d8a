"""The tasks of a campaign: groups of sites are prepared, then their sites computed."""

from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass

from ase import Atoms
from rich.console import Console

from nearedge.campaigns._executor import reason_of_failure
from nearedge.campaigns._state import CampaignState, Failure
from nearedge.drawing.progress import counting_bar
from nearedge.engines import Engine


@dataclass(frozen=True)
class Group:
    """Sites of a structure that share one preparation.

    Parameters
    ----------
    structure : str
        Name of the structure.
    atoms : ase.Atoms
        The structure.
    label : str
        Name of the group.
    sites : tuple of int
        Indices of its atoms.
    """

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
    executor: Executor,
    *,
    slots: int,
    timeout: float | None = None,
    console: Console | None = None,
) -> list[Failure]:
    """Compute all sites of some groups that are not finished yet, the first groups first.

    Parameters
    ----------
    state : CampaignState
        Where results go, and what is finished.
    engine : Engine
        What computes.
    groups : sequence of Group
        What is computed.
    executor : concurrent.futures.Executor
        Where it is computed; it must see the campaign's folder.
    slots : int
        Tasks under way at one time.
    timeout : float or None
        The executor's limit, for messages.
    console : rich.console.Console, optional
        Where progress is shown.

    Returns
    -------
    list of Failure
        In the order of `groups`.
    """
    waiting: deque[_Task] = deque()
    left = {id(group): set(group.sites) for group in groups}
    failures: dict[tuple[int, int], Failure] = {}
    for group in groups:
        left[id(group)] -= {site for site in group.sites if state.has(group.atoms, site)}
        if left[id(group)]:
            waiting.append(_Task(group))
    open_groups = Counter(task.group.structure for task in waiting)
    total = sum(len(group.sites) for group in groups)
    running: dict[Future[None], _Task] = {}
    with counting_bar(console) as bar:
        shown = bar.add_task("sites", total=total)
        while True:
            done = total - sum(map(len, left.values())) - len(failures)
            failed = f"sites ({len(failures)} failed)" if failures else "sites"
            bar.update(shown, completed=done, description=failed)
            while waiting and len(running) < slots:
                task = waiting.popleft()
                running[executor.submit(task, state, engine)] = task
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                group, unfinished = task.group, left[id(task.group)]
                reason = reason_of_failure(future, timeout)
                if task.site is None and reason is None:
                    # Before other groups, so that early structures are complete early.
                    waiting.extendleft(_Task(group, site) for site in sorted(unfinished)[::-1])
                    continue
                if reason is not None:
                    lost = unfinished if task.site is None else {task.site}
                    why = f"preparation failed: {reason}" if task.site is None else reason
                    for site in sorted(lost):
                        failures[id(group), site] = Failure(group.structure, site, why)
                    unfinished -= lost
                    state.write_failures(list(failures.values()))
                else:
                    unfinished.discard(task.site or 0)
                if unfinished:
                    continue
                if all((id(group), site) not in failures for site in group.sites):
                    state.sweep(group.atoms, group.label)
                open_groups[group.structure] -= 1
                if not open_groups[group.structure]:
                    _report(bar.console, group.structure, groups, failures)
    return [failures[key] for group in groups for key in _keys(group) if key in failures]


def _keys(group: Group) -> list[tuple[int, int]]:
    return [(id(group), site) for site in group.sites]


def _report(
    console: Console,
    structure: str,
    groups: Sequence[Group],
    failures: dict[tuple[int, int], Failure],
) -> None:
    keys = [key for group in groups if group.structure == structure for key in _keys(group)]
    done = sum(key not in failures for key in keys)
    console.print(f"{structure}: {done} of {len(keys)} sites", highlight=False, markup=False)

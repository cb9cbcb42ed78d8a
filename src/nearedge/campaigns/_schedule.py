"""What a campaign does next: preparations of groups, and the sites that wait for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# Fermi levels of one structure that differ by more are wrong potentials, not physics: for
# disordered Li3FeO3.5 good ones lie within 0.4 eV, bad ones some eV away.
FERMI_SPREAD = 0.5


@dataclass(frozen=True)
class Task:
    """One thing for a worker to do.

    Attributes
    ----------
    kind : {"prepare", "compute"}
        Prepare a group, or compute one site of a prepared group.
    number : int
        Which snapshot.
    group : str
        Name of the group.
    sites : tuple of int
        The sites to choose from, or the one to compute.
    """

    kind: Literal["prepare", "compute"]
    number: int
    group: str
    sites: tuple[int, ...]


@dataclass
class _Group:
    sites: tuple[int, ...]
    waiting: list[int]
    state: Literal["new", "preparing", "prepared", "accepted", "failed"] = "new"
    prepared: dict[str, Any] = field(default_factory=dict)
    tried: set[int] = field(default_factory=set)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Sites on which the preparation has not been tried yet."""
        return tuple(site for site in self.sites if site not in self.tried)


class Schedule:
    """Order of the work: sites of early snapshots first, preparations whenever nothing else waits.

    Preparations never wait for sites of other snapshots, so workers run out of work only at the
    very end. Sites of a snapshot wait until all its groups are prepared and their Fermi levels,
    if the engine gives any, agree: one that does not is prepared again on another site.

    Parameters
    ----------
    groups : sequence of mapping
        For each snapshot its groups: name to sites.
    finished : set of (int, int)
        Snapshot number and atom of the sites that need not be computed.
    prepared : mapping
        (snapshot number, group name) to what is known of preparations that need not be repeated.
    """

    def __init__(
        self,
        groups: Sequence[Mapping[str, tuple[int, ...]]],
        finished: set[tuple[int, int]],
        prepared: Mapping[tuple[int, str], dict[str, Any]],
    ) -> None:
        self.failures: dict[tuple[int, int], str] = {}
        self._groups: list[dict[str, _Group]] = []
        for number, named in enumerate(groups):
            known = {}
            for name, sites in named.items():
                waiting = [site for site in sites if (number, site) not in finished]
                known[name] = _Group(sites, waiting)
                if (number, name) in prepared:
                    known[name].state, known[name].prepared = "prepared", prepared[number, name]
            self._groups.append(known)
            self._review(number)

    def ready(self) -> Iterator[Task]:
        """Tasks that could start now, the most urgent first; started ones must be `start`ed."""
        for number, named in enumerate(self._groups):
            for name, group in named.items():
                if group.state == "accepted":
                    for site in group.waiting:
                        yield Task("compute", number, name, (site,))
                elif group.state == "new" and group.waiting:
                    yield Task("prepare", number, name, group.candidates)

    def start(self, task: Task) -> None:
        """Note that a worker took a task."""
        group = self._groups[task.number][task.group]
        if task.kind == "prepare":
            group.state = "preparing"
        else:
            group.waiting.remove(task.sites[0])

    def fail(self, task: Task, reason: str) -> None:
        """Note that a task failed: a site alone, or a preparation with all sites that need it."""
        group = self._groups[task.number][task.group]
        if task.kind == "compute":
            self.failures[task.number, task.sites[0]] = reason
            return
        self._give_up(task.number, group, f"preparation failed: {reason}")
        self._review(task.number)

    def finish_preparation(self, task: Task, prepared: dict[str, Any]) -> None:
        """Note that a group was prepared."""
        group = self._groups[task.number][task.group]
        group.state, group.prepared = "prepared", prepared
        self._review(task.number)

    def _give_up(self, number: int, group: _Group, reason: str) -> None:
        group.state = "failed"
        self.failures |= {(number, site): reason for site in group.waiting}
        group.waiting = []

    def _review(self, number: int) -> None:
        """Accept the groups of a snapshot once all of them are prepared and agree."""
        needed = [group for group in self._groups[number].values() if group.state != "failed"]
        if any(group.state in ("new", "preparing") and group.waiting for group in needed):
            return
        levels = [group for group in needed if "fermi_level" in group.prepared]
        # The largest group is the ordinary one.
        most = max(levels, key=lambda group: len(group.sites), default=None)
        for group in needed:
            if group.state != "prepared":
                continue
            apart = 0.0
            if most is not None and "fermi_level" in group.prepared:
                apart = float(group.prepared["fermi_level"] - most.prepared["fermi_level"])
            if abs(apart) <= FERMI_SPREAD or not group.waiting:
                group.state = "accepted"
                continue
            group.tried.add(group.prepared.get("representative", group.sites[0]))
            if group.candidates:
                group.state = "new"
            else:
                self._give_up(
                    number,
                    group,
                    f"Fermi level {group.prepared['fermi_level']:.2f} eV is {apart:+.2f} eV from "
                    f"that of the structure's other sites (allowed {FERMI_SPREAD:g} eV)",
                )

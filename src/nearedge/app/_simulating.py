"""Spectra of structures that are dropped: FEFF in worker processes, in a folder that is removed."""

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nearedge import campaigns, engines
from nearedge.datasets import SiteSpectra
from nearedge.edges import Edge
from nearedge.engines import FeffEngine
from nearedge.errors import InputError
from nearedge.structures import Snapshot, equivalent_atoms

TIMEOUT = 3600.0
"""Longest time of a site, s."""

LOOK = 0.3
"""Seconds between two looks at how far it is."""


class Counting(campaigns.LocalExecutor):
    """Worker processes of this machine, and how many tasks are done."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers, TIMEOUT)
        self.done = 0
        self._futures: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call in a worker, and count it when it is done."""
        future = super().submit(fn, *args, **kwargs)
        self._futures.append(future)
        future.add_done_callback(self._count)
        return future

    def cancel(self) -> None:
        """Give up all tasks, so that nobody waits for one."""
        for future in self._futures:
            future.cancel()

    def _count(self, _: Future[Any]) -> None:
        self.done += 1


@dataclass(frozen=True)
class Work:
    """What is to be computed: sites that no symmetry makes equal, and tasks of all kinds."""

    snapshots: tuple[Snapshot, ...]
    absorber: str
    sites: int
    tasks: int


def absorbers(snapshots: Sequence[Snapshot]) -> list[str]:
    """List the elements, the heaviest first."""
    numbers = {
        int(number): symbol
        for one in snapshots
        for number, symbol in zip(one.atoms.numbers, one.atoms.symbols, strict=True)
    }
    return [numbers[number] for number in sorted(numbers, reverse=True)]


def plan(snapshots: Sequence[Snapshot], absorber: str) -> Work:
    """Count what is to be computed of an element's K-edge."""
    sites = tasks = 0
    engine = _engine(absorber)
    for one in snapshots:
        own = np.flatnonzero(np.array(one.atoms.get_chemical_symbols()) == absorber)
        unequal = np.unique(equivalent_atoms(one.atoms)[own]).tolist()
        sites += len(unequal)
        tasks += len(unequal) + len(engine.groups(one.atoms, unequal))
    return Work(tuple(snapshots), absorber, sites, tasks)


def _engine(absorber: str) -> FeffEngine:
    return FeffEngine(engines.FeffSettings.for_edge(Edge(absorber)), None)


def compute(work: Work) -> Generator[float | SiteSpectra, None, None]:
    """Give the share that is done, time and again, and at last the spectra.

    Whoever stops listening ends the workers; nothing is left on the disk.

    Raises
    ------
    EngineError
        If no site was finished.
    """
    workers = max(1, min(os.cpu_count() or 1, work.sites))
    pool = Counting(workers)
    with TemporaryDirectory(prefix="nearedge-", ignore_cleanup_errors=True) as folder:
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(
                campaigns.simulate,
                work.snapshots, _engine(work.absorber), work.absorber, Path(folder, "spectra"),
                executor=pool,
            )  # fmt: skip
            try:
                while not wait([running], LOOK).done:
                    yield min(pool.done / work.tasks, 1.0)
            finally:
                pool.cancel()
        yield running.result()


def columns(data: SiteSpectra) -> bytes:
    """Write spectra as a table of text: energies, the mean, and each site.

    Raises
    ------
    InputError
        If there are none.
    """
    if not len(data):
        raise InputError(f"{data.source}: holds no spectra")
    heads = "\t".join(["energy (eV)", "mean", *data.names])
    mean = np.average(data.mu, axis=0, weights=data.multiplicity)
    lines = [f"# computed by {data.identity.origin}, 0 eV: {data.identity.zero}", f"# {heads}"]
    for row in np.column_stack([data.energy, mean, data.mu.T]):
        lines.append("\t".join(f"{value:.6g}" for value in row))
    return "\n".join([*lines, ""]).encode()

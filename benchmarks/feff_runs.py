"""Spectra of chosen sites by FEFF, each kept as a file: what the studies of `feff.py` compare."""

import hashlib
import json
import os
import resource
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from nearedge.datasets import load_dataset
from nearedge.drawing.progress import counting_bar
from nearedge.edges import Edge
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError
from nearedge.records import replacing
from nearedge.structures import Snapshot, read_snapshots
from nearedge.targets import EnvironmentRule, class_order

Result = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """An absorber and where it comes from."""

    snapshot: str
    trajectory: str
    temperature: float | None
    environment: str
    coordination: int
    atom: int
    atoms: Atoms


@dataclass(frozen=True)
class Task:
    """One spectrum: with reference potentials if there are, else with the site's own SCF."""

    site: Site
    settings: FeffSettings = field(default_factory=lambda: FeffSettings.for_edge(Edge("O")))
    potentials: Path | None = None
    scf: FeffSettings | None = None
    """Settings of the site's own SCF, if they are others."""

    @property
    def key(self) -> str:
        """Name of the result: whatever the spectrum depends on."""
        site = self.site
        said: list[Any] = [site.atoms.numbers.tolist(), site.atoms.positions.tolist()]
        said += [site.atoms.cell.array.tolist(), site.atom]
        said.append(FeffEngine(self.settings, self.potentials).attributes()["parameters"])
        if self.scf not in (None, self.settings):
            said.append(FeffEngine(self.scf).attributes()["parameters"])
        digest = hashlib.sha256(json.dumps(said).encode()).hexdigest()
        return f"{site.snapshot}-{site.atom}-{digest[:12]}"


def compute(task: Task, folder: Path) -> Result:
    """Compute one spectrum, or read it where it was computed before."""
    path = folder / "runs" / f"{task.key}.json"
    if not path.is_file():
        result: Result = {"load": os.getloadavg()[0]}
        try:
            result |= _spectrum(task, folder)
        except EngineError as error:
            result["failure"] = str(error)
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(result))
    return json.loads(path.read_text())


def _spectrum(task: Task, folder: Path) -> Result:
    atoms, site = task.site.atoms, task.site.atom
    engine = FeffEngine(task.settings, task.potentials)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        potentials, here = Path(scratch) / "scf", Path(scratch) / "site"
        potentials.mkdir()
        here.mkdir()
        if task.potentials is not None:
            said = asdict(engine.prepare(atoms, [site], potentials))
        else:
            settings = task.scf or task.settings
            done = folder / "scf" / Task(task.site, settings).key
            if not done.is_dir():
                start = _children()
                _, field_of_site = FeffEngine(settings).self_consistent(atoms, site, potentials)
                said = asdict(field_of_site) | {"scf_cpu": _children() - start}
                (potentials / "said.json").write_text(json.dumps(said))
                with replacing(done) as temporary:
                    potentials.rename(temporary)
            potentials = done
            said = json.loads((done / "said.json").read_text())
        start = _children()
        found = engine.spectrum(atoms, site, potentials, here)
        used = {"cpu": _children() - start}
    return said | used | {"energy": found.energy.tolist(), "mu": found.mu.tolist()}


def _children() -> float:
    """CPU seconds of this process's children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(tasks: Sequence[Task], folder: Path, workers: int, name: str) -> list[Result]:
    """Compute all; give the results in the order of the tasks.

    A result is what is known of the SCF, ``energy``, ``mu``, ``cpu`` (s) and ``load`` at the start;
    ``scf_cpu`` if the site has an SCF of its own; ``failure`` alone if FEFF failed.
    """
    work = partial(compute, folder=folder)
    with counting_bar() as bar:
        if workers == 1:
            return list(bar.track(map(work, tasks), total=len(tasks), description=name))
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            results = pool.map(work, tasks)
            return list(bar.track(results, total=len(tasks), description=name))


def all_sites(paths: Sequence[Path]) -> list[Site]:
    """Label the sites of files of structures or of datasets."""
    snapshots: list[Snapshot] = []
    for path in paths:
        if path.is_dir():
            stored = load_dataset(path).structures.items()
            snapshots += [Snapshot.from_labelled(atoms, name) for name, atoms in stored]
        else:
            snapshots += read_snapshots(path)
    found: list[Site] = []
    for one in snapshots:
        rule = EnvironmentRule("O", "Fe", 2.6, 1.7)
        atom = rule.sites(one.atoms)
        of_site = zip(
            rule.environment.of(one.atoms, atom),
            rule.coordination.of(one.atoms, atom),
            atom,
            strict=True,
        )
        found += [
            Site(
                one.name,
                one.trajectory,
                one.temperature,
                str(name),
                int(count),
                int(atom),
                one.atoms,
            )
            for name, count, atom in of_site
        ]
    return found


def choose(sites: Sequence[Site], per_class: int, seed: int) -> list[Site]:
    """Draw a site of each class in turn, spread over trajectories and temperatures."""
    left: list[Site] = list(np.random.default_rng(seed).permutation(np.array(sites, object)))
    chosen: list[Site] = []
    used: Counter[Any] = Counter()
    for name in class_order(site.environment for site in sites) * per_class:
        found = [site for site in left if site.environment == name]
        if found:
            best = min(
                found, key=lambda s: (used[s.environment, s.temperature], used[s.trajectory])
            )
            left.remove(best)
            chosen.append(best)
            used.update([best.trajectory, (name, best.temperature)])
    return chosen

"""Measure what a campaign costs beside its spectra: time, memory and disk of many small tasks.

Two studies:

- ``overhead``: an engine that computes nothing, 1e3 to 1e5 sites (50 a structure, 400 energies),
  with local processes and with Parsl's; each in a process of its own. Wall time of a task with two
  workers, what comes before the first and after the last, the largest memory of the submitting
  process, files and bytes of the campaign's folder.
- ``workers``: real FEFF10 sites through Parsl, with one worker and with two.

Run it with::

    python benchmarks/campaigns.py [overhead] [workers] [--tasks 1000 10000 100000] [-o FILE]

The figures that docs/cluster.md plans with are its own, printed as Markdown.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from ase import Atoms
from ase.build import bulk

from nearedge.campaigns import Cluster, ParslExecutor, _run, simulate
from nearedge.engines import Engine, FeffEngine, FeffSettings, Preparation, SiteSpectrum
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

RULE = EnvironmentRule("O", "Mg", 2.6)
SMALL = FeffSettings(cluster_radius=4.0, scf_radius=3.0, fms_radius=3.5)
ENERGY = np.linspace(-20.0, 60.0, 400)


@dataclass(frozen=True)
class NoEngine:
    """Computes nothing, at once: an `Engine`."""

    def groups(self, atoms: Atoms, sites: Sequence[int]) -> dict[str, tuple[int, ...]]:
        return {"all": tuple(sites)}

    def prepare(self, atoms: Atoms, sites: Sequence[int], folder: Path) -> Preparation:
        return Preparation(sites[0], -12.0, 20)

    def spectrum(self, atoms: Atoms, site: int, prepared: Path, folder: Path) -> SiteSpectrum:
        return SiteSpectrum(ENERGY, np.full(400, float(site)))

    def attributes(self) -> dict[str, str | float | int]:
        names = ("engine_version", "energy_zero", "mu_unit", "parameters", "acknowledgement")
        return {"engine": "none", **dict.fromkeys(names, "none")}


def structures(count: int, repeat: tuple[int, int, int]) -> list[Snapshot]:
    """Rattled MgO."""
    frames = []
    for number in range(count):
        atoms = bulk("MgO", "rocksalt", a=4.21) * repeat
        atoms.rattle(0.05, seed=number)
        frames.append(Snapshot(f"frame-{number}", "rattled", None, None, atoms))
    return frames


def campaign(engine: Engine, frames: list[Snapshot], executor: str, workers: int) -> dict[str, Any]:
    """Run a campaign in a folder of its own; give what its parts took."""
    took: dict[str, Any] = {}

    def timed(function: Any, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            start, cpu = time.monotonic(), time.process_time()
            times: list[float] = []
            if name == "tasks, s":
                finished = args[1]
                add = finished.add

                def note(results: list[Any]) -> None:
                    times.extend([time.monotonic()] * len(results))
                    add(results)

                finished.add = note
            result = function(*args, **kwargs)
            took[name] = round(time.monotonic() - start, 1)
            if name == "tasks, s":
                # Without the start of the workers.
                rate = 60 * (len(times) - 1) / (times[-1] - times[0])
                took["sites a minute after the first"] = round(rate, 1)
                took["its CPU, s"] = round(time.process_time() - cpu, 1)
                files = [path for path in state.rglob("*") if path.is_file()]
                took["state, files"] = len(files)
                took["state, MB"] = round(sum(path.stat().st_size for path in files) / 1e6, 1)
            return result

        return mock.patch.object(_run, function.__name__, call)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        state = path.with_name("data.campaign")
        pool = None
        if executor == "parsl":
            file = Path(folder) / "here.py"
            here = os.environ.get("PYTHONPATH", "")
            where = Cluster(
                cores=workers, worker_init=f"export PYTHONPATH={here}:{Path(__file__).parent}"
            )
            file.write_text(where.configuration("local"))
            pool = ParslExecutor(file, state / "parsl")
        start = time.monotonic()
        with (
            timed(_run.compute_groups, "tasks, s"),
            timed(_run._collect, "collecting, s"),
            timed(_run.save_dataset, "saving, s"),
        ):
            data = simulate(
                frames, engine, RULE, path, symmetry=False, workers=workers, executor=pool
            )
        took["all, s"] = round(time.monotonic() - start, 1)
        took["sites"] = len(data)
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        took["dataset, MB"] = round(size / 1e6, 1)
    # Parsl's go-between is a child that was waited for; so are local workers.
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    took["children's CPU, s"] = round(children.ru_utime + children.ru_stime, 1)
    took["submitting process, MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    took["load"] = round(os.getloadavg()[0], 1)
    return took


def overhead(tasks: int, executor: str) -> dict[str, Any]:
    """Tasks that do nothing."""
    frames = structures(tasks // 50, (5, 5, 2))
    row = campaign(NoEngine(), frames, executor, 2)
    wall, cpu = (round(1e3 * row[name] / tasks, 2) for name in ("tasks, s", "its CPU, s"))
    return {"executor": executor, **row, "a task, ms": wall, "its CPU of a task, ms": cpu}


def workers(count: int) -> dict[str, Any]:
    """Sites of FEFF10 through Parsl."""
    return {
        "workers": count,
        **campaign(FeffEngine(SMALL), structures(18, (2, 2, 1)), "parsl", count),
    }


def apart(study: str, *words: object) -> dict[str, Any]:
    """Run a study in a process of its own, whose memory is measured."""
    command = [sys.executable, __file__, "--one", study, *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(rows: list[dict[str, Any]]) -> str:
    """Write rows in Markdown."""
    lines = [" | ".join(rows[0]), " | ".join(["---"] * len(rows[0]))]
    lines += [" | ".join(str(value) for value in row.values()) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("studies", nargs="*", default=["overhead", "workers"])
    parser.add_argument("--tasks", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("-o", "--output", type=Path, default=Path("campaigns.json"))
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        # Worker processes import the engine from here, and do not know what was started.
        import campaigns

        study, count, *words = arguments.one
        print(json.dumps(getattr(campaigns, study)(int(count), *words)))
        return
    results: dict[str, list[dict[str, Any]]] = {}
    for study in arguments.studies:
        choices = (
            [(tasks, executor) for tasks in arguments.tasks for executor in ("local", "parsl")]
            if study == "overhead"
            else [(1,), (2,)]
        )
        results[study] = []
        for choice in choices:
            results[study].append(apart(study, *choice))
            print(results[study][-1], flush=True)
        arguments.output.write_text(json.dumps(results, indent=1) + "\n")
    for study, rows in results.items():
        print(f"\n{study}\n\n{table(rows)}")


if __name__ == "__main__":
    main()

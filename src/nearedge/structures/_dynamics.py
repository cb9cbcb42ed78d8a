"""Molecular dynamics of one structure at a list of temperatures, killed and continued at will."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, Parameters
from ase.md.langevin import Langevin
from ase.optimize import BFGS

from nearedge.errors import InputError, MissingExtraError
from nearedge.records import Json, read_json, write_json
from nearedge.structures._sanity import unsoundness
from nearedge.structures._snapshots import (
    Snapshot,
    fingerprint,
    read_snapshots,
    write_snapshots,
)

# Force in eV/Å at which the relaxation stops.
_RELAXED = 0.2
# Steps between checkpoints, which also look at the structure: a killed run loses no more.
_CHECKPOINT = 20
# Unsound structures left for the last sound frame and new momenta, before the trajectory ends.
_RETRIES = 4


def sevennet() -> Calculator:
    """Load SevenNet-0 (Park et al., J. Chem. Theory Comput. 20, 4857, 2024), in sevenn's wheel."""
    try:
        from sevenn.calculator import SevenNetCalculator
        from torch import set_num_threads
    except ImportError as error:
        package = (error.name or "sevenn").partition(".")[0]
        raise MissingExtraError(package, "md", "Molecular dynamics with SevenNet-0") from error
    # Fastest for cells of some 60 atoms: two threads were five times slower on two busy cores.
    set_num_threads(1)
    with warnings.catch_warnings():
        # Advice to install accelerators that need a GPU.
        warnings.filterwarnings("ignore", message="No tensor product accelerator")
        calculator = SevenNetCalculator("7net-0", device="cpu")
    name = {"potential": f"SevenNet-0 (sevenn {version('sevenn')})"}
    calculator.parameters = Parameters({**(calculator.parameters or {}), **name})
    return calculator


@dataclass(frozen=True)
class Dynamics:
    """How a structure is relaxed (BFGS, cell fixed) and then moved (Langevin thermostat)."""

    temperatures: tuple[float, ...] = (300.0, 1000.0)  # K, one after the other
    frames: tuple[int, ...] = (1, 2)  # snapshots taken at each
    equilibration: float = 160.0  # fs at a temperature before its first snapshot
    interval: float = 100.0  # fs between snapshots
    timestep: float = 2.0  # fs
    # 1/fs; strong: snapshots sample a temperature, no dynamical property is taken from them.
    friction: float = 0.02
    relaxation_steps: int = 40  # at most

    def __post_init__(self) -> None:
        if not self.temperatures or min(self.temperatures) <= 0:
            raise InputError(f"temperatures {self.temperatures}: give positive values in K")
        if len(self.frames) != len(self.temperatures) or min(self.frames) < 1:
            raise InputError(
                f"frames {self.frames}: give one number of at least 1 for each of the temperatures "
                f"{self.temperatures}"
            )
        if min(self.equilibration, self.interval, self.timestep, self.friction) <= 0:
            raise InputError(
                f"equilibration {self.equilibration}, interval {self.interval} and timestep "
                f"{self.timestep} (fs) and friction {self.friction} (1/fs) must be positive"
            )
        if self.relaxation_steps < 0:
            raise InputError(f"relaxation_steps {self.relaxation_steps} must be at least 0")

    @property
    def stages(self) -> dict[int, float]:
        """Step of each snapshot, counted from the start, and the temperature it is taken at."""
        stages: dict[int, float] = {}
        step = 0
        for temperature, frames in zip(self.temperatures, self.frames, strict=True):
            step += max(1, round(self.equilibration / self.timestep))
            for frame in range(frames):
                step += max(1, round(self.interval / self.timestep)) if frame else 0
                stages[step] = temperature
        return stages

    @property
    def steps(self) -> int:
        """Steps of a whole trajectory after the relaxation."""
        return max(self.stages)


def run_trajectory(
    start: Snapshot,
    folder: str | Path,
    calculator: Calculator,
    settings: Dynamics,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Snapshot]:
    """Relax a structure, move it, and write its sound snapshots.

    ``NAME.extxyz`` with the snapshots and ``NAME.json`` with settings, measurements and rejected
    frames appear when the trajectory is complete, ``NAME.checkpoint.json`` stands until then.
    Called again, a complete trajectory is read back, an interrupted one goes on to the frames of an
    uninterrupted one. `seed` is used with the trajectory's name: their order does not matter.
    """
    folder = Path(folder)
    record_path = folder / f"{start.trajectory}.json"
    checkpoint = folder / f"{start.trajectory}.checkpoint.json"
    about = {
        "trajectory": start.trajectory,
        "formula": start.atoms.get_chemical_formula("hill"),
        "potential": (calculator.parameters or {}).get("potential", type(calculator).__name__),
        "seed": seed,
        "dynamics": asdict(settings),
    }
    # What must not change between two calls for the same trajectory.
    words = json.dumps(about, sort_keys=True) + fingerprint(start.atoms)
    run = hashlib.sha256(words.encode()).hexdigest()[:16]
    if not record_path.exists():
        atoms = start.atoms.copy()
        atoms.info = {}
        atoms.calc = calculator
        generator = np.random.default_rng([seed, *start.trajectory.encode()])
        if checkpoint.exists():
            state = _read(checkpoint, run)
            generator.bit_generator.state = state["generator"]
            atoms.set_positions(state["positions"])
            atoms.set_momenta(state["momenta"])
        else:
            state = {"run": run, **_relaxed(atoms, settings, generator)}
        for _ in _moved(atoms, state, settings, generator, start.trajectory):
            write_json(checkpoint, state, force=True)
            if progress is not None:
                progress(state["step"], settings.steps)
        snapshots = []
        for frame, positions in zip(state["frames"], state["sound"][1:], strict=True):
            moved = start.atoms.copy()
            moved.info = {key: frame[key] for key in ("potential_energy", "measured_temperature")}
            moved.set_positions(positions)
            where = (frame["name"], start.trajectory, frame["temperature"], frame["time"])
            snapshots.append(Snapshot(*where, moved))
        if snapshots:
            write_snapshots(record_path.with_suffix(".extxyz"), snapshots, force=True)
        told = {key: state[key] for key in ("run", "frames", "rejected")}
        write_json(record_path, about | told, force=True)
        checkpoint.unlink(missing_ok=True)
    frames = _read(record_path, run)["frames"]
    return read_snapshots(record_path.with_suffix(".extxyz")) if frames else []


def _read(path: Path, run: str) -> Json:
    """Read a record or a checkpoint of a run."""
    try:
        record = read_json(path)
    except InputError as error:
        raise InputError(f"{error}: not a record or checkpoint of a run; delete it") from None
    if record.get("run") != run:
        raise InputError(
            f"{path}: made from another start, seed, potential or settings; choose another folder"
        )
    return record


def _relaxed(atoms: Atoms, settings: Dynamics, generator: np.random.Generator) -> Json:
    """Relax in place, draw momenta for the first temperature, and give the state to go on from."""
    BFGS(atoms, logfile=None).run(fmax=_RELAXED, steps=settings.relaxation_steps)
    reason = unsoundness(atoms)
    _draw_momenta(atoms, settings.temperatures[0], generator)
    return {
        # BFGS cannot repair a frame that is unsound already: no step is spent on it.
        "step": settings.steps if reason else 0,
        "frames": [],
        "sound": [atoms.positions.tolist()],  # as relaxed, then those of the frames
        "rejected": [{"name": "relaxation", "reason": reason}] if reason else [],
    }


def _moved(
    atoms: Atoms, state: Json, settings: Dynamics, generator: np.random.Generator, trajectory: str
) -> Iterator[None]:
    """Integrate to the end, keeping `state` current; stop for a checkpoint now and then."""
    stages = settings.stages
    # Without ASE's fixcm: a drifting centre of mass is harmless, a wrong ensemble is not.
    langevin = Langevin(
        atoms,
        settings.timestep * units.fs,
        temperature_K=settings.temperatures[0],
        friction=settings.friction / units.fs,
        fixcm=False,
        rng=generator,
    )
    while state["step"] < settings.steps:
        upcoming = min(step for step in stages if step > state["step"])
        temperature = stages[upcoming]
        langevin.set_temperature(temperature_K=temperature)
        langevin.step()
        state["step"] += 1
        if state["step"] != upcoming and state["step"] % _CHECKPOINT:
            continue
        time = state["step"] * settings.timestep
        name = f"{trajectory}-{temperature:.0f}K-{time:.0f}fs"
        if reason := unsoundness(atoms):
            # Back to the last sound frame with new momenta, or to the end if that fails too often.
            state["rejected"].append({"name": name, "reason": reason})
            atoms.set_positions(state["sound"][-1])
            _draw_momenta(atoms, temperature, generator)
            given_up = len(state["rejected"]) > _RETRIES
            last = state["frames"][-1]["step"] if state["frames"] else 0
            state["step"] = settings.steps if given_up else last
        elif state["step"] == upcoming:
            frame = {"name": name, "step": upcoming, "temperature": temperature, "time": time}
            frame["potential_energy"] = float(atoms.get_potential_energy())  # eV
            frame["measured_temperature"] = float(atoms.get_temperature())  # K
            state["frames"].append(frame)
            state["sound"].append(atoms.positions.tolist())
        state["positions"], state["momenta"] = (
            atoms.positions.tolist(),
            atoms.get_momenta().tolist(),
        )
        state["generator"] = generator.bit_generator.state
        yield


def _draw_momenta(atoms: Atoms, temperature: float, generator: np.random.Generator) -> None:
    """Draw momenta from the Maxwell-Boltzmann distribution."""
    spread = np.sqrt(atoms.get_masses() * units.kB * temperature)
    atoms.set_momenta(generator.standard_normal((len(atoms), 3)) * spread[:, None])

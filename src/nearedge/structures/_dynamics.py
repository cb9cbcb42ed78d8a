"""Molecular dynamics of one structure at a list of temperatures, killed and continued at will."""

import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator, Parameters
from ase.md.langevin import Langevin
from ase.optimize import BFGS
from jaxtyping import Float

from nearedge.errors import InputError, MissingExtraError
from nearedge.records import pack, replacing, unpack, write_json
from nearedge.structures._reading import read_snapshots
from nearedge.structures._sanity import unsoundness
from nearedge.structures._snapshot import Snapshot, fingerprint, write_snapshots

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


@dataclass(frozen=True)
class _Frame:
    """A sound snapshot without its positions: K, fs, eV."""

    name: str
    step: int
    temperature: float
    time: float
    potential_energy: float
    measured_temperature: float


@dataclass
class _State:
    """Everything a trajectory needs to go on; what a checkpoint holds."""

    run: str
    step: int
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]
    forces: Float[np.ndarray, "atom 3"]
    relaxed: Float[np.ndarray, "atom 3"]
    generator: str
    frames: list[_Frame]
    frame_positions: Float[np.ndarray, "frame atom 3"]
    rejected: list[dict[str, str]]  # name and reason

    def write(self, path: Path) -> None:
        plain, arrays = pack(self)
        with replacing(path, force=True) as temporary:
            np.savez(temporary, allow_pickle=False, record=json.dumps(plain), **arrays)

    @classmethod
    def read(cls, path: Path, run: str) -> "_State":
        try:
            # What is not a zip file would be taken for a pickle by numpy, and refused.
            with np.load(path, allow_pickle=False) as stored:
                arrays = dict(stored)
            plain = json.loads(str(arrays.pop("record")))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(
                f"{path}: not a checkpoint of nearedge ({error}); delete it"
            ) from error
        state = unpack(cls, plain, arrays, source=str(path))
        _check_run(path, state.run, run)
        return state


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
    frames appear when the trajectory is complete, ``NAME.checkpoint.npz`` stands until then. Called
    again, a complete trajectory is read back, an interrupted one goes on to the frames of an
    uninterrupted one. `seed` is used with the trajectory's name: their order does not matter.
    """
    folder = Path(folder)
    record_path = folder / f"{start.trajectory}.json"
    checkpoint = folder / f"{start.trajectory}.checkpoint.npz"
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
    if record_path.exists():
        return _finished(record_path, run)

    atoms = start.atoms.copy()
    atoms.info = {}
    atoms.calc = calculator
    generator = np.random.default_rng([seed, *start.trajectory.encode()])
    if checkpoint.exists():
        state = _State.read(checkpoint, run)
        generator.bit_generator.state = json.loads(state.generator)
        atoms.set_positions(state.positions)
        atoms.set_momenta(state.momenta)
    else:
        state = _relaxed(atoms, settings, generator, run)
    for _ in _moved(atoms, state, settings, generator, start.trajectory):
        state.write(checkpoint)
        if progress is not None:
            progress(state.step, settings.steps)

    snapshots = []
    for frame, positions in zip(state.frames, state.frame_positions, strict=True):
        moved = start.atoms.copy()
        measured = ("potential_energy", "measured_temperature")
        moved.info = {key: getattr(frame, key) for key in measured}
        moved.set_positions(positions)
        snapshots.append(
            Snapshot(frame.name, start.trajectory, frame.temperature, frame.time, moved)
        )
    if snapshots:
        write_snapshots(record_path.with_suffix(".extxyz"), snapshots, force=True)
    frames = [asdict(frame) for frame in state.frames]
    record = {**about, "run": run, "frames": frames, "rejected": state.rejected}
    write_json(record_path, record, force=True)
    checkpoint.unlink(missing_ok=True)
    return _finished(record_path, run)


def _finished(record_path: Path, run: str) -> list[Snapshot]:
    """Read a complete trajectory back."""
    try:
        record = json.loads(record_path.read_text())
        made_by, frames = record["run"], record["frames"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{record_path}: not the record of a trajectory ({error}); delete it"
        ) from error
    _check_run(record_path, made_by, run)
    return read_snapshots(record_path.with_suffix(".extxyz")) if frames else []


def _relaxed(atoms: Atoms, settings: Dynamics, generator: np.random.Generator, run: str) -> _State:
    """Relax in place and draw momenta for the first temperature."""
    BFGS(atoms, logfile=None).run(fmax=_RELAXED, steps=settings.relaxation_steps)
    reason = unsoundness(atoms)
    _draw_momenta(atoms, settings.temperatures[0], generator)
    return _State(
        run=run,
        # BFGS cannot repair a frame that is unsound already: no step is spent on it.
        step=settings.steps if reason else 0,
        positions=atoms.get_positions(),
        momenta=atoms.get_momenta(),
        forces=np.asarray(atoms.get_forces(), dtype=float),
        relaxed=atoms.get_positions(),
        generator=json.dumps(generator.bit_generator.state),
        frames=[],
        frame_positions=np.empty((0, len(atoms), 3)),
        rejected=[{"name": "relaxation", "reason": reason}] if reason else [],
    )


def _moved(
    atoms: Atoms, state: _State, settings: Dynamics, generator: np.random.Generator, trajectory: str
) -> Iterator[None]:
    """Integrate to the end, keeping `state` current; stop for a checkpoint now and then."""
    stages = settings.stages
    steps = np.array(sorted(stages))
    # Without ASE's fixcm: a drifting centre of mass is harmless, a wrong ensemble is not.
    langevin = Langevin(
        atoms,
        settings.timestep * units.fs,
        temperature_K=settings.temperatures[0],
        friction=settings.friction / units.fs,
        fixcm=False,
        rng=generator,
    )
    while state.step < settings.steps:
        upcoming = int(steps[np.searchsorted(steps, state.step + 1)])
        langevin.set_temperature(temperature_K=stages[upcoming])
        state.forces = np.asarray(langevin.step(state.forces), dtype=float)
        state.step += 1
        if state.step != upcoming and state.step % _CHECKPOINT:
            continue
        time = state.step * settings.timestep
        name = f"{trajectory}-{stages[upcoming]:.0f}K-{time:.0f}fs"
        if reason := unsoundness(atoms):
            state.rejected.append({"name": name, "reason": reason})
            _rewind(atoms, state, settings, stages[upcoming], generator)
        elif state.step == upcoming:
            energy, temperature = atoms.get_potential_energy(), atoms.get_temperature()
            state.frames.append(
                _Frame(name, upcoming, stages[upcoming], time, float(energy), float(temperature))
            )
            state.frame_positions = np.append(state.frame_positions, atoms.positions[None], axis=0)
        state.positions, state.momenta = atoms.get_positions(), atoms.get_momenta()
        state.generator = json.dumps(generator.bit_generator.state)
        yield


def _rewind(
    atoms: Atoms,
    state: _State,
    settings: Dynamics,
    temperature: float,
    generator: np.random.Generator,
) -> None:
    """Go back to the last sound frame with new momenta, or to the end if that failed too often."""
    if len(state.rejected) > _RETRIES:
        state.step = settings.steps
        return
    state.step = state.frames[-1].step if state.frames else 0
    atoms.set_positions(state.frame_positions[-1] if state.frames else state.relaxed)
    _draw_momenta(atoms, temperature, generator)
    state.forces = np.asarray(atoms.get_forces(), dtype=float)


def _draw_momenta(atoms: Atoms, temperature: float, generator: np.random.Generator) -> None:
    """Draw momenta from the Maxwell-Boltzmann distribution."""
    spread = np.sqrt(atoms.get_masses() * units.kB * temperature)
    atoms.set_momenta(generator.standard_normal((len(atoms), 3)) * spread[:, None])


def _check_run(path: Path, made_by: str, run: str) -> None:
    if made_by != run:
        raise InputError(
            f"{path}: made from another start, seed, potential or settings; choose another folder"
        )

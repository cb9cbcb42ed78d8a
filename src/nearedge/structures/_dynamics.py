"""Molecular dynamics of one structure at a list of temperatures, killed and continued at will."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from zipfile import BadZipFile

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.md.langevin import Langevin
from ase.optimize import BFGS
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.records import replacing
from nearedge.structures._reading import read_snapshots
from nearedge.structures._sanity import Sanity
from nearedge.structures._snapshot import Snapshot, write_snapshots

_RELAXATION = "relaxation"


@dataclass(frozen=True)
class Dynamics:
    """How a structure is relaxed and then moved.

    Parameters
    ----------
    temperatures : tuple of float
        Temperatures of the Langevin thermostat in K, one after the other.
    frames : tuple of int
        Snapshots taken at each temperature.
    equilibration : float
        Time at a temperature before its first snapshot, fs.
    interval : float
        Time between snapshots, fs.
    timestep : float
        Time step, fs.
    friction : float
        Friction of the thermostat, 1/fs. Strong, since these snapshots sample a temperature
        and no dynamical property is taken from them.
    relaxation_steps : int
        Most steps of the relaxation (BFGS, cell fixed) that comes first.
    relaxation_force : float
        Force at which the relaxation stops, eV/Angstrom.
    checkpoint_steps : int
        Steps between checkpoints, each of which also looks at the structure; a killed run loses
        no more than these.
    retries : int
        How often an unsound structure is left for the last sound frame (or the relaxed structure)
        and new random momenta before the trajectory ends early.
    sanity : Sanity
        What a frame must satisfy to be kept.
    """

    temperatures: tuple[float, ...] = (300.0, 1000.0)
    frames: tuple[int, ...] = (1, 2)
    equilibration: float = 160.0
    interval: float = 100.0
    timestep: float = 2.0
    friction: float = 0.02
    relaxation_steps: int = 40
    relaxation_force: float = 0.2
    checkpoint_steps: int = 20
    retries: int = 4
    sanity: Sanity = field(default_factory=Sanity)

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
        if min(self.relaxation_steps, self.retries, self.checkpoint_steps - 1) < 0:
            raise InputError(
                f"relaxation_steps {self.relaxation_steps} and retries {self.retries} must be at "
                f"least 0, checkpoint_steps {self.checkpoint_steps} at least 1"
            )

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


@dataclass
class _State:
    """Everything a trajectory needs to go on; what a checkpoint holds."""

    _ARRAYS: ClassVar = ("positions", "momenta", "forces", "relaxed")
    _LISTS: ClassVar = ("step", "rng", "frames", "rejected")

    step: int
    positions: Float[np.ndarray, "atom 3"]
    momenta: Float[np.ndarray, "atom 3"]
    forces: Float[np.ndarray, "atom 3"]
    relaxed: Float[np.ndarray, "atom 3"]
    rng: dict[str, Any]
    frames: list[dict[str, Any]]  # name, step, temperature, time and what was measured
    frame_positions: list[Float[np.ndarray, "atom 3"]]
    rejected: list[dict[str, Any]]  # name and reason

    def write(self, path: Path, run: str) -> None:
        record = {"run": run} | {key: getattr(self, key) for key in self._LISTS}
        with replacing(path, force=True) as temporary:
            np.savez(
                temporary,
                allow_pickle=False,
                record=json.dumps(record),
                frame_positions=np.array(self.frame_positions).reshape(-1, *self.positions.shape),
                **{key: getattr(self, key) for key in self._ARRAYS},
            )

    @classmethod
    def read(cls, path: Path, run: str) -> "_State":
        try:
            # What is not a zip file would be taken for a pickle by numpy, and refused.
            with np.load(path, allow_pickle=False) as stored:
                record = json.loads(str(stored["record"]))
                found = record["run"]
                arrays = {key: stored[key] for key in cls._ARRAYS}
                lists = {key: record[key] for key in cls._LISTS}
                frame_positions = list(stored["frame_positions"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(
                f"{path}: not a checkpoint of nearedge ({error}); delete it"
            ) from error
        _check_run(path, found, run)
        return cls(**arrays, **lists, frame_positions=frame_positions)


def run_trajectory(
    start: Snapshot,
    folder: str | Path,
    calculator: Calculator,
    settings: Dynamics | None = None,
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Snapshot]:
    """Relax a structure, move it, and write its sound snapshots.

    Everything is written whole: ``<trajectory>.extxyz`` with the snapshots and
    ``<trajectory>.json`` with the settings, what was measured and the frames rejected, when the
    trajectory is complete; ``<trajectory>.checkpoint.npz`` until then. Called again, a complete
    trajectory is read back and an interrupted one continues from its checkpoint, random numbers
    included, with the frames that an uninterrupted run gives.

    Parameters
    ----------
    start : Snapshot
        The structure to start from; its trajectory's name names the files.
    folder : str or Path
        Where they go.
    calculator : ase.calculators.calculator.Calculator
        Gives energy and forces: `nearedge.structures.sevennet`, or any of ASE's.
    settings : Dynamics or None
        How to move it; None means the defaults.
    seed : int
        Seed of momenta and thermostat, used together with the trajectory's name, so that the
        order in which trajectories run does not matter.
    progress : callable or None
        Called with the steps done and the steps in all.

    Returns
    -------
    list of Snapshot
        The sound frames; empty if the relaxed structure is already unsound.

    Raises
    ------
    InputError
        If the files found belong to other settings, another start, seed or potential.
    """
    settings = settings or Dynamics()
    folder = Path(folder)
    record_path = folder / f"{start.trajectory}.json"
    checkpoint = folder / f"{start.trajectory}.checkpoint.npz"
    about = {
        "trajectory": start.trajectory,
        "formula": start.atoms.get_chemical_formula("hill"),
        "potential": _potential_name(calculator),
        "seed": seed,
        "dynamics": asdict(settings),
    }
    run = _fingerprint(about, start.atoms)
    if record_path.exists():
        return _finished(record_path, run)

    atoms = start.atoms.copy()
    atoms.info = {}
    atoms.calc = calculator
    generator = np.random.default_rng([seed, *start.trajectory.encode()])
    if checkpoint.exists():
        state = _State.read(checkpoint, run)
        generator.bit_generator.state = state.rng
        atoms.set_positions(state.positions)
        atoms.set_momenta(state.momenta)
    else:
        state = _relaxed(atoms, settings, generator)
    for _ in _moved(atoms, state, settings, generator, start.trajectory):
        state.write(checkpoint, run)
        if progress is not None:
            progress(state.step, settings.steps)

    snapshots = [
        _snapshot(start, frame, positions)
        for frame, positions in zip(state.frames, state.frame_positions, strict=True)
    ]
    if snapshots:
        write_snapshots(record_path.with_suffix(".extxyz"), snapshots, force=True)
    record = about | {"run": run, "frames": state.frames, "rejected": state.rejected}
    with replacing(record_path, force=True) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    checkpoint.unlink(missing_ok=True)
    return _finished(record_path, run)


def _finished(record_path: Path, run: str) -> list[Snapshot]:
    """Read a complete trajectory back."""
    try:
        record = json.loads(record_path.read_text())
        found, frames = record["run"], record["frames"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{record_path}: not the record of a trajectory ({error}); delete it"
        ) from error
    _check_run(record_path, found, run)
    return read_snapshots(record_path.with_suffix(".extxyz")) if frames else []


def _relaxed(atoms: Atoms, settings: Dynamics, generator: np.random.Generator) -> _State:
    """Relax in place and draw momenta for the first temperature."""
    BFGS(atoms, logfile=None).run(fmax=settings.relaxation_force, steps=settings.relaxation_steps)
    objection = settings.sanity.objection(atoms)
    # BFGS cannot repair a frame that is unsound already: stop before any step is spent on it.
    rejected = [] if objection is None else [{"name": _RELAXATION, "reason": objection}]
    _draw_momenta(atoms, settings.temperatures[0], generator)
    return _State(
        step=settings.steps if rejected else 0,
        positions=atoms.get_positions(),
        momenta=atoms.get_momenta(),
        forces=np.asarray(atoms.get_forces(), dtype=float),
        relaxed=atoms.get_positions(),
        rng=dict(generator.bit_generator.state),
        frames=[],
        frame_positions=[],
        rejected=rejected,
    )


def _moved(
    atoms: Atoms,
    state: _State,
    settings: Dynamics,
    generator: np.random.Generator,
    trajectory: str,
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
        if state.step != upcoming and state.step % settings.checkpoint_steps:
            continue
        name = f"{trajectory}-{stages[upcoming]:.0f}K-{state.step * settings.timestep:.0f}fs"
        objection = settings.sanity.objection(atoms)
        if objection is not None:
            state.rejected.append({"name": name, "reason": objection})
            _rewind(atoms, state, settings, stages[upcoming], generator)
        elif state.step == upcoming:
            state.frame_positions.append(atoms.get_positions())
            state.frames.append(
                {
                    "name": name,
                    "step": state.step,
                    "temperature": stages[upcoming],
                    "time": state.step * settings.timestep,
                    "potential_energy": float(atoms.get_potential_energy()),
                    "measured_temperature": float(atoms.get_temperature()),
                }
            )
        state.positions, state.momenta = atoms.get_positions(), atoms.get_momenta()
        state.rng = dict(generator.bit_generator.state)
        yield


def _rewind(
    atoms: Atoms,
    state: _State,
    settings: Dynamics,
    temperature: float,
    generator: np.random.Generator,
) -> None:
    """Go back to the last sound frame with new momenta, or to the end if that failed too often."""
    if len(state.rejected) > settings.retries:
        state.step = settings.steps
        return
    state.step = state.frames[-1]["step"] if state.frames else 0
    atoms.set_positions(state.frame_positions[-1] if state.frames else state.relaxed)
    _draw_momenta(atoms, temperature, generator)
    state.forces = np.asarray(atoms.get_forces(), dtype=float)


def _draw_momenta(atoms: Atoms, temperature: float, generator: np.random.Generator) -> None:
    """Draw momenta from the Maxwell-Boltzmann distribution."""
    spread = np.sqrt(atoms.get_masses() * units.kB * temperature)
    atoms.set_momenta(generator.standard_normal((len(atoms), 3)) * spread[:, None])


def _snapshot(start: Snapshot, frame: dict[str, Any], positions: np.ndarray) -> Snapshot:
    atoms = start.atoms.copy()
    atoms.info = {key: frame[key] for key in ("potential_energy", "measured_temperature")}
    atoms.set_positions(positions)
    return Snapshot(frame["name"], start.trajectory, frame["temperature"], frame["time"], atoms)


def _potential_name(calculator: Calculator) -> str:
    parameters = dict(calculator.parameters or {})
    return str(parameters.get("potential", type(calculator).__name__))


def _fingerprint(about: dict[str, Any], atoms: Atoms) -> str:
    """Return what must not change between two calls for the same trajectory."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for array in (atoms.numbers, atoms.positions.round(6), atoms.cell.array.round(6), atoms.pbc):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _check_run(path: Path, found: str, run: str) -> None:
    if found != run:
        raise InputError(
            f"{path}: made from another start, seed, potential or settings; choose another folder"
        )

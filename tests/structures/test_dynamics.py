"""Molecular dynamics with cheap calculators: what is asked is what comes, killed or not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, Parameters, all_changes
from ase.calculators.emt import EMT

from nearedge.errors import InputError, MissingExtraError
from nearedge.structures import (
    Dynamics,
    Snapshot,
    _dynamics,
    run_trajectory,
    sevennet,
    unsoundness,
)


def copper() -> Snapshot:
    return Snapshot("cu", "cu", None, None, bulk("Cu", cubic=True).repeat((2, 2, 2)))


SHORT = Dynamics(
    temperatures=(300.0, 600.0), frames=(1, 2), equilibration=30.0, interval=20.0,
    timestep=2.0,
)  # fmt: skip


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dynamics, "_CHECKPOINT", 4)


class Killed(BaseException):
    """Stands for what no program can catch."""


def killer(after: int) -> Callable[[int, int], None]:
    calls = 0

    def progress(_done: int, _all: int) -> None:
        nonlocal calls
        calls += 1
        if calls == after:
            raise Killed

    return progress


def test_frames_are_those_asked_for(tmp_path: Path) -> None:
    start = copper()
    frames = run_trajectory(start, tmp_path, EMT(), SHORT, seed=1)
    assert [(f.name, f.temperature, f.time) for f in frames] == [
        ("cu-300K-30fs", 300.0, 30.0),
        ("cu-600K-60fs", 600.0, 60.0),
        ("cu-600K-80fs", 600.0, 80.0),
    ]
    for frame in frames:
        assert frame.trajectory == "cu"
        assert np.allclose(frame.atoms.cell, start.atoms.cell)  # the volume is kept
        # The energy that goes with the positions, not with earlier ones.
        again = frame.atoms.copy()
        again.calc = EMT()
        energy = frame.atoms.info["potential_energy"]
        assert again.get_potential_energy() == pytest.approx(energy, abs=1e-5)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cu.extxyz", "cu.json"]
    record = json.loads((tmp_path / "cu.json").read_text())
    assert record["potential"] == "EMT"
    assert record["dynamics"]["temperatures"] == [300.0, 600.0]
    assert record["rejected"] == []


def test_temperature_is_kept(tmp_path: Path) -> None:
    options = Dynamics(
        temperatures=(300.0, 900.0), frames=(40, 40), equilibration=200.0, interval=20.0,
        timestep=4.0,
    )  # fmt: skip
    run_trajectory(copper(), tmp_path, EMT(), options, seed=2)
    frames = json.loads((tmp_path / "cu.json").read_text())["frames"]
    for temperature in options.temperatures:
        measured = [
            frame["measured_temperature"] for frame in frames if frame["temperature"] == temperature
        ]
        # 96 degrees of freedom fluctuate by 14 %; 40 frames are some 20 independent ones.
        assert np.mean(measured) == pytest.approx(temperature, rel=0.1)


@pytest.mark.parametrize("after", [1, 4, 7, 9, 10])
def test_killed_and_continued_is_the_same(tmp_path: Path, after: int) -> None:
    whole = run_trajectory(copper(), tmp_path / "whole", EMT(), SHORT, seed=3)
    folder = tmp_path / "killed"
    with pytest.raises(Killed):
        run_trajectory(copper(), folder, EMT(), SHORT, seed=3, progress=killer(after))
    assert [path.name for path in folder.iterdir()] == ["cu.checkpoint.json"]
    steps: list[int] = []
    resumed = run_trajectory(
        copper(), folder, EMT(), SHORT, seed=3, progress=lambda done, _: steps.append(done)
    )
    assert len(steps) == 12 - after  # twelve checkpoints in all: none was repeated
    assert steps == sorted(steps)
    for one, other in zip(resumed, whole, strict=True):
        assert one.name == other.name
        assert np.abs(one.atoms.positions - other.atoms.positions).max() < 1e-7
    assert (folder / "cu.json").exists()
    assert not (folder / "cu.checkpoint.json").exists()


def test_a_complete_trajectory_is_not_run_again(tmp_path: Path) -> None:
    class Forbidden(EMT):
        def calculate(self, *args: Any, **kwargs: Any) -> None:
            raise AssertionError("ran again")

    first = run_trajectory(copper(), tmp_path, EMT(), SHORT, seed=1)
    forbidden = Forbidden()
    forbidden.parameters = Parameters(potential="EMT")
    again = run_trajectory(copper(), tmp_path, forbidden, SHORT, seed=1)
    assert [s.name for s in again] == [s.name for s in first]
    assert all(a.atoms == b.atoms for a, b in zip(first, again, strict=True))


def test_seed_and_name_choose_the_trajectory(tmp_path: Path) -> None:
    def last(folder: str, seed: int, name: str = "cu") -> np.ndarray:
        start = Snapshot(name, name, None, None, copper().atoms)
        frames = run_trajectory(start, tmp_path / folder, EMT(), SHORT, seed=seed)
        return frames[-1].atoms.positions

    assert np.array_equal(last("a", 1), last("b", 1))
    assert not np.allclose(last("a", 1), last("c", 2), atol=1e-3)
    assert not np.allclose(last("a", 1), last("d", 1, "other"), atol=1e-3)


@pytest.mark.parametrize("killed", [False, True])
def test_other_settings_are_refused(tmp_path: Path, killed: bool) -> None:
    if killed:
        with pytest.raises(Killed):
            run_trajectory(copper(), tmp_path, EMT(), SHORT, seed=1, progress=killer(2))
    else:
        run_trajectory(copper(), tmp_path, EMT(), SHORT, seed=1)
    with pytest.raises(InputError, match=r"cu\.(json|checkpoint\.json): .*another folder"):
        run_trajectory(copper(), tmp_path, EMT(), SHORT, seed=2)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "cu.checkpoint.json").write_bytes(b"torn")
    with pytest.raises(
        InputError, match="cu.checkpoint.json: no valid JSON.*checkpoint of a run; delete it"
    ):
        run_trajectory(copper(), tmp_path, EMT(), SHORT)
    (tmp_path / "cu.json").write_text("{}")
    with pytest.raises(InputError, match="cu.json: made from another"):
        run_trajectory(copper(), tmp_path, EMT(), SHORT)


class Trap(Calculator):
    """Holds O 0 and 1 to their places by springs, and pulls O 2 onto them with a constant force."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012 (as ASE declares it)

    def __init__(self, places: np.ndarray, pull: float) -> None:
        super().__init__()
        self.places, self.pull = places, pull

    def calculate(
        self, atoms: Atoms | None = None, properties: Any = None, system_changes: Any = all_changes
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert atoms is not None
        away = atoms.positions - self.places
        forces = -5.0 * away
        forces[2, 0] = -self.pull
        self.results = {
            "energy": 2.5 * float((away[:2] ** 2).sum()) + self.pull * float(atoms.positions[2, 0]),
            "forces": forces,
        }


def ozone(third: float) -> Snapshot:
    positions = [[2.0, 5, 5], [3.4, 5, 5], [third, 5, 5]]
    return Snapshot("o", "o", None, None, Atoms("O3", positions, cell=[20, 10, 10], pbc=True))


def test_an_unsound_start_is_no_trajectory(tmp_path: Path) -> None:
    start = ozone(4.8)
    options = Dynamics(relaxation_steps=0)
    trap = Trap(start.atoms.positions.copy(), 0.0)
    assert run_trajectory(start, tmp_path, trap, options) == []
    record = json.loads((tmp_path / "o.json").read_text())
    reason = "O 1 has 2 O neighbours within 1.8 Angstrom"
    assert record["rejected"] == [{"name": "relaxation", "reason": reason}]
    assert not (tmp_path / "o.extxyz").exists()
    assert run_trajectory(start, tmp_path, trap, options) == []


@pytest.mark.parametrize("retries", [0, 3])
@pytest.mark.parametrize("after", [None, 3])
def test_unsound_frames_are_left_and_logged(
    tmp_path: Path, retries: int, after: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_dynamics, "_CHECKPOINT", 20)
    monkeypatch.setattr(_dynamics, "_RETRIES", retries)
    # The third O needs some 120 fs to fall on the dimer: the first frame is sound, none after.
    start = ozone(8.0)
    trap = Trap(start.atoms.positions.copy(), 0.7)
    options = Dynamics(
        temperatures=(100.0, 200.0), frames=(1, 2), equilibration=100.0, interval=100.0,
        relaxation_steps=0,
    )  # fmt: skip
    if after is not None:
        with pytest.raises(Killed):
            run_trajectory(start, tmp_path, trap, options, seed=1, progress=killer(after))
    frames = run_trajectory(start, tmp_path, trap, options, seed=1)
    rejected = json.loads((tmp_path / "o.json").read_text())["rejected"]
    assert [frame.name for frame in frames][:1] == ["o-100K-100fs"]
    assert len(rejected) == retries + 1
    assert all(unsoundness(frame.atoms) is None for frame in frames)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperatures": ()},
        {"temperatures": (0.0, 300.0)},
        {"frames": (1,)},
        {"timestep": 0.0},
        {"relaxation_steps": -1},
    ],
)
def test_wrong_options(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Dynamics(**wrong)


def test_missing_potential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sevenn", None)
    monkeypatch.setitem(__import__("sys").modules, "sevenn.calculator", None)
    with pytest.raises(MissingExtraError, match="'sevenn'.*pip install 'sevenn>=.*' 'torch=="):
        sevennet()

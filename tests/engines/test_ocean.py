import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

from nearedge.edges import Edge
from nearedge.engines import Engine, OceanEngine, OceanInput, OceanSettings, read_ocean_run
from nearedge.errors import EngineError, NearEdgeError


@pytest.fixture
def magnesia(recorded_ocean: Path) -> Atoms:
    atoms = read(recorded_ocean / "POSCAR", format="vasp")
    assert isinstance(atoms, Atoms)
    return atoms


@pytest.fixture
def engine(stand_in_ocean: Path) -> OceanEngine:
    inputs = OceanInput(Edge("O"), pseudopotentials=stand_in_ocean.with_name("upf"))
    return OceanEngine(inputs, str(stand_in_ocean))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def test_a_run_gives_the_spectrum_that_its_reader_gives(
    engine: OceanEngine, magnesia: Atoms, run: Path, tmp_path: Path, recorded_ocean: Path
) -> None:
    assert isinstance(engine, Engine)
    assert engine.groups(magnesia, [1]) == {"O_K": (1,)}
    engine.prepare(magnesia, [1], run)
    spectrum = engine.spectrum(magnesia, 1, run, tmp_path)
    _, energy, mu, attributes = read_ocean_run(recorded_ocean, "O")[:4]
    np.testing.assert_allclose(spectrum.energy, energy, atol=1e-5)
    np.testing.assert_allclose(spectrum.mu, mu[0], rtol=1e-4)
    assert spectrum.provenance == {"cbm": pytest.approx(13.0286870834184)}
    made = engine.attributes()
    for name in ("engine", "energy_zero", "mu_unit"):
        assert made[name] == attributes[name]
    assert set(json.loads(str(made["parameters"]))["pseudopotentials"]) == {"Mg-sp.UPF", "O.UPF"}
    assert "Vinson" in str(made["acknowledgement"])


def test_the_version_is_that_of_the_program(engine: OceanEngine, stand_in_ocean: Path) -> None:
    assert engine.attributes()["engine_version"] == "unknown"
    stand_in_ocean.with_name("Version").write_text("3.2.1\n")
    assert engine.attributes()["engine_version"] == "3.2.1"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("scf", r"scf\.out: OCEAN's self-consistent field did not converge"),
        ("killed", r"ocean\.log: OCEAN was killed"),
        ("rank killed", r"OCEAN was killed, .*exited on signal 9"),
        ("stale", r"Haydock iterations \(100, 40, 100\): one is stale"),
    ],
)
def test_each_fault_is_told(
    engine: OceanEngine, magnesia: Atoms, run: Path, stand_in_ocean: Path, fault: str, said: str
) -> None:
    stand_in_ocean.with_name("fault").write_text(fault)
    with pytest.raises(NearEdgeError, match=said) as caught:
        engine.prepare(magnesia, [1], run)
    assert "\n" not in str(caught.value)


def test_a_run_of_another_cell_is_no_spectrum(
    engine: OceanEngine, magnesia: Atoms, run: Path
) -> None:
    magnesia.set_cell(magnesia.cell.array * 1.0001, scale_atoms=True)
    with pytest.raises(EngineError, match=r"exit code 1: stand-in: structure\.rprim is"):
        engine.prepare(magnesia, [1], run)


def test_energies_must_cover_what_is_asked(
    stand_in_ocean: Path, magnesia: Atoms, run: Path
) -> None:
    recorded = {"bse.core.plot.range": "-10 40", "bse.core.plot.points": "1001"}
    inputs = OceanInput(
        Edge("O"),
        OceanSettings(energy_max=60.0, keywords=recorded),
        stand_in_ocean.with_name("upf"),
    )
    with pytest.raises(EngineError, match=r"-10\.0 to 40\.0 eV .* do not cover -10 to 60 eV"):
        OceanEngine(inputs, str(stand_in_ocean)).prepare(magnesia, [1], run)


def test_missing_programs_are_named(stand_in_ocean: Path) -> None:
    with pytest.raises(EngineError, match=r"no-ocean\.pl: program not found"):
        OceanEngine(OceanInput(Edge("O")), "no-ocean.pl")
    with pytest.raises(EngineError, match="no-mpirun: program not found"):
        OceanEngine(OceanInput(Edge("O"), mpi="no-mpirun -n 4"), str(stand_in_ocean))


def test_a_run_ends_with_the_worker_that_started_it(
    engine: OceanEngine, magnesia: Atoms, run: Path, stand_in_ocean: Path, recorded_ocean: Path
) -> None:
    stand_in_ocean.with_name("fault").write_text("hang")
    code = (
        "import sys; from pathlib import Path; from ase.io import read\n"
        "from nearedge.edges import Edge; from nearedge.engines import OceanEngine, OceanInput\n"
        "program, structure, folder = map(Path, sys.argv[1:])\n"
        "inputs = OceanInput(Edge('O'), pseudopotentials=program.with_name('upf'))\n"
        "atoms = read(structure, format='vasp')\n"
        "OceanEngine(inputs, str(program)).prepare(atoms, [1], folder)\n"
    )
    arguments = [str(stand_in_ocean), str(recorded_ocean / "POSCAR"), str(run)]
    worker = subprocess.Popen([sys.executable, "-c", code, *arguments])
    pid = stand_in_ocean.with_name("pid")
    until = time.monotonic() + 60
    while not (pid.is_file() and pid.read_text()):
        assert worker.poll() is None
        assert time.monotonic() < until
        time.sleep(0.05)
    worker.kill()
    worker.wait()
    while Path(f"/proc/{pid.read_text()}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert (run / "ocean.log").is_file()

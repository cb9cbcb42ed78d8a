from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from nearedge.campaigns import reference_potentials
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError, InputError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

# A calculation of two or three seconds: first neighbours only.
TINY = FeffSettings(
    cluster_radius=3.2, scf_radius=2.5, fms_radius=2.5, lmax=1, energy_step=0.5, timeout=120.0
)
RULE = EnvironmentRule("O", "Mg", 2.6)


def magnesia(edge: float, trajectory: str, name: str = "") -> Snapshot:
    atoms = bulk("MgO", "rocksalt", a=edge, cubic=True)
    return Snapshot(name or trajectory, trajectory, None, None, atoms)


@pytest.mark.engine
def test_the_median_serves_all(tmp_path: Path) -> None:
    # The wider the lattice, the less the electrons are squeezed: Fermi levels differ in order.
    snapshots = [magnesia(4.30, "wide"), magnesia(4.12, "narrow"), magnesia(4.21, "usual")]
    snapshots.insert(1, magnesia(4.5, "wide", "later"))
    path = tmp_path / "potentials"
    found = reference_potentials(snapshots, path, "O", TINY, workers=1)
    reference = found["O_in_OMg"]
    levels = reference.trials
    level = {name.split()[0]: level for name, level in levels.items()}
    assert set(level) == {"wide", "narrow", "usual"}
    assert level["narrow"] != level["wide"]
    assert reference.fermi_level == np.median(list(levels.values()))
    assert level[reference.snapshot] == reference.fermi_level
    assert [one.name for one in tmp_path.iterdir()] == ["potentials"]

    engine = FeffEngine(TINY, path)
    spectra = []
    for number, snapshot in enumerate(snapshots[:1] + snapshots[2:]):
        prepared, work = tmp_path / f"group{number}", tmp_path / f"work{number}"
        prepared.mkdir()
        work.mkdir()
        assert engine.prepare(snapshot.atoms, [5], prepared) == reference.preparation
        spectra.append(engine.spectrum(snapshot.atoms, 5, prepared, work))
    # One zero for all; what is left is geometry.
    assert len({one.provenance["fermi_level"] for one in spectra}) == 1
    assert np.abs(spectra[0].mu - spectra[1].mu).max() > 0.01 * spectra[0].mu.max()


@pytest.mark.engine
def test_failures_are_told_and_a_run_resumes(tmp_path: Path) -> None:
    path = tmp_path / "potentials"
    # Some seconds: the system counts whole ones.
    slow = replace(TINY, cluster_radius=5.0, scf_radius=3.5, lmax=2)
    hopeless = replace(slow, timeout=0.1)
    with pytest.raises(EngineError, match="O_in_OMg converged in none of the structures.*longer"):
        reference_potentials([magnesia(4.21, "a")], path, "O", hopeless, workers=1)
    assert not path.exists()
    with pytest.raises(InputError, match="pass --resume"):
        reference_potentials([magnesia(4.21, "a")], path, "O", hopeless, workers=1)
    # The longest time is no part of what is computed.
    found = reference_potentials([magnesia(4.21, "a")], path, "O", slow, workers=1, resume=True)
    assert len(found["O_in_OMg"].trials) == 1
    with pytest.raises(InputError, match="already exists"):
        reference_potentials([magnesia(4.21, "a")], path, "O", slow)


def test_nothing_to_compute(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name at least one file"):
        reference_potentials([], tmp_path / "potentials", "O", TINY)

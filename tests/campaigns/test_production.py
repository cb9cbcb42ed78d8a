"""The dataset from nothing, on the smallest cell and a few sites."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from ase.calculators.harmonic import SpringCalculator

from nearedge.campaigns import LI3FEO35, Production, produce
from nearedge.datasets import load_dataset
from nearedge.engines import FeffSettings
from nearedge.errors import InputError
from nearedge.structures import Dynamics, disordered_starts, read_snapshots

SMALL = Production(
    cells=1,
    recipes=(dataclasses.replace(LI3FEO35, repeat=(1, 1, 2)),),
    dynamics=Dynamics(
        temperatures=(300.0, 1000.0), frames=(1, 1), equilibration=20.0, relaxation_steps=2
    ),
    feff=FeffSettings(
        cluster_radius=4.2, scf_radius=2.5, fms_radius=2.5, energy_step=0.5, timeout=300.0
    ),
    trials=1,
    sites=(8, 10),
    seed=3,
)


def springs(production: Production) -> SpringCalculator:
    """Hold the atoms at their grid sites; any potential of ASE's can move the cells."""
    start = disordered_starts(production.recipes, 1, seed=production.seed)[0]
    return SpringCalculator(start.atoms.positions, k=10.0)


@pytest.mark.engine
def test_from_nothing_to_a_dataset(tmp_path: Path) -> None:
    path = tmp_path / "made"
    data = produce(SMALL, path, springs(SMALL), workers=1)
    assert len(data) == 4
    assert data.temperature.tolist() == [300.0, 300.0, 1000.0, 1000.0]
    assert data.atom.tolist() == [8, 10, 8, 10]
    assert set(data.trajectory) == {"rocksalt-3-000"}
    assert data.attributes["engine"] == "FEFF10"
    # Potentials are one set, so the Fermi level is one.
    assert len(np.unique(data.table.fermi_level)) == 1
    # Atoms moved between snapshots, and spectra with them.
    assert not np.allclose(data.mu[0], data.mu[2], rtol=1e-3)
    starts = read_snapshots(path / "starts.extxyz")
    assert starts[0].atoms.get_chemical_formula("hill") == "Fe2Li6O7"

    # A run that is over is not done again, one for something else is refused.
    again = produce(SMALL, path, springs(SMALL), resume=True)
    np.testing.assert_array_equal(again.mu, load_dataset(path / "spectra").mu)
    with pytest.raises(InputError, match="started with other seed"):
        produce(dataclasses.replace(SMALL, seed=4), path, springs(SMALL), resume=True)
    with pytest.raises(InputError, match="already exists"):
        produce(SMALL, path, springs(SMALL))


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="holds no production to resume"):
        produce(SMALL, tmp_path, springs(SMALL), resume=True)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.tex"]


def test_defaults_are_the_dataset_that_ships() -> None:
    production = Production()
    dimers = [kind.dimers for kind in production.recipes]
    assert dimers == [1, 0, 2, 0]
    assert all(kind.rare_sites == 1 for kind in production.recipes)
    assert json.loads(json.dumps(dataclasses.asdict(production)))["seed"] == 1

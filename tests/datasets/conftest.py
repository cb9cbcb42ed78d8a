"""A small real crystal, twice, with a spectrum for every oxygen."""

from collections.abc import Callable

import numpy as np
import pytest
from ase.build import bulk

from nearedge.datasets import SiteSpectra, assemble
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

ATTRIBUTES = {"engine": "test", "energy_zero": "CBM", "mu_unit": "arbitrary", "seed": 3}


@pytest.fixture
def make_dataset() -> Callable[..., SiteSpectra]:
    """Give a maker of datasets: two FeO cells of four O atoms, one with an atom moved away."""

    def make(trajectory: str = "run", seed: int = 0, **attributes: object) -> SiteSpectra:
        rng = np.random.default_rng(seed)
        snapshots = []
        for number, temperature in enumerate((300.0, None)):
            atoms = bulk("FeO", "rocksalt", a=4.2, cubic=True)
            atoms.positions += rng.normal(scale=0.05 + 0.3 * number, size=(8, 3))
            snapshots.append(
                Snapshot(f"{trajectory}-{number}", trajectory, temperature, 60.0 * number, atoms)
            )
        sites = [
            (number, int(atom))
            for number, snapshot in enumerate(snapshots)
            for atom in np.flatnonzero(snapshot.atoms.numbers == 8)
        ]
        energy = np.linspace(-2, 12, 57)
        mu = rng.random((len(sites), len(energy)))
        return assemble(
            snapshots,
            sites,
            energy,
            mu,
            EnvironmentRule("O", "Fe", 2.6, 1.7),
            {**ATTRIBUTES, **attributes},
        )

    return make

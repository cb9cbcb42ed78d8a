"""Small real things that several tests share."""

import os
from pathlib import Path

import numpy as np
import pytest

from nearedge.dataset import SiteSpectra, assemble, merge
from nearedge.environments import EnvironmentRule
from nearedge.imports import import_dataset
from nearedge.structures import DisorderedRockSalt, Snapshot, disordered_rock_salt


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real reference spectra that are no part of the project; tests skip without them."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NEAREDGE_REFERENCE_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no reference data; NEAREDGE_REFERENCE_DATA names their folder")
    return folder


@pytest.fixture(scope="session")
def telling_dataset() -> SiteSpectra:
    """Real disordered cells with made spectra that tell the coordination number plainly.

    Two snapshots of each of three trajectories; the pre-edge grows with the number of Fe, a dimer
    has a peak of its own, and noise is small: who learns well is nearly always right.
    """
    rng = np.random.default_rng(7)
    energy = np.linspace(-2, 12, 71)

    def peak(centre: float, width: float) -> np.ndarray:
        return np.exp(-(((energy - centre) / width) ** 2))

    snapshots = []
    for run in range(3):
        atoms = disordered_rock_salt(DisorderedRockSalt(dimers=1, rare_sites=1), seed=run)
        for number in range(2):
            moved = atoms.copy()
            moved.positions += rng.normal(scale=0.02, size=moved.positions.shape)
            name = f"run{run}-{number}"
            snapshots.append(Snapshot(name, f"run{run}", 300.0, 60.0 * number, moved))
    rule = EnvironmentRule()
    sites, mu = [], []
    for number, snapshot in enumerate(snapshots):
        labels = rule.label(snapshot.atoms)
        for atom, count, name in zip(
            labels.atom, labels.coordination, labels.environment, strict=True
        ):
            sites.append((number, int(atom)))
            mu.append(peak(8, 3) + 0.3 * count * peak(1, 1) + 2.0 * (name == "dimer") * peak(4, 1))
    spectra = np.array(mu) + rng.normal(scale=0.002, size=(len(mu), len(energy)))
    said = {"engine": "made", "energy_zero": "CBM", "mu_unit": "arbitrary"}
    return assemble(snapshots, sites, energy, spectra, rule, said)


@pytest.fixture(scope="session")
def ocean_dataset(shared_data: Path) -> SiteSpectra:
    """The authors' two OCEAN snapshots, 98 spectra of one trajectory."""
    folder = shared_data / "ocean-li3feo35"
    return merge(
        [
            import_dataset(
                folder / f"POSCAR_{name}",
                folder / f"{name}_Combo_O_all.dat.gz",
                EnvironmentRule(),
                format="matrix",
                snapshot=name,
                trajectory="aimd",
            )
            for name in ("0K", "15ps")
        ]
    )

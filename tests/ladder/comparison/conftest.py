"""The dataset that ships, and what another engine would make of it."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra, load_dataset, starter_path
from nearedge.ladder.comparison import Comparison, compare
from nearedge.spectra.alignment import Alignment

DONE = Alignment(shift=0.6, scale=1e-5, broadening=0.3)


@pytest.fixture(scope="session")
def first() -> SiteSpectra:
    """Some 100 sites of two trajectories."""
    data = load_dataset(starter_path())
    return data.select(data.names_mask(list(dict.fromkeys(data.trajectory.tolist()))[:2]))


@pytest.fixture(scope="session")
def second(first: SiteSpectra) -> SiteSpectra:
    """The same atoms in another order, under other names, moved, broadened, in another unit."""
    grid = first.energy[first.energy >= first.energy[0] + DONE.shift]
    table = first.table.drop_vars(["mu", "energy"]).assign_coords(
        energy=grid, snapshot=("site", np.char.add("other-", first.snapshot.astype(str)))
    )
    mu = DONE.apply(first.energy, first.mu, grid)
    structures = {f"other-{name}": atoms for name, atoms in first.structures.items()}
    table = table.assign(mu=(("site", "energy"), mu)).assign_attrs(engine="another")
    moved = replace(first, table=table, structures=structures, source="moved")
    return moved.select(np.random.default_rng(3).permutation(len(moved)))


@pytest.fixture(scope="session")
def compared(first: SiteSpectra, second: SiteSpectra) -> Comparison:
    return compare(first, second)

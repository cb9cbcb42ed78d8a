"""The real SevenNet-0, on the smallest cell that has the chemistry."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from ase.neighborlist import neighbor_list

from nearedge.campaigns import LI3FEO35
from nearedge.structures import (
    Dynamics,
    Snapshot,
    disordered_cell,
    run_trajectory,
    sevennet,
)


@pytest.mark.filterwarnings("ignore")  # torch, e3nn and sevenn warn about each other
def test_sevennet_moves_li6fe2o7_with_a_dimer(tmp_path: Path) -> None:
    pytest.importorskip("sevenn", reason="needs the extra md: make test-md")
    cell = disordered_cell(replace(LI3FEO35, repeat=(1, 1, 2), dimers=1), 1)
    options = Dynamics(
        temperatures=(300.0,), frames=(2,), equilibration=10.0, interval=10.0, relaxation_steps=8
    )
    calculator = sevennet()
    start = Snapshot("small", "small", None, None, cell)
    frames = run_trajectory(start, tmp_path, calculator, options, seed=1)
    assert [frame.time for frame in frames] == [10.0, 20.0]
    record = json.loads((tmp_path / "small.json").read_text())
    assert record["potential"].startswith("SevenNet-0 (sevenn ")
    unrelaxed = cell.copy()
    unrelaxed.calc = calculator
    for frame in frames:
        energy = frame.atoms.info["potential_energy"]
        assert math.isfinite(energy)
        assert energy < unrelaxed.get_potential_energy()
        # SevenNet-0 keeps the dimer and makes no other.
        first, second, distance = neighbor_list("ijd", frame.atoms, 1.8)
        oxygen = frame.atoms.numbers == 8
        bonds = distance[oxygen[first] & oxygen[second]]
        assert len(bonds) == 2
        assert bonds.min() > 1.2
        assert bonds.max() < 1.7

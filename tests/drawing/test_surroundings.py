"""Drawings of local structures."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings, strategies as st
from matplotlib.figure import Figure

from nearedge.drawing.surroundings import (
    Surroundings,
    draw_surroundings,
    surroundings,
    view,
)


def test_neighbours_across_the_cell_face_are_found():
    atoms = Atoms("OFe", [[0.1, 0, 0], [9.0, 0, 0]], cell=[10, 10, 10], pbc=True)
    around = surroundings(atoms, 0, 2.6)
    assert around.symbols == ("O", "Fe")
    assert around.positions == pytest.approx(np.array([[0, 0, 0], [-1.1, 0, 0]]))


def test_a_rock_salt_anion_has_six_neighbours_at_one_distance():
    around = surroundings(bulk("MgO", "rocksalt", a=4.21), 1, 2.6)
    distance = np.linalg.norm(around.positions[1:], axis=1)
    assert distance == pytest.approx(np.full(6, 4.21 / 2))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 8))
def test_a_view_is_a_turn_and_keeps_handedness(seed: int, count: int):
    positions = np.random.default_rng(seed).normal(size=(count, 3))
    seen = view(positions)
    assert seen @ seen.T == pytest.approx(positions @ positions.T, abs=1e-9)
    if count >= 3:
        assert np.linalg.det(seen[:3]) == pytest.approx(np.linalg.det(positions[:3]), abs=1e-9)


def test_atoms_in_line_with_the_eye_are_drawn_apart():
    octahedron = np.vstack([np.zeros(3), np.eye(3), -np.eye(3)]) * 2.1
    seen = view(octahedron)[:, :2]
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(7, 1)]
    assert apart.min() > 0.8


def test_every_atom_is_drawn_and_named():
    axes = Figure().subplots()
    around = Surroundings(("O", "Fe", "Li", "Mg"), np.vstack([np.zeros(3), 2 * np.eye(3)]))
    draw_surroundings(axes, around)
    assert sorted(text.get_text() for text in axes.texts) == ["Fe", "Li", "Mg", "O"]
    assert len(axes.images) == 4
    assert not axes.axison

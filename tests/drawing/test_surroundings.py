"""Drawings of local structures."""

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings, strategies as st
from matplotlib.figure import Figure

from nearedge.drawing.surroundings import (
    draw_surroundings,
    view,
)


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
    draw_surroundings(axes, Atoms("OFeLiMg", np.vstack([np.zeros(3), 2 * np.eye(3)])), "atom 0")
    assert sorted(text.get_text() for text in axes.texts) == ["Fe", "Li", "Mg", "O", "atom 0"]
    assert len(axes.images) == 4
    assert not axes.axison

"""Frames that no spectrum should be computed from."""

from dataclasses import replace

import numpy as np
from ase import Atoms
from ase.build import bulk

from nearedge.campaigns import LI3FEO35
from nearedge.structures import disordered_cell, unsoundness


def test_sound_frames_pass() -> None:
    for dimers in (0, 2):
        atoms = disordered_cell(replace(LI3FEO35, dimers=dimers), 1)
        atoms.rattle(0.08, seed=2)
        assert unsoundness(atoms) is None


def test_a_third_oxygen_is_found_across_the_boundary() -> None:
    chain = Atoms("O3", [[0.2, 3, 3], [1.6, 3, 3], [6.9, 3, 3]], cell=[8, 6, 6], pbc=True)
    assert unsoundness(chain) == "O 0 has 2 O neighbours within 1.8 Angstrom"
    chain.pbc = False
    assert unsoundness(chain) is None
    # Atoms that may gather are left alone.
    chain.symbols[:] = "C"
    chain.pbc = True
    assert unsoundness(chain) is None


def test_close_and_lost_atoms() -> None:
    atoms = bulk("MgO", "rocksalt", a=4.2, cubic=True)
    atoms.positions[1] = atoms.positions[0] + [0, 0, 1.2]
    assert unsoundness(atoms) == "Mg 0 and O 1 are 1.20 Angstrom apart"
    atoms.positions[1, 0] = np.nan
    assert unsoundness(atoms) == "positions are not finite"

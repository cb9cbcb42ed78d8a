"""Files of spectra on disk: what a beamline might have left."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

AXIS = np.arange(515.0, 555.0, 0.2)


@pytest.fixture
def files(unseen_mu: Callable[[np.ndarray], np.ndarray], tmp_path: Path) -> Path:
    """A folder: two scans of run2 in one file, its parts relative to the zero, and bad files."""
    rng = np.random.default_rng(3)
    mu = unseen_mu(AXIS - 530.0).mean(axis=0)
    scans = [100 * (mu + 0.2 + rng.normal(scale=0.01, size=len(mu))) for _ in range(2)]
    header = "energy scan1 scan2"
    np.savetxt(tmp_path / "scans.dat", np.column_stack([AXIS, *scans]), header=header)
    relative = np.arange(-3.0, 14.0, 0.2)
    np.savetxt(
        tmp_path / "relative.dat", np.column_stack([relative, unseen_mu(relative).mean(axis=0)])
    )
    np.savetxt(tmp_path / "short.dat", np.column_stack([AXIS, scans[0]])[70:100])
    np.savetxt(tmp_path / "line.dat", np.column_stack([AXIS, AXIS]))
    (tmp_path / "binary.dat").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "words.dat").write_text("no numbers\n")
    return tmp_path

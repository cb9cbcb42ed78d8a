"""Small real things that several tests share."""

import os
from pathlib import Path

import pytest

# Threads would fight over the cores of the machine that runs the tests.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real reference spectra that are no part of the project; tests skip without them."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NEAREDGE_REFERENCE_DATA", beside))
    if not folder.is_dir():
        pytest.skip("no reference data; NEAREDGE_REFERENCE_DATA names their folder")
    return folder

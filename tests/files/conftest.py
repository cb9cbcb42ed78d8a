from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nearedge.files import read_spectra
from nearedge.spectra import Spectrum


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file to be written: whatever it holds, for that tells its format."""
    return tmp_path / "scan.dat"


@pytest.fixture
def read(path: Path) -> Callable[..., list[Spectrum]]:
    """Write a file, or its head and columns, and read it."""

    def written(content: str | bytes, *columns: np.ndarray, separator: str = " ") -> list[Spectrum]:
        if columns:
            rows = [separator.join(f"{v:.12g}" for v in row) for row in np.column_stack(columns)]
            content = "\n".join([str(content), *rows, ""])
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_spectra(path)

    return written

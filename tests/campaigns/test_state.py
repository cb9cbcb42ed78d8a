import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from nearedge.campaigns._state import FinishedSites
from nearedge.engines import SiteSpectrum
from nearedge.errors import InputError

ENERGY = np.linspace(-2.0, 12.0, 29)


def test_what_was_added_is_read_back_to_the_bit(tmp_path: Path) -> None:
    mu = np.random.default_rng(0).normal(size=(2, 29))
    spectra = [
        SiteSpectrum(ENERGY, mu[0], {"fermi_level": -1 / 3}),
        SiteSpectrum(ENERGY / 3, mu[1], {}),
    ]
    with closing(FinishedSites(tmp_path / "sites")) as finished:
        finished.add([("a", 7, spectra[0]), ("b", 7, spectra[1])])
        finished.add([("b", 8, spectra[0])])
    with closing(FinishedSites(tmp_path / "sites")) as finished:
        assert finished.sites() == {"a": {7}, "b": {7, 8}}
        for (structure, atom), spectrum in {("a", 7): spectra[0], ("b", 7): spectra[1]}.items():
            stored = finished.spectrum(structure, atom)
            np.testing.assert_array_equal(stored.energy, spectrum.energy)
            np.testing.assert_array_equal(stored.mu, spectrum.mu)
            assert stored.provenance == spectrum.provenance
    # One file, whatever the number of sites.
    assert [path.name for path in tmp_path.iterdir()] == ["sites"]


def test_a_kill_costs_nothing_that_was_added(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from nearedge.campaigns._state import FinishedSites\n"
        "from nearedge.engines import SiteSpectrum\n"
        "finished = FinishedSites(Path(sys.argv[1]))\n"
        "for atom in range(300):\n"
        "    finished.add([('a', atom, SiteSpectrum(np.arange(9.0), np.full(9, atom / 7)))])\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "sites"
    done = subprocess.run([sys.executable, "-c", script, path], timeout=60)
    assert done.returncode == -signal.SIGKILL if os.name == "posix" else done.returncode
    with closing(FinishedSites(path)) as finished:
        assert finished.sites() == {"a": set(range(300))}
        np.testing.assert_array_equal(finished.spectrum("a", 299).mu, np.full(9, 299 / 7))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "sites").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match="sites: is damaged .* delete it and pass --resume"):
        FinishedSites(tmp_path / "sites")

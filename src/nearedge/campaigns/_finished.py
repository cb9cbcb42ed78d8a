"""The finished spectra of a campaign, in one SQLite file that one process writes."""

import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nearedge.engines import SiteSpectrum
from nearedge.errors import InputError, OutputError

_TABLES = """
CREATE TABLE IF NOT EXISTS grids (number INTEGER PRIMARY KEY, energy BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS sites (
    structure TEXT, atom INTEGER, grid INTEGER NOT NULL, mu BLOB NOT NULL, provenance TEXT NOT NULL,
    PRIMARY KEY (structure, atom)
);
"""


class FinishedSites:
    """What is finished, by fingerprint of the structure and index of the atom.

    A file for each site would be a million files. What `add` was given is there after a kill; a
    power cut may cost the last seconds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._grids: dict[bytes, int] = {}
        with self._sound():
            # File systems of clusters have neither SQLite's locks nor the shared memory of a log
            # that several processes write; the campaign's own lock keeps others out.
            without = "?vfs=unix-none" if os.name == "posix" else ""
            self._database = sqlite3.connect(f"{path.absolute().as_uri()}{without}", uri=True)
            for setting in (
                "page_size=32768",  # a spectrum has some kB
                "locking_mode=EXCLUSIVE",
                "journal_mode=WAL",
                "synchronous=NORMAL",
            ):
                self._database.execute(f"PRAGMA {setting}")
            self._database.executescript(_TABLES)
            for number, energy in self._database.execute("SELECT number, energy FROM grids"):
                self._grids[energy] = number

    def close(self) -> None:
        """Write all to the one file."""
        self._database.close()

    def sites(self) -> defaultdict[str, set[int]]:
        """Give the atoms that are finished, by structure."""
        atoms: defaultdict[str, set[int]] = defaultdict(set)
        with self._sound():
            for structure, atom in self._database.execute("SELECT structure, atom FROM sites"):
                atoms[structure].add(atom)
        return atoms

    def add(self, results: Iterable[tuple[str, int, SiteSpectrum]]) -> None:
        """Keep some spectra, all of them or none."""
        try:
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO sites VALUES (?, ?, ?, ?, ?)",
                    [
                        (
                            structure,
                            atom,
                            self._grid(spectrum.energy),
                            np.asarray(spectrum.mu, np.float64).tobytes(),
                            json.dumps(spectrum.provenance),
                        )
                        for structure, atom, spectrum in results
                    ],
                )
        except sqlite3.OperationalError as error:
            raise OutputError(self.path, OSError(str(error))) from None

    def spectrum(self, structure: str, atom: int) -> SiteSpectrum:
        """Read the spectrum of a finished site."""
        query = (
            "SELECT energy, mu, provenance FROM sites JOIN grids ON grid = number "
            "WHERE structure = ? AND atom = ?"
        )
        with self._sound():
            energy, mu, provenance = self._database.execute(query, (structure, atom)).fetchone()
            return SiteSpectrum(np.frombuffer(energy), np.frombuffer(mu), json.loads(provenance))

    def _grid(self, energy: np.ndarray) -> int:
        key = np.asarray(energy, np.float64).tobytes()
        if key not in self._grids:
            cursor = self._database.execute("INSERT INTO grids (energy) VALUES (?)", (key,))
            assert cursor.lastrowid is not None
            self._grids[key] = cursor.lastrowid
        return self._grids[key]

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise InputError(
                f"{self.path}: is damaged ({error}); delete it and pass --resume"
            ) from None

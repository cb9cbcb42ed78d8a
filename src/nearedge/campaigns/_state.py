"""The folder of a campaign: everything finished is there, so a killed run can go on."""

import contextlib
import json
import os
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nearedge.engines import Engine, Preparation, SiteSpectrum
from nearedge.errors import InputError, OutputError
from nearedge.records import read_json, unpack, write_json

FAILURES, LOG = "failures.json", "campaign.log"
PREPARATION = "preparation.json"
_RECORD = "campaign.json"
_LOCK = "lock"
_TRANSIENT = ("work", "failed", "parsl")


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

    @contextlib.contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise InputError(
                f"{self.path}: is damaged ({error}); delete it and pass --resume"
            ) from None


@dataclass(frozen=True)
class Failure:
    """A site that could not be computed, and why."""

    snapshot: str
    atom: int
    reason: str


@dataclass(frozen=True)
class CampaignState:
    """What a campaign has finished, in a folder.

    ``campaign.json`` (the engine), ``sites.sqlite`` (finished spectra), ``groups/*/``
    (preparations, as long as they are needed), ``campaign.log`` (progress), and of this run
    ``failures.json``, ``failed/*/`` (what engines wrote), ``work/``, ``parsl/``.
    """

    folder: Path

    @contextlib.contextmanager
    def opened(self, engine: Engine, *, resume: bool, force: bool) -> Iterator[FinishedSites]:
        """Hold the folder for an engine, with what an earlier run left of it or emptied.

        What is computed may change from run to run: results are kept by structure and atom.
        """
        if self.folder.exists() and not resume and not force:
            raise InputError(
                f"{self.folder}: an earlier run was not finished; pass --resume to go on with it "
                "or --force to start again"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.locked():
            record, now = self.folder / _RECORD, engine.attributes()
            others = [path for path in self.folder.iterdir() if path.name != _LOCK]
            if others and not record.is_file():
                raise InputError(f"{self.folder}: is not a campaign folder; choose another output")
            if resume and others:
                before = read_json(record)
                if changed := [name for name in now if before.get(name) != now[name]]:
                    raise InputError(
                        f"{self.folder}: was started with other {', '.join(changed)}; give the "
                        "same, or pass --force without --resume to start again"
                    )
                if (self.folder / "sites").is_dir():
                    raise InputError(
                        f"{self.folder / 'sites'}: is of an earlier version of nearedge, whose "
                        "results this one does not read; finish it with that, or pass --force "
                        "without --resume to start again"
                    )
            for path in others:
                if not resume or path.name in (*_TRANSIENT, FAILURES):
                    _remove(path)
            write_json(record, now, force=True)
            for name in ("work", "groups"):
                (self.folder / name).mkdir(exist_ok=True)
            with contextlib.closing(FinishedSites(self.folder / "sites.sqlite")) as finished:
                yield finished

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other campaigns out of the folder; the lock ends with the process."""
        try:
            import fcntl
        except ImportError:  # no POSIX: go without
            yield
            return
        with (self.folder / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(
                    f"{self.folder}: another run is at work on it; wait for its end"
                ) from None
            yield

    def group(self, name: str) -> Path:
        """Folder in which a group is prepared."""
        return self.folder / "groups" / name

    def preparation(self, name: str) -> Preparation | None:
        """What is known of a group's finished preparation, None if it is not finished."""
        record = self.group(name) / PREPARATION
        if not record.is_file():
            return None
        return unpack(Preparation, read_json(record), source=str(record))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

"""The folder of a campaign: everything finished is there, so a killed run can go on."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nearedge.campaigns._finished import FinishedSites
from nearedge.engines import Engine, Preparation
from nearedge.errors import InputError
from nearedge.records import read_json, unpack, write_json

FAILURES, LOG = "failures.json", "campaign.log"
PREPARATION = "preparation.json"
_RECORD = "campaign.json"
_LOCK = "lock"
_TRANSIENT = ("work", "failed", "parsl")


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
                "or --force to begin anew"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.locked():
            record, now = self.folder / _RECORD, engine.attributes()
            others = [path for path in self.folder.iterdir() if path.name != _LOCK]
            if others and not record.is_file():
                raise InputError(f"{self.folder}: is no campaign's folder; choose another output")
            if resume and others:
                before = read_json(record)
                if changed := [name for name in now if before.get(name) != now[name]]:
                    raise InputError(
                        f"{self.folder}: was begun with other {', '.join(changed)}; give what it "
                        "was begun with, or pass --force without --resume to begin anew"
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

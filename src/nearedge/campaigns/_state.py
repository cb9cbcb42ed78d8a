"""The folder of a campaign: everything finished is a file there, so a killed run can go on."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from ase import Atoms

from nearedge.engines import Engine, Preparation, SiteSpectrum
from nearedge.errors import InputError
from nearedge.records import pack, read_json, replacing, unpack, write_json
from nearedge.structures import fingerprint

FAILURES = "failures.json"
_RECORD = "campaign.json"
_PREPARATION = "preparation.json"
_LOCK = "lock"


@dataclass(frozen=True)
class Failure:
    """A site that could not be computed, and why."""

    snapshot: str
    atom: int
    reason: str


@dataclass(frozen=True)
class CampaignState:
    """What a campaign has finished, as files in a folder.

    ``campaign.json`` (the engine), ``sites/*.npz`` (finished spectra), ``groups/*/`` (preparations,
    as long as they are needed), ``failures.json``, ``work/`` (what is going on, logs of failures).
    """

    folder: Path

    @contextlib.contextmanager
    def opened(self, engine: Engine, *, resume: bool, force: bool) -> Iterator[None]:
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
            write_json(record, now, force=True)
            (self.folder / FAILURES).unlink(missing_ok=True)
            for name in ("work", "sites", "groups"):
                if name == "work" or not resume:
                    shutil.rmtree(self.folder / name, ignore_errors=True)
                (self.folder / name).mkdir(exist_ok=True)
            yield

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

    def site(self, atoms: Atoms, site: int) -> Path:
        """File of the finished spectrum of an atom of a structure."""
        return self.folder / "sites" / f"{fingerprint(atoms)}-{site:05d}.npz"

    def group(self, atoms: Atoms, label: str) -> Path:
        """Folder in which a group of a structure is prepared."""
        return self.folder / "groups" / f"{fingerprint(atoms)}-{label}"

    def preparation(self, atoms: Atoms, label: str) -> Preparation | None:
        """What is known of a finished preparation, None if it is not finished."""
        record = self.group(atoms, label) / _PREPARATION
        if not record.is_file():
            return None
        return unpack(Preparation, read_json(record), source=str(record))

    def prepare(self, engine: Engine, atoms: Atoms, label: str, sites: Sequence[int]) -> None:
        """Prepare a group, unless it is; its record is written when everything else is there."""
        if self.preparation(atoms, label) is not None:
            return
        folder = self.group(atoms, label)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        plain, _ = pack(engine.prepare(atoms, sites, folder))
        write_json(folder / _PREPARATION, plain)

    def compute(self, engine: Engine, atoms: Atoms, label: str, site: int) -> None:
        """Compute a site; its file appears whole or not at all."""
        target = self.site(atoms, site)
        work = self.folder / "work" / target.stem
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        spectrum = engine.spectrum(atoms, site, self.group(atoms, label), work)
        preparation = self.preparation(atoms, label) or Preparation()
        provenance = json.dumps({**preparation.numbers(), **spectrum.provenance})
        with replacing(target, force=True) as whole:
            np.savez(whole, energy=spectrum.energy, mu=spectrum.mu, provenance=provenance)
        shutil.rmtree(work)

    def spectrum(self, atoms: Atoms, site: int) -> SiteSpectrum:
        """Read a finished spectrum."""
        path = self.site(atoms, site)
        try:
            with np.load(path, allow_pickle=False) as stored:
                return SiteSpectrum(
                    stored["energy"], stored["mu"], json.loads(str(stored["provenance"]))
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(f"{path}: is damaged ({error}); delete it and pass --resume") from None


def write_failures(path: Path, failures: Sequence[Failure]) -> None:
    """List what failed in a JSON file."""
    with replacing(path, force=True) as temporary:
        text = json.dumps([asdict(failure) for failure in failures], indent=1)
        temporary.write_text(text + "\n")

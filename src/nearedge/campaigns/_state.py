"""The folder of a campaign: everything finished is a file there, so a killed run can go on."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from ase import Atoms

from nearedge.engines import Engine, Preparation, SiteSpectrum
from nearedge.errors import InputError
from nearedge.records import pack, read_json, replacing, unpack, write_json

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


class CampaignState:
    """What a campaign has finished, as files.

    Parameters
    ----------
    folder : Path
        Holds ``campaign.json`` (the engine), ``sites/*.npz`` (finished spectra), ``groups/*/``
        (preparations, as long as they are needed), ``failures.json`` and ``work/`` (what is going
        on, and logs of what failed).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, engine: Engine) -> None:
        """Make the folder for an engine, or check that it was made for it.

        What is computed may change from run to run: results are kept by structure and atom.

        Raises
        ------
        InputError
            If the folder was made for another engine, or is none of a campaign.
        """
        record = self.folder / _RECORD
        if record.is_file():
            before, now = read_json(record), engine.attributes()
            changed = [name for name in now if before.get(name) != now[name]]
            if changed:
                raise InputError(
                    f"{self.folder}: was begun with other {', '.join(changed)}; give what it was "
                    "begun with, or pass --force without --resume to begin anew"
                )
        else:
            self._check_own()
        for name in ("sites", "groups"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        write_json(record, engine.attributes(), force=True)

    def discard(self) -> None:
        """Throw the folder away.

        Raises
        ------
        InputError
            If it is none of a campaign.
        """
        if not (self.folder / _RECORD).is_file():
            self._check_own()
        shutil.rmtree(self.folder)

    def _check_own(self) -> None:
        """Refuse a folder that holds something but no record."""
        if any(path.name != _LOCK for path in self.folder.iterdir()):
            raise InputError(f"{self.folder}: is no campaign's folder; choose another output")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other campaigns out of the folder; the lock ends with the process, however it ends.

        Raises
        ------
        InputError
            If another process works in the folder.
        """
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

    def has(self, atoms: Atoms, site: int) -> bool:
        """Tell whether a site is finished."""
        return self.site(atoms, site).is_file()

    def preparation(self, atoms: Atoms, label: str) -> Preparation | None:
        """What is known of a finished preparation, None if it is not finished."""
        record = self.group(atoms, label) / _PREPARATION
        if not record.is_file():
            return None
        return unpack(Preparation, read_json(record), source=str(record))

    def sweep(self, atoms: Atoms, label: str) -> None:
        """Delete a group's preparation: its sites, which are finished, hold what is known of it."""
        shutil.rmtree(self.group(atoms, label), ignore_errors=True)

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
        provenance = {**preparation.numbers(), **spectrum.provenance}
        with replacing(target, force=True) as whole:
            np.savez(
                whole, energy=spectrum.energy, mu=spectrum.mu, provenance=json.dumps(provenance)
            )
        shutil.rmtree(work)

    def spectrum(self, atoms: Atoms, site: int) -> SiteSpectrum:
        """Read a finished spectrum.

        Raises
        ------
        InputError
            If its file is damaged.
        """
        path = self.site(atoms, site)
        try:
            with np.load(path, allow_pickle=False) as stored:
                return SiteSpectrum(
                    stored["energy"], stored["mu"], json.loads(str(stored["provenance"]))
                )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise InputError(f"{path}: is damaged ({error}); delete it and pass --resume") from None

    def write_failures(self, failures: Sequence[Failure]) -> None:
        """Record what failed so far."""
        with replacing(self.folder / FAILURES, force=True) as temporary:
            write_failures(temporary, failures)


def fingerprint(atoms: Atoms) -> str:
    """Sum up all of a structure that a spectrum depends on: elements, positions and cell to 1e-6 Å.

    Results are kept by it: whatever the structure is called, wherever it stands in a list.
    """
    digest = hashlib.sha256(np.asarray(atoms.numbers, np.int64).tobytes())
    for values in (atoms.positions, atoms.cell.array):
        # Adding 0 makes -0 and 0 one.
        digest.update((np.round(values, 6) + 0.0).astype(np.float64).tobytes())
    digest.update(np.asarray(atoms.pbc, bool).tobytes())
    return digest.hexdigest()[:16]


def write_failures(path: Path, failures: Sequence[Failure]) -> None:
    """List what failed in a JSON file."""
    path.write_text(json.dumps([pack(failure)[0] for failure in failures], indent=1) + "\n")

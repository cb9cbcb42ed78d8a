"""The folder of a campaign: everything finished is a file there, so a killed run can go on."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from nearedge.engines import Engine, SiteSpectrum
from nearedge.errors import InputError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

_RECORD = "campaign.json"
_LOCK = "lock"


class CampaignState:
    """What a campaign has finished, as files.

    Parameters
    ----------
    folder : Path
        Holds ``campaign.json`` (what is computed), ``sites/*.npz`` (finished spectra),
        ``groups/*.json`` (finished preparations) with ``groups/*/`` (their files, as long as they
        are needed), ``failures.json`` and ``work/`` (what is going on, and logs of what failed).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, inputs: dict[str, str]) -> None:
        """Make the folder for these inputs, or check that it was made for them.

        Raises
        ------
        InputError
            If the folder was made for other inputs, or is none of a campaign.
        """
        record = self.folder / _RECORD
        if record.is_file():
            known = json.loads(record.read_text())
            changed = [name for name in inputs if known.get(name) != inputs[name]]
            if changed:
                raise InputError(
                    f"{self.folder}: was begun with other {', '.join(changed)}; give what it was "
                    "begun with, or pass --force without --resume to begin anew"
                )
        else:
            self._check_own()
        for name in ("sites", "groups"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        write_whole(record, json.dumps(inputs, indent=1))

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

    def site(self, number: int, atom: int) -> Path:
        """File of the finished spectrum of an atom of the snapshot of that number."""
        return self.folder / "sites" / f"{number:05d}-{atom:05d}.npz"

    def group(self, number: int, name: str) -> Path:
        """Folder in which a group of a snapshot is prepared."""
        return self.folder / "groups" / f"{number:05d}-{name}"

    def preparation(self, number: int, name: str) -> dict[str, Any] | None:
        """What is known of a finished preparation, None if it is not finished."""
        record = self._preparation(number, name)
        return json.loads(record.read_text()) if record.is_file() else None

    def forget_preparation(self, number: int, name: str) -> None:
        """Undo a preparation."""
        self._preparation(number, name).unlink(missing_ok=True)
        shutil.rmtree(self.group(number, name), ignore_errors=True)

    def sweep(self, number: int, names: Iterable[str]) -> None:
        """Delete the files of a snapshot's preparations; their records stay."""
        for name in names:
            shutil.rmtree(self.group(number, name), ignore_errors=True)

    def prepare(
        self, engine: Engine, atoms: Atoms, number: int, name: str, sites: Sequence[int]
    ) -> None:
        """Prepare a group; its record is written when everything else is there."""
        self.forget_preparation(number, name)
        folder = self.group(number, name)
        folder.mkdir(parents=True)
        said = engine.prepare(atoms, sites, folder)
        write_whole(self._preparation(number, name), json.dumps(said))

    def compute(self, engine: Engine, atoms: Atoms, number: int, name: str, site: int) -> None:
        """Compute a site; its file appears whole or not at all."""
        work = self.folder / "work" / f"{number:05d}-{site:05d}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        spectrum = engine.spectrum(atoms, site, self.group(number, name), work)
        said = {**(self.preparation(number, name) or {}), **spectrum.provenance}
        target = self.site(number, site)
        # Written in the work folder: same file system, and swept up with it after a crash.
        whole = work / target.name
        np.savez(whole, energy=spectrum.energy, mu=spectrum.mu, provenance=json.dumps(said))
        whole.replace(target)
        shutil.rmtree(work)

    def spectrum(self, number: int, site: int) -> SiteSpectrum:
        """Read a finished spectrum.

        Raises
        ------
        InputError
            If its file is damaged.
        """
        path = self.site(number, site)
        try:
            with np.load(path, allow_pickle=False) as stored:
                return SiteSpectrum(
                    stored["energy"], stored["mu"], json.loads(str(stored["provenance"]))
                )
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(f"{path}: is damaged ({error}); delete it and pass --resume") from None

    def write_failures(self, failures: list[dict[str, Any]]) -> None:
        """Record what failed so far."""
        write_whole(self.folder / "failures.json", json.dumps(failures, indent=1))

    def _preparation(self, number: int, name: str) -> Path:
        return self.group(number, name).with_suffix(".json")


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def describe_inputs(
    engine: Engine,
    rule: EnvironmentRule,
    snapshots: Sequence[Snapshot],
    sites: Sequence[Sequence[int]],
) -> dict[str, str]:
    """Sum up what a campaign computes, one entry for each thing that may differ.

    Structures are digests of all that matters: elements, positions and cell to 1e-6 Å, names.
    """
    digest = hashlib.sha256()
    for snapshot in snapshots:
        atoms = snapshot.atoms
        said = (snapshot.name, snapshot.trajectory, snapshot.temperature, snapshot.time)
        digest.update(repr(said).encode())
        digest.update(np.asarray(atoms.numbers, np.int64).tobytes())
        for values in (atoms.positions, atoms.cell.array):
            # Adding 0 makes -0 and 0 one.
            digest.update((np.round(values, 6) + 0.0).astype(np.float64).tobytes())
        digest.update(np.asarray(atoms.pbc, bool).tobytes())
    return {
        "engine": json.dumps(engine.attributes(), sort_keys=True),
        "labelling": json.dumps(asdict(rule), sort_keys=True),
        "structures": digest.hexdigest(),
        "sites": hashlib.sha256(repr([list(map(int, one)) for one in sites]).encode()).hexdigest(),
    }

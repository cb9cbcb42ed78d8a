"""Reference potentials of FEFF10: a folder of self-consistent fields that many structures share."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nearedge.engines._feff_settings import FeffSettings
from nearedge.engines._protocol import Preparation
from nearedge.errors import InputError
from nearedge.records import pack, read_json, unpack, write_json

# What the stages after the SCF read of it.
POTENTIAL_FILES = ("pot.bin", "edges.dat", "chemical.dat", "fpf0.dat")
_RECORD = "potentials.json"
# Settings that potentials depend on.
_BINDING = ("edge", "core_hole", "scf_radius", "lmax")


@dataclass(frozen=True)
class Reference(Preparation):
    """Potentials that one class of sites shares."""

    snapshot: str = ""  # structure they were computed in
    sha256: str = ""  # digest of their pot.bin

    @property
    def preparation(self) -> Preparation:
        """What every group that shares them is prepared with."""
        return Preparation(self.representative, self.fermi_level, self.scf_iterations, self.trials)


@dataclass(frozen=True)
class _Record:
    settings: FeffSettings
    groups: dict[str, Reference] = field(default_factory=dict)


def copy_potentials(source: Path, target: Path) -> None:
    """Copy what the stages after the SCF need from one folder to another."""
    for name in POTENTIAL_FILES:
        shutil.copy(source / name, target / name)


def write_reference(
    folder: Path, settings: FeffSettings, groups: Mapping[str, tuple[Path, Reference]]
) -> None:
    """Write potentials to an empty folder, each class of sites from the folder of its SCF."""
    references = {}
    for label, (source, reference) in groups.items():
        (folder / label).mkdir()
        copy_potentials(source, folder / label)
        references[label] = replace(reference, sha256=_digest(folder / label))
    plain, _ = pack(_Record(settings, references))
    write_json(folder / _RECORD, plain)


def read_reference(folder: Path, settings: FeffSettings) -> dict[str, Reference]:
    """Read what reference potentials are there, by the label of the class of sites."""
    path = folder / _RECORD
    if not path.is_file():
        raise InputError(
            f"{folder}: holds no reference potentials; make some with: nearedge potentials"
        )
    record = unpack(_Record, read_json(path), source=str(path))
    for label, reference in record.groups.items():
        if _digest(folder / label) != reference.sha256:
            raise InputError(f"{folder / label}: pot.bin was changed; compute it again")
    for name in _BINDING:
        before, now = getattr(record.settings, name), getattr(settings, name)
        if before != now:
            raise InputError(
                f"{folder}: its potentials were computed with {name} {before}, not {now}; use the "
                "same, or compute potentials for these settings"
            )
    return record.groups


def _digest(folder: Path) -> str:
    try:
        return hashlib.sha256((folder / "pot.bin").read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{folder}: pot.bin cannot be read ({error.strerror})") from None

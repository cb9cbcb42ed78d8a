"""Reference potentials of FEFF10: a folder of self-consistent fields that many structures share."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nearedge.engines._feff_settings import FeffSettings
from nearedge.errors import InputError

# What the stages after the SCF read of it.
POTENTIAL_FILES = ("pot.bin", "edges.dat", "chemical.dat", "fpf0.dat")
_RECORD = "potentials.json"
# Settings that potentials depend on.
_BINDING = ("edge", "core_hole", "scf_radius", "lmax")


def copy_potentials(source: Path, target: Path) -> None:
    """Copy what the stages after the SCF need from one folder to another."""
    for name in POTENTIAL_FILES:
        shutil.copy(source / name, target / name)


def write_reference(
    folder: Path, settings: FeffSettings, groups: Mapping[str, tuple[Path, dict[str, Any]]]
) -> None:
    """Write reference potentials.

    Parameters
    ----------
    folder : Path
        An empty folder.
    settings : FeffSettings
        What they were computed with.
    groups : mapping
        For each group of sites, by its label, the folder of its SCF and what is known of it.
    """
    record: dict[str, Any] = {"settings": asdict(settings), "groups": {}}
    for label, (source, said) in groups.items():
        (folder / label).mkdir()
        copy_potentials(source, folder / label)
        digest = hashlib.sha256((folder / label / "pot.bin").read_bytes()).hexdigest()
        record["groups"][label] = {**said, "sha256": digest}
    (folder / _RECORD).write_text(json.dumps(record, indent=1) + "\n")


def read_reference(folder: Path, settings: FeffSettings) -> dict[str, dict[str, Any]]:
    """Read what reference potentials are there, by the label of the group of sites.

    Raises
    ------
    InputError
        If the folder holds none, they are damaged, or were computed with other settings.
    """
    try:
        record = json.loads((folder / _RECORD).read_text())
        known, groups = dict(record["settings"]), dict(record["groups"])
        for label, said in groups.items():
            stored = (folder / label / "pot.bin").read_bytes()
            if hashlib.sha256(stored).hexdigest() != said["sha256"]:
                raise InputError(f"{folder / label}: pot.bin was changed; compute it again")
            float(said["fermi_level"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{folder}: holds no usable reference potentials ({type(error).__name__}: {error}); "
            "make some with: nearedge potentials"
        ) from None
    for name in _BINDING:
        if known.get(name) != getattr(settings, name):
            raise InputError(
                f"{folder}: its potentials were computed with {name} {known.get(name)}, not "
                f"{getattr(settings, name)}; use the same, or compute potentials for these settings"
            )
    return groups

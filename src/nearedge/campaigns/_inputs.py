"""Inputs of OCEAN runs that are submitted by hand."""

from collections.abc import Sequence
from pathlib import Path

from nearedge.campaigns._run import _every, _sites
from nearedge.engines import OceanInput
from nearedge.errors import InputError
from nearedge.records import replacing
from nearedge.structures import Snapshot, repeated_names, write_snapshots
from nearedge.targets import EnvironmentRule

STRUCTURE = "structure.extxyz"


def write_inputs(
    snapshots: Sequence[Snapshot],
    inputs: OceanInput,
    rule: EnvironmentRule | str,
    path: str | Path,
    *,
    every: int = 1,
    sites: Sequence[int] | None = None,
    symmetry: bool = True,
    force: bool = False,
) -> list[Path]:
    """Write what `simulate` would give OCEAN; return the folders, of one structure each.

    They hold it as well, in ``structure.extxyz``.
    """
    path = Path(path)
    if repeated := repeated_names(snapshots):
        raise InputError(f"several snapshots are named {', '.join(repeated)}; rename them")
    folders = []
    with replacing(path, force=force) as temporary:
        for snapshot in _every(snapshots, every):
            chosen = list(_sites(snapshot, rule, sites, symmetry=symmetry))
            run = temporary / snapshot.name.replace("/", "_")
            run.mkdir(parents=True)
            try:
                inputs.write(snapshot.atoms, chosen, run)
            except InputError as error:
                raise InputError(f"{snapshot.name}: {error}") from None
            write_snapshots(run / STRUCTURE, [snapshot])
            folders.append(path / run.name)
    return folders

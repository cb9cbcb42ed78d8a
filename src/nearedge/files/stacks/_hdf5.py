"""Stacks in HDF5 files, those of NeXus among them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files.stacks._stack import Axis, Part, Source, told

_SHOWN = 12
_NAMES = ("energy", "energies", "photon_energy", "ev")


def read_hdf5(
    path: Path, inner: str | None, energy_path: str | None, axis: Axis | None, *, known: bool
) -> Source:
    """Open a dataset of three axes, or the signal of a group, and its energies if not `known`."""
    try:
        with h5py.File(path, "r") as file:
            dataset = _dataset(file, inner, path)
            nexus = _nexus_axis(dataset)[1]
            energy = None if known else _energies(file, dataset, energy_path, axis, path)
            place, shape, dtype = str(dataset.name), dataset.shape, dataset.dtype
            packed = dataset.id.get_create_plist().get_nfilters() > 0
            chunks = dataset.chunks if packed else None
    except (OSError, RuntimeError, KeyError) as error:
        raise InputError(f"{path}: cannot be read ({told(error)}); get the file again") from None

    def read(part: Part) -> np.ndarray:
        with h5py.File(path, "r") as file:
            stored = file[place]
            assert isinstance(stored, h5py.Dataset)
            return stored[part]

    return Source(shape, dtype, read, energy, nexus, chunks)


def _dataset(file: h5py.File, inner: str | None, path: Path) -> h5py.Dataset:
    if inner is None:
        cubes = [each for each in _datasets(file) if each.ndim == 3 and each.dtype.kind in "uif"]
        if len(cubes) == 1:
            return cubes[0]
        if not cubes:
            raise InputError(f"{path}: holds no numbers with three axes; it holds {_listed(file)}")
        raise InputError(f"{path}: holds several stacks, {_names(cubes)}; choose one with --path")
    member = file.get(inner)
    if isinstance(member, h5py.Group) and "signal" in member.attrs:
        member = member.get(_text(member.attrs["signal"]))
    if not isinstance(member, h5py.Dataset):
        fault = "does not exist" if member is None else "is no dataset"
        raise InputError(f"{path}: {inner} {fault}; the file holds {_listed(file)}")
    if member.ndim != 3:
        raise InputError(
            f"{path}: {inner} has shape {member.shape}; a stack has three axes, one of them of the "
            f"energies; the file holds {_listed(file)}"
        )
    return member


def _datasets(group: h5py.Group, depth: int = 0) -> Iterator[h5py.Dataset]:
    """Walk through the datasets; links to files that are not there are left out."""
    for name in group:
        try:
            member = group[name]
        except (KeyError, OSError):
            continue
        if isinstance(member, h5py.Dataset):
            yield member
        elif isinstance(member, h5py.Group) and depth < 12:
            yield from _datasets(member, depth + 1)


def _listed(file: h5py.File) -> str:
    return _names([*_datasets(file)]) or "nothing"


def _names(datasets: Sequence[h5py.Dataset]) -> str:
    listed = [f"{each.name} {each.shape}" for each in datasets]
    more = [f"and {len(listed) - _SHOWN} more"] if len(listed) > _SHOWN else []
    return ", ".join([*listed[:_SHOWN], *more])


def _energies(
    file: h5py.File, dataset: h5py.Dataset, energy_path: str | None, axis: Axis | None, path: Path
) -> Float[np.ndarray, " energy"]:
    """Find the energies in eV: those named, those that NeXus names, or those that lie beside."""
    parent, name = _parent(dataset), _nexus_axis(dataset)[0]
    if energy_path is not None:
        energy = _vector(file, energy_path)
        if energy is None:
            raise InputError(
                f"{path}: {energy_path} is not a list of energies; the file holds {_listed(file)}"
            )
    elif name is None or (energy := _vector(parent, name)) is None:
        ends = {"first": dataset.shape[:1], "last": dataset.shape[2:]}
        lengths = ends.get(axis or "", dataset.shape[::2])
        vectors = [_vector(parent, key) for key in map(str, parent) if key.lower() in _NAMES]
        beside = [vector for vector in vectors if vector is not None and len(vector) in lengths]
        if len(beside) != 1:
            raise InputError(
                f"{path}: {'several' if beside else 'no'} energies beside {dataset.name}; give "
                f"--energy-path or --energies; the file holds {_listed(file)}"
            )
        energy = beside[0]
    return energy[()].astype(float) * (1000.0 if _unit(energy) == "kev" else 1.0)


def _nexus_axis(dataset: h5py.Dataset) -> tuple[str | None, Axis | None]:
    """Name of the energies, and where they lie, as the attributes of NeXus have it."""
    parent = _parent(dataset)
    axes = parent.attrs.get("axes", dataset.attrs.get("axes"))
    names = [] if axes is None else [_text(name) for name in np.atleast_1d(axes)]
    if len(names) == 1:
        names = names[0].strip("[]").replace(",", ":").split(":")
    names = [name.strip() for name in names]
    units = [_unit(parent.get(name)) for name in names]
    ours = [n.lower() in _NAMES or u in ("ev", "kev") for n, u in zip(names, units, strict=True)]
    if ours not in ([True, False, False], [False, False, True]):
        return None, None
    return (names[0], "first") if ours[0] else (names[2], "last")


def _vector(group: h5py.Group, name: str) -> h5py.Dataset | None:
    """A list of numbers in a group; None if it is none."""
    member = group.get(name)
    if isinstance(member, h5py.Dataset) and member.ndim == 1 and member.dtype.kind in "uif":
        return member
    return None


def _parent(dataset: h5py.Dataset) -> h5py.Group:
    parent = dataset.parent
    assert isinstance(parent, h5py.Group)
    return parent


def _unit(member: Any) -> str:
    return _text(member.attrs.get("units", "")).lower() if isinstance(member, h5py.Dataset) else ""


def _text(value: Any) -> str:
    first = np.atleast_1d(value)[0] if np.size(value) else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)

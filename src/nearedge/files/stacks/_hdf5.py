"""Stacks in HDF5 files, those of NeXus among them."""

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files.stacks._stack import Axis, Source
from nearedge.files.stacks._unpacking import Advance, unpack

LARGEST_STEP = 256 * 2**20
"""Bytes of rows that a file keeps together; it is unpacked if there are more."""

SHOWN = 12
"""Datasets that an error lists."""

_NAMES = ("energy", "energies", "photon_energy", "ev")


def read_hdf5(
    path: Path,
    inner: str | None = None,
    energy_path: str | None = None,
    *,
    axis: Axis | None = None,
    given: int | None = None,
    scratch: Path | None = None,
    advance: Advance | None = None,
) -> Source:
    """Open a dataset of three axes."""
    try:
        with h5py.File(path, "r") as file:
            dataset = _find(file, inner, path)
            source = _source(dataset, path)
            if given is None:
                found, said = _energies(file, dataset, energy_path, axis, path)
                source = replace(source, energy=found, axis=said)
                given = len(found)
            else:
                source = replace(source, axis=_nexus_axis(dataset)[1])
            said = axis or source.axis
            first = said == "first" if said else dataset.shape[0] == given
            rows, row_bytes = _rows_kept_together(dataset, first=first)
            if rows * row_bytes <= LARGEST_STEP:
                return replace(source, step=rows)
            name = f"{path}::{dataset.name}"
            read, kept = unpack(
                _images(dataset, first=first),
                source.shape if first else (source.shape[2], *source.shape[:2]),
                source.dtype,
                name,
                scratch=scratch,
                advance=advance,
            )
    except (OSError, RuntimeError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: cannot be read ({reason}); get the file again") from None

    def turned(part: tuple[slice, slice, slice]) -> np.ndarray:
        return np.moveaxis(read((part[2], part[0], part[1])), 0, 2)

    return replace(source, read=read if first else turned, scratch=kept)


def _source(dataset: h5py.Dataset, path: Path) -> Source:
    place = str(dataset.name)

    def read(part: tuple[slice, slice, slice]) -> np.ndarray:
        with h5py.File(path, "r") as file:
            found = file[place]
            assert isinstance(found, h5py.Dataset)
            return found[part]

    return Source(dataset.shape, dataset.dtype, read)


def _find(file: h5py.File, inner: str | None, path: Path) -> h5py.Dataset:
    if inner is None:
        found = [one for one in _datasets(file) if one.ndim == 3 and one.dtype.kind in "uif"]
        if len(found) == 1:
            return found[0]
        if not found:
            raise InputError(f"{path}: holds no numbers with three axes; it holds {_listed(file)}")
        raise InputError(f"{path}: holds several stacks, {_names(found)}; choose one with --path")
    one = file.get(inner)
    signal = one.attrs.get("signal") if isinstance(one, h5py.Group) else None
    if isinstance(one, h5py.Group) and signal is not None:
        one = one.get(_text(signal))
    if isinstance(one, h5py.Dataset):
        if one.ndim != 3:
            raise InputError(
                f"{path}: {inner} has shape {one.shape}; a stack has three axes, one of them of "
                f"the energies; the file holds {_listed(file)}"
            )
        return one
    what = "is no dataset" if one is not None else "does not exist"
    raise InputError(f"{path}: {inner} {what}; the file holds {_listed(file)}")


def _datasets(group: h5py.Group, depth: int = 0) -> Iterator[h5py.Dataset]:
    """Walk through the datasets; links to files that are not there are left out."""
    for name in group:
        try:
            one = group[name]
        except (KeyError, OSError):
            continue
        if isinstance(one, h5py.Dataset):
            yield one
        elif isinstance(one, h5py.Group) and depth < 12:
            yield from _datasets(one, depth + 1)


def _listed(file: h5py.File) -> str:
    return _names(list(_datasets(file))) or "nothing"


def _names(datasets: list[h5py.Dataset]) -> str:
    listed = [f"{one.name} {one.shape}" for one in datasets[:SHOWN]]
    more = len(datasets) - SHOWN
    return ", ".join([*listed, *([f"and {more} more"] if more > 0 else [])])


def _energies(
    file: h5py.File, dataset: h5py.Dataset, energy_path: str | None, axis: Axis | None, path: Path
) -> tuple[Float[np.ndarray, " energy"], Axis | None]:
    """Find the energies: those named, those that NeXus names, or those that lie beside."""
    if energy_path is not None:
        one = file.get(energy_path)
        if not isinstance(one, h5py.Dataset) or one.ndim != 1 or one.dtype.kind not in "uif":
            raise InputError(
                f"{path}: {energy_path} is no list of energies; the file holds {_listed(file)}"
            )
        return _in_ev(one), _nexus_axis(dataset)[1]
    name, said = _nexus_axis(dataset)
    parent = _parent(dataset)
    if name is not None and isinstance(one := parent.get(name), h5py.Dataset) and one.ndim == 1:
        return _in_ev(one), said
    lengths = {"first": dataset.shape[:1], "last": dataset.shape[2:]}.get(
        axis or "", (dataset.shape[0], dataset.shape[2])
    )
    beside = [
        one
        for one in (parent.get(name) for name in parent)
        if isinstance(one, h5py.Dataset)
        and one.ndim == 1
        and posixpath.basename(str(one.name)).lower() in _NAMES
        and len(one) in lengths
    ]
    if len(beside) != 1:
        raise InputError(
            f"{path}: {'no' if not beside else 'several'} energies beside {dataset.name}; give "
            f"--energy-path or --energies; the file holds {_listed(file)}"
        )
    return _in_ev(beside[0]), None


def _nexus_axis(dataset: h5py.Dataset) -> tuple[str | None, Axis | None]:
    """Name of the energies, and where they lie, as the attributes of NeXus have it."""
    parent = _parent(dataset)
    said = parent.attrs.get("axes", dataset.attrs.get("axes"))
    if said is None:
        return None, None
    text = [_text(one) for one in np.atleast_1d(said)]
    names = text[0].strip("[]").replace(",", ":").split(":") if len(text) == 1 else text
    known = [place for place, name in enumerate(names) if _is_energy(parent, name.strip())]
    if len(names) != 3 or len(known) != 1 or known[0] == 1:
        return None, None
    return names[known[0]].strip(), "first" if known[0] == 0 else "last"


def _parent(dataset: h5py.Dataset) -> h5py.Group:
    found = dataset.parent
    assert isinstance(found, h5py.Group)
    return found


def _is_energy(group: h5py.Group, name: str) -> bool:
    one = group.get(name)
    unit = _text(one.attrs.get("units", "")) if isinstance(one, h5py.Dataset) else ""
    return name.lower() in _NAMES or unit.lower() in ("ev", "kev")


def _in_ev(dataset: h5py.Dataset) -> Float[np.ndarray, " energy"]:
    factor = 1000.0 if _text(dataset.attrs.get("units", "")).lower() == "kev" else 1.0
    return dataset[()].astype(float) * factor


def _rows_kept_together(dataset: h5py.Dataset, *, first: bool) -> tuple[int, int]:
    """Rows that can only be unpacked together, and the bytes of a row; one if none are packed."""
    row = 1 if first else 0
    count = int(np.prod(dataset.shape)) // max(1, dataset.shape[row]) * dataset.dtype.itemsize
    if dataset.chunks is None or dataset.id.get_create_plist().get_nfilters() == 0:
        return 1, count
    return min(dataset.chunks[row], dataset.shape[row]), count


def _images(dataset: h5py.Dataset, *, first: bool) -> Iterator[np.ndarray]:
    along = 0 if first else 2
    step = 1 if dataset.chunks is None else dataset.chunks[along]
    for start in range(0, dataset.shape[along], step):
        part = slice(start, start + step)
        yield dataset[part] if first else np.moveaxis(dataset[:, :, part], 2, 0)


def _text(value: Any) -> str:
    one = np.atleast_1d(value)[0] if np.size(value) else ""
    return one.decode(errors="replace") if isinstance(one, bytes) else str(one)

"""Absorption spectra in HDF5 files: those of NXxas and NXdata, or of arrays beside energies."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nearedge.errors import InputError
from nearedge.files._detectors import Columns
from nearedge.files._hdf5 import Tree, Vector, read_tree
from nearedge.files._labels import Label, parse_label
from nearedge.files._naming import printable, quoted, unique
from nearedge.files._roles import Role, role
from nearedge.spectra import Spectrum

# The words of the definition NXxas, and of people.
_MODES: tuple[tuple[str, Role], ...] = (
    ("transmission", "transmitted"),
    ("yield", "electron yield"),
    ("tey", "electron yield"),
)
_FACTS = ("element", "edge", "title", "mode")
_SAMPLE = "sample/name"
_MONITORS = ("instrument/incoming_beam/data", "monitor/data")
_ENERGIES = ("instrument/monochromator/energy", "instrument/mono/energy")


@dataclass(frozen=True)
class _Group:
    """Arrays of one length that belong together, one of them energies."""

    path: str
    columns: Columns


def read_nexus(path: Path, *, wanted: str | None = None) -> list[Spectrum]:
    """Read the absorption spectra of an HDF5 file.

    Parameters
    ----------
    path : Path
        The file.
    wanted : str, optional
        Path of a group or an array within it; by default all groups of NeXus data, and without any
        all groups that hold energies.

    Returns
    -------
    list of Spectrum
        Named by the paths of group and array; a single one by its array.

    Raises
    ------
    InputError
        If the file is damaged, or holds no spectrum there.
    """
    tree = read_tree(path, wanted)
    if wanted is not None:
        return _wanted(tree, wanted, path)
    groups = list(_groups(tree, nexus=True)) or list(_groups(tree, nexus=False))
    if not groups:
        left = f"; not read: {quoted(tree.left_out)}" if tree.left_out else ""
        where = "" if tree.complete else f" in its first {len(tree.groups)} groups"
        raise InputError(
            f"{path}: holds no energies beside intensities{where}{left}; name the group or the "
            f"array as {path.name}::/entry/data"
        )
    spectra = _spectra(groups, path)
    if tree.complete:
        return spectra
    note = f"only the first {len(tree.groups)} groups of the file were looked at"
    return [replace(one, notes=(*one.notes, note)) for one in spectra]


def _spectra(groups: list[_Group], path: Path) -> list[Spectrum]:
    spectra: list[Spectrum] = []
    fault: InputError | None = None
    for group in groups:
        try:
            found = group.columns.spectra(str(path))
        except InputError as error:
            fault = fault or error
            continue
        place = group.path.strip("/")
        spectra += [one.renamed(printable(f"{place}/{one.name}".lstrip("/"))) for one in found]
    if not spectra:
        assert fault is not None
        raise fault
    if len(spectra) == 1:
        spectra = [spectra[0].renamed(posixpath.basename(spectra[0].name) or "spectrum")]
    names = unique([one.name for one in spectra])
    return [one.renamed(name) for name, one in zip(names, spectra, strict=True)]


def _wanted(tree: Tree, wanted: str, path: Path) -> list[Spectrum]:
    place = posixpath.normpath("/" + wanted.strip("/"))
    if place in tree.vectors:
        parent, name = posixpath.split(place)
        group = _group(tree, parent, tree.vectors[place], name)
        if group is not None:
            return group.columns.spectra(str(path), every=True)
        raise InputError(f"{path}: has no energies that belong to {place}; give another array")
    within = [
        group
        for nexus in (True, False)
        for group in _groups(tree, nexus=nexus)
        if group.path == place or group.path.startswith(place.rstrip("/") + "/")
    ]
    if within:
        return _spectra(within[:1] if within[0].path == place else within, path)
    if place in tree.groups:
        raise InputError(
            f"{path}: {place} holds no energies beside intensities; name another group"
        )
    known = sorted({posixpath.dirname(one) for one in tree.vectors})
    raise InputError(f"{path}: has no {place} that can be read; it has {quoted(known)}")


def _groups(tree: Tree, *, nexus: bool) -> Iterator[_Group]:
    for place, attributes in tree.groups.items():
        is_nexus = attributes.get("NX_class") == "NXdata" or "signal" in attributes
        if is_nexus == nexus:
            group = _group(tree, place)
            if group is not None:
                yield group
        elif nexus and tree.texts.get(_join(place, "definition")) == "NXxas":
            group = _bare_nxxas(tree, place)
            if group is not None:
                yield group


def _group(
    tree: Tree, place: str, asked: Vector | None = None, asked_name: str | None = None
) -> _Group | None:
    """Put the arrays of a group together; None if it holds no energies with something beside.

    With an array that was `asked` for, it and its energies alone.
    """
    attributes = tree.groups.get(place, {})
    members = tree.members.get(place, {})
    entry = _entry(tree, place)
    energy = _energies(attributes, members, asked is not None)
    if energy is not None:
        label, values = energy, members[energy]
    else:
        label, values = "energy", _monochromator(tree, entry)
        if values is None:
            return None
    length = len(values.values)
    if asked is not None and asked_name is not None:
        members = {asked_name: asked}
    chosen = {
        name: vector
        for name, vector in members.items()
        if len(vector.values) == length and name != energy
    }
    if length < 2 or not chosen:
        return None
    columns = _columns(tree, entry, attributes, (label, values), chosen, with_monitor=asked is None)
    return _Group(place, columns)


def _columns(
    tree: Tree,
    entry: str,
    attributes: dict[str, Any],
    energy: tuple[str, Vector],
    members: dict[str, Vector],
    *,
    with_monitor: bool = True,
) -> Columns:
    """Label energies and arrays as the table of a scan is labelled."""
    signals = _signals(attributes, members)
    mode = _mode(tree, entry)
    labels, vectors = [_label(*energy, "energy")], [energy[1].values]
    for name, vector in members.items():
        meaning = role(name)
        if name == "absorbed_beam":
            meaning = mode
        elif name == "incoming_beam":
            meaning = "incident"
        elif name in signals and meaning in (None, "aside", "reference"):
            meaning = "absorption"
        labels.append(_label(name, vector, meaning))
        vectors.append(vector.values)
    if with_monitor and not any(label.role == "incident" for label in labels):
        for place in _MONITORS:
            monitor = tree.vectors.get(_join(entry, place))
            if monitor is not None and len(monitor.values) == len(vectors[0]):
                labels.append(Label(place.split("/")[-2], meaning="incident"))
                vectors.append(monitor.values)
                break
    above = {name: tree.texts.get(_join(entry, name)) for name in _FACTS}
    facts = {name: said for name, said in above.items() if said}
    for place, said in tree.within(entry, "element", "edge"):
        facts.setdefault(posixpath.basename(place), said)
    if _join(entry, _SAMPLE) in tree.texts:
        facts["sample"] = tree.texts[_join(entry, _SAMPLE)]
    return Columns(
        np.stack(vectors, axis=1),
        tuple(labels),
        True,
        {name: printable(said) for name, said in facts.items()},
        (),
    )


def _bare_nxxas(tree: Tree, entry: str) -> _Group | None:
    """Gather the arrays of an NXxas entry that has no NXdata."""
    if any(
        attributes.get("NX_class") == "NXdata" and place.startswith(entry.rstrip("/") + "/")
        for place, attributes in tree.groups.items()
    ):
        return None
    beam = tree.vectors.get(_join(entry, "instrument/absorbed_beam/data"))
    energy = _monochromator(tree, entry)
    if beam is None or energy is None or len(beam.values) != len(energy.values):
        return None
    return _Group(entry, _columns(tree, entry, {}, ("energy", energy), {"absorbed_beam": beam}))


def _monochromator(tree: Tree, entry: str) -> Vector | None:
    """Energies that an entry keeps with its monochromator."""
    for place in _ENERGIES:
        if (found := tree.vectors.get(_join(entry, place))) is not None:
            return found
    return None


def _energies(attributes: dict[str, Any], members: dict[str, Vector], asked: bool) -> str | None:
    """Find the name of the energies among the arrays of a group."""
    axes = [name for name in _list(attributes.get("axes")) if name in members]
    axes += [
        name
        for vector in members.values()
        for name in _list(vector.attributes.get("axes"))
        if name in members
    ]
    axes += [name for name, vector in members.items() if vector.attributes.get("axis") == "1"]
    for name in dict.fromkeys([*axes, *members]):
        label = _label(name, members[name], role(name))
        if label.scale is not None or (label.role == "energy" and len(name) > 1):
            return name
    # Who names an array vouches for its axis.
    return axes[0] if axes and asked else None


def _signals(attributes: dict[str, Any], members: dict[str, Vector]) -> set[str]:
    said = {*_list(attributes.get("signal")), *_list(attributes.get("auxiliary_signals"))}
    said |= {name for name, vector in members.items() if vector.attributes.get("signal") == "1"}
    return said


def _list(said: Any) -> list[str]:
    """Names in an attribute: a list, or a text with colons between."""
    if isinstance(said, list):
        return [str(one) for one in said]
    return [] if said is None else str(said).replace(",", ":").split(":")


def _label(name: str, vector: Vector, meaning: Role | None) -> Label:
    unit = vector.attributes.get("units")
    parsed = parse_label(name)
    return Label(parsed.text, unit if isinstance(unit, str) else parsed.unit, meaning)


def _mode(tree: Tree, entry: str) -> Role:
    """What the absorbed beam of an NXxas entry was measured by."""
    said = " ".join(
        text.lower() for place, text in tree.within(entry, "mode") if "monitor" not in place
    )
    for word, meaning in _MODES:
        if word in said and "fluorescence" not in said:
            return meaning
    return "fluorescence" if "fluorescence" in said else "absorption"


def _entry(tree: Tree, place: str) -> str:
    """Find the NXentry above a group; the first group of its path if there is none."""
    parts = place.strip("/").split("/")
    for count in range(len(parts), 0, -1):
        above = "/" + "/".join(parts[:count])
        if tree.groups.get(above, {}).get("NX_class") in ("NXentry", "NXsubentry"):
            return above
    return "/" + parts[0]


def _join(place: str, name: str) -> str:
    return f"{place.rstrip('/')}/{name}"

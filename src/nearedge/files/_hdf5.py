"""Scans in HDF5 files: those of NXxas and NXdata, or of arrays beside energies."""

# By h5py: rexafs 0.2.14 refuses files for one virtual or large dataset, drops texts, and took 23 s
# and 1.6 GB for an array of zeros. In a process of its own: of 1500 files with a few changed bytes
# 3 made the HDF5 library 2.0.0 run for ever and 1 made it crash, which no Python code can mend.

import base64
import json
import posixpath
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.files._roles import Role, role
from nearedge.files._scan import Label, Scan, printable, quoted

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_WORKER = Path(__file__).with_name("_hdf5_worker.py")
# The worker ends by itself after 1.7 s of computing; a slow disk may take longer.
_PATIENCE = 60.0
# The words of the definition NXxas, and of people.
_MODES: tuple[tuple[str, Role], ...] = (
    ("fluorescence", "fluorescence"),
    ("transmission", "transmitted"),
    ("yield", "electron yield"),
    ("tey", "electron yield"),
)
_MONITORS = ("instrument/incoming_beam/data", "monitor/data")
_ENERGIES = ("instrument/monochromator/energy", "instrument/mono/energy")

Attributes = dict[str, list[str]]


@dataclass(frozen=True)
class _Vector:
    """An array of numbers, and its attributes."""

    values: Float[np.ndarray, " row"]
    attributes: Attributes

    @property
    def unit(self) -> str:
        return next(iter(self.attributes.get("units") or self.attributes.get("unit") or []), "")


@dataclass(frozen=True)
class _Tree:
    """What a file holds by path, as far as it can be a spectrum or say something of one."""

    groups: dict[str, Attributes]
    vectors: dict[str, _Vector]
    texts: dict[str, str]
    left_out: list[str]
    complete: bool

    @cached_property
    def members(self) -> dict[str, dict[str, _Vector]]:
        """The arrays of each group by name."""
        groups: dict[str, dict[str, _Vector]] = {}
        for place, vector in self.vectors.items():
            group, name = posixpath.split(place)
            groups.setdefault(group, {})[name] = vector
        return groups

    def entry(self, place: str) -> str:
        """Find the NXentry above a group; the first group of its path if there is none."""
        parts = place.strip("/").split("/")
        for count in range(len(parts), 0, -1):
            above = "/" + "/".join(parts[:count])
            if {*self.groups.get(above, {}).get("NX_class", [])} & {"NXentry", "NXsubentry"}:
                return above
        return "/" + parts[0]

    def first(self, entry: str, places: tuple[str, ...]) -> _Vector | None:
        """The first array that is there."""
        vectors = (self.vectors.get(_join(entry, place)) for place in places)
        return next((vector for vector in vectors if vector is not None), None)

    def facts(self, place: str) -> dict[str, str]:
        """What is said of a group: in its attributes, beside it, or anywhere in its entry."""
        entry = self.entry(place)
        facts: list[tuple[str, str]] = []
        for above in (place, posixpath.dirname(place), entry):
            attributes = self.groups.get(above, {})
            keys = [key for key in ("element", "absorber", "edge", "sample") if attributes.get(key)]
            facts += [(key, attributes[key][0]) for key in keys]
        for name in ("sample/name", "title", "mode"):
            if (text := self.texts.get(_join(entry, name))) is not None:
                facts.append((name.removesuffix("/name"), text))
        for path, text in self.texts.items():
            name = posixpath.basename(path)
            if name in ("element", "edge", "absorber") and path.startswith(_join(entry, "")):
                facts.append((name, text))
        named = [("element" if key == "absorber" else key, text) for key, text in facts]
        first = dict(reversed(named))
        return {key: printable(first[key]) for key, _ in named}

    def mode(self, entry: str) -> Role:
        """What the absorbed beam of an NXxas entry was measured by."""
        within = [path for path in self.texts if path.startswith(_join(entry, ""))]
        places = [path for path in within if path.endswith("/mode") and "monitor" not in path]
        modes = " ".join(self.texts[path].lower() for path in places)
        roles: list[Role] = [role for word, role in _MODES if word in modes]
        return roles[0] if roles else "absorption"


def is_hdf5(beginning: bytes) -> bool:
    """Tell whether a file is HDF5, by its beginning."""
    return any(beginning[place : place + 8] == _SIGNATURE for place in (0, 512, 1024, 2048))


def read_hdf5(path: Path, wanted: str | None = None) -> list[Scan]:
    """Read the scans of a file, or those of the group or the array that is wanted.

    By default those of all groups of NeXus data, and without any of all that hold energies.
    """
    tree = _read_tree(path, wanted or "")
    if wanted is not None:
        return _wanted(tree, wanted, path)
    scans = [*_groups(tree, nexus=True)] or [*_groups(tree, nexus=False)]
    if not scans:
        left = f"; not read: {quoted(tree.left_out)}" if tree.left_out else ""
        where = "" if tree.complete else f" in its first {len(tree.groups)} groups"
        raise InputError(
            f"{path}: holds no energies together with intensities{where}{left}; {_hint(tree, path)}"
        )
    if tree.complete:
        return scans
    note = f"only the first {len(tree.groups)} groups of the file were looked at"
    return [replace(scan, notes=(*scan.notes, note)) for scan in scans]


def _hint(tree: _Tree, path: Path) -> str:
    """Name an array of the file that might be asked for."""
    if not tree.vectors:
        return "it has no arrays of numbers of one dimension"
    shown = [f"{place} ({len(vector.values)})" for place, vector in list(tree.vectors.items())[:8]]
    return f"name one of its arrays as {path.name}::{next(iter(tree.vectors))}: {quoted(shown)}"


def _read_tree(path: Path, first: str) -> _Tree:
    command = [sys.executable, "-P", str(_WORKER), str(path.resolve()), first]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
        answer = json.loads(done.stdout)
    except OSError as error:
        raise InputError(
            f"{path}: HDF5 is read by a second process, but it cannot be started "
            f"({error.strerror}); allow it or convert the file to text"
        ) from None
    except (ValueError, subprocess.TimeoutExpired):
        raise InputError(
            f"{path}: cannot be read, the HDF5 library failed; the file is damaged, copy it again"
        ) from None
    if "error" in answer:
        raise InputError(f"{path}: is damaged HDF5 ({answer['error']}); copy the file again")
    vectors = {
        place: _Vector(np.frombuffer(base64.b64decode(values), dtype="<f8"), attributes)
        for place, (attributes, values) in answer.pop("arrays").items()
    }
    return _Tree(vectors=vectors, **answer)


def _wanted(tree: _Tree, wanted: str, path: Path) -> list[Scan]:
    place = posixpath.normpath("/" + wanted.strip("/"))
    if place in tree.vectors:
        parent, name = posixpath.split(place)
        if scan := _group(tree, parent, name):
            return [scan]
        raise InputError(f"{path}: has no energies that belong to {place}; {_hint(tree, path)}")
    inner = place.strip("/")
    scans = [*_groups(tree, nexus=True), *_groups(tree, nexus=False)]
    exact = [scan for scan in scans if scan.name == inner][:1]
    if found := exact or [scan for scan in scans if scan.name.startswith(f"{inner}/")]:
        return found
    if place in tree.groups:
        raise InputError(
            f"{path}: {place} holds no energies together with intensities; {_hint(tree, path)}"
        )
    groups = sorted({posixpath.dirname(place) for place in tree.vectors})
    raise InputError(f"{path}: has no {place} that can be read; it has {quoted(groups)}")


def _groups(tree: _Tree, *, nexus: bool) -> Iterator[Scan]:
    data = [place for place, own in tree.groups.items() if own.get("NX_class") == ["NXdata"]]
    for place, attributes in tree.groups.items():
        is_nexus = place in data or "signal" in attributes
        within, beam = _join(place, ""), _join(place, "instrument/absorbed_beam")
        xas = tree.texts.get(f"{within}definition") == "NXxas" and beam in tree.members
        # An entry may have no NXdata.
        bare = xas and not is_nexus and not any(other.startswith(within) for other in data)
        if (is_nexus or bare) == nexus and (scan := _group(tree, beam if bare else place)):
            yield replace(scan, name=place.strip("/"))


def _group(tree: _Tree, place: str, asked: str | None = None) -> Scan | None:
    """Put the arrays of a group together, or the one asked for and its energies; None without."""
    members = tree.members.get(place, {})
    name = _energies(tree.groups.get(place, {}), members, asked is not None)
    energy = members[name] if name is not None else tree.first(tree.entry(place), _ENERGIES)
    if energy is None or len(energy.values) < 2:
        return None
    # NXxas: the detector's other fields are no signals.
    beam = place.endswith("/absorbed_beam") and "data" in members
    only = asked or ("data" if beam else None)
    beside = {
        other: vector
        for other, vector in members.items()
        if len(vector.values) == len(energy.values) and other != name and only in (None, other)
    }
    if not beside:
        return None
    # Labelled as the columns of a scan are.
    entry, attributes, alone = tree.entry(place), tree.groups.get(place, {}), asked is not None
    signals = {*attributes.get("signal", []), *attributes.get("auxiliary_signals", [])}
    labels, vectors = [Label(name or "energy", energy.unit, "energy")], [energy.values]
    for own, vector in beside.items():
        name = "absorbed_beam" if beam and own == "data" else own
        meaning = role(name)
        # NeXus names it as the signal, or it stands alone beside energies.
        named = own in signals or vector.attributes.get("signal") == ["1"]
        signal = named and meaning in (None, "aside", "reference")
        if name == "absorbed_beam":
            meaning = tree.mode(entry)
        elif alone or signal or (meaning is None and len(beside) == 1):
            meaning = "absorption"
        labels.append(Label(printable(name), vector.unit, meaning))
        vectors.append(vector.values)
    if not alone and not any(label.role == "incident" for label in labels):
        monitor = tree.first(entry, _MONITORS)
        if monitor is not None and len(monitor.values) == len(vectors[0]):
            labels.append(Label("monitor", meaning="incident"))
            vectors.append(monitor.values)
    return Scan(np.stack(vectors, axis=1), tuple(labels), place.strip("/"), tree.facts(place))


def _energies(attributes: Attributes, members: dict[str, _Vector], asked: bool) -> str | None:
    """Find the name of the energies among the arrays of a group."""
    texts = attributes.get("axes", [])
    for vector in members.values():
        texts = [*texts, *vector.attributes.get("axes", [])]
    axes = [name for text in texts for name in text.replace(",", ":").split(":") if name in members]
    axes += [name for name, vector in members.items() if vector.attributes.get("axis") == ["1"]]
    for name in dict.fromkeys([*axes, *members]):
        label = Label(name, members[name].unit, role(name))
        others = {role(other) for other in members if other != name}
        named = len(name) > 1 or others & {"absorption", "incident"}
        if label.scale is not None or (label.role == "energy" and named):
            return name
    # x beside y is what it is in a table; who names an array vouches for its axis.
    if {"x", "y"} <= {*members}:
        return "x"
    return axes[0] if axes and asked else None


def _join(place: str, name: str) -> str:
    return f"{place.rstrip('/')}/{name}"

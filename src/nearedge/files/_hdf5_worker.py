"""A program that reads HDF5 files for nearedge, in a process that may be lost.

It takes one question a line, the path of a file and a place in it to begin with, and answers with
one line of JSON: the groups, the short arrays of numbers and the short texts of the file. Nothing
outside of the file is opened. It imports nothing of nearedge, so that it starts fast, and is killed
by its own clock where the HDF5 library hangs.
"""

import base64
import contextlib
import json
import os
import sys
import time
from typing import Any

import h5py
import numpy as np

OBJECTS = 5000
"""Groups and datasets that are looked at."""
MEMBERS = 1000
"""In one group."""
DEPTH = 20
LONGEST = 500_000
"""Numbers in an array that is read."""
NUMBERS = 2_000_000
"""In all arrays together."""
CPU_SECONDS = 1.5
"""Of computing, after which the process is killed."""
ENOUGH_SECONDS = 0.7
"""Of computing, after which no more groups are looked at."""
MEMORY = 192 * 2**20
"""Bytes beyond those of a process that has read nothing."""

_TEXT = 1000
_ATTRIBUTES = 50
_HOPS = 16


class Reader:
    """Walks through a file, broadly first, each object once whatever links lead to it."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self.groups: dict[str, dict[str, Any]] = {}
        self.arrays: dict[str, dict[str, Any]] = {}
        self.texts: dict[str, str] = {}
        self.left_out: list[str] = []
        self.numbers = 0
        self.complete = True

    def answer(self, first: str | None = None) -> dict[str, Any]:
        """Read the file, beginning with the group `first` or the one it is in."""
        seen: set[Any] = {self.file["/"]}
        queue: list[tuple[str, h5py.Group]] = [*self._first(first or "", seen), ("", self.file)]
        objects, end = 0, time.process_time() + ENOUGH_SECONDS
        for path, group in queue:  # which grows on the way
            try:
                self.groups[path or "/"] = attributes(group)
                for count, name in enumerate(group):
                    if count == MEMBERS:
                        self.complete = False
                        break
                    objects += 1
                    if objects > OBJECTS or time.process_time() > end:
                        self.complete = False
                        return self._record()
                    self._visit(f"{path}/{name}", group, str(name), queue, seen)
            except Exception:  # h5py raises nearly anything on damaged files
                self.left_out.append(path or "/")
        return self._record()

    def _visit(
        self,
        place: str,
        group: h5py.Group,
        name: str,
        queue: list[tuple[str, h5py.Group]],
        seen: set[Any],
    ) -> None:
        try:
            found = self._open(group, name)
            if isinstance(found, h5py.Group):
                if found not in seen and place.count("/") <= DEPTH:
                    seen.add(found)
                    queue.append((place, found))
            elif isinstance(found, h5py.Dataset):
                self._read(place, found)
        except Exception:
            self.left_out.append(place)

    def _record(self) -> dict[str, Any]:
        return {
            "groups": self.groups,
            "arrays": self.arrays,
            "texts": self.texts,
            "left_out": self.left_out[:20],
            "complete": self.complete,
        }

    def _first(self, place: str, seen: set[Any]) -> list[tuple[str, h5py.Group]]:
        """Find the last group of a path, where what was asked for is."""
        found: Any = self.file
        path, last = "", []
        try:
            for part in place.strip("/").split("/")[:DEPTH]:
                if not isinstance(found, h5py.Group) or part not in found.keys():  # noqa: SIM118
                    break
                found, path = self._open(found, part), f"{path}/{part}"
                if isinstance(found, h5py.Group) and found not in seen:
                    last = [(path, found)]
        except Exception:
            self.left_out.append(place)
        seen.update(group for _, group in last)
        return last

    def _open(self, group: h5py.Group, name: str, hops: int = 0) -> Any:
        """Open a member, following links within the file only; None for all others."""
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.HardLink):
            return group[name]
        if not isinstance(link, h5py.SoftLink) or hops == _HOPS:
            self.left_out.append(f"{group.name}/{name} (a link)")
            return None
        found: Any = self.file if link.path.startswith("/") else group
        for part in link.path.split("/"):
            if part in ("", "."):
                continue
            if not isinstance(found, h5py.Group) or part not in found.keys():  # noqa: SIM118
                return None
            found = self._open(found, part, hops + 1)
        return found

    def _read(self, place: str, dataset: h5py.Dataset) -> None:
        properties = dataset.id.get_create_plist()
        if dataset.is_virtual or properties.get_external_count():
            self.left_out.append(f"{place} (kept in another file)")
            return
        kind = dataset.dtype.kind
        if dataset.size == 1 and (kind == "S" or h5py.check_string_dtype(dataset.dtype)):
            if dataset.dtype.itemsize <= _TEXT:
                value = np.asarray(dataset.asstr(errors="replace")[()]).reshape(-1)[0]
                self.texts[place] = str(value)[:_TEXT]
            return
        # A column or row of a matrix is a vector, too.
        if (
            kind not in "iuf"
            or dataset.size is None
            or dataset.size != max(dataset.shape, default=1)
        ):
            return
        if dataset.size > LONGEST or self.numbers + dataset.size > NUMBERS:
            self.left_out.append(f"{place} ({dataset.size} numbers)")
            return
        values = np.asarray(dataset[()], dtype="<f8").reshape(-1)
        self.numbers += len(values)
        self.arrays[place] = {
            "attributes": attributes(dataset),
            "values": base64.b64encode(values.tobytes()).decode(),
        }


def attributes(thing: h5py.Group | h5py.Dataset) -> dict[str, str | list[str]]:
    """Give the short attributes of a group or dataset as texts."""
    said: dict[str, str | list[str]] = {}
    for count, name in enumerate(thing.attrs):
        if count == _ATTRIBUTES:
            break
        with contextlib.suppress(Exception):
            shape = thing.attrs.get_id(name).shape
            if int(np.prod(shape, dtype=float)) <= _ATTRIBUTES:
                value = np.asarray(thing.attrs[name]).reshape(-1)
                words = [text(one) for one in value.tolist()]
                said[name] = words[0] if len(words) == 1 else words
    return said


def text(value: Any) -> str:
    """Give a value of an attribute as a text."""
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    return str(value)[:_TEXT]


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Read one file."""
    try:
        with h5py.File(question["path"], "r", locking=False) as file:
            return Reader(file).answer(question["first"])
    except Exception as error:
        return {"error": " ".join(str(error).split())[:200]}


def limit_memory() -> None:
    """Let damaged sizes fail instead of filling the machine; where the system can."""
    try:
        import resource

        with open("/proc/self/statm") as file:  # noqa: PTH123
            pages = int(file.read().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, OSError, ValueError):
        return


def main() -> None:
    """Answer until there is nothing more to read."""
    limit_memory()
    try:
        from signal import ITIMER_PROF, setitimer
    except ImportError:  # Windows: the other side waits with a clock

        def clock(seconds: float) -> None:
            pass
    else:

        def clock(seconds: float) -> None:
            setitimer(ITIMER_PROF, seconds)

    for line in sys.stdin:
        clock(CPU_SECONDS)
        said = json.dumps(answer(json.loads(line)))
        clock(0)
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

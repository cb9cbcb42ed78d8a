"""A program that answers with what an HDF5 file holds, as JSON, and opens nothing outside of it.

It imports nothing of nearedge, so as to start fast; its own clock kills it if HDF5 hangs.
"""

import base64
import contextlib
import json
import os
import sys
import time
from typing import Any, cast

import h5py
import numpy as np

OBJECTS = 5000  # groups and datasets that are looked at
MEMBERS = 1000  # of one group
DEPTH = 20
LONGEST = 500_000  # numbers in an array that is read
NUMBERS = 2_000_000  # in all of them
CPU_SECONDS = 1.7  # after which the process is killed
ENOUGH_SECONDS = 0.7  # of computing, after which no more groups are looked at
MEMORY = 192 * 2**20  # bytes beyond those of a process that has read nothing
_TEXT = 1000  # characters
_ATTRIBUTES = 50

Member = h5py.Group | h5py.Dataset | None


class Reader:
    """Walks through a file, broadly first, each group once whatever links lead to it."""

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self.answer: dict[str, dict[str, object]] = {"groups": {}, "arrays": {}, "texts": {}}
        self.complete = True
        self.left_out: list[str] = []
        self.numbers = self.objects = 0
        self.seen: set[Any] = {file["/"]}
        self.queue: list[tuple[str, h5py.Group]] = [("", file)]

    def read(self, first: str) -> None:
        """Read the file, beginning with the group `first` or the one it is in."""
        place, group = "", cast(Member, self.file)
        with contextlib.suppress(Exception):
            for part in [name for name in first.split("/") if name][:DEPTH]:
                group, place = self.member(cast(h5py.Group, group), part), f"{place}/{part}"
                if isinstance(group, h5py.Group) and group not in self.seen:
                    self.queue[:0] = [(place, group)]
        end = time.process_time() + ENOUGH_SECONDS
        for path, parent in self.queue:  # which grows on the way
            try:
                self.answer["groups"][path or "/"] = attributes(parent)
                for count, name in enumerate(parent):
                    self.objects += 1
                    if count == MEMBERS or self.objects > OBJECTS or time.process_time() > end:
                        self.complete = False
                        break
                    self.visit(f"{path}/{name}", self.member(parent, str(name)))
            except Exception:  # h5py raises nearly anything on damaged files
                self.left_out.append(path or "/")
            if self.objects > OBJECTS or time.process_time() > end:
                return

    def member(self, group: h5py.Group, name: str) -> Member:
        """Open a member, unless it is, or a link on the way is, in another file."""
        link: Any = group.get(name, getlink=True)
        for _ in range(DEPTH):
            if not isinstance(link, h5py.SoftLink):
                break
            above, _, name = link.path.rpartition("/")
            start = self.file if link.path.startswith("/") else group
            group = cast(h5py.Group, start[above or "."])
            link = group.get(name, getlink=True)
        if isinstance(link, h5py.HardLink):
            return cast(Member, group[name])
        self.left_out.append(f"{group.name}/{name} (a link)")
        return None

    def visit(self, place: str, member: Member) -> None:
        """Read an array or a text, and note a group for later."""
        if isinstance(member, h5py.Group):
            if member not in self.seen and place.count("/") <= DEPTH:
                self.seen.add(member)
                self.queue.append((place, member))
        elif isinstance(member, h5py.Dataset):
            try:
                self.array(place, member)
            except Exception:
                self.left_out.append(place)

    def array(self, place: str, dataset: h5py.Dataset) -> None:
        """Read a vector, or a matrix of one column or row, of not too many numbers."""
        if dataset.is_virtual or dataset.id.get_create_plist().get_external_count():
            self.left_out.append(f"{place} (kept in another file)")
        elif dataset.size == 1 and h5py.check_string_dtype(dataset.dtype):
            if dataset.dtype.itemsize <= _TEXT:
                value = np.asarray(dataset.asstr(errors="replace")[()]).reshape(-1)[0]
                self.answer["texts"][place] = str(value)[:_TEXT]
        elif dataset.dtype.kind in "iuf" and dataset.size == max(dataset.shape or (), default=1):
            size = dataset.size or 0
            if size > LONGEST or self.numbers + size > NUMBERS:
                self.left_out.append(f"{place} ({size} numbers)")
                return
            values = np.asarray(dataset[()], dtype="<f8").reshape(-1)
            self.numbers += len(values)
            packed = base64.b64encode(values.tobytes()).decode()
            self.answer["arrays"][place] = attributes(dataset), packed


def attributes(thing: h5py.Group | h5py.Dataset) -> dict[str, list[str]]:
    """Give the short attributes of a group or dataset as lists of texts."""
    texts: dict[str, list[str]] = {}
    for name in list(thing.attrs)[:_ATTRIBUTES]:
        with contextlib.suppress(Exception):
            shape = thing.attrs.get_id(name).shape
            if int(np.prod(shape, dtype=float)) <= _ATTRIBUTES:
                values = np.asarray(thing.attrs[name]).reshape(-1).tolist()
                texts[name] = [
                    (v.decode(errors="replace") if isinstance(v, bytes) else str(v))[:_TEXT]
                    for v in values
                ]
    return texts


def limit() -> None:
    """Let damaged sizes and loops fail instead of filling the machine; where the system can."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource
        from signal import ITIMER_PROF, setitimer

        setitimer(ITIMER_PROF, CPU_SECONDS)
        with open("/proc/self/statm") as file:  # noqa: PTH123
            pages = int(file.read().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    limit()
    try:
        with h5py.File(sys.argv[1], "r", locking=False) as opened:
            reader = Reader(opened)
            reader.read(sys.argv[2])
            lost = {"complete": reader.complete, "left_out": reader.left_out[:20]}
            result = {**reader.answer, **lost}
    except Exception as error:
        result = {"error": " ".join(str(error).split())[:200]}
    sys.stdout.write(json.dumps(result))

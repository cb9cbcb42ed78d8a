"""HDF5 files, read in a process of their own.

Of 3000 files with a few changed bytes, two made the HDF5 library (2.0.0, by h5py 3.16.0) run for
ever, which no Python code of the same process can end. pyfive 1.3.0, in pure Python, withstood 5000
of them, but does not read groups with a link to another file, as several beamlines write them, nor
the compression lzf; rexafs 0.2.14 did not find the data group of a plain NXxas file.
"""

import atexit
import base64
import binascii
import json
import os
import posixpath
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_WORKER = Path(__file__).with_name("_hdf5_worker.py")
# The worker ends by itself after 1.5 s of computing; a slow disk may take longer.
_PATIENCE = 60.0
_MOST_TELLING = 500


@dataclass(frozen=True)
class Vector:
    """An array of numbers in a file.

    Attributes
    ----------
    values : float array, shape (row,)
    attributes : dict
        Texts, or lists of them.
    """

    values: Float[np.ndarray, " row"]
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Tree:
    """What an HDF5 file holds, as far as it can be a spectrum or say something of one.

    Attributes
    ----------
    groups : dict
        Attributes of each group by its path; that of the file itself is ``/``.
    vectors : dict of Vector
        Arrays by path.
    texts : dict of str
        Texts by path.
    left_out : list of str
        What was not read.
    complete : bool
        Whether all groups were looked at.
    """

    groups: dict[str, dict[str, Any]]
    vectors: dict[str, Vector]
    texts: dict[str, str]
    left_out: list[str]
    complete: bool = True

    @cached_property
    def members(self) -> dict[str, dict[str, Vector]]:
        """The arrays of each group by their names."""
        found: dict[str, dict[str, Vector]] = {}
        for place, vector in self.vectors.items():
            group, name = posixpath.split(place)
            found.setdefault(group, {})[name] = vector
        return found

    def within(self, group: str, *names: str) -> list[tuple[str, str]]:
        """Paths and texts of these names anywhere below a group."""
        below = group.rstrip("/") + "/"
        return [
            (place, said)
            for place, said in self._telling
            if place.startswith(below) and posixpath.basename(place) in names
        ]

    @cached_property
    def _telling(self) -> list[tuple[str, str]]:
        names = ("mode", "element", "edge")
        found = [one for one in self.texts.items() if posixpath.basename(one[0]) in names]
        return found[:_MOST_TELLING]


def is_hdf5(beginning: bytes) -> bool:
    """Tell whether a file is HDF5 by its first 4096 bytes."""
    return any(beginning[place : place + 8] == _SIGNATURE for place in (0, 512, 1024, 2048))


def read_tree(path: Path, first: str | None = None) -> Tree:
    """Read what a file holds: groups, short texts and arrays of up to 500,000 numbers.

    Links to other files are not followed, and images are not loaded.

    Parameters
    ----------
    path : Path
        The file.
    first : str, optional
        What to begin with: of a file of thousands of groups, the last ones are not looked at.

    Raises
    ------
    InputError
        If the file is damaged.
    """
    answer = _ask(path, first)
    if answer is None:
        raise InputError(
            f"{path}: cannot be read, the HDF5 library gave up on it; the file is damaged, copy it "
            "again"
        )
    if "error" in answer:
        raise InputError(f"{path}: is damaged HDF5 ({answer['error']}); copy the file again")
    vectors = {
        place: Vector(
            np.frombuffer(base64.b64decode(one["values"]), dtype="<f8").astype(float),
            one["attributes"],
        )
        for place, one in answer["arrays"].items()
    }
    return Tree(answer["groups"], vectors, answer["texts"], answer["left_out"], answer["complete"])


class _Worker:
    """The process that reads; started when it is first needed, and again after its death."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.owner = os.getpid()
        self.lock = threading.Lock()

    def ask(self, path: Path, first: str | None) -> dict[str, Any] | None:
        """Have a file read; None if the process died of it."""
        with self.lock:
            try:
                process = self._running()
            except OSError as error:
                raise InputError(
                    f"{path}: HDF5 is read by a second process, which cannot be started "
                    f"({error.strerror}); allow it or convert the file to text"
                ) from None
            assert process.stdin is not None
            assert process.stdout is not None
            clock = threading.Timer(_PATIENCE, process.kill)
            clock.start()
            try:
                question = {"path": str(path.resolve()), "first": first}
                process.stdin.write(json.dumps(question) + "\n")
                process.stdin.flush()
                return json.loads(process.stdout.readline())
            except (OSError, ValueError, binascii.Error):
                self.stop()
                return None
            finally:
                clock.cancel()

    def _running(self) -> "subprocess.Popen[str]":
        if self.owner != os.getpid():  # forked: the pipes are our parent's
            self.process, self.owner = None, os.getpid()
        if self.process is None or self.process.poll() is not None:
            self.stop()
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        return self.process

    def stop(self) -> None:
        """End the process and close its pipes."""
        process, self.process = self.process, None
        if process is not None and self.owner == os.getpid():
            process.kill()
            process.communicate()


_worker = _Worker()
atexit.register(_worker.stop)
_ask = _worker.ask

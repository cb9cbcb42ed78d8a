"""Whether damaged and hostile files of measured spectra can do harm: a fuzzing run.

Files of every format that is read are damaged at random (bytes changed, cut off, doubled, spliced
from other formats, numbers replaced, gzip data damaged) and read; so are files made to take time or
memory. Only an InputError of one line may come of it, or spectra that are in order; no file may
take longer than 2 s, nor more than 200 MB. Run::

    python benchmarks/reading.py [--files 100000] [--seed 0]
    python benchmarks/reading.py --only 4711            # one file of that run again
    python benchmarks/reading.py --atheris SECONDS      # guided by coverage; pip install atheris

Files that fail are kept in the folder that ``--keep`` names. Seed 0, six minutes on 2 shared cores;
seconds of computing, of the slowest file::

                          files    read  refused  failed  seconds  memory, MB
    text, 13 kinds        76405   14292    62113       0     0.01           7
    Athena projects       11768    1704    10064       0     0.01           0
    NeXus                 11827    1364    10463       0     1.53          40
    made to take time        33       5       28       0     1.08         144

The seconds of NeXus are those after which a process that the HDF5 library hangs in is ended; 40 MB
are the next one's start. Guided by coverage, 100,000 inputs in five minutes found nothing either.
Earlier runs found what is mended: expressions that took the square of a line's length, control
characters in messages, names longer than a path may be, sines of infinity.
"""

import argparse
import gzip
import importlib
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np

from nearedge import files as measured
from nearedge.errors import InputError
from nearedge.files import _hdf5

SLOWEST = 2.0
"""Seconds of computing that a file may take."""
LARGEST = 200.0
"""MB by which the memory may grow."""
_STUCK = 60

_E = np.concatenate([np.arange(7000, 7100, 5.0), np.arange(7100, 7160, 1.0)])
_MU = 0.5 + np.arctan((_E - 7112) / 2) / np.pi + 0.02 * np.sin(_E)
_I0 = 1e5 + 1e3 * np.cos(_E)


def table(*columns: np.ndarray, head: str = "", separator: str = " ", decimal: str = ".") -> str:
    """Write columns as text."""
    rows = zip(*columns, strict=True)
    lines = (separator.join(f"{value:.7g}".replace(".", decimal) for value in row) for row in rows)
    return head + "\n".join(lines) + "\n"


def perl_project() -> str:
    """An Athena project in the form of Perl, two records."""
    records = ""
    for name in ("Fe foil", "it\\'s"):
        said = f"'label','{name}','bkg_e0','7112','bkg_z','Fe','is_xmu','1','titles',['a','b']"
        records += f"$old_group = 'abcde';\n@args = ({said});\n"
        for letter, values in (("x", _E), ("y", _MU), ("i0", _I0)):
            records += f"@{letter} = ({','.join(repr(f'{v:.8g}') for v in values)});\n"
        records += "[record]   # create object and set arrays\n\n"
    return f"# Athena project file -- Demeter version 0.9.25\n\n{records}@journal = ('x');\n\n1;\n"


def json_project() -> str:
    """An Athena project in the form of JSON."""
    one = {"args": {"label": "foil", "is_xmu": "1"}, "x": _E.tolist(), "y": _MU.tolist()}
    head = {"_____header1": "# Athena project file -- Demeter version 0.9.25"}
    return json.dumps({**head, "abcde": one, "_____journal": "", "_____order": ["abcde"]})


def nexus(version: str, **storage: Any) -> bytes:
    """An NXxas file."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver=version) as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXxas"
        for place, values in (
            ("instrument/monochromator/energy", _E / 1000),
            ("instrument/absorbed_beam/data", _I0 * _MU),
            ("instrument/incoming_beam/data", _I0),
        ):
            entry.create_dataset(place, data=values, **storage)
        entry["instrument/monochromator/energy"].attrs["units"] = "keV"
        data = entry.create_group("data")
        data["energy"] = h5py.SoftLink("/entry/instrument/monochromator/energy")
        data["absorbed_beam"] = h5py.SoftLink("/entry/instrument/absorbed_beam/data")
        data["mode"] = "Fluorescence Yield"
        data["elsewhere"] = h5py.ExternalLink("other.h5", "/data")
        data.attrs.update({"NX_class": "NXdata", "signal": "absorbed_beam", "axes": ["energy"]})
        entry["image"] = np.zeros((8, 9))
    return buffer.getvalue()


def seeds() -> dict[str, bytes]:
    """One sound file of each format."""
    xdi = "# XDI/1.0\n# Column.1: energy eV\n# Column.2: i0\n# Column.3: itrans\n"
    xdi += "# Element.symbol: Fe\n# Element.edge: K\n# Mono.d_spacing: 3.13553\n# ///\n#---\n"
    angle = xdi.replace("energy eV", "angle degrees")
    degrees = np.degrees(np.arcsin(12398.4198 / (2 * 3.13553 * _E)))
    spec = "#F a\n#S {} ascan\n#N 4\n#L Photon Energy  Seconds  I0  TEY\n"
    feff = "# # Mu=-1.224E+01eV kf=2.0E+00\n#  xsedge+ 50, used to normalize mu   4.0E-03\n"
    feff += "#  omega    e    k    mu    mu0     chi     @#\n"
    below = _E - 7112 - 12.24
    wave = np.sign(below + 12.24) * np.sqrt(np.abs(below + 12.24) / 3.81)
    ocean = "#   iter=  100   gam= 0.18\n     #   Energy           Spect        Spect(0)\n"
    athena = "#  energy xmu bkg pre_edge post_edge der sec i0 chie\n"
    scan = table(_E, 0 * _E + 1, _I0, _I0 * _MU)
    labelled = table(_E / 1000, _MU, head='"Photon energy / keV","mu, a.u."\n', separator=",")
    elements = "energy i0 fl1 fl2 it time\n"
    texts = {
        "columns": table(_E, _MU, _MU),
        "csv": labelled,
        "decimal commas": table(_E, _MU, head="Energie;mu\n", separator=";", decimal=","),
        "tabs": table(_E[::-1], _MU[::-1], head="E\tmu\neV\ta.u.\n", separator="\t", decimal=","),
        "detectors": table(_E, _I0, _I0 * _MU, _I0, _I0 / 3, _E, head=f"% {elements}"),
        "xdi": table(_E, _I0, _I0 * np.exp(-_MU), head=xdi),
        "xdi angle": table(degrees, _I0, _I0 * np.exp(-_MU), head=angle),
        "spec": spec.format(1) + scan + "\n" + spec.format(2) + scan,
        "athena export": table(_E, *[_MU] * 6, _I0, _MU, head=athena),
        "athena perl": perl_project(),
        "athena json": json_project(),
        "feff": table(_E, below, wave, _MU, _MU, 0 * _E, head=feff),
        "ocean": table(_E - 7112, _MU, _MU, _MU, _MU, head=ocean),
    }
    storage = {"compression": "gzip", "shuffle": True, "chunks": (16,)}
    return {
        **{name: text.encode() for name, text in texts.items()},
        "utf-16": texts["csv"].encode("utf-16"),
        "latin-1": ("# \xb5 caf\xe9\n" + texts["csv"]).encode("latin-1"),
        "nexus old": nexus("earliest"),
        "nexus new": nexus("latest", **storage),
    }


def attacks() -> Iterator[tuple[str, bytes]]:
    """Files made to take time or memory."""
    million = 2**20
    bomb = gzip.compress(b"0" * (512 * million), 9)
    yield "gzip bomb", bomb
    yield "gzip bomb in gzip", gzip.compress(bomb)
    yield "gzip members", gzip.compress(b"") * 500_000
    yield "numbers", b"1 2\n" * (12 * million)
    yield "numbers without end", b"1 " * (24 * million)
    yield "one digit", b"1" * (48 * million)
    digits = b"1" * 250_000
    yield "long numbers", (digits + b" 2\n") * 40
    yield "digits and a letter", (digits + b"x 2\n") * 40
    yield "hashes", (b"#" * 19_000 + b"\n") * 40 + b"1 2\n2 3\n"
    yield "comments", b"#\n" * (24 * million)
    yield "remarks", b"ab\n" * (16 * million)
    yield "tables", b"1 2\na\n1 2 3\nb\n" * (2 * million)
    yield "scans", b"#S 1 a\n#L e  mu\n1 2\n2 3\n" * 100_000
    scan = b"#S 1 a\n" + (b"1 " * 900 + b"\n" + b"2 " * 900 + b"\n")
    yield "scans of columns", b"".join(scan.replace(b"1", b"%d" % n, 1) for n in range(2500))
    yield "many columns", b"1 " * 4999 + b"\n" + b"2 " * 4999 + b"\n"
    yield "cells", (b"1," * 100_000 + b"\n") * 10
    yield "brackets", (b"# " + b"a(" * 100_000 + b"\n1 2\n2 3\n") * 4
    yield "blanks", (b"# " + b" " * 200_000 + b"x\n") * 100 + b"1 2\n2 3\n"
    yield "fields", (b"a" * 200_000 + b"\n") * 100 + b"1 2\n2 3\n"
    yield "quotes", (b'"' * 100_000 + b"\n") * 100 + b"1 2\n2 3\n"
    yield "emoji", "\N{SNOWMAN}\N{PILE OF POO}".encode() * 4 * million
    yield "large utf-16", ("1 2\n" * million).encode("utf-16")
    yield "feff numbers", seeds()["feff"] + b"1 2 3 4 5 6\n" * 4 * million
    head = b"# Athena project file -- Demeter version 0.9.25\n"
    yield "athena quotes", head + b"@args = (" + b"'\\" * 10 * million + b");\n[record]\n"
    yield "athena brackets", head + b"@args = (" + b"['a'," * 4 * million + b");\n[record]\n"
    yield "athena records", head + b"@x = (1,2);\n@y = (1,2);\n[record]\n" * 300_000
    yield "athena numbers", head + b"@x = (" + b"1," * 24 * million + b"1);\n[record]\n"
    yield "deep json", b'{"_____order": ' + b"[" * 4 * million
    yield "large json", b'{"_____order": [' + b"1," * 7 * million + b"1]}"
    yield "hdf5 of nothing", b"\x89HDF\r\n\x1a\n" + b"\0" * million
    for name, storage in (("sparse", {"chunks": (million,)}), ("zeros", {"compression": "gzip"})):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w") as file:
            file["energy"] = _E
            length = (2**40,) if name == "sparse" else (32 * million,)
            file.create_dataset("mu", length, dtype="f8", **storage)
            if name == "zeros":
                file.create_dataset("norm", data=np.zeros(32 * million), **storage)
            file["again"] = h5py.SoftLink("/")
            file["round"] = h5py.SoftLink("/round")
        yield f"hdf5 {name}", buffer.getvalue()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for number in range(1600):
            group = file.create_group(f"{number}")
            group["energy"] = group["mu"] = [1.0, 2.0]
            group["mode"] = "Transmission"
    yield "hdf5 groups", buffer.getvalue()


def mutate(rng: random.Random, content: bytes, others: list[bytes]) -> bytes:
    """Damage a file in one to sixteen places."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not data:
            break
        place = rng.randrange(len(data))
        if len(data) > 3000 and rng.random() < 0.5:  # headers matter more than numbers
            place = rng.randrange(3000)
        match rng.randrange(9):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                data[place] ^= 1 << rng.randrange(8)
            case 2:
                del data[place : place + rng.randrange(1, 200)]
            case 3:
                data = data[:place]
            case 4:
                begin = rng.randrange(len(data))
                data[place:place] = data[begin : begin + rng.randrange(1, 400)]
            case 5:
                other = rng.choice(others)
                begin = rng.randrange(len(other))
                data[place:place] = other[begin : begin + rng.randrange(1, 400)]
            case 6:
                data[place : place + rng.randrange(1, 9)] = rng.choice(_NUMBERS)
            case 7:
                data[place:place] = rng.choice(_PIECES)
            case 8:
                lines = data.split(b"\n")
                rng.shuffle(lines)
                data = bytearray(b"\n".join(lines))
    damaged = bytes(data)
    if rng.random() < 0.15:
        packed = bytearray(gzip.compress(damaged, 1))
        for _ in range(rng.randrange(3)):
            packed[rng.randrange(len(packed))] = rng.randrange(256)
        damaged = bytes(packed[: rng.randrange(len(packed))] if rng.random() < 0.3 else packed)
    return damaged


_NUMBERS = (
    *(
        b"1e999",
        b"-1e308",
        b"nan",
        b"inf",
        b"0",
        b"1" * 400,
        b"1e-400",
        b"0x10",
        b"1_0",
        b"--",
        b"",
    ),
    *(
        b"\xff" * 8,
        b"\0" * 8,
        b"\x7f\xff\xff\xff" * 2,
        b"\x01\0\0\0\0\0\0\x40",
        b"1,2,3",
        b"\xd9\xa3",
    ),
)
_PIECES = (
    *(b"\r", b"\n", b"\r\n", b"\t", b",", b";", b'"', b"'", b"#", b"#S 3 a\n", b"#L a  b\n", b"::"),
    *(
        b"Column.1: keV\n",
        b"(",
        b")",
        b"[",
        b"\\x{fffffff}",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x1f\x8b",
    ),
    *(
        b"Athena project file",
        b"_____order",
        b"omega e k mu mu0 chi",
        b"undef",
        b"[record]",
        b"{",
        b"}",
    ),
)


@dataclass
class Tally:
    """What became of the files of one format."""

    files: int = 0
    read: int = 0
    refused: int = 0
    failed: int = 0
    slowest: float = 0.0
    largest: float = 0.0
    slow: list[str] = field(default_factory=list)


class Stuck(BaseException):
    """A file takes without end."""


def read(path: Path, measured: ModuleType = measured) -> list[Any]:
    """Read a file; nothing if it is refused as it should be."""
    try:
        return measured.read_measured(path)
    except InputError as error:
        said = str(error)
    assert said.startswith(str(path)), said
    assert len(said.splitlines()) == 1, said
    assert len(said) < 3000, said
    return []


def check(path: Path, spectra: list[Any], measured: ModuleType = measured) -> None:
    """Check that spectra are in order, and that one can be picked by its name."""
    if not spectra:
        return
    assert len({spectrum.name for spectrum in spectra}) == len(spectra)
    for spectrum in spectra:
        assert (np.diff(spectrum.energy) > 0).all()
        assert np.isfinite(spectrum.energy).all()
        assert np.isfinite(spectrum.mu).all()
        assert spectrum.name.isprintable()
        assert len(spectrum.energy) == len(spectrum.mu) >= 2
    name = spectra[-1].name
    found = measured.pick(f"{path}::{name}")
    assert [one.name for one in found] == [name], (name, found)


def measure(path: Path) -> tuple[bool, float, float]:
    """Read a file; say whether it was read, in how many seconds and with how many more MB.

    Seconds of computing, so that other work on the machine does not count.
    """
    memory, computed = _memory(reset=True), _computed()
    spectra = read(path)
    seconds = _computed() - computed
    grown = [after - before for after, before in zip(_memory(), memory, strict=True)]
    check(path, spectra)
    return bool(spectra), seconds, max(grown)


def _computed() -> float:
    """Seconds of computing so far of this process and of those that read HDF5, dead or alive."""
    dead = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = 0.0
    if (process := _hdf5._worker.process) is not None:
        try:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            alive = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:  # no Linux
            pass
    return time.process_time() + dead.ru_utime + dead.ru_stime + alive


def _memory(*, reset: bool = False) -> tuple[float, float]:
    """MB at most used so far by this process and by the one that reads HDF5, since a reset."""
    found = []
    worker = _hdf5._worker.process
    for process in ("self", str(worker.pid) if worker else None):
        try:
            if reset:
                Path(f"/proc/{process}/clear_refs").write_text("5")
            status = Path(f"/proc/{process}/status").read_text()
            found.append(int(status.split("VmHWM:")[1].split()[0]) / 1024)
        except (OSError, IndexError):  # no such process, or no Linux
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            found.append(used if process == "self" else 0.0)
    return found[0], found[1]


def run(
    files: Iterator[tuple[str, str, bytes]], keep: Path | None, tallies: dict[str, Tally]
) -> None:
    """Read files of a name and a format, and count."""

    def stuck(_number: int, _frame: object) -> None:
        raise Stuck

    signal.signal(signal.SIGALRM, stuck)
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "file"
        for name, kind, content in files:
            path.write_bytes(content)
            tally = tallies.setdefault(kind, Tally())
            tally.files += 1
            signal.alarm(_STUCK)
            try:
                sound, seconds, memory = measure(path)
            except (Exception, Stuck):  # what a fuzzing run looks for
                tally.failed += 1
                print(f"{name} ({kind}): {traceback.format_exc()}", file=sys.stderr)
                _keep(keep, name, content)
                continue
            finally:
                signal.alarm(0)
            tally.read += sound
            tally.refused += not sound
            tally.slowest = max(tally.slowest, seconds)
            tally.largest = max(tally.largest, memory)
            if seconds > SLOWEST or memory > LARGEST:
                tally.slow.append(f"{name} ({kind}): {seconds:.1f} s, {memory:.0f} MB")
                _keep(keep, name, content)


def _keep(folder: Path | None, name: str, content: bytes) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name.replace(' ', '-')}.bin").write_bytes(content)


def damaged(count: int, seed: int, only: int | None) -> Iterator[tuple[str, str, bytes]]:
    """Damaged files of all formats; each depends on the seed and its own number alone."""
    sound = seeds()
    kinds, contents = list(sound), list(sound.values())
    for number in range(count) if only is None else (only,):
        rng = random.Random(f"{seed}-{number}")
        kind = rng.choice(kinds)
        yield str(number), kind, mutate(rng, sound[kind], contents)


def report(tallies: dict[str, Tally]) -> bool:
    """Print the table; tell whether all went well."""
    heads = ("files", "read", "refused", "failed", "slowest, s", "memory, MB")
    print(f"{'':19}" + "".join(f"{head:>12}" for head in heads))
    rows = list(tallies.items())
    every = [tally for _, tally in rows]
    rows.append(
        (
            "all",
            Tally(
                *(sum(getattr(one, name) for one in every) for name in ("files", "read")),
                *(sum(getattr(one, name) for one in every) for name in ("refused", "failed")),
                slowest=max(one.slowest for one in every),
                largest=max(one.largest for one in every),
            ),
        )
    )
    for kind, one in rows:
        counts = "".join(f"{n:12}" for n in (one.files, one.read, one.refused, one.failed))
        print(f"{kind:19}{counts}{one.slowest:12.2f}{one.largest:12.0f}")
    slow = [name for one in every for name in one.slow]
    for name in slow:
        print(f"over the limits: {name}")
    return not slow and not any(one.failed for one in every)


def guided(seconds: int) -> None:
    """Let atheris look for inputs that reach new code, starting from the sound files."""
    import atheris  # pyright: ignore[reportMissingImports, reportMissingModuleSource]

    for name in [name for name in sys.modules if name.startswith("nearedge.files")]:
        del sys.modules[name]
    instrument = atheris.instrument_imports  # pyright: ignore[reportAttributeAccessIssue]
    with instrument(include=["nearedge.files"]):
        measured = importlib.import_module("nearedge.files")
    scratch = Path(tempfile.mkdtemp())
    corpus, path = scratch / "corpus", scratch / "file"
    corpus.mkdir()
    for name, content in seeds().items():
        if "nexus" not in name:  # read by another process, which is not instrumented
            (corpus / name.replace(" ", "-")).write_bytes(content)

    def one(data: bytes) -> None:
        if not _hdf5.is_hdf5(data[:4096]):
            path.write_bytes(data)
            check(path, read(path, measured), measured)

    warnings.simplefilter("error")
    options = [f"-max_total_time={seconds}", "-max_len=20000", "-timeout=10", "-rss_limit_mb=4000"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def main() -> None:
    """Fuzz, and print what became of the files."""
    parser = argparse.ArgumentParser(description="Read damaged files of measured spectra.")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="number of one file to read again")
    parser.add_argument("--keep", type=Path, help="folder for files that fail")
    parser.add_argument("--atheris", type=int, metavar="SECONDS", help="fuzz guided by coverage")
    options = parser.parse_args()
    if options.atheris:
        guided(options.atheris)
        return
    begun = time.perf_counter()
    sound: dict[str, Tally] = {}
    run(((name, name, content) for name, content in seeds().items()), options.keep, sound)
    unread = [name for name, tally in sound.items() if not tally.read]
    assert not unread, f"sound files that are not read: {unread}"
    tallies: dict[str, Tally] = {}
    if options.only is None:
        run(((name, name, content) for name, content in attacks()), options.keep, tallies)
    run(damaged(options.files, options.seed, options.only), options.keep, tallies)
    well = report(tallies)
    print(f"{time.perf_counter() - begun:.0f} s")
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()

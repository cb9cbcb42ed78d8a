"""Whether damaged and hostile files of measured spectra can do harm: a fuzzing run.

Files of every format that is read are damaged at random (bytes changed, cut off, doubled, spliced
from other formats, numbers replaced) and read; so are files made to take time or memory. Only an
InputError of one line may come of it, or spectra that are in order; no file may take longer than
2 s of computing, nor more than 300 MB. Run::

    python benchmarks/reading.py [--files 20000] [--seed 0] [--real FOLDER] [--keep FOLDER]

FOLDER holds real files to damage beside the made-up ones. Seed 0, 12,000 files, two thirds of them
real ones of 23 kinds, six minutes on 2 shared cores; seconds of computing and MB of the worst::

                        read  refused  failed  seconds  memory, MB
    text, 11 kinds      1825     1532       0     0.02           0
    Athena, gzip          46      568       0     0.01           0
    HDF5                  27      214       0     0.36           0
    real files          2462     4974       0     0.01           0
    made to take time      0       18       0     1.67          32

Of 1500 damaged HDF5 files read within one process by h5py 3.16.0 (HDF5 2.0.0), 4 made the library
run for ever and 2 made it crash; so it is given a process of its own.
"""

import argparse
import gzip
import io
import random
import resource
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from nearedge.errors import InputError
from nearedge.files import read_spectra

SLOWEST = 2.0
"""Seconds of computing that a file may take."""
LARGEST = 300.0
"""MB by which the memory may grow."""
HDF5_SHARE = 50
"""One HDF5 file is read for so many others: each takes a process of its own."""

_E = np.concatenate([np.arange(7000, 7100, 5.0), np.arange(7100, 7160, 1.0)])
_MU = 0.5 + np.arctan((_E - 7112) / 2) / np.pi + 0.02 * np.sin(_E)
_I0 = 1e5 + 1e3 * np.cos(_E)
_ANGLE = np.degrees(np.arcsin(12398.42 / (2 * 3.13551 * _E)))
_TOKENS = [b"1e999", b"nan", b"\xff\xfe", b"\n#S 5\n", b"-", b",", b"\t", b"'", b"[", b"\x00"]


def _table(head: str, *columns: np.ndarray, separator: str = " ", decimal: str = ".") -> str:
    rows = zip(*columns, strict=True)
    lines = (separator.join(f"{v:.7g}".replace(".", decimal) for v in row) for row in rows)
    return head + "\n".join(lines) + "\n"


def _athena() -> str:
    record = "$old_group = 'a';\n@args = ('label','it\\'s','bkg_eshift','1','titles',['a','b']);\n"
    for name, values in (("x", _E), ("y", _MU)):
        record += f"@{name} = ({','.join(repr(f'{v:.8g}') for v in values)});\n"
    return f"# Athena project file -- Demeter version 0.9.26\n{record}[record]\n{record}[record]\n"


def _hdf5() -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"NX_class": "NXdata", "signal": "mu", "axes": ["energy"]})
        group["energy"] = _E
        group["energy"].attrs["units"] = "eV"
        group.create_dataset("mu", data=_MU, chunks=(10,), compression="gzip")
        file["entry/element"] = "Fe"
    return buffer.getvalue()


def sound_files() -> dict[str, bytes]:
    """One sound file of each format that is read."""
    i1 = _I0 * np.exp(-_MU)
    emsa = "#FORMAT : EMSA/MAS\n#XUNITS : eV\n#XPERCHAN : 1.0\n#OFFSET : 500.0\n#DATATYPE : Y\n"
    pf = (
        "  9809     KEK-PF   BL12C\n Mono :   SI(111)       D= 3.13551 A    Initial angle=13.1\n"
        "  Angle(c)  Angle(o)    time/s         1         2\n      Mode         0         0"
        "         1         2\n    Offset         0         0   100.000    50.000\n"
    )
    srs = " &SRS\n SRSRUN=1,\n &END\n" + "".join(
        f"{a:.2f} 1000 20000 {b:.2f} 404 0\n 1 2 3 4\n" for a, b in zip(_E, i1, strict=True)
    )
    defined = "; P1 = {Energy}\n; D1 = {I0}\n; D2 = {I1}\n; P1 D1 D2\n"
    texts = {
        "two columns": _table("# energy mu\n", _E, _MU),
        "XDI": _table(
            "# XDI/1.0\n# Element.symbol: Fe\n# Element.edge: K\n# Column.1: energy eV\n"
            "# Column.2: i0\n# Column.3: itrans\n# ---\n",
            _E, _I0, i1,
        ),
        "SPEC": 2 * _table("#S 1 ascan\n#L Energy  I0  TEY\n", _E, _I0, _MU),
        "CSV": _table('"energy (keV)","i0","i1"\n', _E / 1000, _I0, i1, separator=","),
        "commas": _table("energie;mu\n", _E, _MU, separator=";", decimal=","),
        "events": _table("# ID: 1\n# column 1: E\n# column 2: mu\n", _E, _MU),
        "defined": _table(defined, _E, _I0, i1),
        "Athena": _athena(),
        "EMSA": emsa + "\n".join(f"{v:.3f}," for v in _MU),
        "9809": _table(pf, _ANGLE, _ANGLE, 0 * _E + 1, _I0, i1),
        "SRS": srs,
        "FEFF": "# Mu=-1.2E+01eV\n# xsedge+ 50, used to normalize mu 4.0E-03\n"
        + _table("# omega e k mu mu0 chi\n", *[_E] * 6),
        "OCEAN": "#  iter= 10\n" + _table("# Energy Spect Spect(0)\n", _E, _MU, _MU),
    }  # fmt: skip
    files = {name: text.encode() for name, text in texts.items()}
    return {**files, "gzip": gzip.compress(files["XDI"]), "HDF5": _hdf5()}


def hostile_files() -> dict[str, bytes]:
    """Files made to take time or memory."""
    deep = b'{"_____order": ' + b"[" * 200_000
    wide = (b"1," * 11_000 + b"2\n") * 200
    bomb = io.BytesIO()
    with h5py.File(bomb, "w") as file:
        file["energy"], file["mu"] = _E, _MU
        zeros = file.create_dataset("zeros", (3 * 10**7,), float, chunks=(10**6,), compression=1)
        zeros[:10] = 1.0
        for number in range(3000):
            file.create_group(f"group{number}/a/b")
    return {
        "long line": b"1 " * 10_000_000,
        "many lines": b"1 2\n" * 5_000_000,
        "many rows": b"".join(b"%d %d\n" % (n, n % 7) for n in range(190_000)),
        "many cells": b"\n".join(b"1 2 3 4 5 6 7 8 9 %d" % n for n in range(190_000)),
        "many tables": b"1 2\nx\n1 2 3\ny\n" * 30_000,
        "many scans": b"".join(b"#S %d\n#L E  mu\n1 2\n2 3\n" % n for n in range(40_000)),
        "header": b"# energy i0 it mu norm text\n" * 150_000 + b"1 2\n2 3\n",
        "wide": wide,
        "stars": b"#" + b"* " * 100_000 + b"\n1 2\n2 3\n",
        "quotes": b'"' * 200_000 + b"\n1 2\n2 3\n",
        "signs": (b"+-" * 100_000 + b"\n") * 50,
        "brackets": b"# " + b"(" * 200_000 + b"\n1 2\n2 3\n",
        "zeros": gzip.compress(b"0" * 10**8),
        "members": gzip.compress(b"") * 400_000,
        "deep JSON": deep,
        "long Athena": b"# Athena project file -- a\n@x = (" + b"'1'," * 3_000_000 + b"'1');\n",
        "long Perl": b"# Athena project file -- a\n@args = (" + b"'\\" * 2_000_000 + b");\n",
        "HDF5 bomb": bomb.getvalue(),
    }


def damaged(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Damage a file at some places."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 2, 8))):
        place = rng.randrange(len(made) + 1)
        match rng.randrange(5):
            case 0 if made:
                made[place - 1] = rng.randrange(256)
            case 1:
                begin = rng.randrange(len(made) + 1)
                made[place:place] = made[begin : begin + 200]
            case 2:
                made[place : place + 4] = rng.choice(_TOKENS)
            case 3:
                other = rng.choice(others)
                begin = rng.randrange(len(other))
                made[place:place] = other[begin : begin + 200]
            case _ if rng.random() < 0.3:
                del made[place:]
    return bytes(made)


@dataclass
class Tally:
    """What came of the files of a kind."""

    read: int = 0
    refused: int = 0
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0
    memory: float = 0.0


def attempt(path: Path, tally: Tally) -> bool:
    """Read a file; whether all went as it should."""
    begun, before = _cpu(), _memory()
    fault = ""
    try:
        for spectrum in read_spectra(path):
            assert (np.diff(spectrum.energy) > 0).all()
            assert np.isfinite(spectrum.mu).all()
        tally.read += 1
    except InputError as error:
        tally.refused += 1
        fault = "" if len(str(error).splitlines()) == 1 else f"message of lines: {error}"
    except BaseException:  # a panic of the library is no Exception
        fault = traceback.format_exc()
    taken, grown = _cpu() - begun, _memory() - before
    tally.slowest, tally.memory = max(tally.slowest, taken), max(tally.memory, grown)
    if taken > SLOWEST or grown > LARGEST:
        fault += f"{taken:.1f} s, {grown:.0f} MB"
    if fault:
        tally.failed.append(fault)
    return not fault


def _cpu() -> float:
    own, child = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + child.ru_utime + child.ru_stime


def _memory() -> float:
    """Peak of this process, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def inputs(count: int, seed: int, real: Path | None) -> Iterator[tuple[str, bytes]]:
    """Kinds and contents of the files that are tried."""
    yield from (("made to take time", content) for content in hostile_files().values())
    sound = sound_files()
    if real is not None:
        for path in sorted(real.iterdir()):
            if path.is_file() and path.stat().st_size < 2**20:
                sound[f"real/{path.name}"] = path.read_bytes()
    yield from sound.items()
    rng = random.Random(seed)
    names = sorted(set(sound) - {"HDF5"})
    for number in range(count):
        name = "HDF5" if number % HDF5_SHARE == 0 else rng.choice(names)
        content = damaged(sound[name], list(sound.values()), rng)
        yield name, content


def main() -> None:
    """Read all and print what came of it."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "scan.dat")
        begun = time.monotonic()
        for number, (kind, content) in enumerate(inputs(options.files, options.seed, options.real)):
            path.write_bytes(content)
            tally = tallies.setdefault(kind.split("/")[0], Tally())
            if not attempt(path, tally):
                print(f"{kind}, file {number}: {tally.failed[-1]}")
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{number}").write_bytes(content)
    print(f"{'':20}    read  refused  failed  seconds  memory, MB")
    for kind, tally in tallies.items():
        print(
            f"{kind:20}{tally.read:8}{tally.refused:9}{len(tally.failed):8}{tally.slowest:9.2f}"
            f"{tally.memory:12.0f}"
        )
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()

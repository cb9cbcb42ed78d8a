import gzip
import os
import random
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_array_equal

from nearedge.errors import InputError
from nearedge.files import _content, _text, read_spectra
from nearedge.spectra import Spectrum

TABLE = "".join(f"{7100 + n} {n * 0.1:.2f} {n}\n" for n in range(30))
TABLE2 = "".join(f"{7100 + n} {n * 0.1:.2f} {n * n}\n" for n in range(30))
SOUND = {
    "pairs": "".join(f"{7100 + n} {n * 0.1:.2f}\n" for n in range(30)),
    "labels": "# energy mu i0\n" + TABLE,
    "xdi": "# XDI/1.0\n# Column.1: energy eV\n# Column.2: i0\n# Column.3: i1\n#---\n" + TABLE,
    "spec": "#F f\n#S 1 a\n#L Energy  I0  TEY\n" + TABLE + "\n#S 2 b\n#L Energy  I0  TEY\n" + TABLE,
    "csv": '"energy","mu","x"\n' + TABLE.replace(" ", ","),
    "commas": "energy;mu;x\n" + TABLE.replace(".", ",").replace(" ", ";"),
    "athena": "# Athena project file -- Demeter version 0.9.26\n$old_group = 'a';\n"
    "@args = ('label','foil','titles',['a']);\n@x = ('1','2','3');\n@y = ('1','2','3');\n"
    "[record]\n",
    "json": '{"h": "# Athena project file", "_____order": ["a"], '
    '"a": {"args": {"label": "b"}, "x": [1, 2], "y": [3, 4]}}',
    "feff": "# Mu=-1.2E+01eV\n# xsedge+ 50, used to normalize mu 4.0E-03\n"
    "# omega e k mu mu0 chi\n" + "".join(f"{n} {n - 5} {n} {n} 0 0\n" for n in range(20)),
    "ocean": "#  iter= 10\n# Energy Spect Spect(0)\n" + TABLE,
}
BEGINNINGS = [b"", b"\x1f\x8b", b"\xff\xfe", b"# XDI/1.0\n"]


def check(path: Path) -> None:
    """Read a file that may hold anything: spectra that are in order, or an InputError of a line."""
    try:
        spectra = read_spectra(path)
    except InputError as error:
        reason = str(error)
        assert reason.startswith(f"{path}: ")
        assert len(reason.splitlines()) == 1
        return
    names = [spectrum.name for spectrum in spectra]
    assert len({*names}) == len(names) > 0
    for spectrum in spectra:
        assert (np.diff(spectrum.energy) > 0).all()
        assert np.isfinite(spectrum.mu).all()
        assert spectrum.name.isprintable()
    assert [one.name for one in read_spectra(f"{path}::{names[-1]}")] == names[-1:]


@settings(max_examples=600)
@given(
    st.builds(bytes.__add__, st.sampled_from(BEGINNINGS), st.binary(max_size=300))
    | st.text("0123456789.,;eEdD+- \t\n\"'#abSL()[]$@=", max_size=200).map(str.encode)
)
def test_anything_is_read_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    check(path)


@settings(max_examples=300)
@given(st.sampled_from(sorted(SOUND)), st.integers(0, 2**32 - 1), st.booleans())
def test_damaged_files_are_read_or_refused(path: Path, kind: str, seed: int, packed: bool) -> None:
    rng = random.Random(seed)
    data = bytearray(SOUND[kind].encode())
    if packed:
        data = bytearray(gzip.compress(bytes(data)))
    for _ in range(rng.choice((1, 2, 8))):
        place = rng.randrange(len(data))
        begin = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                data[place:place] = data[begin : begin + 50]
            case 2:
                data[place : place + 4] = rng.choice([b"1e999", b"nan", b"\xff\xfe", b"\n#S 5\n"])
            case 3:
                data = data[: place + 1]
    path.write_bytes(data)
    check(path)


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_content_tells_the_format_and_not_the_name(tmp_path: Path, kind: str) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "b.prj"
    plain.write_text(SOUND[kind])
    packed.write_bytes(gzip.compress(SOUND[kind].encode()))
    read = read_spectra(plain)
    assert read
    for one, other in zip(read, read_spectra(packed), strict=True):
        assert (one.name, one.identity, one.notes) == (other.name, other.identity, other.notes)
        assert_array_equal(one.energy, other.energy)
        assert_array_equal(one.mu, other.mu)


def test_pick(path: Path) -> None:
    path.write_text("# energy norm flat\n" + TABLE2)
    assert [one.name for one in read_spectra(str(path))] == ["norm", "flat"]
    (flat,) = read_spectra(f"{path}::flat")
    assert (flat.name, flat.source) == ("flat", str(path))
    with pytest.raises(InputError, match=r"scan.dat: holds no spectrum 'xmu'; .*'norm' and 'flat'"):
        read_spectra(f"{path}::xmu")


def test_a_file_may_have_the_mark_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a::norm"
    path.write_text("# energy flat x::y\n" + TABLE)
    (tmp_path / "a").write_text("# energy norm flat\n" + TABLE2)
    assert [one.name for one in read_spectra(str(path))] == ["flat"]
    assert read_spectra(f"{path}::flat")[0].source == str(path)
    assert read_spectra(f"{path}::x::y")[0].mu[-1] == 29
    path.unlink()
    assert read_spectra(str(path))[0].source == str(tmp_path / "a")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for file, said in (
        (tmp_path, "is a directory"),
        (tmp_path / "absent", "no such file"),
        (f"{tmp_path / 'absent'}::xmu", "no such file"),
        (tmp_path / ("n" * 300), "cannot be read"),
        ("null\0byte", "no such file"),
        (tmp_path / "pipe", "is not a regular file"),
    ):
        with pytest.raises(InputError, match=said):
            read_spectra(file)


def test_a_file_without_permission_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(TABLE)

    def forbidden(*_: object) -> None:  # root may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(InputError, match=r"scan.dat: cannot be read \(Permission denied\); check"):
        read_spectra(path)


def test_gzip_is_unpacked_within_limits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = ("# energy mu x\n" + TABLE).encode()
    path.write_bytes(gzip.compress(table[:200]) + gzip.compress(table[200:]))
    assert len(read_spectra(path)[0].energy) == 30
    whole = gzip.compress(table)
    path.write_bytes(whole[:-12])
    with pytest.raises(InputError, match="cut off within its gzip data"):
        read_spectra(path)
    path.write_bytes(whole[:20] + b"\xff\xff" + whole[22:])
    with pytest.raises(InputError, match="damaged gzip data"):
        read_spectra(path)
    # 100 MB of zeros, of which the first 64 MB are unpacked.
    packer = zlib.compressobj(wbits=31)
    path.write_bytes(b"".join(packer.compress(b"0" * 2**20) for _ in range(100)) + packer.flush())
    with pytest.raises(InputError, match="holds more than 16 MB"):
        read_spectra(path)
    monkeypatch.setattr(_content, "LARGEST", 100)
    path.write_text(TABLE)
    with pytest.raises(InputError, match="holds more than"):
        read_spectra(path)


def test_lines_and_numbers_are_limited(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("# energy mu i0\n" + TABLE)
    monkeypatch.setattr(_text, "MOST_NUMBERS", 30)
    with pytest.raises(InputError, match="holds more than 30 numbers by line 12"):
        read_spectra(path)
    monkeypatch.setattr(_text, "MOST_LINES", 10)
    with pytest.raises(InputError, match="has more than 10 lines"):
        read_spectra(path)


def test_a_spectrum_is_checked() -> None:
    with pytest.raises(InputError, match="a.dat::mu: energies must increase"):
        Spectrum("mu", np.array([2.0, 1.0]), np.array([1.0, 2.0]), "a.dat")
    with pytest.raises(InputError, match="a.dat::mu: intensity nan"):
        Spectrum("mu", np.array([1.0, 2.0]), np.array([1.0, np.nan]), "a.dat")


@pytest.mark.parametrize("labels", ["# energy_eV mu\n", ""])
def test_swapped_columns_are_named(path: Path, labels: str) -> None:
    mu = [0.1 * (n % 7) + n / 30 for n in range(30)]
    path.write_text(labels + "".join(f"{y:.3f} {7100 + n}\n" for n, y in enumerate(mu)))
    with pytest.raises(InputError, match=r"the columns seem swapped; give --energy 2 --mu 1$"):
        read_spectra(path)
    (spectrum,) = read_spectra(path, energy=2, mu=1)
    assert spectrum.energy[0] == 7100
    # Rows in no order are sorted, whatever counts or times stand beside them.
    rows = random.Random(0).sample(range(30), 30)
    told = "".join(f"{n - 10} {mu[n]:.3f} {100 + k}\n" for k, n in enumerate(rows))
    path.write_text("# energy mu time\n" + told)
    assert "rows not in order of energy, sorted" in read_spectra(path)[0].notes

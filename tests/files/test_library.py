"""Formats that rexafs reads; Athena projects by a small writer, as Athena and Larch write them."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.errors import InputError
from nearedge.files import read_spectra

ENERGY = np.concatenate([np.arange(7000, 7100, 5.0), np.arange(7100, 7160, 0.5)])
MU = 0.5 + np.arctan(ENERGY - 7112) / np.pi

Record = tuple[dict[str, str], np.ndarray, np.ndarray]


def foil(label: str, number: int = 0, **said: str) -> Record:
    known = {"label": label, "bkg_z": "Fe", "fft_edge": "k", "bkg_e0": "7112", "is_xmu": "1"}
    return {**known, **said}, ENERGY, MU + number


def perl(records: Sequence[Record], *, quote: str = "'", ending: str = "\n") -> str:
    """Write a project as Athena does: Perl's Data::Dumper, a statement a line."""

    def escaped(text: str) -> str:
        return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote

    lines = ["# Athena project file -- Demeter version 0.9.26", "# This file created at noon", ""]
    for number, (said, x, y) in enumerate(records):
        pairs = [f"{escaped(key)},{escaped(value)}" for key, value in said.items()]
        pairs.append("'titles',['one, (two)','three'],'reference',''")
        lines += [f"$old_group = 'abc{number:02d}';", f"@args = ({','.join(pairs)});"]
        for name, values in (("x", x), ("y", y), ("i0", np.ones_like(x))):
            cells = ",".join(f"'{value!r}'" for value in values.tolist())
            lines.append(f"@{name} = ({cells});")
        lines += ["[record]   # create object and set arrays in ifeffit", ""]
    lines += ["@journal = ('noted', '[record]');", "", "1;", "", "# Local Variables:", "# End:", ""]
    return ending.join(lines)


def as_json(records: Sequence[Record]) -> str:
    """Write a project in the form of JSON."""
    keys = [f"abc{number:02d}" for number in range(len(records))]
    groups = {
        key: {"args": said, "x": [*map(str, x.tolist())], "y": y.tolist(), "i0": [1.0] * len(x)}
        for key, (said, x, y) in zip(keys, records, strict=True)
    }
    head = {f"_____header{n}": "# Athena project file -- Demeter version 0.9.26" for n in (1, 2)}
    return json.dumps({**head, **groups, "_____journal": "noted", "_____order": keys})


@settings(max_examples=40)
@given(
    labels=st.lists(
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1).map(
            lambda text: text[:20]
        ),
        min_size=1,
        max_size=4,
        unique=True,
    ),
    form=st.sampled_from(["'", '"', "json"]),
    packed=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_a_project_is_read_as_it_was_written(
    path: Path, labels: list[str], form: str, packed: bool, ending: str
) -> None:
    records = [foil(label, number) for number, label in enumerate(labels)]
    text = as_json(records) if form == "json" else perl(records, quote=form, ending=ending)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    spectra = read_spectra(path)
    assert [spectrum.name for spectrum in spectra] == labels
    for number, spectrum in enumerate(spectra):
        assert_array_equal(spectrum.energy, ENERGY)
        assert_array_equal(spectrum.mu, MU + number)
        assert spectrum.notes == ()
        assert spectrum.metadata == {"element": "Fe", "edge": "K", "e0": "7112"}


@pytest.mark.parametrize("write", [perl, as_json])
def test_labels_that_repeat_are_numbered(path: Path, write: type) -> None:
    path.write_text(write([foil("a"), foil("a", 1), foil("", 2)]))
    spectra = read_spectra(path)
    assert [spectrum.name for spectrum in spectra] == ["a", "a (2)", "abc02"]
    assert read_spectra(f"{path}::a (2)")[0].mu[0] == MU[0] + 1


def test_records_over_other_axes_are_left_out(path: Path) -> None:
    path.write_text(perl([foil("mu"), foil("chi", is_chi="1"), foil("raw", is_pixel="1")]))
    (spectrum,) = read_spectra(path)
    assert spectrum.notes == ("records that are not over energy left out: 'chi' and 'raw'",)
    path.write_text(as_json([foil("chi", is_chi="1")]))
    with pytest.raises(InputError, match="holds only 'chi', which are not over energy"):
        read_spectra(path)


@pytest.mark.parametrize("write", [perl, as_json])
def test_an_energy_shift_is_applied_and_told(path: Path, write: type) -> None:
    path.write_text(write([foil("foil", bkg_eshift="-0.8")]))
    (spectrum,) = read_spectra(path)
    assert_array_equal(spectrum.energy, ENERGY - 0.8)
    assert spectrum.metadata["energy_shift"] == "-0.8"
    assert spectrum.notes == ("Athena's energy shift of -0.8 eV applied",)
    assert str(spectrum.edge) == "Fe K"


def test_nothing_is_run(path: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for code in (f"system('touch {trap}')", f"open('{trap}', 'w')", "__import__('os').getpid()"):
        path.write_text(perl([foil("a")]).replace("@x = (", f"@x = ({code}, "))
        with pytest.raises(InputError, match=r"scan.dat: cannot be read \(Athena"):
            read_spectra(path)
    assert not trap.exists()


SOUND = perl([foil("a"), foil("b")])


@pytest.mark.parametrize(
    "content",
    [
        SOUND[: SOUND.index("@y")],
        SOUND.replace("@y = ('", "@y = ('1','", 1),
        SOUND.replace("@y = ('", "@y = ('x", 1),
        "# Athena project file -- Demeter version 0.9.26\n1;\n",
        '{"_____header1": "# Athena project file", "a": {',
        '{"_____order": ' + "[" * 100_000,
    ],
)
def test_damaged_projects_are_refused(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(InputError, match=r"scan.dat: cannot be read \(.*\); save or copy it"):
        read_spectra(path)


def test_records_of_srs(path: Path) -> None:
    angles = np.degrees(np.arcsin(12398.42 / (2 * 3.1356 * ENERGY[::5])))
    head = " &SRS\n SRSRUN=1,SRSDAT=970101,\n &END\n"

    def record(axis: float, mu: float) -> str:
        return f"{axis:12.3f} 1000.0 20000.0 {20000 * np.exp(-mu):.3f} 404.0 0.0\n 1 2 3 4\n 5\n"

    rising = "".join(record(*row) for row in zip(ENERGY[::5], MU[::5], strict=True))
    path.write_text(head + rising)
    spectrum = read_spectra(path)[0]
    assert_allclose(spectrum.energy, ENERGY[::5], atol=1e-3)
    assert_allclose(spectrum.mu, MU[::5], atol=1e-4)
    falling = "".join(record(*row) for row in zip(1000 * angles, MU[::5], strict=True))
    path.write_text(head + falling)
    with pytest.raises(InputError, match="is not damaged, each record spans several lines"):
        read_spectra(path)

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.errors import InputError
from nearedge.files import read_spectra
from nearedge.spectra import Spectrum

ENERGY = np.linspace(7100.0, 7150.0, 26)
MU = 0.5 + np.arctan(ENERGY - 7112) / np.pi

Read = Callable[..., list[Spectrum]]


def rows(separator: str = " ", values: int = 2) -> str:
    table = np.column_stack([ENERGY, *[MU] * (values - 1)])
    return "".join(separator.join(f"{value:.6f}" for value in row) + "\n" for row in table)


@settings(max_examples=150)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 40),
    st.integers(1, 4),
    st.sampled_from([" ", "   ", "\t", ",", ", ", ";", " ; "]),
    st.sampled_from(["#", "%", ";", "//", "!", None]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
    st.sampled_from(["up", "down", "mixed"]),
    st.sets(st.sampled_from(["comma", "kev", "fortran", "footer", "\r"])),
)
def test_a_scan_is_read_as_it_was_written(
    path: Path,
    seed: int,
    points: int,
    columns: int,
    separator: str,
    comment: str | None,
    encoding: str,
    order: str,
    habits: set[str],
) -> None:
    rng = np.random.default_rng(seed)
    energy = 500 + np.cumsum(rng.uniform(0.01, 5, points))
    mu = rng.normal(size=(columns, points))
    places = {"up": np.arange(points), "down": np.arange(points)[::-1]}
    scale = 1000 if "kev" in habits else 1

    def cell(value: float) -> str:
        text = f"{value:.17E}".replace("E", "D") if "fortran" in habits else repr(float(value))
        return text.replace(".", "," if "comma" in habits and "," not in separator else ".")

    labels = [f"energy ({'keV' if scale > 1 else 'eV'})", *(f"norm_{n}" for n in range(columns))]
    mark = "" if comment is None else f"{comment} "
    head = [] if comment is None else [f"{comment} température 300 K", f"{comment} ---"]
    head.append(mark + ("\t" if not separator.strip() else separator).join(labels))
    body = [
        separator.join([cell(float(energy[row]) / scale), *(cell(value) for value in mu[:, row])])
        for row in places.get(order, rng.permutation(points))
    ]
    foot = ["end of scan", "beam lost at 12:30"] if "footer" in habits else []
    ending = "\r" if "\r" in habits else "\r\n" if seed % 2 else "\n"
    path.write_bytes(ending.join([*head, *body, *foot, ""]).encode(encoding))
    spectra = read_spectra(path)
    assert [spectrum.name for spectrum in spectra] == labels[1:]
    for spectrum, intensities in zip(spectra, mu, strict=True):
        assert_allclose(spectrum.energy, energy, rtol=1e-14)
        assert_array_equal(spectrum.mu, intensities)
        assert spectrum.source == str(path)
        assert ("energies in keV, converted to eV" in spectrum.notes) == (scale > 1)


def test_of_unlabelled_columns_only_two_are_understood(read: Read) -> None:
    (spectrum,) = read(rows())
    assert spectrum.name == "column 2"
    assert "no column labels" in spectrum.notes[0]
    # As many words as columns are no labels; several tabs are one separator, as in OCEAN's tables.
    assert read("# taken yesterday\n" + rows())[0].name == "column 2"
    assert read(rows().replace(" ", "\t\t"))[0].name == "column 2"
    # Computed spectra over energies from an edge are a matrix.
    assert len(read("".join(f"{n - 5} {n} {n % 7}\n" for n in range(20)))) == 2


def test_scans_of_a_spec_file(read: Read) -> None:
    scan = "#S {} ascan\n#N 3\n#L Energy  Seconds  Sample Current\n" + rows(values=3)
    assert [one.name for one in read("#F f\n" + scan.format(7))] == ["Sample Current"]
    spectra = read("#F f\n" + scan.format(1) + "\n" + scan.format(2) + "#C done\n")
    assert [one.name for one in spectra] == ["scan 1 Sample Current", "scan 2 Sample Current"]


def test_columns_of_text_and_empty_ones_are_left_out(read: Read) -> None:
    lines = rows(",").splitlines()
    text = "".join(f"12:30:{n:02d},foil,{line},\n" for n, line in enumerate(lines))
    (spectrum,) = read("time,sample,energy,mu,\n" + text)
    assert spectrum.name == "mu"
    assert_allclose(spectrum.energy, ENERGY)


@pytest.mark.parametrize("cell", ["nan", "NaN", "-inf", "", "---", "******", "#DIV/0!", "n/a"])
def test_missing_numbers_cost_their_row(read: Read, cell: str) -> None:
    lines = rows(";").splitlines()
    lines[3] = lines[3].split(";")[0] + ";" + cell
    (spectrum,) = read("\n".join(lines))
    assert_allclose(spectrum.energy, np.delete(ENERGY, 3))
    assert "row without a finite energy and intensity left out: 4" in spectrum.notes


def test_damaged_rows_are_left_out_and_named(read: Read) -> None:
    for number, text in ((1, "7100 0.2x"), (9, "7116 0.9x"), (9, "7116 0.9 0.1"), (26, "7150")):
        (spectrum,) = read(replace_row(number, text))
        assert_allclose(spectrum.energy, np.delete(ENERGY, number - 1))
        assert any(
            f"line {number} is not a row of 2 numbers ('{text}')" in n for n in spectrum.notes
        )
    many = "\n".join(f"7116 0.{n}x" if n % 3 else f"71{n:02d} 0.5" for n in range(30))
    with pytest.raises(InputError, match=r"19 of 29 rows are damaged, line 2 .*'7116 0.1x'"):
        read(many)


def test_another_table_is_left_out(read: Read) -> None:
    spectra = read("# energy mu\n" + rows() + "peaks\n" + "1 2 3\n" * 4)
    assert "another table with other columns left out: line 29" in spectra[0].notes
    # What stands above the table is no row of it, even if it looks like one.
    spectra = read("10 20\nstart\n" + rows())
    assert_allclose(spectra[0].energy[-len(ENERGY) + 1 :], ENERGY[1:])


def test_two_scans_are_two(read: Read) -> None:
    scan = "# energy mu\n" + rows()
    for text in (scan + scan, scan + rows(), scan + "\n# sample B\n" + rows()):
        assert [one.name for one in read(text)] == ["scan 1 mu", "scan 2 mu"]
    # A remark amid the rows parts no scan.
    lines = scan.splitlines()
    assert len(read("\n".join([*lines[:9], "# refill", *lines[9:]]))) == 1


def test_records_over_several_lines_are_joined(read: Read) -> None:
    lines = rows(values=4).splitlines()
    wrapped = "".join("{} {} {}\n {}\n".format(*line.split()) for line in lines)
    (spectrum,) = read("# energy mu a b\n" + wrapped)
    assert_allclose(spectrum.energy, ENERGY)
    assert "each record is written over 2 lines, joined" in spectrum.notes


def replace_row(number: int, text: str) -> str:
    lines = rows().splitlines()
    lines[number - 1] = text
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no table of at least two rows"),
        ("\n\n", "holds no table"),
        ("# only a comment\n", "begins '# only a comment'"),
        ("1.0\n2.0\n", "no label says which column is the energy"),
        ("1 2\n", "holds no table"),
        (replace_row(2, "beam dump\x07\x1b[31m"), "neither text nor HDF5"),
        ("7 2\n7 3\n", "1 energy, not a spectrum"),
        ("energy\n1\n2\n", "holds energies alone"),
        ("energy e\n1 2\n2 3\n", "holds energies alone"),
        ("7 nan\n8 nan\n9 0.1\n10 0.2\n11 nan\n", "3 of 5 rows of 'column 2'"),
        ("7 2\n1e30 3\n", "1e\\+30 eV are none of X-rays"),
        (b"\x00\x01\x02\x03" * 20, "neither text nor HDF5"),
        (b"PK\x03\x04" + b"\x00" * 30, "zip archive or an Excel workbook; unpack it or export"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 30, "is a picture"),
        # Made to take time.
        (b"1 " * 200_000, "line 1 is too long"),
        ((b"1," * 11_000 + b"2\n") * 2, "too many columns or tables"),
        (b"1 2\n3 4 5\nx\n" * 2_000, "holds no table|are damaged|which column"),
        (b"1 2\nx\n1 2 3\ny\n" * 3_000, "line 10001: too many columns or tables"),
        (b"#" + b"x" * 1000 + b"\n", "holds no table"),
        (b"# Athena project file -- a\n@x = (" + b"1," * 600_000 + b"1);\n", "cannot be read"),
        (b"# Athena project file -- a\n@args = (" + b"'\\" * 200_000 + b");\n", "cannot be read"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(read: Read, content: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=f"scan.dat: .*(?:{said})") as caught:
        read(content)
    assert len(str(caught.value).splitlines()) == 1

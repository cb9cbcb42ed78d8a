from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.errors import InputError
from nearedge.files import read_spectra
from nearedge.files._labels import parse_label
from nearedge.files._roles import role
from nearedge.files._scan import Label
from nearedge.spectra import Spectrum

ENERGY = np.linspace(7000.0, 7200.0, 41)
MU = 1.2 + np.arctan(ENERGY - 7112) / np.pi
I0 = 1e5 + 1e3 * np.cos(ENERGY)
I1 = I0 * np.exp(-MU)

Read = Callable[..., list[Spectrum]]

ROLES = {
    "energy": "energy|Energy_eV|e|hv|Photon Energy|mono|PGM|energy(eV)|Bragg energy|mono_energy",
    "angle": "angle|theta|Bragg|mono angle|Angle(o)",
    "absorption": "mu|xmu|mu(E)|µ|μ(E)|mutrans|mufluor|Absorption|intensity|absorbance|mu_sample3"
    "|TEY/I0|If/I0|ln(I0/It)|lnI0It|FFI0|Intensity 2",
    "normalised": "norm|flat|Fe foil norm|munorm",
    "incident": "i0|I0|I_0|Io|monitor|mon|i0_eh1|gold mesh|IC0",
    "transmitted": "i1|It|I1|itrans|I_trans|transmission|ic1",
    "fluorescence": "if|ipfy|itfy|Fe_Ka_mca1|iff|ifluor|fluo|fl1|sca_3|ROI12|TFY|pfy|SDD 2|Lytle",
    "electron yield": "tey|itey|iey|Keithley|TEY|drain|ey|sample current|Total Electron Yield"
    "|drain_current",
    "reference": "i2|Iref|irefer|reference",
    "reference mu": "murefer|mu_ref|mu_foil",
    "factor": "DTFactor_1|dt_corr2|deadtime factor",
    "no energy": "k|k(A^-1)|R|pixel|binding energy|step",
    "aside": "bkg|pre_edge|post_edge|der|sec|chie|time|Seconds|temperature|icr1|stddev|nbkg",
    None: "Fe2O3|sample A|column|det1|foo",
}


@pytest.mark.parametrize("meaning", ROLES)
def test_roles(meaning: str | None) -> None:
    for label in ROLES[meaning].split("|"):
        assert role(label) == meaning, label


def test_the_user_may_name_the_columns(read: Read, path: Path) -> None:
    with pytest.raises(InputError, match="no label says which column is the energy.*3 'a'"):
        read("foo,bar,a,b", ENERGY, 0 * ENERGY, I0, I1, separator=",")
    for energy, mu in ((1, "ln(3/4)"), ("foo", "ln(a/b)"), ("FOO", "ln(3/b)")):
        (spectrum,) = read_spectra(path, energy=energy, mu=mu)
        assert_allclose(spectrum.mu, MU)
        assert_allclose(spectrum.energy, ENERGY)
    assert_allclose(read_spectra(path, energy=1, mu="(3+3)/4")[0].mu, 2 * np.exp(MU))
    for energy, mu in ((9, "3"), (1, "c"), (1, "3/x")):
        with pytest.raises(InputError, match="has no column '[9cx]'; it has 1 'foo'"):
            read_spectra(path, energy=energy, mu=mu)
    with pytest.raises(InputError, match="add --mu"):
        read_spectra(path, energy=1)


def test_repeated_labels_are_numbered(read: Read, path: Path) -> None:
    n = np.arange(7.0)
    spectra = read("# energy mu mu mu (2)", n, n, n * n, n % 3)
    assert [spectrum.name for spectrum in spectra] == ["mu", "mu (3)", "mu (2)"]
    assert [read_spectra(f"{path}::{one.name}")[0].mu[5] for one in spectra] == [5, 25, 2]


def test_columns_that_are_not_used_are_named_and_can_be_picked(read: Read, path: Path) -> None:
    (spectrum,) = read("# energy mu foo time", ENERGY, MU, 3 * MU, ENERGY)
    assert spectrum.left_out == {
        "foo": "its label is not understood",
        "time": "a clock or counter of points",
    }
    (picked,) = read_spectra(f"{path}::foo")
    assert_allclose(picked.mu, 3 * MU)
    # pandas counts the rows.
    (spectrum,) = read(",energy,FeO", np.arange(41.0), ENERGY, MU, separator=",")
    assert spectrum.name == "FeO"


def test_rows_without_beam_are_left_out(read: Read) -> None:
    dark = I0.copy()
    dark[[3, 4]] = 0, -1
    (spectrum,) = read("# energy i0 i1", ENERGY, dark, I1)
    assert len(spectrum.energy) == len(ENERGY) - 2
    assert "2 rows without a positive intensity in 'i0' and 'i1' left out" in spectrum.notes
    (spectrum,) = read("# energy i0 fluo", ENERGY, dark, I1)
    assert "2 rows without a positive intensity in 'i0' left out" in spectrum.notes
    for label, value in (("i1", 0), ("fluo", -1)):
        dark[:30] = value
        with pytest.raises(InputError, match="30 of 41 rows have no positive intensity in 'i0'"):
            read(f"# energy i0 {label}", ENERGY, dark, I0)


def test_xdi(read: Read) -> None:
    head = (
        "# XDI/1.0 GSE/1.0\n# Column.1: energy keV\n# Column.2: i0\n# Column.3: itrans\n"
        "# Element.symbol: Fe\n# Element.edge: K\n# Beamline.name: 13ID\n# Sample.name: foil\n"
        "# ///\n# a comment\n#----"
    )
    (spectrum,) = read(head, ENERGY / 1000, I0, I1)
    assert_allclose(spectrum.energy, ENERGY)
    assert_allclose(spectrum.mu, MU)
    facts = {"element": "Fe", "edge": "K", "beamline": "13ID", "sample": "foil"}
    assert spectrum.metadata == facts


def test_angles(read: Read) -> None:
    angle = np.degrees(np.arcsin(12398.419843320026 / (2 * 3.13553 * ENERGY)))
    head = "# Column.1: angle degrees\n# Column.2: mutrans\n# Mono.d_spacing: {}"
    (spectrum,) = read(head.format("3.13553"), angle, MU)
    assert_allclose(spectrum.energy, ENERGY)
    # A crystal gives the spacing of its planes.
    (spectrum,) = read("# monochromator: Si(311)\n# theta(deg) i0 itrans", angle, I0, I1)
    assert_allclose(spectrum.energy, ENERGY * 3.13553 / (5.43102 / np.sqrt(11)), rtol=1e-5)
    for wrong in ("nothing", "-3", "nan"):
        with pytest.raises(InputError, match=r"gives the angle 'angle' in place of an energy.*add"):
            read(head.format(wrong), angle, MU)


def test_the_photon_factory(read: Read) -> None:
    angle = np.degrees(np.arcsin(12398.419843320026 / (2 * 3.13551 * ENERGY)))
    head = (
        "  9809     KEK-PF   BL12C\n foil  14.10.22 12:00\n"
        " Mono :   SI(111)       D= 3.13551 A    Initial angle=13.1 deg\n"
        " Block      Init-Eng   final-Eng     Step/eV     Time/s       Num\n"
        "     1        7000.00     7200.00        5.00       1.00        41\n"
        "  Angle(c)  Angle(o)    time/s         1         2         3\n"
        "      Mode         0         0         1         2         3\n"
        "    Offset         0         0   100.000    50.000    10.000\n"
    )
    rows = zip(angle + 0.1, angle, I0, I0 * np.exp(-MU), I0 * MU, strict=True)
    spectra = read(
        head + "".join("".join(f"{v:16.8f}" for v in (a, b, 1, *c)) + "\n" for a, b, *c in rows)
    )
    assert [spectrum.name for spectrum in spectra] == ["transmission", "fluorescence"]
    for spectrum in spectra:
        assert_allclose(spectrum.energy, ENERGY, rtol=1e-7)
        assert_allclose(spectrum.mu, MU, rtol=1e-6)


@pytest.mark.parametrize(
    ("word", "text", "unit"),
    [
        ("energy", "energy", ""),
        ("Energy (keV)", "Energy", "keV"),
        ("Energy [eV]", "Energy", "eV"),
        ("energy_keV", "energy", "keV"),
        ('"Photon energy / eV"', "Photon energy", "eV"),
        ("intensity, a.u.", "intensity", "a.u."),
        ("mu(E)", "mu(E)", ""),
        ("TEY/I0", "TEY/I0", ""),
        ("Counter 1 (TEY)", "Counter 1 (TEY)", ""),
    ],
)
def test_units_are_parted_from_labels(word: str, text: str, unit: str) -> None:
    assert parse_label(word) == Label(text, unit)

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.errors import InputError
from nearedge.files import read_spectra
from nearedge.files._roles import role
from nearedge.spectra import Spectrum

ENERGY = np.linspace(7000.0, 7200.0, 41)
MU = 1.2 + np.arctan(ENERGY - 7112) / np.pi
I0 = 1e5 + 1e3 * np.cos(ENERGY)

Scan = Callable[..., list[Spectrum]]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """Write a scan of labelled columns and read it."""

    def written(head: str = "", **columns: np.ndarray) -> list[Spectrum]:
        labels = "\t".join(name.replace("__", " ") for name in columns)
        table = "\n".join(
            "\t".join(map(repr, row)) for row in np.array([*columns.values()]).T.tolist()
        )
        path = tmp_path / "scan.dat"
        path.write_text(f"{head}# {labels}\n{table}\n")
        return read_spectra(path)

    return written


@pytest.mark.parametrize(
    ("meaning", "labels"),
    [
        (
            "energy",
            "energy|Energy_eV|e|hv|Photon Energy|mono|PGM|energy(eV)|Bragg energy|mono_energy",
        ),
        ("angle", "angle|theta|Bragg|mono angle|Angle(o)"),
        (
            "absorption",
            "mu|xmu|mu(E)|µ|μ(E)|mutrans|mufluor|Absorption|intensity|absorbance",
        ),
        ("normalised", "norm|flat|Fe foil norm|munorm"),
        ("absorption", "mu_sample3|TEY/I0|If/I0|ln(I0/It)|lnI0It|FFI0|Intensity 2"),
        ("incident", "i0|I0|I_0|Io|monitor|mon|i0_eh1|gold mesh|IC0"),
        ("transmitted", "i1|It|I1|itrans|I_trans|transmission|ic1"),
        (
            "fluorescence",
            "if|ipfy|itfy|Fe_Ka_mca1|iff|ifluor|fluo|fl1|sca_3|ROI12|TFY|pfy|SDD 2|Lytle|Ifluo",
        ),
        (
            "electron yield",
            "tey|itey|iey|Keithley|TEY|drain|ey|sample current|Total Electron Yield|drain_current",
        ),
        ("reference", "i2|Iref|irefer|reference"),
        ("reference mu", "murefer|mu_ref|mu_foil"),
        ("factor", "DTFactor_1|dt_corr2|deadtime factor"),
        ("no energy", "k|k(A^-1)|R|pixel|binding energy|step"),
        ("aside", "bkg|pre_edge|post_edge|der|sec|chie|time|Seconds|temperature|icr1|stddev|nbkg"),
        (None, "Fe2O3|sample A|column|det1|foo"),
    ],
)
def test_roles(meaning: str | None, labels: str) -> None:
    assert {label: role(label) for label in labels.split("|")} == dict.fromkeys(
        labels.split("|"), meaning
    )


def test_transmission(scan: Scan) -> None:
    (spectrum,) = scan(energy=ENERGY, i0=I0, i1=I0 * np.exp(-MU))
    assert spectrum.name == "transmission"
    assert spectrum.notes == ("mu = ln(i0 / i1) from columns 'i0' and 'i1'",)
    assert_allclose(spectrum.mu, MU)


def test_elements_of_a_detector_are_summed(scan: Scan) -> None:
    columns = {f"fl{n}": I0 * MU * n for n in (1, 2, 3)}
    (spectrum,) = scan(energy=ENERGY, monitor=I0, **columns)
    assert spectrum.name == "fluorescence"
    assert "sum of 3 detector elements / monitor" in spectrum.notes[0]
    assert_allclose(spectrum.mu, 6 * MU)


def test_electron_yield_beside_two_fluorescences(scan: Scan) -> None:
    spectra = scan(Energy=ENERGY, I0=I0, TEY=I0 * MU, TFY=2 * I0 * MU, PFY=3 * I0 * MU)
    names = ["fluorescence (TFY)", "fluorescence (PFY)", "electron yield"]
    assert [spectrum.name for spectrum in spectra] == names
    for spectrum, factor in zip(spectra, (2, 3, 1), strict=True):
        assert_allclose(spectrum.mu, factor * MU)


def test_without_a_monitor_yields_are_taken_as_they_are(scan: Scan) -> None:
    (spectrum,) = scan(energy=ENERGY, time=ENERGY, tey=MU)
    assert spectrum.name == "tey"
    assert_allclose(spectrum.mu, MU)


def test_a_stored_spectrum_comes_first(scan: Scan) -> None:
    spectra = scan(energy=ENERGY, i0=I0, it=I0 * np.exp(-MU), mufluor=MU**2, irefer=I0)
    assert [spectrum.name for spectrum in spectra] == ["mufluor", "transmission"]
    assert_allclose(spectra[0].mu, MU**2)


def test_exports_of_athena(scan: Scan) -> None:
    others = dict.fromkeys(("bkg", "pre_edge", "post_edge", "der", "sec", "chie"), 0 * MU)
    (spectrum,) = scan(energy=ENERGY, xmu=MU, **others, i0=I0)
    assert spectrum.name == "xmu"
    others = dict.fromkeys(("nbkg", "fbkg", "nder", "nsec"), 0 * MU)
    spectra = scan(energy=ENERGY, norm=MU, **others, flat=MU**2)
    assert [spectrum.name for spectrum in spectra] == ["norm", "flat"]


def test_formulas_name_spectra_and_unknown_labels_do_not(scan: Scan) -> None:
    spectra = scan(eV=ENERGY, Fe2O3=MU, FeO=2 * MU)
    assert [spectrum.name for spectrum in spectra] == ["Fe2O3", "FeO"]
    names = ["Ge", "NiO", "Fe_foil", "V2O5"]
    spectra = scan(energy=ENERGY, **{name: MU**n for n, name in enumerate(names, 1)})
    assert [spectrum.name for spectrum in spectra] == names
    for columns in ({"i0": I0, "det": MU}, {"ch1": I0, "ch2": MU}):
        with pytest.raises(
            InputError, match="3 '.*' .*; say which they are with --energy and --mu"
        ):
            scan(energy=ENERGY, **columns)
    # Alone beside an energy, it needs no label.
    assert [spectrum.name for spectrum in scan(energy=ENERGY, det=MU)] == ["det"]


def test_the_user_may_name_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "scan.csv"
    rows = np.column_stack([ENERGY, 0 * ENERGY, I0, I0 * np.exp(-MU)]).tolist()
    path.write_text("foo,bar,a,b\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))
    with pytest.raises(InputError, match="no label says which column is the energy.*3 'a'"):
        read_spectra(path)
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


def test_repeated_labels_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"
    rows = "".join(f"{n} {n} {n * n} {n % 3}\n" for n in range(7))
    path.write_text("# energy mu mu mu (2)\n" + rows)
    spectra = read_spectra(path)
    assert [spectrum.name for spectrum in spectra] == ["mu", "mu (3)", "mu (2)"]
    assert [read_spectra(f"{path}::{one.name}")[0].mu[5] for one in spectra] == [5, 25, 2]


def test_columns_that_are_not_used_are_named_and_can_be_picked(scan: Scan, tmp_path: Path) -> None:
    (spectrum,) = scan(energy=ENERGY, mu=MU, foo=3 * MU, time=ENERGY)
    assert spectrum.left_out == {
        "foo": "its label is not understood",
        "time": "a clock or counter of points",
    }
    (picked,) = read_spectra(f"{tmp_path / 'scan.dat'}::foo")
    assert_allclose(picked.mu, 3 * MU)


def test_the_energy_that_was_reached_is_taken(scan: Scan) -> None:
    (spectrum,) = scan(Energy__Request=ENERGY + 1, Achieved__Energy=ENERGY, mu=MU)
    assert_allclose(spectrum.energy, ENERGY)
    # A column that does not vary is no axis.
    (spectrum,) = scan(photon__energy=ENERGY, mono=0 * ENERGY + 3, mu=MU)
    assert_allclose(spectrum.energy, ENERGY)


def test_rows_without_beam_are_left_out(scan: Scan) -> None:
    dark = I0.copy()
    dark[[3, 4]] = 0, -1
    (spectrum,) = scan(energy=ENERGY, i0=dark, i1=I0 * np.exp(-MU))
    assert len(spectrum.energy) == len(ENERGY) - 2
    assert "2 rows without a positive intensity in 'i0' and 'i1' left out" in spectrum.notes
    (spectrum,) = scan(energy=ENERGY, i0=dark, fluo=I0 * MU)
    assert "2 rows without a positive intensity in 'i0' left out" in spectrum.notes
    dark[:30] = 0
    with pytest.raises(InputError, match=r"30 of 41 rows have no positive intensity in 'i0' and"):
        scan(energy=ENERGY, i0=dark, i1=I0)
    dark[:30] = -1
    with pytest.raises(InputError, match=r"30 of 41 rows have no positive intensity"):
        scan(energy=ENERGY, i0=dark, fluo=I0)


def test_negative_currents(scan: Scan) -> None:
    (spectrum,) = scan(energy=ENERGY, i0=-I0, it=-I0 * np.exp(-MU))
    assert_allclose(spectrum.mu, MU)
    assert "currents in 'i0' and 'it' are negative, signs reversed" in spectrum.notes
    (spectrum,) = scan(energy=ENERGY, i0=I0, drain=-I0 * MU)
    assert_allclose(spectrum.mu, MU)


def test_xdi(scan: Scan) -> None:
    head = (
        "# XDI/1.0 GSE/1.0\n# Column.1: energy keV\n# Column.2: i0\n# Column.3: itrans\n"
        "# Element.symbol: Fe\n# Element.edge: K\n# Beamline.name: 13ID\n# Sample.name: foil\n"
        "# ///\n# a comment\n#----\n"
    )
    (spectrum,) = scan(head, energy=ENERGY / 1000, i0=I0, itrans=I0 * np.exp(-MU))
    assert_allclose(spectrum.energy, ENERGY)
    assert_allclose(spectrum.mu, MU)
    said = {"element": "Fe", "edge": "K", "beamline": "13ID", "sample": "foil"}
    assert spectrum.metadata == said


def test_angles(scan: Scan) -> None:
    angle = np.degrees(np.arcsin(12398.419843320026 / (2 * 3.13553 * ENERGY)))
    head = "# Column.1: angle degrees\n# Column.2: mutrans\n# Mono.d_spacing: {}\n"
    (spectrum,) = scan(head.format("3.13553"), angle=angle, mutrans=MU)
    assert_allclose(spectrum.energy, ENERGY)
    assert_allclose(spectrum.mu, MU)
    for wrong in ("nothing", "-3", "nan"):
        with pytest.raises(InputError, match=r"gives the angle 'angle' in place of an energy.*add"):
            scan(head.format(wrong), angle=angle, mutrans=MU)


def test_the_photon_factory(tmp_path: Path) -> None:
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
    path = tmp_path / "pf.dat"
    rows = zip(angle + 0.1, angle, I0, I0 * np.exp(-MU), I0 * MU, strict=True)
    path.write_text(
        head + "".join("".join(f"{v:16.8f}" for v in (a, b, 1, *c)) + "\n" for a, b, *c in rows)
    )
    spectra = read_spectra(path)
    assert [spectrum.name for spectrum in spectra] == ["transmission", "fluorescence"]
    for spectrum in spectra:
        assert_allclose(spectrum.energy, ENERGY, rtol=1e-7)
        assert_allclose(spectrum.mu, MU, rtol=1e-6)


def test_labels_one_to_a_line(tmp_path: Path) -> None:
    path = tmp_path / "ssrl.dat"
    labels = ["Real Time Clock", "Requested Energy", "Achieved Energy", "I0", "I1", "FF1", "FF2"]
    rows = np.column_stack([ENERGY, ENERGY + 1, ENERGY, I0, I0 * np.exp(-MU), I0 * MU, I0 * MU])
    table = "\n".join(" ".join(map(repr, row)) for row in rows.tolist())
    path.write_text(
        "SSRL - EXAFS Data Collector 2.0\nData:\n" + "\n".join(labels) + f"\n\n{table}\n"
    )
    spectra = read_spectra(path)
    assert [spectrum.name for spectrum in spectra] == ["transmission", "fluorescence"]
    for spectrum, factor in zip(spectra, (1, 2), strict=True):
        assert_allclose(spectrum.energy, ENERGY)
        assert_allclose(spectrum.mu, factor * MU)


def test_ratios_that_a_beamline_took_itself(scan: Scan) -> None:
    spectra = scan(
        qexafs_energy=ENERGY, I0=I0, It=I0 * np.exp(-MU), lnI0It=MU, FF=I0 * MU**2, FFI0=MU**2
    )
    assert [spectrum.name for spectrum in spectra] == ["lnI0It", "FFI0"]
    assert spectra[0].left_out["transmission"] == "the same as 'lnI0It'"


def test_a_detector_that_was_off_does_not_cost_the_others(scan: Scan) -> None:
    (spectrum,) = scan(energy=ENERGY, i0=I0, it=0 * I0, fluo=I0 * MU)
    assert spectrum.name == "fluorescence"
    assert "'it' is zero throughout, left out" in spectrum.notes
    spectra = scan(energy=ENERGY, mu=MU, i0=0 * I0, it=I0)
    assert [spectrum.name for spectrum in spectra] == ["mu"]


def test_a_column_that_counts_the_rows_is_no_spectrum(tmp_path: Path) -> None:
    path = tmp_path / "pandas.csv"
    path.write_text(",energy,FeO\n" + "".join(f"{n},{7100 + 2 * n},{n % 3}\n" for n in range(9)))
    assert [spectrum.name for spectrum in read_spectra(path)] == ["FeO"]


def test_one_bad_column_does_not_cost_the_others(scan: Scan) -> None:
    bad = np.full_like(MU, np.nan)
    bad[:5] = 1, 3, 2, 5, 1
    (spectrum,) = scan(energy=ENERGY, mu1=MU, mu2=bad)
    assert spectrum.name == "mu1"
    assert spectrum.left_out == {"mu2": "cannot be used"}

"""Made-up variants of the kinds of files that beamlines write: labels, orders and units differ."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.errors import InputError
from nearedge.files import read_spectra
from nearedge.spectra import Spectrum

E = np.arange(7100, 7130, 2.0)
RISE = 1 / (1 + np.exp(-(E - 7113) / 2))
MU = 0.2 + RISE
I0 = 20000 - 20 * (E - 7100)
I1 = I0 * np.exp(-MU)
IF = I0 * MU**2 / 10
REF = 0.2 + 1 / (1 + np.exp(-(E - 7111) / 2))
IR = I1 * np.exp(-REF)
ONE = np.ones_like(E)
N = np.arange(len(E)) + 0.0

Read = Callable[..., list[Spectrum]]
Columns = tuple[np.ndarray, ...]


@pytest.mark.parametrize(
    ("head", "edge"),
    [
        ("# absorber: Ce, edge: L3\n# energy_eV mu", "Ce L3"),
        ("# Absorbing element = Cu\n# Edge = K\n# energy(eV) xmu", "Cu K"),
        ("# Pt L3-edge XANES of a foil\n# e mu", "Pt L3"),
        ("# Edge: Fe K\n# e mu", "Fe K"),
        ("# Element.symbol: eu\n# Element.edge: LIII\n# e mu", "Eu L3"),
        ("# Element.symbol: Fe\n# e mu", "Fe K"),  # the edge of the element that lies there
        ("# made of Fe and O\n# e mu", "None"),
    ],
)
def test_edges_are_named(read: Read, head: str, edge: str) -> None:
    assert str(read(head, E, MU)[0].edge) == edge


PAIR_HEADS = [
    "energy,mu",
    "# energy mu",
    "% Energy (eV), mu(E)",
    '"Photon energy","Absorption"',
    "# Energie Absorption\n#------",
    "Energy\tmu\neV\ta.u.",
    "# made by a program\n# 2 columns\n\n# energy   mu\n# ",
    "! Comments\n%c\n title\n%d\n Col 1 ENERGY DOUBLE\n Col 2 MU DOUBLE",
    "#F scan\n#S 1 ascan\n#D today\n#N 2\n#L Mono Energy  mu",
    "# Column.1: energy eV\n# Column.2: mutrans\n#---\n# unlabelled here",
]
CHAMBER_HEADS = [
    "# Column Headings:\n# Energy (eV) * Time (s) * IC0 * IC1",
    "#Mono Energy * | Dwell | Izero | Itrans",
    "# | Energy | sec | I0 | I_trans |",
    "; P1 = Photon Energy\n; S = {Seconds}\n; D1 = Izero\n; D2 = {I1} --> x\n; P1 S D1 D2",
    "# A: Energy (eV)\n# B: time\n# C: I0\n# D: I1\n# A B C D",
    "# Record 1\n# col 1: Energy\n# col 2: time\n# col 3: I0\n# col 4: I1\n"
    "# Record 2\n# col 1: slit\n# col 2: amp\n# col 3: gain\n# col 4: I2",
    "# Event: b\n# ID: 7\n# column 1: gap\n# column 2: amp\n# column 3: gain\n# column 4: I2\n"
    "# Event: a\n# ID: 1\n# column 1: E\n# column 2: Event-ID\n# column 3: I0\n# column 4: I1",
    "# Column Descriptions:\n# 1 [1-D Positioner 1] BL:E, Energy, TABLE, eV\n# 2 [Index]\n"
    "# 3 [1-D Detector 1] BL:S1, I0\n# 4 [1-D Detector 2] BL:S2, I1",
    "# energy time ion1 ion2",
    "SSRL - EXAFS Data Collector 2.0\nData:\nAchieved Energy\nReal Time Clock\nI0\nI1\n",
]


@pytest.mark.parametrize(
    ("columns", "head"),
    [((E, MU), head) for head in PAIR_HEADS] + [((E, ONE, I0, I1), head) for head in CHAMBER_HEADS],
)
def test_labels_are_found_however_they_are_written(read: Read, columns: Columns, head: str) -> None:
    (spectrum,) = read(head, *columns)
    assert spectrum.name.lower() in ("mu", "mu(e)", "absorption", "mutrans", "transmission")
    assert_allclose(spectrum.mu, MU, rtol=1e-4)


@pytest.mark.parametrize(
    "head",
    [
        "# the energy is corrected\n# ---",
        "# Comment: energy calibrated",
        "# fast scan, energy drift",
        "# energy mu i0",
        "# energy",
    ],
)
def test_remarks_and_labels_that_do_not_fit_are_not_used(read: Read, head: str) -> None:
    (spectrum,) = read(head, E, MU)
    assert spectrum.name == "column 2"
    assert_allclose(spectrum.energy, E)


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("# energy det1 det2", (E, I0, I1)),
        ("# eV c1 c2 c3 c4", (E, ONE * 5, I0, I1, IF)),
        ("# unlabelled", (E, I0, I1)),
        ("a,b,c", (E, I0, I1)),
    ],
)
def test_unknown_counters_are_shown_and_not_read(read: Read, head: str, columns: Columns) -> None:
    with pytest.raises(InputError, match=r"label.*columns: 1 '.*' \(7100 to 7128\), 2 .*--mu 4/2"):
        read(head, *columns, separator="," if "," in head else " ")


SPECTRA = [
    ("# energy i0 i1", (E, I0, I1), {"transmission": MU}),
    ("# energy i0 it", (E, -I0, -I1), {"transmission": MU}),
    ("# energy i0 drain", (E, I0, -IF), {"electron yield": IF / I0}),
    ("# energy time tey", (E, E, MU), {"tey": MU}),
    ("# energy det", (E, MU), {"det": MU}),
    ("# energy monitor fl1 fl2 fl3", (E, I0, IF, 2 * IF, 3 * IF), {"fluorescence": 6 * IF / I0}),
    (
        "# Energy I0 TEY TFY PFY",
        (E, I0, IF, 2 * IF, 3 * IF),
        {
            "fluorescence (TFY)": 2 * IF / I0,
            "fluorescence (PFY)": 3 * IF / I0,
            "electron yield": IF / I0,
        },
    ),
    # Stored spectra come first, and ratios are not divided again.
    (
        "# energy i0 it mufluor irefer",
        (E, I0, I1, MU**2, I0),
        {"mufluor": MU**2, "transmission": MU},
    ),
    (
        "# qexafs_energy I0 It lnI0It FF FFI0",
        (E, I0, I1, MU, I0 * MU**2, MU**2),
        {"lnI0It": MU, "FFI0": MU**2},
    ),
    ("# energy I0 TEY TEY/I0", (E, I0, IF, IF / I0), {"TEY/I0": IF / I0}),
    ("# energy ion1 fluo fluo_I0", (E, I0, IF, IF / I0), {"fluo_I0": IF / I0}),
    ("# energy I0_fluo fluo", (E, I0, IF), {"fluorescence": IF / I0}),
    ("# energy I0 norm_TEY I_TEY", (E, I0, IF / I0, IF), {"norm_TEY": IF / I0}),
    ("# energy i0 ifluor mufluor", (E, I0, IF, IF / I0), {"mufluor": IF / I0}),
    # Exports of Athena.
    (
        "# energy xmu bkg pre_edge post_edge der sec chie i0",
        (E, MU, *[RISE] * 6, I0),
        {"xmu": MU},
    ),
    ("# energy norm nbkg fbkg nder nsec flat", (E, MU, *[RISE] * 4, N), {"norm": MU, "flat": N}),
    # Formulas name spectra.
    ("# eV Fe2O3 FeO", (E, MU, 2 * MU), {"Fe2O3": MU, "FeO": 2 * MU}),
    (
        "# energy Ge NiO Fe_foil V2O5",
        (E, MU, RISE, MU**2, N),
        {"Ge": MU, "NiO": RISE, "Fe_foil": MU**2, "V2O5": N},
    ),
    # Elements of a detector are corrected and summed.
    (
        "# energy I0 SDD1 SDD2 ICR1 OCR2 dt_corr1 dt_corr2",
        (E, I0, IF, IF, IF * 9, IF * 8, 1 + RISE, 1 - RISE / 2),
        {"fluorescence": (IF * (1 + RISE) + IF * (1 - RISE / 2)) / I0},
    ),
    (
        "# energy roi_2 roi_1 total_counts_1 deadtime_factor_1 deadtime_factor_2 mon",
        (E, IF, 2 * IF, IF * 9, 1 + RISE, 1 + RISE / 9, I0),
        {"fluorescence": (2 * IF * (1 + RISE) + IF * (1 + RISE / 9)) / I0},
    ),
    (
        "# Element.symbol: Fe\n# energy mon FeKa1 FeKa2 CaKa1 TotalCounts1 livetime",
        (E, I0, IF, IF, 30 + RISE, IF * 9, 1 - RISE / 9),
        {"fluorescence": 2 * IF / I0},
    ),
    ("# energy i0 fluo_dtc fluo_raw", (E, I0, IF, IF / (1 + RISE)), {"fluorescence": IF / I0}),
    # One bad column does not cost the others, and one that does not vary is no axis.
    ("# energy mu1 mu2", (E, MU, np.where(N < 5, N, np.nan)), {"mu1": MU}),
    ("# energy mu i0 it", (E, MU, 0 * I0, I1), {"mu": MU}),
    ("# photon_energy mono mu", (E, 0 * E + 3, MU), {"mu": MU}),
]


@pytest.mark.parametrize(
    ("head", "columns", "expected"), SPECTRA, ids=[head[-40:] for head, *_ in SPECTRA]
)
def test_spectra_of_columns(
    read: Read, head: str, columns: Columns, expected: dict[str, np.ndarray]
) -> None:
    spectra = read(head, *columns)
    assert [spectrum.name for spectrum in spectra] == [*expected]
    for spectrum, mu in zip(spectra, expected.values(), strict=True):
        assert_allclose(spectrum.mu, mu, rtol=1e-6)


@pytest.mark.parametrize(
    ("channel", "labels"),
    [
        (
            "electron yield",
            "itey iey ITEY I_TEY Keithley Keithley6517 picoammeter sample_current drain Isample",
        ),
        ("fluorescence", "ipfy itfy I_PFY ifl ifluor Lytle vortex ROI1"),
    ],
)
def test_yields_are_divided_by_the_monitor(read: Read, channel: str, labels: str) -> None:
    for label in labels.split():
        head = f"# Column.1: energy eV\n# Column.2: i0\n# Column.3: {label}"
        (spectrum,) = read(head, E, I0, IF)
        assert spectrum.channel == channel
        assert_allclose(spectrum.mu, IF / I0, rtol=1e-6)


@pytest.mark.parametrize("label", ["i1/i0", "ln(i0/i1)", "absorption", "xmu", "log_I0_It", "norm"])
def test_one_spectrum_twice_is_one(read: Read, label: str) -> None:
    values = {"i1/i0": I1 / I0, "norm": (MU - 0.2) / 3}.get(label, MU)
    spectra = read(f"# energy i0 i1 {label} mu", E, I0, I1, values, MU)
    assert len(spectra) == 1
    assert_allclose(spectra[0].mu, values if label == "norm" else MU, rtol=1e-6)


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("energy_A,mu_A,energy_B,mu_B", (E, MU, E + 6, MU)),
        ("# E1 i0_1 i1_1 E2 i0_2 i1_2", (E, I0, I1, E + 6, I0, I1)),
        ("# hv (keV) norm hv (keV) norm", (E / 1000, MU, E / 1000 + 0.006, MU)),
    ],
)
def test_each_of_a_pair_has_its_own_energies(read: Read, head: str, columns: Columns) -> None:
    first, second = read(head, *columns, separator="," if "," in head else " ")
    assert_allclose(first.energy, E)
    assert_allclose(second.energy, E + 6)
    assert_allclose(second.mu, MU, rtol=1e-4)


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("# Energy_setpoint Energy_readback i0 i1", (E - 3, E, I0, I1)),
        ("# Achieved.Energy(eV) Requested.Energy(eV) I0 I1", (E, E - 3, I0, I1)),
        ("# Energy Actual_Energy I0 I1", (E - 30, E, I0, I1)),
        ("# nominal_energy energy_rbv/keV i0 i1", (E - 3, E / 1000, I0, I1)),
        ("# Pt Energy I0 I1", (N, E, I0, I1)),
        ("# index I0 I1 energy", (N + 1, I0, I1, E)),
        ("# ring_current hv I0 I1", (200 - N / 9, E, I0, I1)),
    ],
)
def test_the_energy_is_the_one_that_was_reached(read: Read, head: str, columns: Columns) -> None:
    (spectrum,) = read(head, *columns)
    assert_allclose(spectrum.energy, E)
    assert_allclose(spectrum.mu, MU, rtol=1e-4)


@pytest.mark.parametrize(
    ("head", "axis"),
    [
        ("# channel counts", N),
        ("Pixel Intensity", N + 1),
        ("# no labels", N),
        ("# no labels", N + 1),
        ("# binding energy (eV)  intensity", N + 700),
        ("# step  signal", N * 100),
        ("# k(A^-1) chi(k)", N / 2),
        ("# k (1/A)   chi", N / 2),
        ("# R (A)  chi_mag", N / 5),
        ("wavenumber chi", N / 2),
    ],
)
def test_what_is_over_no_energy_is_refused(read: Read, head: str, axis: np.ndarray) -> None:
    with pytest.raises(InputError, match="not a photon energy|nothing says that they are"):
        read(head, axis, MU)


@pytest.mark.parametrize(
    ("head", "columns", "name", "expected"),
    [
        ("# energy i0 it iref", (E, I0, I1, IR), "reference", REF),
        ("# energy i0 i1 i2", (E, I0, I1, IR), "reference", REF),
        ("# energy mu mu_ref", (E, MU, REF), "mu_ref", REF),
        ("# energy norm_reference norm", (E, REF, MU), "norm_reference", REF),
        ("# energy mutrans dark", (E, MU, REF), "dark", REF),
        ("# energy xmu empty_cell", (E, MU, REF), "empty_cell", REF),
    ],
)
def test_foils_and_empty_cells_are_given_by_name_alone(
    read: Read, path: Path, head: str, columns: Columns, name: str, expected: np.ndarray
) -> None:
    (sample,) = read(head, *columns)
    assert_allclose(sample.mu, MU, rtol=1e-6)
    assert any(f"::{name}" in reason for reason in sample.left_out.values())
    (other,) = read_spectra(f"{path}::{name}")
    assert_allclose(other.mu, expected, rtol=1e-5)


@pytest.mark.parametrize(("value", "fault"), [(0, "zero throughout"), (7, "constant")])
def test_dead_detectors_are_told(read: Read, value: int, fault: str) -> None:
    (spectrum,) = read("# energy I0 I1 TEY", E, I0, I1, value * ONE)
    assert spectrum.name == "transmission"
    assert f"'TEY' is {fault}, left out" in spectrum.notes
    assert spectrum.left_out["TEY"] == fault


@pytest.mark.parametrize("per_line", [1, 4, 5])
@pytest.mark.parametrize(("unit", "scale"), [("eV", 1.0), ("keV", 1e-3)])
def test_intensities_alone(read: Read, per_line: int, unit: str, scale: float) -> None:
    lines = [", ".join(f"{v:.3f}" for v in MU[n : n + per_line]) for n in range(0, 15, per_line)]
    head = (
        f"#FORMAT : EMSA/MAS Spectral Data File\n#XUNITS : {unit}\n#DATATYPE : Y\n"
        f"#XPERCHAN : {2 * scale}\n#OFFSET : {7100 * scale}\n#SPECTRUM :\n"
    )
    text = head + ",\n".join(lines) + "\n#ENDOFDATA :\n"
    (spectrum,) = read(text)
    assert_allclose(spectrum.energy, E)
    assert_allclose(spectrum.mu, MU, atol=1e-3)
    with pytest.raises(InputError, match="give no energies"):
        read(text.replace("#OFFSET", "#NOTHING"))


def test_labels_that_do_not_fit_are_told(read: Read) -> None:
    for head in ("# energy i0", "# energy i0 i1 it", "# column 1: energy\n# column 4: i0"):
        with pytest.raises(InputError, match=r"column is the energy \(labels '.*' do not fit"):
            read(head, E, I0, I1)

"""One made-up file for each kind of fault that public files showed, with the right answers."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from nearedge.errors import InputError
from nearedge.files import read_spectra

# File, names and channels of its spectra, first and last energy and mu of the first.
RIGHT = [
    ("other-element.xdi", ["mutrans"], (6690, 6740), (0.3183, 1.2801)),
    ("9809-two-chambers.dat", ["transmission"], (7100, 7128), (0.2025, 1.1999)),
    ("star-labels.0001", ["transmission", "fluorescence"], (7100, 7128), (0.2025, 1.1997)),
    ("defined-labels.001", ["transmission"], (7100, 7128), (0.2025, 1.1997)),
    ("two-events.dat", ["transmission"], (7100.03, 7128.03), (0.2025, 1.1997)),
    ("fluo-over-i0.spec", ["Fluo_I0_1"], (7100, 7128), (0.0202, 0.12)),
    ("dead-time-factors.xdi", ["fluorescence"], (7100, 7128), (0.0436, 0.2632)),
    ("pairs.tsv", ["mu", "mu (2)"], (7100, 7128), (0.2025, 1.1997)),
    ("asked-energy.dat", ["Ch0/I0", "Ch1/I0"], (678, 706.785), (0.2, 1.2)),
    ("remark-energy.dat", ["column 2"], (7100, 7128), (0.2025, 1.1997)),
    ("index-first.asc", ["electron yield"], (510, 557.2), (0.2, 1.2)),
    ("intensities-alone.msa", ["intensity"], (500, 559), (800, 4800)),
    ("reference-foil.xdi", ["mutrans"], (7100, 7128), (0.2025, 1.1997)),
    ("same-twice.xdi", ["mutrans"], (7100, 7128), (0.2025, 1.1997)),
    (
        "two-scans-one-file.dat",
        ["scan 1 transmission", "scan 2 transmission"],
        (7100, 7128),
        (0.2025, 1.1997),
    ),
    ("dead-detector.dat", ["fluorescence"], (7100, 7128), (0.0202, 0.12)),
    ("bad-first-row.xdi", ["transmission"], (7102, 7128), (0.2067, 1.1997)),
    ("athena-shift.prj", ["made up"], (7103.5, 7131.5), (0.2025, 1.1997)),
]


@pytest.mark.parametrize(("file", "names", "energy", "mu"), RIGHT, ids=[one[0] for one in RIGHT])
def test_files_are_read_right(
    shared_data: Path,
    file: str,
    names: list[str],
    energy: tuple[float, float],
    mu: tuple[float, float],
) -> None:
    spectra = read_spectra(shared_data / "inputs" / file)
    assert [spectrum.name for spectrum in spectra] == names
    assert_allclose(spectra[0].energy[[0, -1]], energy, atol=0.01)
    assert_allclose(spectra[0].mu[[0, -1]], mu, atol=1e-4)
    assert spectra[0].identity.zero == "absolute"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (
            "unknown-counters.dat",
            "only the label of the energy is understood.*3 'ch2'.*--energy and --mu",
        ),
        ("pixels.txt", "counts from 0 in whole numbers, as pixels"),
        ("chi-of-k.chi", "is over 'k', not a photon energy"),
        ("rows-over-lines.dat", "is not damaged, each record spans several lines"),
    ],
)
def test_files_are_refused_for_the_true_reason(shared_data: Path, file: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_spectra(shared_data / "inputs" / file)


def test_what_is_told_of_them(shared_data: Path) -> None:
    inputs = shared_data / "inputs"
    assert str(read_spectra(inputs / "other-element.xdi")[0].edge) == "Sm L3"
    (foil,) = read_spectra(f"{inputs / 'reference-foil.xdi'}::murefer")
    assert (foil.channel, foil.mu[3]) == ("reference", 0.3193)
    (foil,) = read_spectra(f"{inputs / '9809-two-chambers.dat'}::reference")
    assert_allclose(foil.mu[0], np.log(16334 / 13284))
    assert_allclose(read_spectra(inputs / "pairs.tsv")[1].energy[[0, -1]], (7106, 7134))
    (fluorescence,) = read_spectra(inputs / "dead-detector.dat")
    assert "'TEY' is zero throughout, left out" in fluorescence.notes
    (transmission,) = read_spectra(inputs / "bad-first-row.xdi")
    assert any("line 7 is not a row of 3 numbers" in note for note in transmission.notes)
    (shifted,) = read_spectra(inputs / "athena-shift.prj")
    assert "Athena's energy shift of 3.5 eV applied" in shifted.notes
    (named,) = read_spectra(inputs / "unknown-counters.dat", energy=1, mu="ln(2/3)")
    assert_allclose(named.mu[0], 0.2025, atol=1e-4)


def test_x_beside_y(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x-y.h5"
    monkeypatch.setattr(sys, "argv", ["", str(path)])
    runpy.run_path(str(shared_data / "inputs/hdf5-x-y.py"))
    (spectrum,) = read_spectra(path)
    assert str(spectrum.edge) == "O K"
    assert_allclose(spectrum.energy[[0, -1]], (520, 559.5))


def test_edges_of_measured_spectra(shared_data: Path) -> None:
    folder = shared_data / "measured"
    lines = (folder / "truth.tsv").read_text().splitlines()[1:]
    truth = {line.split("\t")[0]: line.split("\t")[1:3] for line in lines}
    for file, (absorber, edge) in truth.items():
        (spectrum,) = read_spectra(folder / file)
        assert str(spectrum.edge) == f"{absorber} {edge}"

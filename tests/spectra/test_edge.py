from pathlib import Path

import numpy as np
import pytest

from nearedge.edges import Edge
from nearedge.files import read_spectra
from nearedge.spectra import Identity, Spectrum, edge_energy, fall_energy, guess_edge

STEP = np.linspace(-60, 140, 401)


def spectrum(mu: np.ndarray, energy: np.ndarray, zero: str | None = None) -> Spectrum:
    return Spectrum("mu", energy, mu, "scan.dat", Identity(zero=zero))


def edge(width: float = 2.0, peak: float = 0.0, before: float = 0.0) -> np.ndarray:
    rise = 1 / (1 + np.exp(-STEP / width))
    line = peak * np.exp(-(((STEP - 3) / 3) ** 2))
    return rise + line + before * np.exp(-(((STEP + 14) / 1.2) ** 2))


@pytest.mark.parametrize("mu", [edge(), edge(4), edge(peak=1.0), edge(before=0.8)])
@pytest.mark.parametrize("slope", [0.0, -2e-3])
def test_the_rise_is_found_behind_a_peak_before_the_edge(mu: np.ndarray, slope: float) -> None:
    noise = np.random.default_rng(0).normal(scale=0.01, size=len(STEP))
    assert abs(edge_energy(STEP + 7120, mu + slope * STEP + noise) - 7120) < 6


def test_the_first_large_step_counts() -> None:
    energy = np.linspace(6400, 7300, 901)
    mu = 1 / (1 + np.exp(-(energy - 6550) / 2)) + 2 / (1 + np.exp(-(energy - 7121) / 2))
    assert guess_edge(spectrum(mu, energy)) == Edge("Mn")


def test_shape_decides_between_edges_of_one_energy() -> None:
    assert guess_edge(spectrum(edge(3), STEP + 5483)) == Edge("V")
    assert guess_edge(spectrum(edge(1.5, peak=2.5), STEP + 5485)) == Edge("La", "L3")


@pytest.mark.parametrize("peak", [0.3, 1.0, 3.0])
@pytest.mark.parametrize(
    ("name", "rise"),
    [
        ("N K", 400.5),
        ("Ti L3", 457.5),
        ("V L3", 515.5),
        ("O K", 529.5),
        ("O K", 533.0),
        ("Cr L3", 576.5),
        ("Mn L3", 640.0),
        ("F K", 686.5),
        ("F K", 691.0),
        ("Fe L3", 706.0),
        ("Fe L3", 708.5),
        ("Co L3", 778.0),
        ("Ni L3", 852.5),
        ("Cu L3", 931.0),
    ],
)
def test_soft_edges_are_told_by_where_they_rise(name: str, rise: float, peak: float) -> None:
    """Whatever their white line is: that of O and F may be high, that of a metal's L3 low."""
    energy = np.arange(rise - 20, rise + 40, 0.2)
    mu = 0.5 + np.arctan((energy - rise) / 0.4) / np.pi + 1e-3 * (energy - rise)
    mu += peak * np.exp(-(((energy - rise - 1.2) / 1.2) ** 2))
    assert str(guess_edge(spectrum(mu, energy))) == name


def test_measured_spectra_are_not_upside_down_until_they_are_turned(shared_data: Path) -> None:
    files = sorted((shared_data / "measured").glob("*_K_*.txt"))
    assert files
    for file in files:
        (measured,) = read_spectra(file)
        energy, mu = measured.energy, measured.mu
        assert fall_energy(energy, mu) is None
        # That of O lies behind the L edges of metals.
        if "_O_" not in file.name:
            transmitted = np.exp(-2 * (mu - mu.min()) / np.ptp(mu))
            assert fall_energy(energy, transmitted) is not None


def test_a_derivative_is_not_upside_down() -> None:
    for width in (1.0, 2.0, 4.0):
        derivative = np.gradient(edge(width, peak=1.0), STEP)
        assert fall_energy(STEP + 7120, derivative) is None


def test_energies_from_an_edge_tell_nothing() -> None:
    assert guess_edge(spectrum(edge(), STEP + 7120, "Fermi level")) is None
    assert guess_edge(spectrum(edge(), STEP)) is None


def test_measured_spectra(shared_data: Path) -> None:
    folder = shared_data / "measured"
    lines = (folder / "truth.tsv").read_text().splitlines()[1:]
    wrong = [
        file
        for file, *right in (line.split("\t")[:3] for line in lines)
        if str(guess_edge(read_spectra(folder / file)[0])) != " ".join(right)
    ]
    # Of electron energy losses; it begins with the L edges of Ti.
    assert wrong == ["PYTEMLIB_O_K_SrTiO3-perovskite.txt"]

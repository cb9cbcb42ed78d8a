import numpy as np
import pytest
from hypothesis import given, strategies as st

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.spectra import Identity, Spectrum, find_e0, normalise, plot


def scan(
    e0: float, low: float, high: float, step: float = 0.5, width: float = 1.5, tilt: float = 0.0
) -> Spectrum:
    """A step of height 0.7 with a peak, on a line."""
    energy = np.arange(e0 + low, e0 + high, step)
    far = energy - e0
    mu = 1.3 + tilt * far + 0.7 * (0.5 + np.arctan(2 * far / width) / np.pi)
    mu += 0.2 * np.exp(-(((far - 6) / 3) ** 2))
    return Spectrum("scan", energy, mu, "scan.dat", Identity(Edge("Cu")))


SCANS = {
    "soft, short": (scan(531.0, -8, 22, 0.1), 0.1),
    "hard, XANES": (scan(8979.0, -40, 80, 0.3), 0.07),
    "hard, EXAFS": (scan(8979.0, -200, 900, 1.0, tilt=-2e-4), 0.03),
}


@pytest.mark.parametrize("name", SCANS)
def test_e0_and_the_step_are_found_in_short_and_long_scans(name: str) -> None:
    spectrum, off = SCANS[name]
    made = normalise(spectrum)
    true = {"soft, short": 531.0}.get(name, 8979.0)
    assert made.e0 == pytest.approx(true, abs=0.3)
    assert made.step == pytest.approx(0.7, rel=off)
    before = made.spectrum.mu[spectrum.energy < true - 6]
    assert np.abs(before).max() < 0.1
    assert made.spectrum.mu[-1] == pytest.approx(1.0, abs=0.1)
    assert made.spectrum.channel == "normalised"
    assert made.spectrum.identity == spectrum.identity


@given(st.floats(0.01, 1e6), st.floats(-1e3, 1e3))
def test_unit_and_offset_do_not_matter(unit: float, offset: float) -> None:
    spectrum, _ = SCANS["hard, XANES"]
    other = Spectrum("scan", spectrum.energy, unit * (spectrum.mu + offset), "scan.dat")
    made, same = normalise(spectrum), normalise(other)
    assert same.e0 == pytest.approx(made.e0, abs=0.01)
    assert same.step == pytest.approx(unit * made.step, rel=1e-6)
    assert np.allclose(same.spectrum.mu, made.spectrum.mu, atol=1e-6)


def test_the_zero_moves_with_the_energies_and_ranges_can_be_given() -> None:
    spectrum, _ = SCANS["hard, EXAFS"]
    moved = Spectrum("scan", spectrum.energy + 12.5, spectrum.mu, "scan.dat")
    assert find_e0(moved) == pytest.approx(find_e0(spectrum) + 12.5, abs=0.01)
    made = normalise(spectrum, 8979.0, before=(-150.0, -30.0), after=(50.0, 400.0))
    assert (made.e0, made.step) == (8979.0, pytest.approx(0.7, rel=0.02))


def test_what_cannot_be_normalised_says_why() -> None:
    spectrum, _ = SCANS["hard, XANES"]
    with pytest.raises(InputError, match="0 points between -900 and -800 eV before the edge"):
        normalise(spectrum, before=(-900.0, -800.0))
    falling = Spectrum("scan", spectrum.energy, -spectrum.mu, "scan.dat")
    with pytest.raises(InputError, match=r"scan\.dat::scan: no step up"):
        normalise(falling, 8979.0)
    with pytest.raises(InputError, match="E0 needs at least 5"):
        find_e0(Spectrum("scan", np.array([1.0, 50.0, 99.0]), np.array([0.0, 1.0, 1.0]), "a.dat"))


def test_a_figure_names_the_spectra_and_marks_e0() -> None:
    spectrum, _ = SCANS["soft, short"]
    (axes,) = plot(spectrum, normalise(spectrum)).axes
    assert [np.size(line.get_xdata()) for line in axes.lines] == [300, 300, 2]
    assert axes.get_xlabel() == "energy, eV"

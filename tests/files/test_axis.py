import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.errors import InputError
from nearedge.files._axis import Axis, Signal, bragg_axis, energy_axis, make_spectrum
from nearedge.files._scan import Scan
from nearedge.spectra import Spectrum


@pytest.mark.parametrize(
    ("lowest", "highest", "step"),
    [
        (7.0, 7.9, 0.0005),
        (6.9, 9.9, 0.02),
        (0.52, 0.56, 0.0001),
        (0.28, 0.35, 0.0002),
        (2.4, 2.6, 0.01),
        (80, 81, 0.04),
    ],
)
def test_kev_is_told_by_the_values(lowest: float, highest: float, step: float) -> None:
    values = np.arange(lowest, highest, step)
    axis = energy_axis(values, None)
    assert_allclose(axis.energy, 1000 * values)
    assert axis.notes == ("energies taken as keV by their values, converted to eV",)


@pytest.mark.parametrize(
    ("lowest", "highest", "step"),
    [
        (-3, 16, 0.2),
        (0, 40, 0.5),
        (-1.2, 11.5, 0.18),
        (0.5, 20, 0.01),
        (0, 1.5, 0.01),
        (7000, 7900, 1.0),
    ],
)
def test_relative_axes_stay_as_they_are(lowest: float, highest: float, step: float) -> None:
    values = np.arange(lowest, highest, step)
    axis = energy_axis(values, None)
    assert_array_equal(axis.energy, values)
    assert axis.notes == ()


def test_said_units_win_unless_they_cannot_be_meant() -> None:
    assert energy_axis(np.array([7.1, 8.2]), 1.0).energy.tolist() == [7.1, 8.2]
    axis = energy_axis(np.array([7100.0, 7200.0]), 1000.0)
    assert axis.energy.tolist() == [7100.0, 7200.0]
    assert "taken as eV" in axis.notes[0]


def test_kev_under_a_label_of_ev_are_converted() -> None:
    values = np.arange(7.0, 7.3, 0.0005)
    axis = energy_axis(values, 1.0)
    assert_allclose(axis.energy, 1000 * values)
    assert axis.notes == (
        "energies labelled eV, but so small that they are taken as keV, converted",
    )
    # The Li K-edge, in eV.
    assert energy_axis(np.arange(54.0, 55.9, 0.02), 1.0).notes == ()
    assert energy_axis(np.arange(-20.0, 60.0, 0.5), 1.0).notes == ()


def test_bragg() -> None:
    axis = bragg_axis(np.array([16.4, 0.0, -3.0, 120.0]), 3.13553)
    # 2 d sin(theta) = h c / E
    assert axis.energy[0] * 2 * 3.13553 * np.sin(np.radians(16.4)) == pytest.approx(12398.42)
    assert np.isnan(axis.energy[1:]).all()


def spectrum_of(energy: np.ndarray, mu: np.ndarray) -> Spectrum:
    return make_spectrum(Signal("mu", mu), Axis(energy), Scan(np.empty((0, 2))), "file")


@given(st.data())
def test_order_of_rows_does_not_matter(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 30))
    steps = data.draw(arrays(float, count, elements=st.floats(0.01, 50)))
    mu = data.draw(arrays(float, count, elements=st.floats(-1e6, 1e6)))
    energy = 100 + np.cumsum(steps)
    order = np.array(data.draw(st.permutations(range(count))))
    straight = spectrum_of(energy, mu)
    mixed = spectrum_of(energy[order], mu[order])
    assert straight.notes == ()
    assert_array_equal(mixed.energy, straight.energy)
    assert_array_equal(mixed.mu, straight.mu)
    down = spectrum_of(energy[::-1], mu[::-1])
    assert down.notes == ("rows in descending energy, reversed",)
    assert_array_equal(down.mu, straight.mu)


@given(st.integers(2, 20), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_repeated_scans_are_averaged(points: int, times: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    energy, mu = np.cumsum(rng.uniform(0.1, 1, points)), rng.normal(size=(times, points))
    spectrum = spectrum_of(np.tile(energy, times), mu.ravel())
    assert_array_equal(spectrum.energy, energy)
    assert_allclose(spectrum.mu, mu.mean(axis=0), atol=1e-12)
    assert f"{points} repeated energies, intensities averaged" in spectrum.notes


def test_rows_that_are_not_finite_are_dropped_if_few() -> None:
    energy, mu = np.arange(10.0), np.arange(10.0)
    mu[3], energy[5] = np.nan, np.inf
    spectrum = spectrum_of(energy, mu)
    assert spectrum.energy.tolist() == [0, 1, 2, 4, 6, 7, 8, 9]
    assert spectrum.notes == ("2 rows without a finite energy and intensity left out: 4, 6",)
    mu[:6] = np.nan
    with pytest.raises(InputError, match="file: 6 of 10 rows of 'mu'"):
        spectrum_of(energy, mu)

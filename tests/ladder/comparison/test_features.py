"""Features of made spectra are where they were put."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nearedge.errors import InputError
from nearedge.ladder.comparison._comparing import find_landmarks, measure
from nearedge.spectra.alignment import Curves

ENERGY = np.linspace(-3, 20, 116)


def peak(centre: float, width: float, height: float) -> np.ndarray:
    return height * np.exp(-(((ENERGY - centre) / width) ** 2) / 2)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.15, 0.8), st.floats(1.0, 2.5), st.floats(10, 13), st.floats(1e-6, 1e6))
def test_weights_and_positions_are_those_put_in(
    height: float, low: float, high: float, unit: float
) -> None:
    mu = unit * np.array([peak(low, 0.5, height) + peak(high, 1.5, 1.0)] * 2)
    mu[1] = unit * (peak(low, 0.5, 2 * height) + peak(high + 0.4, 1.5, 1.0))
    marks = find_landmarks(Curves(ENERGY, mu))
    assert low + 0.8 < marks.valley < high - 3
    assert marks.main == pytest.approx(high + 0.2, abs=0.15)
    found = measure(Curves(ENERGY, mu), marks)
    areas = np.array([height, 2 * height]) * 0.5
    # Half of the main peak lies below its maximum; the second stands 0.2 eV above the mean's.
    main = 1.5 * np.array([0.5, 0.5]) * (1 + np.array([1, -1]) * 2 * 0.2 / 1.5 / np.sqrt(2 * np.pi))
    assert found.weight == pytest.approx(areas / (areas + main), abs=0.03)
    assert found.centre == pytest.approx(low, abs=0.25)
    assert found.peak == pytest.approx([high, high + 0.4], abs=0.05)


def test_a_spectrum_without_a_main_peak_has_none() -> None:
    mu = np.array([peak(1, 0.5, 0.5) + peak(10, 1.5, 1.0)] * 9 + [0.1 + peak(5, 2, 1.0)])
    found = measure(Curves(ENERGY, mu), find_landmarks(Curves(ENERGY, mu)))
    assert np.isfinite(found.peak[:9]).all()
    assert np.isnan(found.peak[9])


def test_spectra_without_landmarks_are_refused() -> None:
    with pytest.raises(InputError, match="no main peak"):
        find_landmarks(Curves(ENERGY, np.array([ENERGY + 4])))
    with pytest.raises(InputError, match="wider range"):
        find_landmarks(Curves(ENERGY[15:], np.array([peak(10, 1, 1)])[:, 15:]))

"""The forward model: what it is to undo, it undoes; what must not matter, does not."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nearedge.errors import InputError
from nearedge.matching._curves import (
    COARSE,
    FINE,
    GRID,
    HOLD,
    MEASURED,
    REFERENCE,
    SLOPE,
    Distortions,
    distorted,
    find_rise,
    fit,
    line,
)


def curve(peak: float = 4.0, height: float = 0.6, width: float = 2.0) -> np.ndarray:
    """A near edge on `REFERENCE`: a rise, a white line, a wave behind it."""
    rise = np.arctan(REFERENCE / 0.8) / np.pi + 0.5
    bump = height * np.exp(-(((REFERENCE - peak) / width) ** 2))
    return rise + bump + 0.1 * np.sin(REFERENCE / 3.0) * rise


CURVES = np.array([curve(), curve(7.0, 0.3, 3.0), curve(2.0, 1.2, 1.0)], np.float32)


@given(st.integers(0, int(np.prod(FINE.shape)) - 1), st.integers(0, 2))
def test_a_distortion_that_is_tried_is_found(place: int, reference: int) -> None:
    measured = distorted(CURVES[[reference]], FINE, GRID)[0, place].astype(float)
    fitted = fit(CURVES, FINE, GRID, measured)
    assert fitted.misfit.argmin() == reference
    assert fitted.misfit[reference] == pytest.approx(0.0, abs=2e-3)
    assert fitted.amplitude[reference] == pytest.approx(1.0, abs=0.02)


@given(st.floats(0.85, 1.2), st.floats(-0.3, 0.3))
def test_amplitude_and_line_are_free(amplitude: float, slope: float) -> None:
    measured = amplitude * CURVES[0] + slope * line(REFERENCE)
    inside = np.isin(REFERENCE, GRID)
    plain = Distortions((0.0,), (0.0,), (1.0,), (0.0,))
    fitted = fit(CURVES, plain, GRID, measured[inside].astype(float))
    # The line is held a little to none.
    assert fitted.misfit[0] < np.sqrt(HOLD) * abs(slope) + 1e-3
    assert fitted.amplitude[0] == pytest.approx(amplitude, abs=0.1)
    assert abs(fitted.slope[0]) <= SLOPE


@pytest.mark.parametrize("distortions", [COARSE, FINE, MEASURED])
def test_a_level_stays_what_it_is(distortions: Distortions) -> None:
    level = np.full((1, len(REFERENCE)), 0.7, np.float32)
    assert distorted(level, distortions, GRID) == pytest.approx(0.7, abs=1e-5)


def test_a_place_names_its_distortion() -> None:
    for place in (0, 17, int(np.prod(FINE.shape)) - 1):
        found = FINE.at(place)
        alone = Distortions(*((value,) for value in found))
        direct = distorted(CURVES, alone, GRID)[:, 0]
        assert distorted(CURVES, FINE, GRID)[:, place] == pytest.approx(direct, abs=1e-6)


def test_the_more_may_be_suffered_the_better_the_fit() -> None:
    measured = np.interp(GRID, REFERENCE, curve(5.0, 0.5, 2.5))
    narrow = Distortions((1.2,), (1.5,), (1.0,), (0.0,))
    assert (
        fit(CURVES, narrow, GRID, measured).misfit >= fit(CURVES, FINE, GRID, measured).misfit
    ).all()


@given(st.floats(-10, 30), st.floats(0.5, 3.0))
def test_the_rise_moves_with_the_energies(shift: float, width: float) -> None:
    energy = np.arange(-30.0, 60.0, 0.25)
    mu = np.arctan((energy - shift) / width) / np.pi + 0.5
    # The long tails of an arctangent are cut by the finite range.
    assert find_rise(energy, mu) == pytest.approx(shift, abs=0.15)


def test_a_pre_edge_is_no_rise() -> None:
    energy = np.arange(-30.0, 60.0, 0.25)
    edge = np.arctan((energy - 10) / 0.5) / np.pi + 0.5
    peaked = edge + 0.9 * np.exp(-(((energy - 2) / 1.0) ** 2))
    assert find_rise(energy, peaked) == pytest.approx(find_rise(energy, edge), abs=0.1)


@pytest.mark.parametrize("mu", [np.zeros(200), np.ones(200), np.linspace(0.0, 0.4, 200)])
def test_what_does_not_rise_is_refused(mu: np.ndarray) -> None:
    with pytest.raises(InputError, match="does not rise to half of an edge step"):
        find_rise(np.linspace(-30, 60, 200), mu)

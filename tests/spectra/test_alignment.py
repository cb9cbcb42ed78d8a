"""Alignments of real spectra: what was done to them is found again."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from nearedge.datasets import load_dataset, starter_path
from nearedge.errors import InputError
from nearedge.spectra import Window
from nearedge.spectra.alignment import Alignment, Curves, fit_alignment

_SHIPPED = load_dataset(starter_path())
# A few snapshots. Without dimers: their sharp lines suffer most from a grid of another's.
DATA = _SHIPPED.select(np.flatnonzero(_SHIPPED.environment != "dimer")[:400])
WINDOW = Window(0.0, 12.0, 61)
REACH = WINDOW.grid


def curves(rows: slice = slice(None)) -> Curves:
    return Curves(DATA.energy, DATA.mu[rows], "starter")


def moved_by(alignment: Alignment, rows: slice = slice(None)) -> Curves:
    """What the target's engine would print: energies inside of what is stored."""
    low, high = DATA.energy[0] + alignment.shift, DATA.energy[-1] + alignment.shift
    grid = np.arange(max(low, -3.0), min(high, 16.0) + 1e-9, 0.2)
    inside = grid[(grid >= low) & (grid <= high)]
    return Curves(inside, alignment.apply(DATA.energy, DATA.mu[rows], inside), "moved")


known = st.builds(
    Alignment,
    shift=st.floats(-3.5, 2.8),
    scale=st.floats(1e-6, 1e6),
    broadening=st.floats(0.0, 1.2),
)


@settings(max_examples=6, deadline=None)
@given(known, st.booleans())
def test_what_was_done_to_real_spectra_is_found_again(done: Alignment, paired: bool) -> None:
    rows = slice(0, 60)
    found = fit_alignment(curves(rows), moved_by(done, rows), WINDOW, paired=paired)
    # The target is stored on a grid of its own and interpolated: that costs a percent or so.
    assert found.shift == pytest.approx(done.shift, abs=0.05)
    assert found.scale == pytest.approx(done.scale, rel=0.03)
    # Widths below the step of that grid, 0.2 eV, are hardly told from none.
    width, expected = np.hypot([found.broadening, done.broadening], 0.2)
    assert width == pytest.approx(expected, abs=0.15)
    assert found.residual < 0.05
    assert found.residual <= found.residual_before + 1e-12


@pytest.mark.parametrize("paired", [True, False])
def test_the_same_spectra_need_no_alignment(paired: bool) -> None:
    found = fit_alignment(curves(), curves(), WINDOW, paired=paired)
    assert found.shift == pytest.approx(0, abs=1e-3)
    assert found.scale == pytest.approx(1, abs=1e-4)
    assert found.broadening < 0.02
    assert found.residual < 1e-3
    assert not found.at_bound


def test_without_pairs_the_atoms_may_differ() -> None:
    done = Alignment(1.4, 250.0, 0.4)
    found = fit_alignment(curves(slice(0, None, 2)), moved_by(done, slice(1, None, 2)), WINDOW)
    assert found.shift == pytest.approx(done.shift, abs=0.15)
    assert found.scale == pytest.approx(done.scale, rel=0.05)
    assert 0.01 < found.residual < 0.1


def test_identity_is_interpolation() -> None:
    mine = Alignment().apply(DATA.energy, DATA.mu)
    assert np.allclose(mine, DATA.mu, rtol=0, atol=1e-9)
    assert np.allclose(Alignment().apply(DATA.energy, DATA.mu, REACH), DATA.inputs(WINDOW))


@settings(max_examples=8, deadline=None)
@given(st.floats(0.0, 1.5), st.floats(-3, 3))
def test_broadening_conserves_the_area(sigma: float, shift: float) -> None:
    # Real spectra let down to zero far inside the range, on a grid that is not uniform.
    energy = np.concatenate([np.linspace(-30, -4, 40), DATA.energy, np.linspace(17, 40, 47)])
    mu = np.pad(DATA.mu[:5, 1:-1], ((0, 0), (41, 48)))
    grid = np.arange(-26, 36.01, 0.02)
    moved = Alignment(shift, 1.0, sigma).apply(energy, mu, grid)
    area = np.trapezoid(mu, energy, axis=1)
    assert np.trapezoid(moved, grid, axis=1) == pytest.approx(area, rel=1e-4)
    centre = np.trapezoid(moved * grid, grid, axis=1) / area
    plain = np.trapezoid(Alignment().apply(energy, mu, grid) * grid, grid, axis=1) / area
    assert centre == pytest.approx(plain + shift, abs=2e-3)


def test_a_normal_density_gets_the_sum_of_the_variances() -> None:
    energy = np.linspace(-20, 20, 4001)
    density = np.exp(-((energy / 0.5) ** 2) / 2)[None]
    grid = np.linspace(-5, 5, 101)
    wide = np.hypot(0.5, 1.2)
    expected = 0.5 / wide * np.exp(-((grid / wide) ** 2) / 2)
    moved = Alignment(broadening=1.2).apply(energy, density, grid)[0]
    assert moved == pytest.approx(expected, abs=1e-5)


def test_the_shift_stops_where_the_stored_energies_end() -> None:
    far = moved_by(Alignment(2.5), slice(0, 40))
    narrow = Curves(DATA.energy[10:], DATA.mu[:40, 10:], "narrow")
    found = fit_alignment(narrow, far, Window(1.0, 12.0, 50))
    assert found.shift_bounds[1] == pytest.approx(2.0)
    assert found.at_bound
    # Of the same spectra no shift is better than none, also where the bound is there.
    edge = Window(float(narrow.energy[0]), 12.0, 50)
    same = fit_alignment(narrow, narrow, edge, paired=True)
    assert (same.shift_bounds[1], same.at_bound) == (0.0, False)
    with pytest.raises(InputError, match="do not cover"):
        Alignment(3.0).apply(narrow.energy, narrow.mu, REACH, "narrow")
    with pytest.raises(InputError, match="by any shift from -1 to 1 eV"):
        fit_alignment(narrow, curves(), Window(-3.0, 12.0, 50), shifts=(-1.0, 1.0))


def test_what_cannot_be_aligned_is_refused() -> None:
    with pytest.raises(InputError, match="do not pair"):
        fit_alignment(curves(slice(0, 3)), curves(slice(0, 4)), WINDOW, paired=True)
    with pytest.raises(InputError, match="zero on the whole window"):
        fit_alignment(curves(), Curves(DATA.energy, 0 * DATA.mu), WINDOW)
    with pytest.raises(InputError, match="no positive overlap"):
        fit_alignment(Curves(DATA.energy, -DATA.mu), curves(), WINDOW, paired=True)
    with pytest.raises(InputError, match="factor"):
        Alignment(scale=0.0)
    with pytest.raises(InputError, match="broadening"):
        Alignment(broadening=-0.1)

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

from nearedge.errors import InputError
from nearedge.spectra import Window, check_spectra, resample


def test_the_default_window_is_the_papers() -> None:
    grid = Window().grid
    assert (len(grid), grid[0], grid[-1]) == (70, -1.2, 11.5)


@pytest.mark.parametrize(
    "given", [(2.0, 1.0, 5), (1.0, 1.0, 5), (0.0, float("inf"), 5), (0.0, 1.0, 1)]
)
def test_an_empty_window_is_refused(given: tuple) -> None:
    with pytest.raises(InputError, match="window"):
        Window(*given)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 40), st.integers(1, 4))
def test_resampling_is_linear_exact_on_lines_and_the_identity_on_its_own_grid(
    seed: int, n: int, sites: int
) -> None:
    rng = np.random.default_rng(seed)
    energy = np.cumsum(rng.uniform(0.05, 1.0, n))
    mu, other = rng.normal(size=(2, sites, n))
    grid = np.linspace(energy[0], energy[-1], 23)
    assert_allclose(resample(energy, mu, energy), mu, atol=1e-12)
    line = np.outer(rng.normal(size=sites), energy) + 1
    assert_allclose(resample(energy, line, grid), np.outer(line[:, 0] - 1, grid / energy[0]) + 1)
    assert_allclose(
        resample(energy, mu + 2 * other, grid),
        resample(energy, mu, grid) + 2 * resample(energy, other, grid),
        atol=1e-10,
    )


def test_nothing_is_extrapolated() -> None:
    energy = np.linspace(0, 10, 11)
    with pytest.raises(InputError, match=r"file\.dat: energies from 0 to 10 eV do not cover"):
        resample(energy, np.ones((1, 11)), Window().grid, "file.dat")


@pytest.mark.parametrize(
    ("energy", "mu", "said"),
    [
        ([0.0, 2.0, 1.0], [[1.0, 1, 1]], "row 3 has 1 eV after 2 eV"),
        ([0.0, 1.0, 1.0], [[1.0, 1, 1]], "must increase"),
        ([0.0, 1.0, np.nan], [[1.0, 1, 1]], "energy nan in row 3"),
        ([0.0, 1.0, 2.0], [[1.0, 1, 1], [1, np.inf, 1]], "inf at 1 eV of spectrum 2"),
        ([0.0, 1.0], [[1.0, 1, 1]], "do not fit"),
        ([0.0], [[1.0]], "not a spectrum"),
    ],
)
def test_spectra_that_cannot_be_meant_are_refused(energy: list, mu: list, said: str) -> None:
    with pytest.raises(InputError, match=f"here: .*{said}"):
        check_spectra(np.array(energy), np.array(mu), "here")

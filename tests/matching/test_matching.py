"""Matching: what a spectrum is of is found whatever its zero, unit, step and background."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.matching import Library, Resemblance, align, build_library, match
from nearedge.spectra import Spectrum
from tests.conftest import ONSET, edge_mu

AXIS = np.arange(-50.0, 150.0, 0.5)


@pytest.fixture(scope="module")
def iron(crystal_dataset: SiteSpectra) -> Library:
    return build_library(crystal_dataset).of("Fe")


def measured(number: int, place: int) -> Spectrum:
    mu = edge_mu(AXIS, number, 2.0 * place)
    return Spectrum("mu", AXIS + ONSET["Fe", number], mu, "fe.dat")


@pytest.mark.parametrize("number", [4, 6])
@pytest.mark.parametrize("place", range(4))
def test_a_crystal_is_the_most_like_itself(iron: Library, number: int, place: int) -> None:
    result = match(iron, align(measured(number, place)), "Fe")
    first = result.first(3)
    assert first[0].crystal == f"Fe{number}{place}"
    assert first[0].misfit < 0.02
    assert first[0].misfit == pytest.approx(result.best, abs=2e-3)
    assert result.weights(result.own).sum() == pytest.approx(1.0)
    assert result.weights(result.own).argmax() == result.order[0]


def test_of_equal_fits_the_simpler_crystal_comes_first(iron: Library) -> None:
    own = np.array([name == "Fe41" for name in iron.crystal])
    twin = replace(iron.select(own), crystal=("simple",), formula=("Fe",))
    assert [one.crystal for one in _ranked(iron.select(own).joined(twin))] == ["simple", "Fe41"]


def test_of_equal_fits_the_mineral_comes_first_and_once(iron: Library) -> None:
    own = iron.select(np.array([name == "Fe41" for name in iron.crystal]))
    names = "FeO_unnamed_amcsd0000001", "FeO_Wustite_amcsd0000002"
    unnamed, mineral = (replace(own, crystal=(name,)) for name in names)
    again = replace(own, crystal=("FeO_Wustite_amcsd0000003",))
    found = _ranked(unnamed.joined(mineral).joined(again))
    assert [one.crystal for one in found] == [*reversed(names)]


def _ranked(library: Library) -> list[Resemblance]:
    return match(library, align(measured(4, 1)), "Fe").first(2)


@given(st.floats(-300, 300), st.floats(0.01, 1e6), st.floats(-2, 2))
def test_zero_unit_and_level_do_not_matter(shift: float, unit: float, level: float) -> None:
    plain = align(measured(4, 1))
    spectrum = plain.spectrum
    moved = replace(spectrum, energy=spectrum.energy + shift, mu=unit * (spectrum.mu + level))
    other = align(moved)
    assert other.rise == pytest.approx(plain.rise + shift, abs=1e-3)
    assert other.mu == pytest.approx(plain.mu, abs=1e-3)


def test_a_reference_is_drawn_as_it_fits(iron: Library) -> None:
    result = match(iron, align(measured(6, 2)), "Fe")
    for row in result.order[:4]:
        left = result.curve(int(row)) - result.aligned.mu
        assert np.sqrt((left**2).mean()) == pytest.approx(result.misfit[row], abs=3e-3)


def test_a_coarse_look_leaves_the_best_in(iron: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    aligned = align(measured(4, 2))
    thorough = match(iron, aligned, "Fe")
    monkeypatch.setattr("nearedge.matching._matching.CLOSER", 3)
    quick = match(iron, aligned, "Fe")
    assert quick.order[0] == thorough.order[0]
    assert np.isfinite(quick.misfit).sum() == 3


@pytest.mark.parametrize(("low", "high"), [(-4.0, 100.0), (-50.0, 17.0)])
def test_short_scans_are_refused_by_what_they_lack(low: float, high: float) -> None:
    spectrum = measured(4, 0)
    inside = (low <= AXIS - 7) & (high >= AXIS - 7)
    short = replace(spectrum, energy=spectrum.energy[inside], mu=spectrum.mu[inside])
    with pytest.raises(InputError, match=r"fe\.dat::mu: .* -8 to 20 eV are needed"):
        align(short)


def test_a_scan_that_ends_early_is_compared_as_far_as_it_goes(iron: Library) -> None:
    spectrum = measured(6, 3)
    inside = AXIS < 32
    short = replace(spectrum, energy=spectrum.energy[inside], mu=spectrum.mu[inside])
    aligned = align(short)
    assert aligned.energy[-1] < 26
    assert match(iron, aligned, "Fe").first(1)[0].coordination == 6


def test_an_empty_library_says_so(iron: Library) -> None:
    empty = iron.select(np.zeros(len(iron), bool))
    with pytest.raises(InputError, match="holds no reference"):
        match(empty, align(measured(4, 0)), "Fe")


def test_neighbours_in_the_table_are_compared_with(crystal_dataset: SiteSpectra) -> None:
    library = build_library(crystal_dataset)
    result = match(library.near("Fe"), align(measured(6, 1)), "Fe")
    assert set(result.library.absorber) == {"Fe", "Mn"}
    everything = np.ones(len(result.library), bool)
    assert result.weights(everything)[result.own].sum() < result.weights(result.own).sum() + 1e-9
    assert {one.absorber for one in result.first(20)} == {"Fe"}
    assert {one.absorber for one in result.first(20, foreign=True)} == {"Fe", "Mn"}
    assert not result.weights(np.zeros(len(result.library), bool)).any()
    assert len(library.near("Ni")) == 0


def test_a_computed_spectrum_is_known_again(crystal_dataset: SiteSpectra) -> None:
    library = build_library(crystal_dataset).near("Fe")
    for row in (0, 5, 9):
        identity = crystal_dataset.identity
        spectrum = Spectrum(
            "site", crystal_dataset.energy, crystal_dataset.mu[row], "data", identity
        )
        result = match(library, align(spectrum), library.absorber[row])
        assert result.order[0] == row
        assert result.weights(result.own)[row] > 0.9

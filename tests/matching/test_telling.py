"""What is told follows the weights of the references."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.matching import (
    Match,
    align,
    build_library,
    coordination,
    match,
    number,
    unstated,
)
from nearedge.spectra import Spectrum
from tests.conftest import edge_mu

AXIS = np.arange(-50.0, 150.0, 0.5)


def matched(data: SiteSpectra, element: str, neighbours: int, place: float) -> Match:
    library = build_library(data).of(element)
    spectrum = Spectrum("mu", AXIS, edge_mu(AXIS, neighbours, place), "made")
    return match(library, align(spectrum), element)


def test_probabilities_add_up_and_the_set_holds_the_likeliest(crystal_dataset: SiteSpectra) -> None:
    told = coordination(matched(crystal_dataset, "Fe", 4, 1.0))
    assert told is not None
    assert told.value == 4
    assert told.value in told.set
    assert sum(told.probabilities.values()) == pytest.approx(1.0)
    assert set(told.probabilities) == {4, 6}


def test_a_number_lies_in_its_interval(crystal_dataset: SiteSpectra) -> None:
    told = number(matched(crystal_dataset, "Fe", 6, 3.0), "bond_length")
    assert told is not None
    assert told.low < told.value < told.high
    assert told.value == pytest.approx(2.15, abs=0.05)


def test_the_coarser_the_misfit_counts_the_less_is_ruled_out(crystal_dataset: SiteSpectra) -> None:
    plain = matched(crystal_dataset, "Fe", 4, 1.0)
    settings = replace(plain.library.settings, sigma=100.0)
    vague = replace(plain, library=replace(plain.library, settings=settings))
    told = coordination(vague)
    assert told is not None
    assert told.probabilities[4] == pytest.approx(0.5, abs=0.01)
    assert told.set == (4, 6)


def test_what_no_reference_states_is_not_told(crystal_dataset: SiteSpectra) -> None:
    like_metal = matched(crystal_dataset, "Mn", 6, 6.7)
    assert 0.1 < unstated(like_metal) < 1.0
    library = like_metal.library
    alone = like_metal.library.crystal.index("Mn63")
    silent = replace(library, values=np.full_like(library.values, np.nan))
    told = replace(like_metal, library=silent)
    assert coordination(told) is None
    assert number(told, "oxidation_state") is None
    assert unstated(told) == pytest.approx(1.0)
    assert alone == like_metal.order[0]

"""A library answers measured spectra: by the file's own element, or it says why not."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nearedge.answers import (
    Request,
    answer,
    draw,
    draw_match,
    find_library,
    load_any,
    own_references,
    without_glitches,
    write_figure,
)
from nearedge.answers._references import moved_by
from nearedge.datasets import SiteSpectra, save_dataset
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.matching import (
    Judgement,
    Library,
    Settings,
    align,
    build_library,
    read_standards,
    save_library,
)
from nearedge.matching._curves import LEAST
from nearedge.models.inference import Zero
from nearedge.spectra import Identity, Preparation, Spectrum
from nearedge.trust import TooShort
from tests.conftest import ONSET, edge_mu

AXIS = np.arange(-50.0, 150.0, 0.5)


@pytest.fixture(scope="module")
def library(crystal_dataset: SiteSpectra) -> Library:
    return build_library(crystal_dataset)


def measured(element: str, onset: float, number: int, crystal: float) -> Spectrum:
    identity = Identity(Edge(element), "absolute")
    return Spectrum("mu", AXIS + onset, edge_mu(AXIS, number, crystal), "file.dat", identity)


def test_what_is_like_it_is_told(library: Library) -> None:
    (told,) = answer(library, measured("Fe", ONSET["Fe", 4], 4, 3.0), name="library")
    assert told.applies
    assert told.edge == Edge("Fe")
    assert told.e0 == pytest.approx(ONSET["Fe", 4] + 7.0, abs=0.5)
    assert told.values["coordination"].value == 4.0
    assert told.values["coordination"].text().startswith("4 (4")
    assert set(told.values) == {"coordination", "oxidation_state", "bond_length"}
    plain = told.to_json()
    json.dumps(plain, allow_nan=False)
    assert len(plain["nearest"]) == 5
    assert plain["nearest"][0]["formula"] == "FeS"
    assert "8 spectra of sites, and means over sites, by made" in told.basis


@pytest.mark.parametrize("moved", [-3.0, 3.0])
def test_a_wrong_zero_does_not_change_the_coordination(library: Library, moved: float) -> None:
    spectrum = measured("Mn", 6539.0, 6, 1.0)
    there = replace(spectrum, energy=spectrum.energy + moved)
    (plain,), (other,) = answer(library, spectrum), answer(library, there)
    first, second = (told.values["coordination"].to_json() for told in (plain, other))
    assert first["probabilities"] == pytest.approx(second["probabilities"], abs=1e-3)


def test_the_rise_tells_oxidation_states_apart(crystal_dataset: SiteSpectra) -> None:
    settings = Settings(sigma=1.0, rises={"Fe": (0.0, 3.0)})
    library = build_library(crystal_dataset, settings)
    states = []
    for onset in (2.0, 3.0):  # where 2+ and 3+ rise, above the table's energy
        spectrum = measured("Fe", 7112.0 + 3 * onset - 7.0, 6, 1.0)
        (told,) = answer(library, spectrum)
        states.append(float(told.values["oxidation_state"].value))
    assert states[0] == pytest.approx(2.0, abs=0.2)
    assert states[1] == pytest.approx(3.0, abs=0.2)


def test_energies_that_disagree_with_the_shape_are_doubted(crystal_dataset: SiteSpectra) -> None:
    library = build_library(crystal_dataset, Settings(rises={"Fe": (0.0, 3.0)}))
    # Its shape is that of 2+; 2+ rises 6 eV above the table's energy, 3+ 9 eV.
    shape = measured("Fe", 7105.0, 6, 1.0)
    usual, higher, far = (
        answer(library, replace(shape, energy=shape.energy + by))[0] for by in (6.0, 9.0, 15.0)
    )
    assert usual.values["oxidation_state"].value == pytest.approx(2.0, abs=0.1)
    assert usual.remarks == ()
    doubted = higher.values["oxidation_state"]
    assert doubted.value == pytest.approx(2.9, abs=0.2)
    assert doubted.low is not None
    assert doubted.low < 2.0
    (remark,) = higher.remarks
    assert "rests on the energy of the rise, 7120.8 eV; by the shape alone it is 2.0" in remark
    assert far.values["oxidation_state"].value == pytest.approx(2.0, abs=0.1)
    (remark,) = far.remarks
    assert "no Fe K-edge of a known oxidation state rises at 7126.8 eV" in remark


def test_moved_by_is_what_a_moved_file_gives(crystal_dataset: SiteSpectra) -> None:
    library = build_library(crystal_dataset, Settings(rises={"Fe": (0.0, 3.0)}))
    plain = measured("Fe", 7112.0 - 1.0, 6, 1.0)
    (first,) = answer(library, plain)
    (there,) = answer(library, replace(plain, energy=plain.energy + 2.5))
    told = moved_by(first, 2.5)
    assert told.e0 == pytest.approx(there.e0)
    assert told.values["oxidation_state"].value == pytest.approx(
        there.values["oxidation_state"].value, abs=1e-3
    )
    # A shift of 2.5 eV does change the oxidation state.
    assert told.values["oxidation_state"].value != first.values["oxidation_state"].value


@pytest.mark.parametrize("width", [1.0, 2.0])
def test_a_step_without_structure_is_refused(library: Library, width: float) -> None:
    step = 0.5 + np.arctan(AXIS / width) / np.pi
    (told,) = answer(library, replace(measured("Fe", 7112.0, 6, 1.0), mu=step))
    assert "a step without structure" in str(told.reasons[0]) or "unlike" in str(told.reasons[0])
    assert not told.values


@pytest.mark.parametrize(("first", "last"), [(-14.0, 12.0), (-50.0, 15.0), (-2.0, 60.0)])
def test_a_scan_that_is_too_short_is_told_what_it_lacks(
    library: Library, first: float, last: float
) -> None:
    spectrum = measured("Fe", ONSET["Fe", 4], 4, 3.0)
    rise = align(spectrum).rise
    there = (spectrum.energy > rise + first) & (spectrum.energy < rise + last)
    short = replace(spectrum, energy=spectrum.energy[there], mu=spectrum.mu[there])
    (told,) = answer(library, short)
    (reason,) = told.reasons
    assert isinstance(reason, TooShort)
    assert reason.least == LEAST
    assert "-8 to 20 eV are needed; measure a wider range" in str(reason)
    with pytest.raises(InputError):
        align(short)


def test_a_scan_of_just_enough_energies_is_answered(library: Library) -> None:
    spectrum = measured("Fe", ONSET["Fe", 4], 4, 3.0)
    there = np.abs(spectrum.energy - align(spectrum).rise - sum(LEAST) / 2) < 16
    (told,) = answer(
        library, replace(spectrum, energy=spectrum.energy[there], mu=spectrum.mu[there])
    )
    assert told.values["coordination"].value == 4.0


@pytest.mark.parametrize("height", [0.5, 2.0, -3.0, 10.0])
def test_a_glitch_in_the_near_edge_is_replaced(library: Library, height: float) -> None:
    spectrum = measured("Fe", ONSET["Fe", 4], 4, 3.0)
    mu = spectrum.mu.copy()
    mu[np.abs(spectrum.energy - ONSET["Fe", 4] - 25).argmin()] += height
    plain, told, kept = (
        answer(library, replace(spectrum, mu=own), request)[0]
        for own, request in (
            (spectrum.mu, Request()),
            (mu, Request()),
            (mu, Request(preparation=Preparation(glitches=False))),
        )
    )
    assert told.applies
    assert told.match is not None
    assert plain.match is not None
    assert kept.match is not None
    assert told.match.best == pytest.approx(plain.match.best, abs=0.005)
    assert kept.match.best > told.match.best + 0.02
    assert any("1 glitch replaced by its neighbours" in remark for remark in told.remarks)
    assert not any("glitch" in remark for remark in kept.remarks)


@pytest.mark.parametrize(("step", "kept"), [(1.0, True), (2.0, True), (0.25, False)])
def test_a_peak_before_the_edge_is_no_glitch_on_coarse_steps(step: float, kept: bool) -> None:
    energy = np.arange(7000.0, 7300.0, step)
    peak = np.exp(-(((energy - 7110) / max(0.5, step / 4)) ** 2)) * (np.abs(energy - 7110) < step)
    mu = 0.5 + np.arctan((energy - 7122) / 2) / np.pi + 0.5 * peak
    spectrum = Spectrum("mu", energy, mu, "scan.dat")
    found = without_glitches(spectrum)
    assert (found is spectrum) == kept


def test_an_element_that_is_often_wrong_says_so(library: Library) -> None:
    poor = Judgement("Fe", 6, 6, 0.5, None, None, None)
    judged = replace(library, judged=(poor, replace(poor, absorber="Mn", accuracy=0.9)))
    (iron,) = answer(judged, measured("Fe", 7112.0, 4, 2.0))
    assert "of 6 measured spectra of Fe only 3 were right" in iron.remarks
    (manganese,) = answer(judged, measured("Mn", 6539.0, 6, 1.0))
    assert not any("were right" in remark for remark in manganese.remarks)


def test_another_edge_is_refused_by_name(library: Library) -> None:
    (told,) = answer(library, measured("Ni", 8333.0, 6, 0.0))
    assert not told.applies
    assert not told.values
    assert str(told.reasons[0]).startswith(
        "this is an Ni K-edge (8333 eV); the model reads Mn K, Fe K; a model that ships reads Ni K"
    )


def test_what_is_like_no_reference_is_refused(library: Library) -> None:
    spectrum = measured("Fe", 7112.0, 6, 1.0)
    wave = 0.5 * np.sin(AXIS / 1.5) * (AXIS > 7)
    (told,) = answer(library, replace(spectrum, mu=spectrum.mu + wave))
    assert not told.applies
    assert "unlike all Fe K-edge references" in str(told.reasons[0])
    (forced,) = answer(library, replace(spectrum, mu=spectrum.mu + wave), Request(force=True))
    assert not forced.applies
    assert "coordination" in forced.values
    assert any("--force" in remark for remark in forced.remarks)


def test_what_is_like_an_unstated_crystal_is_refused(library: Library) -> None:
    sure = replace(library, settings=Settings(sigma=0.001))
    (told,) = answer(sure, measured("Mn", 6539.0, 6, 6.7))
    assert not told.applies
    assert "most like Mn63, whose first shell has no clear end" in str(told.reasons[0])


def test_what_is_like_a_metal_is_refused(library: Library) -> None:
    best = answer(library, measured("Fe", 7112.0, 4, 2.0))[0].match
    assert best is not None
    nearest = best.library.crystal[int(np.where(best.own, best.misfit, np.inf).argmin())]
    formula = list(library.formula)
    formula[library.crystal.index(nearest)] = "FeNi"
    (told,) = answer(replace(library, formula=tuple(formula)), measured("Fe", 7112.0, 4, 2.0))
    assert not told.applies
    assert "a metal, an alloy" in str(told.reasons[0])


def test_what_makes_no_difference_is_said(library: Library) -> None:
    asked = Request(zero=Zero(7112.0), atoms_averaged=3)
    (told,) = answer(library, measured("Fe", 7112.0, 4, 2.0), asked)
    assert told.remarks[-1] == (
        "not used by a library of references: the position of the zero (--e0), the number of "
        "averaged atoms"
    )


def test_noise_is_no_edge(library: Library) -> None:
    noise = np.random.default_rng(0).normal(size=len(AXIS))
    (told,) = answer(library, replace(measured("Fe", 7112.0, 4, 0.0), mu=noise))
    assert not told.applies


def test_a_figure_shows_the_nearest(library: Library, tmp_path: Path) -> None:
    (told,) = answer(library, measured("Fe", ONSET["Fe", 4], 4, 3.0))
    figure = draw(told)
    assert len(figure.axes) == 2
    assert len(figure.axes[0].lines) == 8
    assert told.match is not None
    write_figure(tmp_path / "match.png", partial(draw_match, told.match))
    assert (tmp_path / "match.png").stat().st_size > 10_000


def test_means_over_sites_are_drawn(library: Library) -> None:
    values = library.values.copy()
    values[:, 0] = np.resize([4.67, 5.5, 2.4], len(values))
    (told,) = answer(replace(library, values=values), measured("Fe", 7112.0, 4, 2.0))
    assert told.match is not None
    assert len(draw_match(told.match).axes) == 2


def test_a_library_is_found(library: Library, crystal_dataset: SiteSpectra, tmp_path: Path) -> None:
    spectrum = measured("Fe", ONSET["Fe", 4], 4, 3.0)
    save_dataset(crystal_dataset, tmp_path / "data")
    save_library(library, tmp_path / "library")
    for folder in (tmp_path / "data", tmp_path / "library"):
        assert len(find_library(spectrum, folder)) == len(library)
    assert isinstance(load_any(tmp_path / "library"), Library)
    # Neighbours in the periodic table are compared with, too.
    assert set(own_references(library, spectrum).absorber) == {"Fe", "Mn"}
    with pytest.raises(InputError, match="the model reads Mn K, Fe K"):
        own_references(library, measured("Ni", 8333.0, 6, 0.0))


def test_the_shared_standards_are_of_the_edges_their_table_says(shared_data: Path) -> None:
    standards = read_standards(shared_data / "measured")
    assert len(standards) == 129
    assert all(one.spectrum.edge in (None, one.edge) for one in standards)

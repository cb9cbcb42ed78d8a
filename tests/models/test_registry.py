"""Ready models are found by absorber and edge."""

from dataclasses import replace
from pathlib import Path

import pytest

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.matching import load_library, save_library
from nearedge.models import load_model, ready_folder, ready_model, ready_models


def test_what_is_listed_is_what_is_loaded() -> None:
    for ready in ready_models():
        if ready.rung == "measured":
            continue
        model = load_model(ready.folder)
        assert model.identity.edge == ready.edge
        assert model.target.name in ready.targets
        assert model.record.estimate.rung == ready.rung
        assert model.record.estimate.value == ready.value


def test_a_library_is_listed_by_element() -> None:
    libraries = [ready for ready in ready_models() if ready.rung == "measured"]
    library = load_library(libraries[0].folder)
    assert tuple(ready.edge for ready in libraries) == library.edges
    judged = {one.absorber: one.accuracy for one in library.judged}
    assert all(ready.value == judged[ready.edge.absorber] for ready in libraries if ready.edge)
    assert ready_model(Edge("Fe")).name == "3d-k-edges"


def test_cards_that_ship_are_those_of_their_models(tmp_path: Path) -> None:
    for ready in {ready.name: ready for ready in ready_models()}.values():
        again = tmp_path / ready.name
        if ready.rung == "measured":
            save_library(load_library(ready.folder), again)
        else:
            load_model(ready.folder).save(again)
        assert (again / "card.md").read_text() == (ready.folder / "card.md").read_text()


@pytest.mark.parametrize(("coverage", "narrow"), [(0.859, True), (0.861, False)])
def test_a_card_says_where_intervals_are_too_narrow(
    tmp_path: Path, coverage: float, narrow: bool
) -> None:
    model = load_model()
    measured = model.record.measured
    assert measured is not None
    errors = replace(measured.errors, coverage=coverage)
    record = replace(model.record, measured=replace(measured, errors=errors))
    replace(model, record=record).save(tmp_path / "model")
    card = (tmp_path / "model" / "card.md").read_text()
    assert ("(cross-validated): they are too narrow" in card) == narrow


@pytest.mark.parametrize(("coverage", "narrow"), [(0.859, "2, 8"), (0.861, "8")])
def test_a_card_says_which_averages_have_too_narrow_intervals(
    tmp_path: Path, coverage: float, narrow: str
) -> None:
    model = load_model()
    shares = {1: 0.9, 2: coverage, 8: 0.8}
    rows = [row for row in model.record.calibration.coverage if row.atoms in shares]
    rows = tuple(replace(row, coverage=shares[row.atoms]) for row in rows)
    calibration = replace(model.record.calibration, coverage=rows)
    replace(model, record=replace(model.record, calibration=calibration)).save(tmp_path / "model")
    card = (tmp_path / "model" / "card.md").read_text()
    assert f"Intervals for {narrow} atoms held less than 86%" in card


def test_a_model_is_found_by_its_edge_or_the_lack_is_told() -> None:
    assert ready_model(Edge("O")).name == "li-fe-o"
    assert ready_model() == ready_models()[0]
    with pytest.raises(InputError, match="no model that ships reads the U M5-edge"):
        ready_model(Edge("U", "M5"))


def test_a_model_is_found_by_its_name_unless_something_of_that_name_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ready_folder("li-fe-o") == ready_model(Edge("O")).folder
    assert ready_folder("unknown") == Path("unknown")
    (tmp_path / "li-fe-o").mkdir()
    assert ready_folder("li-fe-o") == Path("li-fe-o")

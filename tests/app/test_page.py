"""The page as Streamlit runs it, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from nearedge.app import _page

PAGE = Path(_page.__file__).with_name("page.py")


@pytest.fixture
def page() -> AppTest:
    return AppTest.from_file(str(PAGE), default_timeout=60).run()


def test_an_example_is_answered(page: AppTest) -> None:
    page.button(key="example Fe K of hematite").click().run()
    assert not page.exception
    assert page.subheader[0].value.startswith("Fe has 6 neighbours")
    assert [metric.label for metric in page.metric][:2] == ["coordination", "oxidation state"]


def test_lines_that_are_changed_are_drawn_anew(page: AppTest) -> None:
    page.button(key="example Fe K of hematite").click().run()
    (e0,) = (box for box in page.number_input if box.label == "E0 (eV)")
    e0.set_value(7120.0).run()
    assert not page.exception
    assert '"x0":7120.0' in page.get("plotly_chart")[0].proto.spec.replace(" ", "")


def test_a_bad_file_says_what_is_wrong_and_stops_no_other(page: AppTest, tmp_path: Path) -> None:
    (tmp_path / "empty.dat").touch()
    page.text_input(key="path").set_value(str(tmp_path)).run()
    assert not page.exception
    assert "holds no" in page.error[0].value or "empty" in page.error[0].value
    page.text_input(key="path").set_value("/no/such/file").run()
    assert "no such file" in page.error[0].value


def test_a_batch_is_a_table_of_which_one_can_be_looked_at(page: AppTest) -> None:
    page.button(key="example A batch, Ti to Zn").click().run()
    assert not page.exception
    table = page.dataframe[0].value
    assert len(table) == 9
    assert list(table["applies"]) == [True] * 9
    (box,) = (box for box in page.selectbox if box.label.startswith("One of them"))
    box.select_index(0).run()
    assert not page.exception
    assert any(one.value == "The best fit" for one in page.subheader)


def test_what_is_put_away_is_forgotten(page: AppTest) -> None:
    page.button(key="example Fe K of hematite").click().run()
    assert page.session_state["kept"]
    (button,) = (one for one in page.button if one.label == "Close the example")
    button.click().run()
    assert page.session_state["kept"] == {}
    assert page.info

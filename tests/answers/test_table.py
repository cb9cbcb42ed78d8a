"""Predictions as a table that is read back."""

import csv
from pathlib import Path

import pytest

from nearedge.answers import Answer, predict_files, write_csv
from nearedge.answers._table import flat
from nearedge.errors import InputError
from nearedge.models import Model


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_measured_and_computed_spectra_are_rows_of_one_table(
    measured_model: Model, files: Path
) -> None:
    paths = [str(files / name) for name in ("scans.dat", "relative.dat")]
    answers = [one for _, found in predict_files(measured_model, paths) for one in found]
    kept = [one for one in answers if isinstance(one, Answer)]
    write_csv(files / "table.csv", kept)
    rows = read(files / "table.csv")
    assert [row["spectrum"] for row in rows] == ["scan1", "scan2", "column 2"]
    for row, one in zip(rows, kept, strict=True):
        result = one.result
        assert row["file"] == one.file
        assert row["measured"] == str(result["measured"])
        assert float(row["coordination"]) == result["coordination"]
        assert [float(row[f"interval.{end}"]) for end in ("low", "high")] == result["interval"]
        for name, share in result["fractions"].items():
            assert float(row[f"fractions.{name}"]) == share
    assert float(rows[0]["offset.energy"]) == kept[0].result["offset"]["energy"]
    # What computed spectra do not have is left empty.
    assert rows[2]["offset.energy"] == ""
    assert "baseline taken off" in rows[0]["preparation"]


@pytest.mark.parametrize("name", ['he said "1,5"', "two\nlines", "µ(E) π", ""])
def test_any_name_is_read_back(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / "t.csv", [Answer("o.dat", name, {"applies": True, "interval": None})])
    (row,) = read(tmp_path / "t.csv")
    assert row == {"file": "o.dat", "spectrum": name, "applies": "True", "interval": ""}


def test_an_existing_table_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine")
    one = [Answer("o.dat", "mu", {"applies": True})]
    with pytest.raises(InputError, match="--force"):
        write_csv(path, one)
    assert path.read_text() == "mine"
    write_csv(path, one, force=True)
    assert len(read(path)) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"]


def test_lists_become_text() -> None:
    modes = [{"zero": 530.04, "weight": 0.6}, {"zero": 534.0, "weight": 0.4}]
    assert flat({"a": {"modes": modes, "remarks": [], "set": ["0", "1"], "n": [0.5, 1.0]}}) == {
        "a.modes": "zero=530 weight=0.6; zero=534 weight=0.4",
        "a.remarks": "",
        "a.set": "0; 1",
        "a.n.low": 0.5,
        "a.n.high": 1.0,
    }

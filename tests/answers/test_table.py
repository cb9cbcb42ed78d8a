"""Answers as a table that is read back."""

import csv
from pathlib import Path

import pytest

from nearedge.answers import Answer, Value, answer_files, answer_table, write_csv
from nearedge.errors import InputError
from nearedge.models import Model


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_measured_and_computed_spectra_are_rows_of_one_table(
    measured_model: Model, files: Path
) -> None:
    paths = [str(files / name) for name in ("scans.dat", "relative.dat")]
    answers = [
        found
        for _, several in answer_files(lambda _: (measured_model, "model"), paths)
        for found in several
    ]
    told = [found for found in answers if isinstance(found, Answer)]
    write_csv(files / "table.csv", told)
    rows = read(files / "table.csv")
    assert [row["label"] for row in rows] == ["scan1", "scan2", "column 2"]
    for row, found in zip(rows, told, strict=True):
        value, shares = found.values["coordination"], found.values["environment"].probabilities
        assert row["file"] == found.file
        assert float(row["coordination"]) == value.value
        assert (float(row["coordination.low"]), float(row["coordination.high"])) == (
            value.low,
            value.high,
        )
        assert shares is not None
        for name, share in shares.items():
            assert float(row[f"environment.{name}"]) == share
        assert float(row["e0"]) == found.e0
    assert "baseline taken off" in rows[0]["remarks"]


def made(label: str, **options: object) -> Answer:
    return Answer("o.dat", label, None, None, "model", None, **options)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", ['he said "1,5"', "two\nlines", "µ(E) π", ""])
def test_any_name_is_read_back(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / "t.csv", [made(name)])
    (row,) = read(tmp_path / "t.csv")
    assert (row["file"], row["label"], row["applies"], row["e0"]) == ("o.dat", name, "True", "")


def test_an_existing_table_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine")
    with pytest.raises(InputError, match="--force"):
        write_csv(path, [made("mu")])
    assert path.read_text() == "mine"
    write_csv(path, [made("mu")], force=True)
    assert len(read(path)) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


def test_every_target_has_a_column_and_what_is_not_told_is_left_empty(tmp_path: Path) -> None:
    answers = [
        made("a", values={"coordination": Value(1.4, 1.0, 1.8)}),
        made("b", values={"environment": Value("3", set=("2", "3"), probabilities={"3": 0.7})}),
        made("c", values={"bond_length": Value(2.1)}),
    ]
    write_csv(tmp_path / "t.csv", answers)
    rows = read(tmp_path / "t.csv")
    assert [row["coordination.low"] for row in rows] == ["1.0", "", ""]
    assert [row["environment.set"] for row in rows] == ["", "2; 3", ""]
    heads, shown = answer_table(answers)
    assert heads == [
        "spectrum",
        "coordination",
        "environment",
        "bond length, Å",
        "E0, eV",
        "applies",
    ]
    assert shown[0] == ["o.dat a", "1.40 (1.00 to 1.80)", "-", "-", "-", "yes"]
    assert shown[1][2] == "3 (2, 3)"

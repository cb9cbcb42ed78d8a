"""What files say reaches the terminal as it is."""

from pathlib import Path

import pytest

from nearedge.cli.terminal import print_table, say_where


def test_no_part_of_a_table_is_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["[b]", "[/i]"], [["[u]", "[/]"]], title="[red]")
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("[b]", "[/i]", "[u]", "[/]", "[red]"))


@pytest.mark.parametrize("words", [1, 2, 3])
@pytest.mark.parametrize("columns", [0, 1, 4, 12])
def test_a_table_fits_80_columns_and_breaks_no_number(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: int, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = ["µ" * 70 + ".dat", "short", "many words " * 9]
    numbers = [f"{place}.{place}123 ± 0.0{place}" for place in range(columns)]
    heads = [*["name"] * words, *(f"balanced accuracy {place}" for place in range(columns))]
    print_table(
        heads, [[*[name] * words, *numbers] for name in names], title="a title " * 20, words=words
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    for number in numbers:
        assert sum(number in line for line in lines) == len(names)
    # Nothing is cut off.
    tables = sum(line.startswith("┏") for line in lines)
    assert "".join(lines).count("µ") == 70 * words * tables


def test_where_something_was_written_is_one_line_however_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = Path("a folder") / ("x" * 100)
    say_where(None, path)
    assert capsys.readouterr().out == f"{path}\n"

"""What files say reaches the terminal as it is."""

import pytest

from nearedge.cli.terminal import print_table


def test_no_part_of_a_table_is_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["[b]", "[/i]"], [["[u]", "[/]"]], title="[red]")
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("[b]", "[/i]", "[u]", "[/]", "[red]"))

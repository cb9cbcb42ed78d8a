"""The floors of CONTRIBUTING.md, held: who imports whom."""

import re
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
ROOFS = {"paper", "app", "cli"}
DOORS = {"", "__main__"}
"""The package itself and its entry: no rooms."""


@pytest.fixture(scope="module")
def floors() -> dict[str, int]:
    """Floor of each room, as CONTRIBUTING.md has it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| \w", text, re.MULTILINE)
    return {room: int(floor) for floor, room in rows}


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """Modules that each module imports, wherever in it the import stands."""
    graph = grimp.build_graph("nearedge", cache_dir=None)
    return {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}


def room_of(module: str) -> str:
    return module.partition(".")[2].partition(".")[0]


def test_every_room_has_its_row_and_there_are_at_most_twenty(
    floors: dict[str, int], imports: dict[str, set[str]]
) -> None:
    assert set(floors) == {room_of(module) for module in imports} - DOORS
    assert len(floors) <= 20
    assert list(floors.values()) == sorted(floors.values(), reverse=True)


def test_imports_only_run_down(floors: dict[str, int], imports: dict[str, set[str]]) -> None:
    upwards = [
        f"{importer} (floor {floors[here]}) imports {imported} (floor {floors[there]})"
        for importer, targets in imports.items()
        for imported in targets
        if (here := room_of(importer)) != (there := room_of(imported))
        and not {here, there} & DOORS
        and floors[here] <= floors[there]
    ]
    assert upwards == []


def test_nothing_imports_in_a_circle(imports: dict[str, set[str]]) -> None:
    # A circle raises CycleError, which names it.
    order = {name: place for place, name in enumerate(TopologicalSorter(imports).static_order())}
    for importer, targets in imports.items():
        assert all(order[imported] < order[importer] for imported in targets)


def test_nothing_imports_a_roof_but_the_command_line(imports: dict[str, set[str]]) -> None:
    into_a_roof = {
        (importer, imported)
        for importer, targets in imports.items()
        for imported in targets
        if room_of(imported) in ROOFS and room_of(importer) not in {room_of(imported), "cli"}
    }
    assert into_a_roof == {("nearedge.__main__", "nearedge.cli")}


def test_every_name_that_a_room_offers_is_there(imports: dict[str, set[str]]) -> None:
    for module in sorted(imports):
        room = import_module(module)
        for name in getattr(room, "__all__", []):
            assert hasattr(room, name), f"{module}.{name}"

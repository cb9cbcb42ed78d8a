"""Colours for any number of classes, and figures as files."""

from pathlib import Path

from matplotlib.figure import Figure

from nearedge.drawing.style import class_colours, save_figure


def test_every_class_has_a_colour_of_its_own() -> None:
    for count in (3, 8, 9, 30):
        names = [*map(str, range(count)), "peroxide"]
        colours = class_colours(names)
        assert list(colours) == names
        assert len(set(colours.values())) == len(names)


def test_the_same_figure_gives_the_same_files(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        figure = Figure(figsize=(2, 2))
        figure.subplots().plot([0, 1])
        save_figure(figure, tmp_path / folder / "line.fit", ("png", "pdf"))
    for ending in ("png", "pdf"):
        one, other = (tmp_path / folder / f"line.fit.{ending}" for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()

"""The verb that climbs the ladder of honest splits."""

from typing import Annotated

from typer import Option

from nearedge import datasets, ladder as rungs, matching, paper, records
from nearedge.cli import measured as measured_rung, options, terminal
from nearedge.drawing.progress import progress_bar


def ladder(
    dataset: options.Dataset,
    recipe: options.RecipeName = "best",
    seeds: Annotated[int, Option(help="Seeds, each with a fold of its own.", min=1, max=50)] = 3,
    seed: options.Seed = 0,
    feature: options.Features = None,
    engine_dataset: options.EngineDataset = None,
    measured: options.Measured = None,
    json: options.Json = False,
) -> None:
    """Score a recipe on raw unseen spectra while less and less is shared with training.

    With --measured, the rung of spectra from beamlines, which a library of the dataset answers.
    """
    data = datasets.load_dataset(dataset)
    other = datasets.load_dataset(engine_dataset) if engine_dataset else None
    with progress_bar() as tell:
        climbed = rungs.climb(
            data, recipe, seeds=seeds, seed=seed, features=feature or (), other=other, progress=tell
        )
    result = None
    if measured is not None:
        library = matching.build_library(data)
        result = measured_rung.judge(lambda _: (library, "library"), measured, library)
    if json:
        plain = records.as_json(climbed)
        if result is not None:
            plain["rungs"]["measured"] = result.to_rung()
        terminal.print_json(plain)
        return
    for table in paper.ladder_tables(climbed):
        rows = [[cell.replace(" %", "%") for cell in row] for row in table.rows]
        terminal.print_table(table.heads, rows, title=table.caption, words=table.words)
    if result is not None:
        measured_rung.show(result)
    for name, step in climbed.rungs.items():
        if step.remark:
            terminal.say(f"{name}: {step.remark}")
    for name, reason in climbed.not_climbed.items():
        terminal.say(f"not climbed: {name} ({reason})")

"""The verb that climbs the ladder of honest splits."""

from typing import Annotated

from typer import Option

from nearedge import datasets, ladder as rungs, paper, records
from nearedge.cli import options, terminal
from nearedge.drawing.progress import progress_bar


def ladder(
    dataset: options.Dataset,
    recipe: options.RecipeName = "best",
    seeds: Annotated[int, Option(help="Seeds, each with a fold of its own.", min=1, max=50)] = 3,
    seed: options.Seed = 0,
    feature: options.Features = None,
    engine_dataset: options.EngineDataset = None,
    json: options.Json = False,
) -> None:
    """Score a recipe on raw unseen spectra while less and less is shared with training."""
    data = datasets.load_dataset(dataset)
    other = datasets.load_dataset(engine_dataset) if engine_dataset else None
    with progress_bar() as tell:
        climbed = rungs.climb(
            data, recipe, seeds=seeds, seed=seed, features=feature or (), other=other, progress=tell
        )
    if json:
        terminal.print_json(records.as_json(climbed))
        return
    for table in paper.ladder_tables(climbed):
        rows = [[cell.replace(" %", "%") for cell in row] for row in table.rows]
        terminal.print_table(table.heads, rows, title=table.caption, words=table.words)
    for name, step in climbed.rungs.items():
        if step.remark:
            terminal.say(f"{name}: {step.remark}")
    for name, reason in climbed.not_climbed.items():
        terminal.say(f"not climbed: {name} ({reason})")

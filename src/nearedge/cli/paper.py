"""The verb that reproduces the paper and writes the report."""

import shlex
import sys
import time
from pathlib import Path
from typing import Annotated

from rich.console import Console
from typer import Option

from nearedge import answers, datasets, ladder, matching, paper as room
from nearedge.cli import options
from nearedge.drawing.progress import progress_bar
from nearedge.records import check_free


def paper(
    dataset: Annotated[Path | None, Option(help="Dataset folder (default: what ships).")] = None,
    out: Annotated[
        Path | None,
        options.to("Folder to write (default: paper or paper-quick).", "--out", "--output"),
    ] = None,
    seed: options.Seed = 0,
    quick: Annotated[
        bool, Option("--quick", help="Fewer epochs, seeds and examples: a minute.")
    ] = False,
    engine_dataset: options.EngineDataset = None,
    measured: options.Measured = None,
    force: options.Force = False,
) -> None:
    """Reproduce Li, Lu and Chan (2019), climb the ladder above it, and write a report."""
    started = time.monotonic()
    out = out or Path("paper-quick" if quick else "paper")
    check_free(out, force=force)
    standards = measured and matching.read_standards(measured)
    data = datasets.load_dataset(dataset or datasets.starter_path())
    other = datasets.load_dataset(engine_dataset) if engine_dataset else None
    with progress_bar() as tell:
        results = room.reproduce(
            data,
            room.quick_protocol() if quick else room.Protocol(),
            seed=seed,
            other=other,
            progress=tell,
        )
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        making = room.Making(command, time.monotonic() - started, room.versions())
        means = None
        if dataset is None and not quick:
            # The dataset of one composition joined with that of many.
            tell("unseen compositions", 0.97)
            means = ladder.predict_snapshots(
                datasets.merge([data, datasets.load_dataset("li-fe-o")]), seed=seed
            )
        judged = None
        if standards:
            judged = answers.evaluate_measured(answers.choose_ready, standards, progress=tell)
        tell("writing the report", 1.0)
        index = room.write_report(
            out, results, data, making, means=means, measured=judged, force=force
        )
    console = Console(soft_wrap=True)
    for text in (*room.headline(results), *room.summary(results.ladder, results.better)):
        console.print(text, highlight=False, markup=False)
        console.print()
    console.print(f"{index} ({time.monotonic() - started:.0f} s)", highlight=False, markup=False)

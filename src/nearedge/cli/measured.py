"""The rung ``measured`` on the command line, for train, evaluate and ladder."""

from pathlib import Path

import typer

from nearedge import answers, matching, paper
from nearedge.cli import terminal
from nearedge.drawing.progress import progress_bar


def judge(
    choose: "answers.Choose", folder: Path, library: "matching.Library | None" = None
) -> "answers.MeasuredEvaluation":
    """Score on the measured spectra of a folder; of a library only on those of its edges."""
    standards = matching.read_standards(folder)
    if library is not None:
        standards = [one for one in standards if one.edge in library.edges]
    with progress_bar() as tell:
        return answers.evaluate_measured(choose, standards, progress=tell)


def show(result: "answers.MeasuredEvaluation") -> None:
    """Print the scores, by element and beside the baselines."""
    table = paper.measured_table(result)
    terminal.print_table(table.heads, table.rows, title=table.caption)
    if result.mixtures and result.mixtures.mae is not None:
        typer.echo(
            f"{result.mixtures.answered} of {result.mixtures.n} spectra of several sites, or of "
            f"doubt (grade B): mean number of neighbours off by {result.mixtures.mae:.2f}, always "
            f"the mean {result.mixtures.constant_mae:.2f}"
        )
    for reason, count in result.reasons.items():
        typer.echo(f"not answered: {count}, {reason}")

"""The rung ``measured`` on the command line, for train, evaluate and ladder."""

from pathlib import Path

import typer

from nearedge import answers, matching
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
    scores = {
        "this model": result.score,
        "on new compounds": result.without_own,
        "moved by up to 3 eV": result.moved,
        **result.baselines,
        **result.by_element,
    }
    rows = [
        [
            name,
            f"{score.answered}/{score.n}",
            *map(
                _percent,
                (
                    score.accuracy,
                    score.balanced_accuracy,
                    score.set_coverage,
                    score.oxidation_state,
                    score.oxidation_state_coverage,
                ),
            ),
        ]
        for name, score in scores.items()
        if score is not None
    ]
    heads = ["in percent", "answered", "right", "balanced", "in set", "state ± 0.5", "in interval"]
    title = "rung measured: spectra from beamlines of known structure"
    terminal.print_table(heads, rows, title=title)
    for reason, count in result.reasons.items():
        typer.echo(f"not answered: {count}, {reason}")


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}".rstrip("%")

"""The verb that compares two engines on the same atoms."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from nearedge.cli import options, terminal


def compare(
    first: Annotated[Path, Argument(help="Dataset folder of the engine to judge.")],
    second: Annotated[
        Path,
        Argument(help="Dataset folder of the same atoms by the engine it is measured against."),
    ],
    output: Annotated[Path | None, options.to("Folder for the numbers and the figure.")] = None,
    json: options.Json = False,
    force: options.Force = False,
) -> None:
    """Compare two engines' spectra of the same atoms, feature by feature.

    Snapshots are matched by name, failing that by structure. To compute the structures of another
    dataset again: nearedge simulate OTHER/structures.extxyz ...
    """
    from nearedge.datasets import load_dataset
    from nearedge.ladder import comparison
    from nearedge.records import check_free

    if output is not None:
        check_free(output, force=force)
    result = comparison.compare(load_dataset(first), load_dataset(second))
    if output is not None:
        comparison.write_comparison(output, result, force=force)
    if json:
        terminal.print_json(comparison.report(result))
        return
    rows = [
        [
            name,
            str(fit.n),
            f"{fit.alignment.shift:+.2f}",
            f"{fit.alignment.broadening:.2f}",
            f"{fit.alignment.residual:.0%}",
            " / ".join(f"{share:.0%}" for share in fit.pre_edge_weight),
            " / ".join(f"{peak:.1f}" for peak in fit.main_peak),
        ]
        for name, fit in result.classes.items()
    ]
    heads = ["class", "atoms", "shift eV", "broad. eV", "left", "pre-edge", "main peak eV"]
    engines = " / ".join(result.engines)
    title = f"{engines}, the same atoms; {result.mover} moved onto {result.still}"
    terminal.print_table(heads, rows, title=title)
    for text in comparison.findings(result):
        terminal.say(f"- {text}")
    if output is not None:
        terminal.say(f"{output}/comparison.png, comparison.pdf, report.json")

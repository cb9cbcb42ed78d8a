"""What a comparison says: findings in words, every number as JSON, the figure as files."""

from pathlib import Path

import numpy as np

from nearedge.drawing.style import class_title, figure_style, save_figure
from nearedge.ladder.comparison._comparing import Comparison
from nearedge.ladder.comparison._figure import draw_comparison
from nearedge.records import Json, as_json, replacing, write_json

SIMILAR = 0.15
"""Relative distance below which aligned spectra are called similar."""


def write_comparison(path: str | Path, result: Comparison, *, force: bool = False) -> Path:
    """Write a folder with ``report.json``, ``comparison.png`` and ``.pdf``, whole or not at all."""
    with replacing(path, force=force) as folder, figure_style():
        folder.mkdir(parents=True)
        save_figure(draw_comparison(result), folder / "comparison")
        write_json(folder / "report.json", report(result))
    return Path(path)


def report(result: Comparison) -> Json:
    """Give every number and the findings, ready for JSON; of pairs the first engine's is first."""
    record = as_json(result)
    for name in ("spectra", "matrices", "features", "rows", "environment", "coordination"):
        del record[name]
    first, second = result.features
    sites = {
        "rows": np.transpose(result.rows),
        "class": result.environment,
        "coordination": result.coordination,
        "pre_edge_weight": np.transpose([first.weight, second.weight]),
        "pre_edge_centre": np.transpose([first.centre, second.centre]),
        "main_peak": np.transpose([first.peak, second.peak]),
        "correlation": np.diag(result.matrices["spectra"]),
        "correlation_centred": np.diag(result.matrices["centred"]),
    }
    listed = as_json(sites)
    rows = zip(*listed.values(), strict=True)
    correlations = [
        dict(zip(result.classes, row, strict=True)) for row in record["class_correlation"]
    ]
    return {
        **record,
        "n": len(result.environment),
        "class_correlation": dict(zip(result.classes, correlations, strict=True)),
        "sites": [dict(zip(listed, values, strict=True)) for values in rows],
        "findings": findings(result),
    }


def findings(result: Comparison) -> list[str]:
    """Say what the numbers show, the first engine measured against the second."""
    texts = [_alignment(result)]
    if len(result.classes) > 1:
        texts += [_class_shifts(result), _class_means(result)]
    return [*texts, _pre_edge(result), _peaks(result), _retrieval(result)]


def _alignment(result: Comparison) -> str:
    fit, unpaired = result.alignment, result.alignment_without_pairs
    text = (
        f"{result.mover}'s spectra of the same {len(result.environment)} atoms come nearest to "
        f"{result.still}'s when moved by {fit.shift:+.2f} eV, broadened by {fit.broadening:.2f} eV "
        f"(standard deviation) and scaled: the relative distance falls from "
        f"{fit.residual_before:.0%} to {fit.residual:.0%}, and the two engines' spectra are "
        f"{'similar' if fit.residual <= SIMILAR else 'not similar'}."
    )
    if fit.at_bound:
        text += " The shift stopped at its bound; a better one may lie beyond."
    if fit.ambiguous and fit.rival:
        text += f" Ambiguous: {fit.rival.shift:+.2f} eV leaves {fit.rival.residual:.0%}."
    return f"{text} Mean and spread alone, without pairs, give {unpaired.shift:+.2f} eV."


def _class_shifts(result: Comparison) -> str:
    shifts = [(fit.alignment.shift, name) for name, fit in result.classes.items()]
    (low, lowest), (high, highest) = min(shifts), max(shifts)
    verdict = "does not serve all" if high - low > 0.5 else "serves all within half an electronvolt"
    return (
        f"Class by class the best shift runs from {low:+.2f} eV ({_title(result, lowest)}) to "
        f"{high:+.2f} eV ({_title(result, highest)}): one shift {verdict}."
    )


def _class_means(result: Comparison) -> str:
    names = list(result.classes)
    wrong = [
        f"{_title(result, name)} resembles {_title(result, names[best])}"
        for name, best in zip(names, result.class_correlation.argmax(axis=1), strict=True)
        if name != names[best]
    ]
    return (
        f"Of {len(names)} class means of {result.engines[0]}, {len(names) - len(wrong)} resemble "
        f"the same class of {result.engines[1]} most" + (f"; {', '.join(wrong)}." if wrong else ".")
    )


def _pre_edge(result: Comparison) -> str:
    """How the pre-edge's share of the area depends on the count, and where it differs most."""
    with_count = [
        f"{_number(result.pre_edge_weight[side].spearman)} in {engine}"
        for side, engine in zip(("first", "second"), result.engines, strict=True)
    ]
    weights = {name: fit.pre_edge_weight for name, fit in result.classes.items()}
    name = max(weights, key=lambda name: abs(weights[name][0] - weights[name][1]))
    first, second = weights[name]
    return (
        f"The pre-edge's share of the area up to the main peak correlates with the number of "
        f"{result.neighbour} by {' and '.join(with_count)} (Spearman), between the engines by "
        f"{_number(result.pre_edge_weight['between'].spearman)}. It differs most for the class "
        f"{_title(result, name)}: {first:.0%} in {result.engines[0]}, {second:.0%} in "
        f"{result.engines[1]}."
    )


def _peaks(result: Comparison) -> str:
    peak = result.main_peak
    text = (
        f"{result.engines[1]}'s main peak stands {peak.mean:+.2f} ± {peak.spread:.2f} eV from "
        f"{result.engines[0]}'s (mean and spread over {peak.n} atoms, each on its own zero); which "
        f"atom's stands higher they agree on by {_number(peak.agreement.pearson)} (Pearson)."
    )
    return text + (f" {peak.without_peak} atoms have none." if peak.without_peak else "")


def _retrieval(result: Comparison) -> str:
    judged = result.correlation["centred"]
    return (
        f"Less each engine's mean spectrum, the two spectra of one atom correlate by "
        f"{judged.same:+.2f}, those of different atoms by {judged.different:+.2f}. The best match "
        f"is the same atom in {judged.first:.0%} (chance {judged.chance_first:.0%}) and the same "
        f"class in {judged.same_class:.0%} (chance {judged.chance_class:.0%})."
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:+.2f}"


def _title(result: Comparison, name: str) -> str:
    return class_title(name, result.neighbour)

"""What a model's record says of its sets and intervals, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

_TOLD = 20  # Sites of a class from which its own share is told.


def reliability(record: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown on calibration and coverage; none without a calibration.

    Parameters
    ----------
    record : mapping
        ``calibration`` of a model's record.
    """
    if "level" not in record:
        return []
    lines = [
        "## Error bars",
        f"Made to hold the truth of {record['level']:.0%} of unseen sites (rung "
        f"**{record['rung']}**), calibrated on {record['n']} of them. "
        + ("Class sets:" if "thresholds" in record else "Intervals, by averaged atoms:"),
        "",
    ]
    lines += _sets(record) if "thresholds" in record else _intervals(record)
    if "coverage" in record:
        lines += [
            "",
            "Coverage is that of sites the calibration did not see (each fold's sets and intervals "
            "are calibrated on the other folds); its error is a standard error over groups, as "
            "sites of one group are not independent.",
        ]
    return [*lines, ""]


def measured_lines(record: Mapping[str, Any] | None) -> list[str]:
    """Lines of Markdown on measured spectra; none if the model does not know them.

    Parameters
    ----------
    record : mapping or None
        ``measured`` of a model's record.
    """
    if record is None:
        return []
    return [
        "## Measured spectra",
        "Of measured spectra neither zero nor resolution, unit and background need be known "
        "(`nearedge predict FILE`), and nothing is supposed of the composition. On "
        f"{record['n']} simulated measurements of unseen sites in any composition, rung "
        f"**{record['rung']}**: extra broadening {_span(record['broadening'])} eV, signal to noise "
        f"{_span(record['signal_to_noise'])}, zero unknown, on a sloping background. Intervals of "
        f"90 % held {record['coverage']:.1%}, each fold's made without it. Mean absolute errors:",
        "",
        "| coordination | always the mean | fractions | zero, eV |",
        "|---|---|---|---|",
        f"| {record['mae']:.3f} | {record['baseline_mae']:.3f} | {record['fraction_mae']:.3f} | "
        f"{record['zero_error']:.2f} |",
        "",
    ]


def _span(ends: Sequence[float]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}"


def coverage_sentence(record: Mapping[str, Any]) -> str | None:
    """One line on coverage, for the command line; None where nothing is known."""
    known = record.get("coverage")
    if not known:
        return None
    first = known if isinstance(known, Mapping) else known[0]
    error = "" if first["error"] is None else f" ± {first['error']:.3f}"
    what = (
        f"class sets of {known['mean_set_size']:.2f} classes on average"
        if isinstance(known, Mapping)
        else "intervals of single sites"
    )
    classes = known["per_class"] if isinstance(known, Mapping) else record["per_class"]
    told = [name for name, one in classes.items() if one["n"] >= _TOLD] or list(classes)
    worst = min(told, key=lambda name: classes[name]["coverage"])
    return (
        f"{what} held {first['coverage']:.3f}{error} of the unseen truths "
        f"(aim {record['level']:.2f}; least in class {worst}: {classes[worst]['coverage']:.3f} of "
        f"{classes[worst]['n']})"
    )


def _sets(record: Mapping[str, Any]) -> list[str]:
    known = record.get("coverage")
    lines = ["| class | in the set from probability | sites | held |", "|---|---|---|---|"]
    for name, threshold in record["thresholds"].items():
        one = known["per_class"].get(name) if known else None
        note = " (of all classes)" if name in record["marginal"] else ""
        chance = "only if likeliest" if threshold >= 1 else f"{threshold:.3f}{note}"
        share = "| - | - |" if one is None else f"| {one['n']} | {one['coverage']:.3f} |"
        lines.append(f"| {name} | {chance} {share}")
    if known:
        error = "" if known["error"] is None else f" ± {known['error']:.3f}"
        lines.append(f"| all | | {known['n']} | {known['coverage']:.3f}{error} |")
        lines += ["", f"A set holds {known['mean_set_size']:.2f} classes on average."]
    if record["marginal"]:
        lines += [
            "",
            f"Too few sites for a threshold of its own: {', '.join(record['marginal'])}; nothing "
            "is promised of such a class.",
        ]
    return lines


def _intervals(record: Mapping[str, Any]) -> list[str]:
    uneven = record.get("uneven")
    wider = dict(zip(uneven["atoms"], uneven["half_widths"], strict=True)) if uneven else {}
    known = {row["atoms"]: row for row in record.get("coverage", [])}
    reaches = zip(record["sites"]["numbers"], record["sites"]["reaches"], strict=True)
    lines = [
        "The interval of a single site spans the numbers that are not ruled out: "
        + ", ".join(f"{number:g} within ± {reach:.2f}" for number, reach in reaches)
        + " of the prediction. Those of averages have one width.",
        "",
        *_by_class(record),
        "| atoms | half width | held | half width, any composition |",
        "|---|---|---|---|",
    ]
    for number, row in zip(record["atoms"], record["half_widths"], strict=True):
        one = known.get(number)
        held = "-"
        if one is not None:
            held = f"{one['coverage']:.3f}"
            held += "" if one["error"] is None else f" ± {one['error']:.3f}"
        other = f"{wider[number][0]:.2f}" if number in wider else "-"
        width = "single site" if number == 1 else f"{row[0]:.2f}"
        lines.append(f"| {number} | {width} | {held} | {other} |")
    return lines


def _by_class(record: Mapping[str, Any]) -> list[str]:
    if "per_class" not in record:
        return []
    rows = [
        f"| {name} | {one['n']} | {one['coverage']:.3f} |"
        for name, one in record["per_class"].items()
    ]
    return ["| class of a single site | sites | held |", "|---|---|---|", *rows, ""]

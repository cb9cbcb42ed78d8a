"""A model in words: what it is for, its training data, how far it can be believed."""

from collections.abc import Sequence

from nearedge.learning.features import Feature
from nearedge.models._record import Calibration, Measured, Record
from nearedge.spectra import Identity, Window
from nearedge.targets import Target
from nearedge.trust import Coverage, Novelty

_TOLD = 20  # Sites of a class from which its own share is told.
_NARROW = 0.86  # Coverage below which 90 % intervals are remarked to be too narrow.


def card(
    identity: Identity,
    target: Target,
    window: Window,
    record: Record,
    novelty: Novelty,
    features: Sequence[Feature] = (),
) -> str:
    """Describe a model in Markdown."""
    absorber = "all" if identity.edge is None else identity.edge.absorber
    training, estimate = record.training, record.estimate
    counts = ", ".join(f"{name}: {count}" for name, count in training.classes.items())
    lines = [
        f"# {target.name.replace('_', ' ').capitalize()} from "
        f"{identity.edge or 'several'} edge spectra",
        "",
        f"Predicts the {target.words()} of {absorber} sites from spectra at "
        f"{window.points} energies from {window.minimum:g} to {window.maximum:g} eV"
        f"{' from the rise' if window.aligned else ''}.",
        "",
        "| | |",
        "|---|---|",
        f"| spectra it reads | {identity.origin}, zero: {identity.zero}, unit: {identity.unit} |",
        f"| trained on | {training.sites} sites of {len(training.snapshots)} snapshots, "
        f"{len(training.trajectories)} trajectories |",
        f"| class counts | {counts} |",
        *(f"| given with it | {one.name}: {', '.join(one.values) or 'eV'} |" for one in features),
        f"| held out | {', '.join(training.held_out) or 'nothing'} |",
        f"| recipe, seed | {training.recipe}, {training.seed} |",
        f"| data fingerprint | `{training.fingerprint}` |",
        "",
        "## What to expect",
    ]
    if estimate.value is None:
        lines.append(f"Accuracy on unseen sites is unknown: {estimate.reason}.")
    else:
        lines += [
            f"On raw spectra of sites it had not seen, rung **{estimate.rung}** "
            f"({estimate.meaning}), {estimate.n} sites:",
            "",
            f"| method | {estimate.score} |",
            "|---|---|",
            f"| this model | {estimate.value:.3f} ± {estimate.spread or 0:.3f} |",
            *(f"| {name} | {value:.3f} |" for name, value in (estimate.baselines or {}).items()),
        ]
    return "\n".join(
        [
            *lines,
            "",
            *_reliability(record.calibration, estimate.rung),
            *_measured(record.measured, estimate.rung),
            "## Where it does not apply",
            "To spectra of another compound, edge, engine, energy zero or unit. `nearedge predict` "
            "says so, with the reason, for spectra that are more than "
            f"{novelty.threshold:.2g} times as far from the training spectra as the median "
            "of unseen spectra like them. " + _novelty_sentence(novelty),
            "",
        ]
    )


def coverage_sentence(record: Calibration) -> str | None:
    """One line on coverage, for the command line; None where nothing is known."""
    sets = record.set_coverage
    first: Coverage | None = sets or (record.coverage[0] if record.coverage else None)
    if first is None:
        return None
    if sets is not None:
        what = f"class sets of {sets.mean_set_size:.2f} classes on average"
    else:
        what = "intervals of single sites"
    classes = (sets.per_class if sets is not None else record.per_class) or {}
    often = [name for name in classes if classes[name].n >= _TOLD] or list(classes)
    worst = min(often, key=lambda name: classes[name].coverage)
    return (
        f"{what} held {_share(first)} of the unseen truths (aim {record.level:.2f}; least in class "
        f"{worst}: {classes[worst].coverage:.3f} of {classes[worst].n})"
    )


def _share(coverage: Coverage) -> str:
    error = "" if coverage.error is None else f" ± {coverage.error:.3f}"
    return f"{coverage.coverage:.3f}{error}"


def _reliability(record: Calibration, rung: str | None) -> list[str]:
    """Lines on calibration and coverage; none without a calibration."""
    if record.level is None:
        return []
    lines = [
        "## Error bars",
        f"Made to contain the true value for {record.level:.0%} of unseen sites (rung **{rung}**), "
        f"calibrated on {record.n} of them. "
        + ("Class sets:" if record.sets else "Intervals, by averaged atoms:"),
        "",
    ]
    lines += _sets(record) if record.sets else _intervals(record)
    if record.set_coverage or record.coverage:
        lines += [
            "",
            "Coverage is measured on sites not used for calibration (each fold's sets and "
            "intervals are calibrated on the other folds); its error is a standard error over "
            "groups, as sites of one group are not independent.",
        ]
    return [*lines, ""]


def _sets(record: Calibration) -> list[str]:
    sets, judged = record.sets, record.set_coverage
    assert sets is not None
    lines = ["| class | in the set from probability | sites | held |", "|---|---|---|---|"]
    for name, threshold in zip(sets.classes, sets.thresholds, strict=True):
        scored = judged.per_class.get(name) if judged else None
        note = " (of all classes)" if name in sets.marginal else ""
        chance = "only if likeliest" if threshold >= 1 else f"{threshold:.3f}{note}"
        share = f"| {scored.n} | {scored.coverage:.3f} |" if scored else "| - | - |"
        lines.append(f"| {name} | {chance} {share}")
    if judged:
        lines += [
            f"| all | | {judged.n} | {_share(judged)} |",
            "",
            f"A set holds {judged.mean_set_size:.2f} classes on average.",
        ]
    if sets.marginal:
        lines += [
            "",
            f"Too few sites for a threshold of its own: {', '.join(sets.marginal)}; no "
            "coverage is guaranteed for them.",
        ]
    return lines


def _intervals(record: Calibration) -> list[str]:
    assert record.intervals is not None
    uneven = record.uneven
    wider = dict(zip(uneven.atoms, uneven.half_widths, strict=True)) if uneven else {}
    judged = {row.atoms: row for row in record.coverage}
    lines = []
    if record.sites is not None:
        reaches = zip(record.sites.numbers, record.sites.reaches, strict=True)
        lines += [
            "The interval of a single site spans the numbers that are not ruled out: "
            + ", ".join(f"{number:g} within ± {reach:.2f}" for number, reach in reaches)
            + " of the prediction. Those of averages have one width.",
            "",
        ]
    if record.per_class:
        lines += ["| class of a single site | sites | held |", "|---|---|---|"]
        for name, scored in record.per_class.items():
            lines.append(f"| {name} | {scored.n} | {scored.coverage:.3f} |")
        lines.append("")
    lines += [
        "| atoms | half width | held | half width, any composition |",
        "|---|---|---|---|",
    ]
    for number, row in zip(record.intervals.atoms, record.intervals.half_widths, strict=True):
        held = _share(judged[number]) if number in judged else "-"
        other = f"{wider[number][0]:.2f}" if number in wider else "-"
        width = "single site" if number == 1 and record.sites else f"{row[0]:.2f}"
        lines.append(f"| {number} | {width} | {held} | {other} |")
    narrow = [str(row.atoms) for row in record.coverage if row.coverage < _NARROW]
    if narrow:
        lines += [
            "",
            f"Intervals for {', '.join(narrow)} atoms held less than {_NARROW:.0%} of the true "
            "values: they may be too narrow.",
        ]
    return lines


def _measured(record: Measured | None, rung: str | None) -> list[str]:
    """Lines on measured spectra; none if the model does not know them."""
    if record is None:
        return []
    conditions, errors = record.conditions, record.errors
    narrow = ": they are too narrow" if errors.coverage < _NARROW else ""
    return [
        "## Measured spectra",
        "For measured spectra, zero, resolution, unit and background need not be known "
        "(`nearedge predict FILE`), and nothing is assumed about the composition. On "
        f"{errors.n} simulated measurements of unseen sites in any composition, rung **{rung}**: "
        f"extra broadening {conditions.broadening[0]:g} to {conditions.broadening[1]:g} eV, signal "
        f"to noise {conditions.signal_to_noise[0]:g} to {conditions.signal_to_noise[1]:g}, zero "
        "unknown, on a sloping background. Intervals of "
        f"90 % contained {errors.coverage:.1%} of the true values (cross-validated){narrow}. "
        "Mean absolute errors:",
        "",
        "| coordination | always the mean | fractions | zero, eV |",
        "|---|---|---|---|",
        f"| {errors.mae:.3f} | {errors.baseline_mae:.3f} | {errors.fraction_mae:.3f} | "
        f"{errors.zero_error:.2f} |",
        "",
    ]


def _novelty_sentence(novelty: Novelty) -> str:
    """Say how far the limit can be believed."""
    calibration = novelty.calibration
    by = f"{calibration.groups} groups" if calibration.groups else "single spectra"
    sentence = (
        f"It was set so that at most {novelty.settings.flagged:.0%} of such unseen spectra are "
        f"flagged wrongly, by cross-validation on {calibration.n} spectra in {by}."
    )
    if calibration.extrapolated:
        sentence += " They are too few to reach such a distance: the limit is extrapolated."
    if not calibration.groups:
        sentence += " Spectra of other atoms or trajectories may be flagged more often."
    return sentence

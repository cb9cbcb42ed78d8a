"""Scoring a model on the raw, unaveraged sites of a dataset."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from sklearn.metrics import (
    confusion_matrix,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import MEANING, Rung
from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.models._model import Model
from nearedge.models._outputs import fraction_classes, outputs, true_outputs
from nearedge.models._source import trained_on, trainings
from nearedge.targets import class_order
from nearedge.trust import (
    ClassSets,
    Intervals,
    SiteIntervals,
    average_sizes,
    set_coverage,
    snapshot_averages,
)


def evaluate(model: Model, data: SiteSpectra, *, only: Sequence[str] = ()) -> dict[str, Any]:
    """Score a model on raw sites, and say on which rung of the ladder the score stands.

    Parameters
    ----------
    model : Model
        What to score.
    data : SiteSpectra
        Labelled spectra.
    only : sequence of str
        Snapshots or trajectories to score; all by default.

    Returns
    -------
    dict
        For a classifier ``accuracy``, ``balanced_accuracy``, ``baseline_accuracy`` (the training
        majority), ``per_class`` (recall, precision, coverage and size of the sets), ``confusion``
        (rows: truth), ``coverage``, ``coverage_error`` (standard error, from the spread over
        trajectories), ``mean_set_size``; for a regressor ``mae``, ``rmse``, ``r2``,
        ``baseline_mae`` (the training mean), ``interval_coverage``, ``per_class``, ``averages``
        (over more and more sites of one snapshot); for both ``n``, ``rung``, ``seen`` (sites that
        were trained on) and ``outside`` (sites to which the model does not apply).

    Raises
    ------
    InputError
        If a name is unknown, or labels or energies are not those the model was trained with.
    """
    kept = data.select(data.names_mask(only)) if only else data
    if kept.rule != model.rule:
        raise InputError(
            f"{data.source}: is labelled by {kept.rule}, the model by {model.rule}; relabel the "
            "dataset or train on it"
        )
    inputs = kept.inputs(model.window)
    rung, seen = _rung(model, kept)
    common = {
        "n": len(kept),
        "rung": rung,
        "meaning": "some of these sites were trained on" if rung == "training" else MEANING[rung],
        "seen": seen,
        "outside": int(model.novelty.flags(inputs).sum()),
    }
    if isinstance(model.estimator, Classifier):
        return {**_classes(model, model.estimator, inputs, kept), **common}
    return {**_coordination(model, model.estimator, inputs, kept), **common}


def _rung(model: Model, data: SiteSpectra) -> tuple[Rung | Literal["training"], int]:
    """Name what the sites do not share with the training sites, and count the shared ones."""
    spectra = model.record["spectra"]
    engine = data.attributes["engine"]
    own = engine == spectra["engine"]
    # Of a source all sites count, on its own engine's spectra or on the new ones.
    known = [one for one in trainings(model.record) if own or one["engine"] == engine]
    if not known:
        return "engine", 0
    seen = int(trained_on(known, data).sum())
    if seen:
        return "training", seen
    if not own:
        return "engine", 0
    names = {
        key: [name for one in known for name in one[key]]
        for key in ("trajectories", "atoms", "snapshots")
    }
    if not np.isin(data.trajectory, names["trajectories"]).any():
        return "trajectory", 0
    if not np.isin(data.groups("atom"), names["atoms"]).any():
        return "atom", 0
    return ("spectrum" if np.isin(data.snapshot, names["snapshots"]).any() else "snapshot"), 0


def _classes(
    model: Model, estimator: Classifier, inputs: np.ndarray, data: SiteSpectra
) -> dict[str, Any]:
    truth = data.environment
    probability = estimator.predict_proba(inputs)
    known = [str(name) for name in estimator.classes_]
    predicted = np.array(known)[probability.argmax(axis=1)]
    names = class_order({*known, *truth.tolist()})
    matrix = confusion_matrix(truth, predicted, labels=names)
    right, true, said = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    counts = model.record["training"]["classes"]
    result: dict[str, Any] = {
        "accuracy": float((truth == predicted).mean()),
        # Over the classes that occur: scikit-learn warns of predicted ones that do not.
        "balanced_accuracy": float((right[true > 0] / true[true > 0]).mean()),
        "baseline_accuracy": float((truth == max(counts, key=counts.get)).mean()),
        "per_class": {
            name: {
                "n": int(true[row]),
                "recall": float(right[row] / true[row]) if true[row] else None,
                "precision": float(right[row] / said[row]) if said[row] else None,
            }
            for row, name in enumerate(names)
        },
        "confusion": {"classes": names, "matrix": matrix.tolist()},
    }
    sets = ClassSets.from_record(model.record["calibration"])
    if sets is not None:
        judged = set_coverage(sets.members(probability), truth, known, data.trajectory)
        for name, one in judged["per_class"].items():
            result["per_class"][name] |= one
        result |= {
            "coverage": judged["coverage"],
            "coverage_error": judged["error"],
            "mean_set_size": judged["mean_set_size"],
            "level": sets.level,
        }
    return result


def _coordination(
    model: Model, estimator: Regressor, inputs: np.ndarray, data: SiteSpectra
) -> dict[str, Any]:
    truth = data.coordination.astype(float)
    predicted = np.asarray(estimator.predict(inputs), float)
    residual = np.abs(predicted - truth)
    calibration = model.record["calibration"]
    intervals = Intervals.from_record(calibration)
    ends = held = None
    if intervals is not None:
        sites = SiteIntervals.from_record(calibration["sites"])
        ends, held = sites.bounds(predicted), sites.hold(predicted, truth)
    return {
        "mae": float(mean_absolute_error(truth, predicted)),
        "rmse": float(root_mean_squared_error(truth, predicted)),
        # With equal truths there is no variance to explain.
        "r2": float(r2_score(truth, predicted)) if np.ptp(truth) else None,
        "baseline_mae": float(np.abs(model.record["training"]["mean_coordination"] - truth).mean()),
        "interval_coverage": None if held is None else float(held.mean()),
        "mean_interval_width": None if ends is None else float(np.ptp(ends, axis=1).mean()),
        "level": None if intervals is None else intervals.level,
        "per_class": {
            name: {
                "n": int(mine.sum()),
                "mae": float(residual[mine].mean()),
                "coverage": None if held is None else float(held[mine].mean()),
            }
            for name in data.classes
            for mine in [data.environment == name]
        },
        "averages": _averages(estimator, intervals, inputs, data),
    }


def _averages(
    estimator: Regressor,
    intervals: Intervals | None,
    inputs: np.ndarray,
    data: SiteSpectra,
) -> list[dict[str, Any]]:
    """Score averages over sites of one snapshot, from pairs up to the whole snapshot."""
    classes = fraction_classes(estimator)
    made = snapshot_averages(data.snapshot, average_sizes(data.snapshot)[1:], seed=0)
    if not len(made):
        return []
    off = np.abs(
        outputs(estimator, made.of(inputs), classes) - made.of(true_outputs(data, classes))
    )
    rows = []
    for number in np.unique(made.atoms).tolist():
        mine = off[made.atoms == number]
        half = None if intervals is None else intervals.half_width(number)
        held = None if half is None else (mine <= half).mean(axis=0)
        row: dict[str, Any] = {
            "atoms": number,
            "n": len(mine),
            "mae": float(mine[:, 0].mean()),
            "interval_coverage": None if held is None else float(held[0]),
            "interval_half_width": None if half is None else float(half[0]),
        }
        if classes:
            row["fractions"] = {
                name: {
                    "mae": float(mine[:, place].mean()),
                    "interval_coverage": None if held is None else float(held[place]),
                }
                for place, name in enumerate(classes, 1)
            }
        rows.append(row)
    return rows

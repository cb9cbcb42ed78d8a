"""Scoring a model on the raw, unaveraged sites of a dataset."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool
from sklearn.metrics import (
    confusion_matrix,
    mean_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from nearedge.datasets import SiteSpectra, copied, prints
from nearedge.datasets.splits import MEANING, Rung
from nearedge.errors import InputError
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.learning.examples import Labelled
from nearedge.models._model import Model
from nearedge.models._outputs import fraction_classes, outputs, true_outputs
from nearedge.models._record import Training
from nearedge.targets import class_order
from nearedge.trust import Intervals, average_sizes, set_coverage, snapshot_averages


def evaluate(model: Model, data: SiteSpectra, *, only: Sequence[str] = ()) -> dict[str, Any]:
    """Score a model on raw sites, and say on which rung of the ladder the score stands.

    Sites without a value of the model's target are left out.

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
        were trained on), ``target`` and ``outside`` (sites to which the model does not apply).

    Raises
    ------
    InputError
        If a name is unknown, the spectra are of another edge or too short, the model's target
        cannot be told of the sites, or they are training sites under other names.
    """
    kept = data.select(data.names_mask(only)) if only else data
    if kept.identity.edge != model.identity.edge:
        raise InputError(
            f"{data.source}: holds {kept.identity.edge or 'several'} edge spectra, the model reads "
            f"{model.identity.edge or 'several'}; give a dataset of the same edge"
        )
    sites = kept.labelled(model.target, model.window)
    if not sites.valued.all():
        kept, sites = kept.select(sites.valued), sites.part(sites.valued)
    rung, seen = _rung(model, kept)
    common = {
        "target": model.target.name,
        "n": len(kept),
        "rung": rung,
        "meaning": "some of these sites were trained on" if rung == "training" else MEANING[rung],
        "seen": seen,
        "outside": int(model.novelty.flags(sites.mu).sum()),
    }
    if isinstance(model.estimator, Classifier):
        return {**_classes(model, model.estimator, sites, kept.trajectory), **common}
    return {**_numbers(model, model.estimator, sites, kept.snapshot), **common}


MANY = 0.5
"""Share of sites that are training sites under other names from which no score is given."""


def trained_on(training: Training, data: SiteSpectra) -> Bool[np.ndarray, " site"]:
    """Tell which sites a model was trained on, by their names and whatever the engine."""
    own = np.isin(data.snapshot, training.snapshots)
    return own & np.isin(data.groups("atom"), training.atoms)


def _rung(model: Model, data: SiteSpectra) -> tuple[Rung | Literal["training"], int]:
    """Name what the sites do not share with the training sites, and count the shared ones."""
    training = model.record.training
    if data.identity.origin != model.identity.origin:
        return "engine", 0
    seen = int(trained_on(training, data).sum())
    if seen:
        return "training", seen
    # Only the same energies tell copies for sure, and copies have the same energies.
    copies = int(copied(prints(data.mu), model.seen).sum())
    if copies >= MANY * len(data):
        raise InputError(
            f"{data.source}: {copies} of these {len(data)} spectra are training spectra under "
            "other names; give sites that the model has not seen"
        )
    if not np.isin(data.trajectory, training.trajectories).any():
        return "trajectory", 0
    if not np.isin(data.groups("atom"), training.atoms).any():
        return "atom", 0
    return ("spectrum" if np.isin(data.snapshot, training.snapshots).any() else "snapshot"), 0


def _classes(
    model: Model, estimator: Classifier, sites: Labelled, trajectory: np.ndarray
) -> dict[str, Any]:
    truth = sites.value
    probability = estimator.predict_proba(sites.mu)
    learnt = [str(name) for name in estimator.classes_]
    predicted = np.array(learnt)[probability.argmax(axis=1)]
    names = class_order({*learnt, *truth.tolist()})
    matrix = confusion_matrix(truth, predicted, labels=names)
    right, true, given = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    counts = model.record.training.classes
    result: dict[str, Any] = {
        "accuracy": float((truth == predicted).mean()),
        # Over the classes that occur: scikit-learn warns of predicted ones that do not.
        "balanced_accuracy": float((right[true > 0] / true[true > 0]).mean()),
        "baseline_accuracy": float((truth == max(counts, key=lambda name: counts[name])).mean()),
        "per_class": {
            name: {
                "n": int(true[row]),
                "recall": float(right[row] / true[row]) if true[row] else None,
                "precision": float(right[row] / given[row]) if given[row] else None,
            }
            for row, name in enumerate(names)
        },
        "confusion": {"classes": names, "matrix": matrix.tolist()},
    }
    sets = model.record.calibration.sets
    if sets is not None:
        members = sets.members(probability)
        judged = set_coverage(members, truth, learnt, trajectory, sets.level)
        for name, one in judged.per_class.items():
            result["per_class"][name] |= asdict(one)
        result |= {
            "coverage": judged.coverage,
            "coverage_error": judged.error,
            "mean_set_size": judged.mean_set_size,
            "level": judged.level,
        }
    return result


def _numbers(
    model: Model, estimator: Regressor, sites: Labelled, snapshot: np.ndarray
) -> dict[str, Any]:
    truth = sites.value.astype(float)
    predicted = np.asarray(estimator.predict(sites.mu), float)
    residual = np.abs(predicted - truth)
    calibration = model.record.calibration
    intervals = calibration.intervals
    ends = held = None
    if calibration.sites is not None:
        ends = calibration.sites.bounds(predicted)
    elif intervals is not None:
        ends = intervals.bounds(predicted[:, None], 1)[:, 0]
    if ends is not None:
        held = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    mean = model.record.training.mean
    assert mean is not None
    return {
        "mae": float(mean_absolute_error(truth, predicted)),
        "rmse": float(root_mean_squared_error(truth, predicted)),
        # With equal truths there is no variance to explain.
        "r2": float(r2_score(truth, predicted)) if np.ptp(truth) else None,
        "baseline_mae": float(np.abs(mean - truth).mean()),
        "interval_coverage": None if held is None else float(held.mean()),
        "mean_interval_width": None if ends is None else float(np.ptp(ends, axis=1).mean()),
        "level": None if intervals is None else intervals.level,
        "per_class": {
            name: {
                "n": int(own.sum()),
                "mae": float(residual[own].mean()),
                "coverage": None if held is None else float(held[own].mean()),
            }
            for name in class_order(sites.environment.tolist())
            for own in [sites.environment == name]
        },
        "averages": _averages(estimator, intervals, sites, snapshot),
    }


def _averages(
    estimator: Regressor,
    intervals: Intervals | None,
    sites: Labelled,
    snapshot: np.ndarray,
) -> list[dict[str, Any]]:
    """Score averages over sites of one snapshot, from pairs up to the whole snapshot."""
    classes = fraction_classes(estimator)
    averages = snapshot_averages(snapshot, average_sizes(snapshot)[1:], seed=0)
    if not len(averages):
        return []
    predicted = outputs(estimator, averages.of(sites.mu), classes)
    off_all = np.abs(predicted - averages.of(true_outputs(sites, classes)))
    rows = []
    for number in np.unique(averages.atoms).tolist():
        off = off_all[averages.atoms == number]
        half = None if intervals is None else intervals.half_width(number)
        held = None if half is None else (off <= half).mean(axis=0)
        row: dict[str, Any] = {
            "atoms": number,
            "n": len(off),
            "mae": float(off[:, 0].mean()),
            "interval_coverage": None if held is None else float(held[0]),
            "interval_half_width": None if half is None else float(half[0]),
        }
        if classes:
            row["fractions"] = {
                name: {
                    "mae": float(off[:, place].mean()),
                    "interval_coverage": None if held is None else float(held[place]),
                }
                for place, name in enumerate(classes, 1)
            }
        rows.append(row)
    return rows

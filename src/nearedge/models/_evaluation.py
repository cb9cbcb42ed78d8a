"""Scoring a model on the raw, unaveraged sites of a dataset."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
from nearedge.learning.estimators import Classifier, Regressor, fraction_classes, outputs
from nearedge.learning.examples import Labelled, has_value
from nearedge.models._model import Model
from nearedge.models._record import Training
from nearedge.records import Json
from nearedge.targets import class_order
from nearedge.trust import Intervals, average_sizes, set_coverage, snapshot_averages

MANY = 0.5
"""Fraction of training sites under other names from which no score is given."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """How good a model is on `n` raw sites, and on which rung.

    `seen` counts the sites that were in the training, `outside` those to which it does not apply,
    `left_out` those beside the `n` that have no value of the target.
    """

    target: str
    n: int
    rung: Rung | Literal["training"]
    meaning: str
    seen: int
    left_out: int
    outside: int

    def to_json(self) -> Json:
        """Return it ready for JSON; what needs a calibration is absent without one."""
        plain = asdict(self)
        sets = plain.pop("sets", None) or {}
        return {**plain, **sets}


@dataclass(frozen=True, kw_only=True)
class ClassEvaluation(Evaluation):
    """How good a classifier is; the baseline is the training majority."""

    accuracy: float
    balanced_accuracy: float
    baseline_accuracy: float
    per_class: dict[str, Json]
    """Recall and precision of a class, and the coverage and size of its sets."""
    confusion: Json
    """Sites of each true class (rows of ``matrix``) by predicted class (columns)."""
    sets: Json | None
    """Coverage of the sets, with its standard error from the spread over trajectories."""


@dataclass(frozen=True, kw_only=True)
class NumberEvaluation(Evaluation):
    """How good a regressor is; the baseline is the training mean."""

    mae: float
    rmse: float
    r2: float | None
    baseline_mae: float
    interval_coverage: float | None
    mean_interval_width: float | None
    level: float | None
    per_class: dict[str, Json]
    """Mean absolute error of the sites of a class, and the coverage of their intervals."""
    averages: list[Json]
    """Errors of the mean and fractions for averages over several sites of one snapshot."""


def evaluate(
    model: Model, data: SiteSpectra, *, only: str | Sequence[str] = ()
) -> ClassEvaluation | NumberEvaluation:
    """Score a model on raw sites, and name the rung of the ladder that the score is on.

    Sites without a value of the model's target are left out.

    Parameters
    ----------
    model : Model
    data : SiteSpectra
    only : str or sequence of str
        Snapshots, trajectories or compositions to score; all by default.

    Returns
    -------
    ClassEvaluation or NumberEvaluation
        Its attributes are the scores; ``to_json()`` gives what ``nearedge evaluate --json`` prints.

    Raises
    ------
    InputError
        If a name is unknown, the spectra are of another edge or too short, the sites lack the
        model's target, or they are training sites under other names.
    """
    chosen = data.select(data.names_mask(only)) if only else data
    # A model of several elements that is told which says itself which it was not taught.
    told = model.identity.edge is None and any(f.name == "absorber" for f in model.features)
    if chosen.identity.edge != model.identity.edge and not told:
        raise InputError(
            f"{data.source}: holds {chosen.identity.edge or 'several'} edge spectra, the model "
            f"reads {model.identity.edge or 'several'}; give a dataset of the same edge"
        )
    # What has no value need not have features that the model knows.
    valued = has_value(chosen.labels(model.target))
    left_out = int((~valued).sum())
    if left_out:
        chosen = chosen.select(valued)
    sites = chosen.labelled(model.target, model.window, model.features)
    rung, seen = _rung(model, chosen)
    about = Evaluation(
        target=model.target.name,
        n=len(chosen),
        rung=rung,
        meaning="some of these sites were trained on" if rung == "training" else MEANING[rung],
        seen=seen,
        left_out=left_out,
        outside=int(model.novelty.flags(sites.spectra).sum()),
    )
    if isinstance(model.estimator, Classifier):
        return _classes(model, model.estimator, sites, chosen.trajectory, about)
    return _numbers(model, model.estimator, sites, chosen.snapshot, about)


def trained_on(training: Training, data: SiteSpectra) -> Bool[np.ndarray, " site"]:
    """Mask of the sites a model was trained on, by their names, for any engine."""
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
        known = training.compositions
        other = known and not np.isin(data.groups("composition"), known).any()
        return ("composition" if other else "trajectory"), 0
    if not np.isin(data.groups("atom"), training.atoms).any():
        return "atom", 0
    return ("spectrum" if np.isin(data.snapshot, training.snapshots).any() else "snapshot"), 0


def _classes(
    model: Model,
    estimator: Classifier,
    sites: Labelled,
    trajectory: np.ndarray,
    about: Evaluation,
) -> ClassEvaluation:
    truth = sites.value
    probability = estimator.predict_proba(sites.mu)
    learnt = [str(name) for name in estimator.classes_]
    predicted = np.array(learnt)[probability.argmax(axis=1)]
    names = class_order({*learnt, *truth.tolist()})
    matrix = confusion_matrix(truth, predicted, labels=names)
    right, true, given = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    counts = model.record.training.classes
    sets, judged = model.record.calibration.sets, None
    if sets is not None:
        members = sets.members(probability)
        judged = set_coverage(members, truth, learnt, trajectory, sets.level)
    per_class = {}
    for name, own, of, told in zip(names, right, true, given, strict=True):
        per_class[name] = {
            "n": int(of),
            "recall": float(own / of) if of else None,
            "precision": float(own / told) if told else None,
        }
        if judged and (held := judged.per_class.get(name)):
            per_class[name] |= {"coverage": held.coverage, "mean_set_size": held.mean_set_size}
    return ClassEvaluation(
        **asdict(about),
        accuracy=float((truth == predicted).mean()),
        # Over the classes that occur: scikit-learn warns of predicted ones that do not.
        balanced_accuracy=float((right[true > 0] / true[true > 0]).mean()),
        baseline_accuracy=float((truth == max(counts, key=lambda name: counts[name])).mean()),
        per_class=per_class,
        confusion={"classes": names, "matrix": matrix.tolist()},
        sets=judged
        and {
            "coverage": judged.coverage,
            "coverage_error": judged.error,
            "mean_set_size": judged.mean_set_size,
            "level": judged.level,
        },
    )


def _numbers(
    model: Model, estimator: Regressor, sites: Labelled, snapshot: np.ndarray, about: Evaluation
) -> NumberEvaluation:
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
    return NumberEvaluation(
        **asdict(about),
        mae=float(mean_absolute_error(truth, predicted)),
        rmse=float(root_mean_squared_error(truth, predicted)),
        # With equal truths there is no variance to explain.
        r2=float(r2_score(truth, predicted)) if np.ptp(truth) else None,
        baseline_mae=float(np.abs(mean - truth).mean()),
        interval_coverage=_share(held),
        mean_interval_width=None if ends is None else float(np.ptp(ends, axis=1).mean()),
        level=None if intervals is None else intervals.level,
        per_class={
            name: {
                "n": int(own.sum()),
                "mae": float(residual[own].mean()),
                "coverage": _share(held, own),
            }
            for name in class_order(sites.environment.tolist())
            for own in [sites.environment == name]
        },
        averages=_averages(estimator, intervals, sites, snapshot),
    )


def _share(held: np.ndarray | None, part: Any = slice(None)) -> float | None:
    return None if held is None else float(held[part].mean())


def _averages(
    estimator: Regressor, intervals: Intervals | None, sites: Labelled, snapshot: np.ndarray
) -> list[Json]:
    """Score averages over sites of one snapshot, from pairs up to the whole snapshot."""
    classes = fraction_classes(estimator)
    averages = snapshot_averages(snapshot, average_sizes(snapshot)[1:], seed=0)
    if not len(averages):
        return []
    predicted = outputs(estimator, averages.of(sites.mu), classes)
    off_all = np.abs(predicted - averages.of(sites.outputs(classes)))
    rows = []
    for number in np.unique(averages.atoms).tolist():
        off = off_all[averages.atoms == number]
        half = None if intervals is None else intervals.half_width(number)
        mean, *fractions = (
            {
                "mae": float(column.mean()),
                "interval_coverage": None if half is None else float((column <= half[at]).mean()),
            }
            for at, column in enumerate(off.T)
        )
        width = None if half is None else float(half[0])
        row = {"atoms": number, "n": len(off), **mean, "interval_half_width": width}
        shares = {"fractions": dict(zip(classes, fractions, strict=True))} if classes else {}
        rows.append({**row, **shares})
    return rows

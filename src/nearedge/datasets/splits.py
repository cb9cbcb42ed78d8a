"""Splits of a dataset into training and test sites: the rungs of the ladder."""

import warnings
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Int
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets.matching import match_snapshots
from nearedge.errors import InputError

Split = Literal["spectrum", "snapshot", "atom", "trajectory", "crystal", "composition", "absorber"]
Rung = Literal["paper", Split, "engine", "engine-aligned"]
RUNGS: tuple[Rung, ...] = get_args(Rung)
SPLITS: tuple[Rung, ...] = get_args(Split)  # the rungs that split one dataset

MEANING: dict[str, str] = {
    "paper": "average first, then split the averages at random: parents on both sides",
    "spectrum": "raw spectra split at random",
    "snapshot": "no snapshot on both sides",
    "atom": "no atom of a trajectory on both sides, whatever the snapshot",
    "trajectory": "no trajectory on both sides",
    "crystal": "no crystal on both sides",
    "composition": "no chemical composition on both sides",
    "absorber": "no element that absorbs on both sides",
    "engine": "spectra of another engine on the test side, and no atom on both sides",
    "engine-aligned": "the same, after a shift, factor and broadening learnt without labels",
}
"""What each rung keeps apart, in one line."""

FOLDS = 3  # folds of each rung: three seeds, one fold each, test every site once


@dataclass(frozen=True)
class Fold:
    """Rows to train on and rows to test on, which may be of another engine's dataset."""

    train: Int[np.ndarray, " train"]
    test: Int[np.ndarray, " test"]


def folds(
    labels: np.ndarray, groups: np.ndarray | None = None, *, count: int = FOLDS, seed: int
) -> list[Fold]:
    """Cut sites into folds with class frequencies as alike as the groups allow.

    Sites of one group stay on one side; there are fewer folds where there are fewer groups. The
    test sides together hold every site once.

    Examples
    --------
    >>> parts = folds(np.array(["0", "1"] * 6), np.repeat(["a", "b", "c", "d"], 3), seed=0)
    >>> sorted(len(fold.test) for fold in parts)
    [3, 3, 6]
    """
    labels = np.asarray(labels)
    names = np.arange(len(labels)) if groups is None else np.asarray(groups)
    if len(np.unique(names)) < 2:
        raise InputError("one group of sites cannot be split; give at least two")
    # scikit-learn wants one class, at least, to fill all folds.
    most = int(np.unique(labels, return_counts=True)[1].max())
    count = min(count, len(np.unique(names)), most)
    if count < 2:
        raise InputError("no class has two sites, so none can be on both sides; add data")
    with warnings.catch_warnings():
        # Classes rarer than the folds are met on purpose: the ladder counts what it cannot learn.
        warnings.filterwarnings("ignore", message="The least populated class")
        if groups is None:
            cut = StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels)
        else:
            grouped = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
            cut = grouped.split(labels, labels, names)
        return [Fold(train, test) for train, test in cut if len(train) and len(test)]


def obstacle(data: SiteSpectra, rung: str) -> str | None:
    """Say why a dataset cannot carry a rung; None if it can, a second dataset given."""
    spectra = sorted(data.counts().values())
    if len(spectra) < 2:
        return f"all sites are of one class, '{data.classes[0]}'"
    if rung in ("paper", "spectrum") and spectra[-2] < 2:
        return "fewer than two classes have two spectra"
    if rung in SPLITS[1:]:
        if rung not in data.group_names:
            return f"the dataset states no {rung} of its sites"
        groups = data.groups(rung)
        if len(set(groups)) < 2:
            return f"all sites are of one {rung}, '{groups[0]}'"
    return None


def strictest(data: SiteSpectra) -> tuple[Rung | None, str | None]:
    """Find the strictest rung that a dataset can carry; if there is none, say why.

    Elements are not kept apart: no model is for one that it was not taught.
    """
    reason = None
    for rung in reversed(SPLITS[1:-1]):
        if rung in data.group_names:
            reason = obstacle(data, rung)
            if reason is None:
                return rung, None
    return None, reason


def remark(data: SiteSpectra, rung: Rung) -> str | None:
    """Say where a rung keeps apart less than its name promises, as the dataset is made."""
    if rung == "atom" and len(set(data.groups("atom"))) == len(data):
        return "no atom occurs twice: the same as the rung spectrum"
    if rung == "trajectory" and len(set(data.snapshot)) == len(set(data.trajectory)):
        return "every trajectory is a single snapshot: the same as the rung snapshot"
    return None


def turns(data: SiteSpectra, rung: Rung, *, seeds: int, seed: int) -> list[Fold]:
    """Give one fold for each seed, going round the folds of a rung that splits one dataset.

    The first `FOLDS` seeds test every site once; the next ones start again on another shuffle.
    """
    reason = obstacle(data, rung)
    if reason:
        raise InputError(f"{data.source}: does not allow the rung '{rung}': {reason}")
    groups = None if rung == "spectrum" else data.groups(rung)
    result: list[Fold] = []
    while len(result) < seeds:
        result += folds(data.environment, groups, seed=seed + len(result))
    return result[:seeds]


def across(data: SiteSpectra, other: SiteSpectra, *, seeds: int, seed: int) -> list[Fold]:
    """Give folds that train on one dataset and test on another, one for each seed.

    Where no trajectory is in both datasets, all of each is used. Else the atoms of the shared
    trajectories are cut into folds, and those on the test side are not trained on. Trajectories
    are shared if they have one name or if one holds a structure of the other.
    """
    other = _with_names_of(data, other)
    if not set(data.trajectory) & set(other.trajectory):
        return [Fold(np.arange(len(data)), np.arange(len(other)))] * seeds
    groups, theirs = data.groups("atom"), other.groups("atom")
    result: list[Fold] = []
    while len(result) < seeds:
        result += [
            Fold(np.flatnonzero(~np.isin(groups, theirs[fold.test])), fold.test)
            for fold in folds(other.environment, theirs, seed=seed + len(result))
        ]
    return [fold for fold in result if len(fold.train)][:seeds]


def _with_names_of(data: SiteSpectra, other: SiteSpectra) -> SiteSpectra:
    """Call the trajectory of every structure that `data` holds too as `data` calls it."""
    run_of = dict(zip(data.snapshot.tolist(), data.trajectory.tolist(), strict=True))
    pairs = match_snapshots(data.structures, other.structures)
    shared = {theirs: run_of[ours] for ours, theirs in pairs.items()}
    sites = list(zip(other.snapshot.tolist(), other.trajectory.tolist(), strict=True))
    whole = {run: shared[name] for name, run in reversed(sites) if name in shared}
    names = [shared.get(name, whole.get(run, run)) for name, run in sites]
    return replace(other, table=other.table.assign_coords(trajectory=("site", np.array(names))))

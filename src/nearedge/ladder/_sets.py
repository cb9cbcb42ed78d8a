"""Prediction sets on every rung: how often they hold the truth of sites of unseen groups."""

from collections.abc import Sequence

import numpy as np

from nearedge.ladder._rungs import RungParts
from nearedge.learning.estimators import Classifier, class_table
from nearedge.targets import class_order
from nearedge.trust import SetCoverage, calibrate_sets, crossfit, set_coverage


def judge_sets(rung: RungParts, models: Sequence[Classifier]) -> SetCoverage | None:
    """Calibrate the class sets of each seed on the other seeds' test sites, and score them.

    Only seeds that test different sites are used: the first few, which test every site once.

    Parameters
    ----------
    rung : RungParts
        What was tested.
    models : sequence of Classifier
        One for each part.

    Returns
    -------
    SetCoverage or None
        None with fewer than two seeds.
    """
    names = class_order({str(name) for model in models for name in model.classes_})
    sites: list[np.ndarray] = []
    tables, turns = [], []
    for turn, places in enumerate(rung.turns):
        mine = np.concatenate([rung.parts[place].test for place in places])
        if sites and np.isin(mine, np.concatenate(sites)).any():
            break
        sites.append(mine)
        turns.append(np.full(len(mine), turn))
        for place in places:
            part, model = rung.parts[place], models[place]
            tables.append(class_table(model, part.tested[part.test], names))
    if len(sites) < 2:
        return None
    probability, order = np.concatenate(tables), np.concatenate(sites)
    truth = rung.tested.environment[order]
    members = crossfit(
        np.concatenate(turns),
        lambda others, own: calibrate_sets(probability[others], truth[others], names).members(
            probability[own]
        ),
    )
    return set_coverage(members, truth, names, rung.tested.trajectory[order])

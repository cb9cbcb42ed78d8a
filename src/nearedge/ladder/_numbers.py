"""How much of what is asked of single sites a spectrum explains, target by target."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import r2_score

from nearedge.datasets import SiteSpectra
from nearedge.ladder._rungs import RungParts
from nearedge.learning.baselines import baseline_numbers
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import Recipe, fit_regressors
from nearedge.targets import Target


@dataclass(frozen=True)
class Explained:
    """A number of single sites, told from their raw spectra.

    Attributes
    ----------
    meaning, unit : str
        What it is.
    r2, spread : float
        Explained variance of unseen sites: mean and standard deviation over the seeds.
    mae : float
        Mean absolute error.
    baselines : dict of str to float
        Explained variance of plain methods.
    n : int
        Number of different sites that were scored.
    """

    meaning: str
    unit: str
    r2: float
    spread: float
    mae: float
    baselines: dict[str, float]
    n: int


def number_targets(data: SiteSpectra) -> list[Target]:
    """List what is known of the sites as numbers."""
    return [target for target in data.targets.values() if not target.of_classes]


def explain(
    recipe: Recipe, rung: RungParts, data: SiteSpectra, target: Target, seed: int
) -> Explained | None:
    """Train the recipe's kernel machines for a target on one rung, and score them.

    Parameters
    ----------
    recipe : Recipe
    rung : RungParts
        What is trained on and tested.
    data : SiteSpectra
        The dataset that is trained on.
    target : Target
        A number.
    seed : int
        The first seed.

    Returns
    -------
    Explained or None
        None if the target does not vary among the tested sites.
    """
    taught, truth = data.labels(target).astype(float), rung.tested.labels(target).astype(float)
    scores: list[float] = []
    errors: list[float] = []
    plain: list[dict[str, float]] = []
    tested: set[int] = set()
    for places in rung.turns:
        said: dict[str, list[np.ndarray]] = {}
        true = []
        for place in places:
            part = rung.parts[place]
            train = part.train[np.isfinite(taught[part.train])]
            test = part.test[np.isfinite(truth[part.test])]
            sites = Labelled(part.taught[train], taught[train], data.environment[train])
            turn = seed + part.turn
            (machine,) = fit_regressors(recipe, [(sites, turn)])
            others = baseline_numbers((sites.mu, sites.value), part.tested[test], turn)
            for name, values in {"": machine.predict(part.tested[test]), **others}.items():
                said.setdefault(name, []).append(values)
            true.append(truth[test])
            tested.update(test.tolist())
        values = np.concatenate(true)
        if len(values) < 2 or not np.ptp(values):
            return None
        joined = {name: np.concatenate(parts) for name, parts in said.items()}
        found = {name: float(r2_score(values, told)) for name, told in joined.items()}
        scores.append(found.pop(""))
        errors.append(float(np.abs(joined[""] - values).mean()))
        plain.append(found)
    return Explained(
        target.words(),
        target.unit,
        _mean(scores),
        float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0,
        _mean(errors),
        {name: _mean([one[name] for one in plain]) for name in plain[0]},
        len(tested),
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))

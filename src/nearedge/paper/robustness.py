"""How both recipes and the plain methods bear spectra that are measured less well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import Rung
from nearedge.ladder import RungParts
from nearedge.ladder.robustness import MIXTURES, Predict, Robustness, Trial, judge
from nearedge.learning.baselines import classifier_baselines, regressor_baselines
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.learning.examples import mixtures

_RUNGS: tuple[Rung, ...] = ("trajectory", "atom", "snapshot", "spectrum")
_PLAIN = ("svm", "1-nn", "majority")


@dataclass(frozen=True)
class Disturbed:
    """Scores on disturbed spectra of sites that were not trained on."""

    rung: Rung  # the strictest of one engine that the dataset carries
    classifier: Robustness  # accuracy on raw spectra
    regressor: Robustness  # mean absolute error on mixtures of raw spectra


Networks = dict[str, tuple[RungParts, Sequence[Classifier], Sequence[Regressor]]]
"""The networks that a recipe trained for each rung."""


def judge_disturbed(
    recipes: Mapping[str, Networks], data: SiteSpectra, seed: int
) -> Disturbed | None:
    """Score recipes beside plain methods, which see the energies of the first recipe.

    None if no rung was climbed by all recipes; `seed` is the ladder's first.
    """
    common: list[Rung] = [name for name in _RUNGS if all(name in each for each in recipes.values())]
    if not common:
        return None
    networks = {name: each[common[0]] for name, each in recipes.items()}
    rung = next(iter(networks.values()))[0]
    windows = {name: parts.window for name, (parts, _, _) in networks.items()}
    windows |= dict.fromkeys((*_PLAIN, *regressor_baselines()), rung.window)
    classes, numbers = data.environment, data.coordination
    classify, regress = [], []
    for place, part in enumerate(rung.parts):
        turn = seed + part.turn
        spectra, test = part.taught[part.train], part.test
        plain = classifier_baselines(turn)
        predict: dict[str, Predict] = {
            name: each[1][place].predict for name, each in networks.items()
        }
        for name in _PLAIN:
            predict[name] = plain[name].fit(spectra, classes[part.train]).predict
        classify.append(Trial(data.energy, data.mu[test], classes[test], predict, windows))
        if len(test) < 2:
            continue
        predict = {name: trained[place].predict for name, (_, _, trained) in networks.items()}
        # Ridge before the constant.
        for name, method in reversed(regressor_baselines().items()):
            predict[name] = method.fit(spectra, numbers[part.train]).predict
        mu, mean = mixtures(data.mu[test], numbers[test], examples=MIXTURES, seed=turn)
        regress.append(Trial(data.energy, mu, mean, predict, windows))
    if not regress:
        return None
    return Disturbed(
        common[0],
        judge(classify, "accuracy", seed=seed),
        judge(regress, "mean absolute error", seed=seed),
    )

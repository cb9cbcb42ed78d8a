"""How both recipes and the plain methods bear spectra that are measured less well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import Rung
from nearedge.ladder import RungParts
from nearedge.ladder.robustness import MIXTURES, Predict, Robustness, Trial, judge
from nearedge.learning.baselines import classifier_baselines, regressor_baselines
from nearedge.learning.estimators import Classifier, Regressor
from nearedge.learning.examples import mixtures
from nearedge.learning.recipes import Recipe

_RUNGS: tuple[Rung, ...] = ("trajectory", "atom", "snapshot", "spectrum")
_PLAIN = ("svm", "1-nn", "majority")


@dataclass(frozen=True)
class Hardship:
    """Scores on disturbed spectra of sites that were not trained on.

    Attributes
    ----------
    rung : str
        Which sites: the strictest rung of one engine that the dataset carries.
    accuracy : Robustness
        Of the classifiers, on raw spectra.
    error : Robustness
        Of the regressors, on mixtures of raw spectra.
    """

    rung: Rung
    accuracy: Robustness
    error: Robustness

    def to_dict(self) -> dict[str, Any]:
        """Give every number, ready for JSON."""
        return {
            "rung": self.rung,
            "classifier": self.accuracy.to_dict(),
            "regressor": self.error.to_dict(),
        }


class Networks:
    """The networks of the strictest rung that each recipe climbs, kept as they are trained."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, tuple[RungParts, list[Any], list[Any]]]] = {}

    def keeper(self, recipe: Recipe) -> "Keeper":
        """Make a witness of a recipe's ladder."""
        return Keeper(self._kept.setdefault(recipe.name, {}))

    def judge(self, data: SiteSpectra, seed: int) -> Hardship | None:
        """Score what was kept, beside plain methods; None if no rung was climbed by all recipes.

        The plain methods see the energies of the first recipe.

        Parameters
        ----------
        data : SiteSpectra
            The dataset whose rungs were climbed.
        seed : int
            The ladder's first seed.
        """
        common: list[Rung] = [
            name for name in _RUNGS if all(name in one for one in self._kept.values())
        ]
        if not self._kept or not common:
            return None
        recipes = {recipe: kept[common[0]] for recipe, kept in self._kept.items()}
        rung = next(iter(recipes.values()))[0]
        windows = {name: kept[0].window for name, kept in recipes.items()}
        windows |= dict.fromkeys((*_PLAIN, *regressor_baselines()), rung.window)
        classify, regress = [], []
        for place, part in enumerate(rung.parts):
            turn = seed + part.turn
            spectra, test = part.taught[part.train], part.test
            names, numbers = data.environment, data.coordination
            known = classifier_baselines(turn)
            plain = {name: known[name].fit(spectra, names[part.train]) for name in _PLAIN}
            predict = {name: kept[1][place].predict for name, kept in recipes.items()}
            predict |= {name: one.predict for name, one in plain.items()}
            classify.append(Trial(data.energy, data.mu[test], names[test], predict, windows))
            if len(test) < 2:
                continue
            predict: dict[str, Predict] = {
                name: kept[2][place].predict for name, kept in recipes.items()
            }
            # Ridge before the constant.
            for name, one in reversed(regressor_baselines().items()):
                predict[name] = one.fit(spectra, numbers[part.train]).predict
            mu, mean = mixtures(data.mu[test], numbers[test], examples=MIXTURES, seed=turn)
            regress.append(Trial(data.energy, mu, mean, predict, windows))
        if not regress:
            return None
        return Hardship(
            common[0],
            judge(classify, "accuracy", seed=seed),
            judge(regress, "mean absolute error", seed=seed),
        )


@dataclass(frozen=True)
class Keeper:
    """A witness that keeps what it is shown."""

    kept: dict[str, tuple[RungParts, list[Any], list[Any]]]

    def __call__(
        self,
        rung: RungParts,
        classifiers: Sequence[Classifier],
        regressors: Sequence[Regressor],
    ) -> None:
        """Keep a rung and its networks."""
        self.kept[rung.name] = (rung, list(classifiers), list(regressors))

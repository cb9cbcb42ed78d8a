"""How well the mean coordination number of whole snapshots can be told, and what limits it.

The average of all spectra of a snapshot of an unseen composition is given, its mean coordination
number asked. Every composition counts the same. Run::

    python benchmarks/averages.py

``sites, true bond valence`` is told more than any spectrum tells: each site's true bond valence
sum, from which gradient boosting learns the number of Fe within the cutoff. ``sites, spectra`` is
told every site's own spectrum, and averages what the classifier expects of each. The others see the
average alone. The curve is that of recipe ``best`` with so many training compositions, the mean of
two draws. Errors in neighbours; li3feo35 and li-fe-o, 43 compositions, 161 snapshots, 5 folds::

                               error      R2
    sites, true bond valence     0.118   0.939
    sites, spectra               0.131   0.934
    recipe best                  0.106   0.949
    constant                     0.529  -0.004
    ridge                        0.151   0.914
    best, 5 compositions         0.174
    best, 10 compositions        0.127
    best, 16 compositions        0.119
    best, 30 compositions        0.108

What limits the number is the count within a cutoff itself: even the true bond valence of every
site leaves 0.118. More compositions hardly help any more.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import r2_score

from nearedge.datasets import SiteSpectra, load_dataset, merge
from nearedge.datasets.splits import folds
from nearedge.ladder._snapshots import shares
from nearedge.learning.baselines import regressor_baselines
from nearedge.learning.recipes import BEST, MAIN_PEAK, WIDER, fit_classifiers, fit_regressors

FOLDS = 5
SIZES, DRAWS = (5, 10, 16, 30), 2


def tell_averages(
    data: SiteSpectra, train: np.ndarray, test: np.ndarray, seed: int
) -> Mapping[str, np.ndarray]:
    """Predict the numbers of all test sites, or the mean of all that are averaged with each."""
    sites = data.labelled(data.target("coordination"), WIDER)
    valence = data.labels(data.target("bond_valence")).astype(float)[:, None]
    taught, numbers = sites.part(train), sites.value[train].astype(float)
    means, place = averaged(data, sites.mu, test)
    boosted = GradientBoostingRegressor(min_samples_leaf=30, random_state=seed)
    (classifier,) = fit_classifiers(BEST, [(replace(taught, value=taught.environment), seed)])
    values = taught.class_values()
    expected = np.array([values[str(name)] for name in classifier.classes_])
    plain = {name: model.fit(taught.mu, numbers) for name, model in regressor_baselines().items()}
    return {
        "sites, true bond valence": boosted.fit(valence[train], numbers).predict(valence[test]),
        "sites, spectra": classifier.predict_proba(sites.mu[test]) @ expected,
        "recipe best": best(data, train, test, seed),
        **{name: model.predict(means)[place] for name, model in plain.items()},
    }


def averaged(data: SiteSpectra, mu: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average the spectra of each snapshot of the test sites; which is each site's."""
    names, place = np.unique(data.snapshot[test], return_inverse=True)
    return np.array([mu[data.snapshot == name].mean(axis=0) for name in names]), place


def best(data: SiteSpectra, train: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    """Predict with recipe ``best`` the mean of all test sites that are averaged with each."""
    sites = data.labelled(data.target("coordination"), MAIN_PEAK)
    (model,) = fit_regressors(BEST, [(sites.part(train), seed)], by_class=True)
    means, place = averaged(data, sites.mu, test)
    return model.predict(means)[place]


def score(data: SiteSpectra, told: np.ndarray) -> tuple[float, float]:
    """Mean absolute error and R2 over snapshots, every composition of one weight."""
    names, first = np.unique(data.snapshot, return_index=True)
    true, means = (
        np.array([values[data.snapshot == name].mean() for name in names])
        for values in (data.coordination, told)
    )
    composition = data.groups("composition")[first]
    weight = shares(composition)
    error = float(np.average(np.abs(means - true), weights=weight))
    return error, float(r2_score(true, means, sample_weight=weight))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    data = merge([load_dataset("li3feo35"), load_dataset("li-fe-o")])
    composition = data.groups("composition")
    told: dict[str, np.ndarray] = {}
    curve = {size: np.empty((DRAWS, len(data))) for size in SIZES}
    rng = np.random.default_rng(seed)
    for fold in folds(data.environment, composition, count=FOLDS, seed=seed):
        for name, values in tell_averages(data, fold.train, fold.test, seed).items():
            told.setdefault(name, np.empty(len(data)))[fold.test] = values
        for size in SIZES:
            for draw in curve[size]:
                chosen = rng.choice(np.unique(composition[fold.train]), size, replace=False)
                part = fold.train[np.isin(composition[fold.train], chosen)]
                draw[fold.test] = best(data, part, fold.test, seed)
    print(f"{'':26}{'error':>8}{'R2':>8}")
    for name, values in told.items():
        error, explained = score(data, values)
        print(f"{name:26}{error:8.3f}{explained:8.3f}")
    for size, draws in curve.items():
        errors = [score(data, draw)[0] for draw in draws]
        print(f"{f'best, {size} compositions':26}{np.mean(errors):8.3f}")


if __name__ == "__main__":
    main()

"""How well the mean coordination number of whole snapshots can be told, and what limits it.

The average of all spectra of a snapshot of an unseen trajectory is given, its mean coordination
number asked. Cells of one composition hardly differ in it, so the constant is hard to beat. Run::

    python benchmarks/averages.py [DATASET]

``shrunk`` is the error after the best mixing with the constant, the share of it (``weight``) chosen
on the very snapshots that are tested: no honest method knows it, so it bounds from below what any
calibration of that method can reach. ``sites told one by one`` knows more than an average tells:
every site's own spectrum is given to the classifier, and its expected numbers are averaged. Mean
absolute errors in neighbours; 72 snapshots of 28 O, 24 trajectories, 3 folds, seed 0::

                               error    bias  correlation  shrunk  weight
    constant                   0.049  +0.000
    ridge                      0.102  +0.005         0.29   0.047    0.13
    recipe best                0.134  +0.065         0.11   0.048    0.04
    sites told one by one      0.085  +0.015         0.46   0.043    0.23

So no method here can tell the snapshots of one composition apart much better than their mean does:
half of the constant's error is out of reach even if every site's spectrum is known. The numbers of
single sites are wrong by 0.4 (the spectra weigh a neighbour by its distance, `recipes.py`), over 28
sites that leaves 0.08, and the snapshots themselves differ by 0.06. Recipe `best` learns from
unlikely compositions too, so it leans on the spectra alone and not on the mean.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from nearedge.datasets import load_dataset, starter_path
from nearedge.datasets.splits import turns
from nearedge.learning.baselines import regressor_baselines
from nearedge.learning.examples import Labelled
from nearedge.learning.recipes import BEST, fit_classifiers, fit_regressors


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure whole-snapshot averages.")
    parser.add_argument("dataset", nargs="?", type=Path, default=starter_path())
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    data = load_dataset(options.dataset)
    mu, numbers = data.inputs(BEST.reach(data.energy)), data.coordination
    folds = turns(data, "trajectory", seeds=3, seed=options.seed)
    taught = [Labelled(mu[f.train], numbers[f.train], data.environment[f.train]) for f in folds]
    regressors = fit_regressors(BEST, [(sites, options.seed) for sites in taught], by_class=True)
    classifiers = fit_classifiers(
        BEST,
        [(replace(sites, value=sites.environment), options.seed) for sites in taught],
    )
    names: list[str] = []
    found: dict[str, list[float]] = {}
    for fold, sites, regressor, classifier in zip(
        folds, taught, regressors, classifiers, strict=True
    ):
        expected = [sites.value[sites.environment == name].mean() for name in classifier.classes_]
        plain = {
            name: one.fit(sites.mu, sites.value) for name, one in regressor_baselines().items()
        }
        for name in np.unique(data.snapshot[fold.test]):
            own = data.snapshot == name
            average = mu[own].mean(axis=0, keepdims=True)
            said = {
                "constant": float(plain["constant"].predict(average)[0]),
                "ridge": float(plain["ridge"].predict(average)[0]),
                "recipe best": float(regressor.predict(average)[0]),
                "sites told one by one": float(
                    (classifier.predict_proba(mu[own]) @ expected).mean()
                ),
            }
            names.append(str(name))
            for method, value in said.items():
                found.setdefault(method, []).append(value)
    truth = np.array([numbers[data.snapshot == name].mean() for name in names])
    constant = np.array(found["constant"])
    print(f"{'':24}{'error':>8}{'bias':>8}{'correlation':>13}{'shrunk':>8}{'weight':>8}")
    for method, values in found.items():
        said = np.array(values)
        line = f"{method:24}{np.abs(said - truth).mean():8.3f}{(said - truth).mean():+8.3f}"
        rise = said - said.mean()
        if method == "constant":
            print(line)
            continue
        # Least squares: the truth's deviation from the constant on that of what was said.
        weight = float(rise @ (truth - constant) / (rise @ rise))
        shrunk = np.abs(constant + weight * rise - truth).mean()
        correlation = np.corrcoef(said, truth)[0, 1]
        print(f"{line}{correlation:13.2f}{shrunk:8.3f}{weight:8.2f}")


if __name__ == "__main__":
    main()

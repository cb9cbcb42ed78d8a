"""Plain methods that every network is measured against, as scikit-learn pipelines."""

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

PENALTIES = tuple(10.0**power for power in range(-3, 6))
"""Ridge penalties tried, on standardised intensities."""


def classifier_baselines(seed: int) -> dict[str, Pipeline]:
    """Make the classifiers: majority class, nearest neighbour, support vectors, and so on.

    All see intensities standardised per energy with the statistics of what they are fitted on.

    Parameters
    ----------
    seed : int
        Seed of the random forest.

    Returns
    -------
    dict of str to Pipeline
        Unfitted, by the names ``majority``, ``1-nn``, ``svm`` (radial basis functions),
        ``logistic`` and ``random-forest``.

    Examples
    --------
    >>> x = np.array([[0.0, 1.0], [0.1, 1.0], [1.0, 0.0], [1.1, 0.0]])
    >>> y = np.array(["0", "0", "1", "1"])
    >>> models = classifier_baselines(seed=0)
    >>> models["1-nn"].fit(x, y).predict(x[:2]).tolist()
    ['0', '0']
    """
    models = {
        "majority": DummyClassifier(strategy="most_frequent"),
        "1-nn": KNeighborsClassifier(1),
        "svm": SVC(C=10.0),
        "logistic": LogisticRegression(max_iter=5000),
        "random-forest": RandomForestClassifier(200, random_state=seed),
    }
    return {name: make_pipeline(StandardScaler(), model) for name, model in models.items()}


def regressor_baselines() -> dict[str, Pipeline]:
    """Make the regressors for averages: the mean of the training labels, and ridge regression.

    The penalty of ridge is the one of `PENALTIES` with the least leave-one-out error.

    Returns
    -------
    dict of str to Pipeline
        Unfitted, by the names ``constant`` and ``ridge``.
    """
    models = {"constant": DummyRegressor(strategy="mean"), "ridge": RidgeCV(PENALTIES)}
    return {name: make_pipeline(StandardScaler(), model) for name, model in models.items()}


def baseline_numbers(
    train: tuple[np.ndarray, np.ndarray], test: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Fit plain methods on single spectra and predict others.

    They are those of `regressor_baselines`, the nearest neighbour and a random forest.

    Parameters
    ----------
    train : tuple of arrays
        Spectra, shape (site, energy), and numbers, shape (site,) or several at once, (site,
        number).
    test : array, shape (site, energy)
    seed : int
        Seed of the random forest.
    """
    forest = RandomForestRegressor(100, max_features=1 / 3, random_state=seed)
    models = {
        **regressor_baselines(),
        "1-nn": make_pipeline(StandardScaler(), KNeighborsRegressor(1)),
        "random-forest": forest,
    }
    return {name: np.asarray(model.fit(*train).predict(test)) for name, model in models.items()}


def baseline_accuracies(
    train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], seed: int
) -> dict[str, float]:
    """Fit every classifier on `train` and score it on `test`.

    A class that `train` lacks cannot be predicted: its test spectra are errors.

    Parameters
    ----------
    train, test : tuple of arrays
        Spectra, shape (site, energy), and class names, shape (site,).
    seed : int
        Seed of the random forest.
    """
    models = classifier_baselines(seed)
    if len(np.unique(train[1])) < 2:
        # Nothing to tell apart, and some scikit-learn classifiers refuse: all are the majority.
        models = dict.fromkeys(models, models["majority"])
    return {name: float(model.fit(*train).score(*test)) for name, model in models.items()}

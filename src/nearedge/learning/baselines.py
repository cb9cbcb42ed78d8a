"""Simple methods that every network is compared with, as scikit-learn pipelines."""

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

PENALTIES = tuple(10.0**power for power in range(-3, 6))
"""Ridge penalties tried on standardised intensities; the least leave-one-out error decides."""

CLASS_TREES, NUMBER_TREES = 200, 100
"""Trees of the random forests."""


def classifier_baselines(seed: int) -> dict[str, Pipeline]:
    """Make unfitted classifiers by name, on intensities standardised per energy."""
    models = {
        "majority": DummyClassifier(strategy="most_frequent"),
        "1-nn": KNeighborsClassifier(1),
        "svm": SVC(C=10.0),
        "logistic": LogisticRegression(max_iter=5000),
        "random-forest": RandomForestClassifier(CLASS_TREES, random_state=seed),
    }
    return {name: make_pipeline(StandardScaler(), model) for name, model in models.items()}


def regressor_baselines() -> dict[str, Pipeline]:
    """Make unfitted regressors for averages: the mean of the training labels, and ridge."""
    models = {"constant": DummyRegressor(strategy="mean"), "ridge": RidgeCV(PENALTIES)}
    return {name: make_pipeline(StandardScaler(), model) for name, model in models.items()}


def baseline_answers(
    train: tuple[np.ndarray, np.ndarray], test: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Fit simple methods to spectra and their labels, and predict for others.

    For classes they are those of `classifier_baselines`, for numbers (or several per spectrum)
    those of `regressor_baselines`, the nearest neighbour and a random forest.
    """
    if train[1].dtype.kind == "U":
        models = classifier_baselines(seed)
        if len(np.unique(train[1])) < 2:
            # Nothing to tell apart, and some scikit-learn classifiers refuse: all are the majority.
            models = dict.fromkeys(models, models["majority"])
    else:
        trees = RandomForestRegressor(NUMBER_TREES, max_features=1 / 3, random_state=seed)
        nearest = make_pipeline(StandardScaler(), KNeighborsRegressor(1))
        models = {**regressor_baselines(), "1-nn": nearest, "random-forest": trees}
    return {name: np.asarray(model.fit(*train).predict(test)) for name, model in models.items()}

"""Probabilities of classifiers that learnt other classes."""

import numpy as np

from nearedge.learning.estimators import KernelClassifier, class_table


def test_classes_stand_in_the_order_asked_for() -> None:
    rng = np.random.default_rng(0)
    spectra = np.arange(60)[:, None] // 20 + rng.normal(scale=0.1, size=(60, 4))
    names = np.array(["0", "1", "dimer"])[np.arange(60) // 20]
    classifier = KernelClassifier().fit(spectra, names)
    known = classifier.predict_proba(spectra)
    table = class_table(classifier, spectra, ["dimer", "4", "0", "1"])
    assert np.allclose(table, np.column_stack([known[:, 2], np.zeros(60), known[:, :2]]))
    # Without dimers what is left adds up to one, in the same proportions.
    rest = class_table(classifier, spectra, ["0", "1"])
    assert np.allclose(rest, known[:, :2] / known[:, :2].sum(axis=1, keepdims=True))

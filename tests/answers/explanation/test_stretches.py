"""Attributions cut into stretches."""

import numpy as np
import pytest

from nearedge.answers.explanation import Attribution, stretches

ENERGY = np.arange(12.0)


def attribution(gradients: np.ndarray, occluded: np.ndarray) -> Attribution:
    # Narrow intervals: nothing is smoothed.
    return Attribution(
        energy=ENERGY,
        width=0.5,
        gradients=gradients,
        occluded=occluded,
        score=float(gradients.sum(axis=1).mean()),
        baseline_score=0.0,
        gap=0.0,
    )


def test_signs_make_stretches_and_occlusion_confirms_them() -> None:
    first = np.array([0.0, 1, 1, 0, 1, -2, -3, -2, 0.5, 0, 0, 0])
    gradients = np.stack([first, 1.5 * first])
    occluded = np.stack([np.where(ENERGY < 8, first, -1)] * 2)
    found = stretches(attribution(gradients, occluded))
    assert [(one.low, one.high) for one in found] == [(5, 7), (1, 4), (8, 11), (0, 0)]
    assert [one.amount for one in found] == pytest.approx([-8.75, 3.75, 0.625, 0])
    assert [one.spread for one in found] == pytest.approx([1.75, 0.75, 0.125, 0])
    assert [one.confirmed for one in found] == [True, True, False, False]


def test_amounts_add_up_to_the_difference() -> None:
    gradients = np.random.default_rng(3).normal(size=(4, 12))
    one = attribution(gradients, gradients)
    assert sum(part.amount for part in stretches(one)) == pytest.approx(one.score)

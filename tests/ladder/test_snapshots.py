"""Whole snapshots of groups that were not trained on."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.ladder import SnapshotMeans, predict_snapshots


@pytest.fixture(scope="module")
def means(telling_dataset: SiteSpectra) -> SnapshotMeans:
    """As if the three trajectories were of three compositions."""
    formulas = np.array(["Fe2O3", "Li5FeO4", "LiFeO2"])
    place = np.unique(telling_dataset.trajectory, return_inverse=True)[1]
    table = telling_dataset.table.assign_coords(composition=("site", formulas[place]))
    return predict_snapshots(SiteSpectra(table, telling_dataset.structures), seed=1)


def test_unseen_snapshots_are_told_from_their_averages(
    means: SnapshotMeans, telling_dataset: SiteSpectra
) -> None:
    for name, true in zip(means.snapshot, means.true, strict=True):
        own = telling_dataset.snapshot == name
        assert true == pytest.approx(telling_dataset.coordination[own].mean())
    # The spectra tell the number of neighbours plainly, whatever the composition.
    assert means.mae() < 0.1
    assert (means.half_width > 0).all()
    plain = means.to_json()
    assert plain["mae"]["predicted"] == pytest.approx(means.mae())
    assert plain["meaning"] == "no chemical composition on both sides"
    assert len(plain["snapshot"]) == 6


def test_every_composition_counts_the_same(means: SnapshotMeans) -> None:
    composition = np.array(["a"] * 5 + ["b"])
    off = np.array([0.0] * 5 + [0.6])
    uneven = replace(means, composition=composition, predicted=means.true + off)
    assert uneven.mae() == pytest.approx(0.3)
    narrow = replace(uneven, half_width=np.full(6, 0.5))
    assert narrow.coverage == pytest.approx(0.5)


def test_one_composition_cannot_be_held_out(telling_dataset: SiteSpectra) -> None:
    with pytest.raises(InputError, match="all sites are of one composition, 'Fe2Li6O7'"):
        predict_snapshots(telling_dataset)

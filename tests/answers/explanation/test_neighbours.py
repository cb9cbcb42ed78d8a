"""The nearest training spectra."""

import numpy as np
import pytest

from nearedge.answers.explanation import nearest_spectra

RNG = np.random.default_rng(5)
SPECTRA = RNG.normal(size=(40, 6)) * 1e-5
ATOMS = np.array([f"run/{number // 2}" for number in range(40)])
EVERY = np.ones(40, bool)


def test_the_spectrum_itself_is_nearest() -> None:
    rows, distances, _ = nearest_spectra(SPECTRA[7], SPECTRA, ATOMS, count=3, allowed=EVERY)
    assert rows[0] == 7
    assert distances[0] == 0
    assert (np.diff(distances) >= 0).all()


def test_distances_are_in_training_spreads() -> None:
    there = SPECTRA[7] + 0.5 * SPECTRA.std(axis=0)
    for unit in (1.0, 1e6):
        rows, distances, _ = nearest_spectra(
            unit * there, unit * SPECTRA, ATOMS, count=40, allowed=EVERY
        )
        assert distances[rows == 7] == pytest.approx(0.5)


def test_an_atom_is_given_once_and_only_where_allowed() -> None:
    allowed = np.ones(40, bool)
    allowed[[7, 20, 21]] = False
    rows, _, _ = nearest_spectra(SPECTRA[7], SPECTRA, ATOMS, count=100, allowed=allowed)
    assert len(rows) == 19
    assert len(set(ATOMS[rows])) == 19
    assert not set(rows.tolist()) & {7, 20, 21}


def test_usual_distance_is_to_other_atoms() -> None:
    copies = np.repeat(SPECTRA[::2], 2, axis=0)
    usual = nearest_spectra(SPECTRA[0], copies, ATOMS, count=1, allowed=EVERY)[2]
    scaled = (SPECTRA[::2] - SPECTRA[::2].mean(axis=0)) / SPECTRA[::2].std(axis=0)
    apart = np.linalg.norm(scaled[:, None] - scaled, axis=2) / np.sqrt(6)
    np.fill_diagonal(apart, np.inf)
    assert usual == pytest.approx(np.median(apart.min(axis=1)))
    one = nearest_spectra(SPECTRA[0], SPECTRA[:4], np.full(4, "a"), count=1, allowed=EVERY[:4])
    assert one[2] == 0

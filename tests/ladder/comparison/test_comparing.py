"""Comparisons of which the answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.ladder.comparison import Comparison, compare, findings, report


def test_what_another_engine_does_is_measured(compared: Comparison, first: SiteSpectra) -> None:
    assert len(compared.environment) == len(first)
    assert compared.snapshots == {name: f"other-{name}" for name in first.structures}
    # The first is stored more widely, so it is the one that is moved: shift and broadening agree.
    assert compared.moved == "first"
    found = compared.alignment
    assert found.shift == pytest.approx(0.6, abs=0.03)
    assert found.scale == pytest.approx(1e-5, rel=0.02)
    assert found.broadening == pytest.approx(0.3, abs=0.05)
    assert found.residual < 0.02
    assert found.residual_before > 0.2
    assert compared.alignment_without_pairs.shift == pytest.approx(0.6, abs=0.03)
    assert compared.main_peak.mean == pytest.approx(0.6, abs=0.1)
    assert compared.main_peak.agreement.pearson == pytest.approx(1, abs=0.05)
    assert compared.landmarks[1].main - compared.landmarks[0].main == pytest.approx(0.6, abs=0.1)
    for fit in compared.classes.values():
        assert fit.alignment.shift == pytest.approx(0.6, abs=0.05)


def test_the_same_atoms_are_found_again(compared: Comparison, second: SiteSpectra) -> None:
    assert compared.correlation["spectra"].first > 0.95
    assert compared.correlation["centred"].first > 0.95
    assert compared.correlation["centred"].median_rank == 1
    assert compared.correlation["spectra"].same > 0.999
    assert np.array_equal(second.environment[compared.rows[1]], compared.environment)
    assert np.diag(compared.class_correlation).min() > 0.99
    weights = compared.pre_edge_weight
    assert weights["between"].pearson == pytest.approx(1, abs=0.05)
    # FEFF's pre-edge grows with the number of Fe neighbours.
    assert (weights["first"].spearman or 0) > 0.6


def test_words_follow_from_the_numbers(compared: Comparison, first: SiteSpectra) -> None:
    words = " ".join(findings(compared))
    assert "moved by +0.60 eV" in words
    assert "spectra are similar" in words
    assert "one shift serves all" in words
    rng = np.random.default_rng(0)
    shuffled = first.mu[rng.permutation(len(first))]
    other = replace(first, table=first.table.assign(mu=(("site", "energy"), shuffled)))
    wrong = compare(first, other)
    assert wrong.correlation["centred"].first < 0.15
    assert (
        wrong.correlation["centred"].same_class < wrong.correlation["centred"].chance_class + 0.15
    )
    assert abs(wrong.correlation["centred"].same) < 0.2
    words = " ".join(findings(wrong))
    assert "spectra are not similar" in words
    # Two datasets by one engine have names of their own.
    assert wrong.engines == ("FEFF10 (first)", "FEFF10 (second)")


def test_every_number_is_json(compared: Comparison) -> None:
    result = report(compared)
    assert result["n"] == len(result["sites"])
    assert set(result["classes"]) == set(compared.classes)
    assert sum(row["n"] for row in result["classes"].values()) == result["n"]
    assert all(0 < site["pre_edge_weight"][0] < 1 for site in result["sites"])


def test_what_cannot_be_compared_is_refused(first: SiteSpectra, second: SiteSpectra) -> None:
    half = len(set(first.trajectory.tolist()))
    assert half == 2
    names = sorted(set(first.trajectory.tolist()))
    one, other = (first.select(first.trajectory == name) for name in names)
    with pytest.raises(InputError, match="shares 0 atoms"):
        compare(one, other)
    narrow = second.table.isel(energy=slice(15, None))
    with pytest.raises(InputError, match="pre-edge"):
        compare(first, replace(second, table=narrow))

from collections.abc import Callable

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra, independence, load_dataset, merge, starter_path
from nearedge.errors import InputError

Make = Callable[..., SiteSpectra]


def with_spectra(data: SiteSpectra, mu: np.ndarray) -> SiteSpectra:
    table = data.table.copy()
    table["mu"] = (("site", "energy"), mu)
    return SiteSpectra(table, data.structures, data.source)


def test_copies_are_found_out(make_dataset: Make) -> None:
    """Atoms that never move have the same spectrum in both snapshots."""
    data = merge([make_dataset("a", 1), make_dataset("b", 2)])
    mu = data.mu
    for name in ("a", "b"):
        mu[data.snapshot == f"{name}-1"] = mu[data.snapshot == f"{name}-0"]
    found = independence(with_spectra(data, mu))
    assert list(found.same_atom) == ["300 to ? K, 60 fs"]
    assert found.same_atom["300 to ? K, 60 fs"].upper == 0
    assert found.same_atom["300 to ? K, 60 fs"].pairs == 8
    several = [one for one in (found.same_class, found.other_class) if one]
    assert several
    assert all(one.median > 0.1 for one in several)


def test_scale_does_not_matter(make_dataset: Make) -> None:
    data = make_dataset()
    one, other = independence(data), independence(with_spectra(data, 7 * data.mu))
    assert one.same_atom.keys() == other.same_atom.keys()
    for name, distances in one.same_atom.items():
        assert other.same_atom[name].median == pytest.approx(distances.median)


def test_single_snapshots_cannot_tell(make_dataset: Make) -> None:
    data = make_dataset()
    with pytest.raises(InputError, match="no atom occurs in two snapshots"):
        independence(data.select(data.snapshot == "run-0"))


def test_dataset_that_ships() -> None:
    found = independence(load_dataset(starter_path()))
    assert found.same_class is not None
    assert found.other_class is not None
    # Atoms of one class are more alike than others; one atom is more alike to itself still.
    assert found.same_class.median < found.other_class.median
    for distances in found.same_atom.values():
        assert 0 < distances.lower < distances.median < found.same_class.median

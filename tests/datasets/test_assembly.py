from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from nearedge.datasets import SiteSpectra, assemble, merge
from nearedge.errors import InputError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

Maker = Callable[..., SiteSpectra]


def test_merging_the_parts_gives_the_whole(make_dataset: Maker) -> None:
    data = make_dataset()
    parts = [data.select(data.snapshot == name) for name in ("run-0", "run-1")]
    assert merge(parts).fingerprint() == data.fingerprint()


def test_provenance_that_differs_is_kept_once_each(make_dataset: Maker) -> None:
    joined = merge([make_dataset("a", made="x"), make_dataset("b", 1, made="y")])
    assert joined.attributes["made"] == "x; y"
    assert joined.attributes["seed"] == 3
    assert joined.counts().keys() == set(joined.environment)
    assert len(joined) == 16


def test_coordinates_that_only_some_have_are_left_out(make_dataset: Maker) -> None:
    first = make_dataset("a")
    table = first.table.assign_coords(fermi_level=("site", np.arange(8.0)))
    joined = merge([SiteSpectra(table, first.structures), make_dataset("b")])
    assert "fermi_level" not in joined.table.coords


@pytest.mark.parametrize("change", [{"engine": "other"}, {"energy_zero": "Fermi"}])
def test_unlike_datasets_are_not_merged(make_dataset: Maker, change: dict) -> None:
    with pytest.raises(InputError, match="only datasets that agree in it can be merged"):
        merge([make_dataset("a"), make_dataset("b", **change)])
    with pytest.raises(InputError, match="cutoff is '3.0'"):
        merge([make_dataset("a"), make_dataset("b").relabel(EnvironmentRule("O", "Fe", 3.0, 1.7))])


def test_other_energies_are_not_merged(make_dataset: Maker) -> None:
    other = make_dataset("b")
    short = SiteSpectra(other.table.isel(energy=slice(1, None)), other.structures)
    with pytest.raises(InputError, match="56 from -1.75 to 12 eV"):
        merge([make_dataset("a"), short])


def test_a_name_stands_for_one_structure(make_dataset: Maker) -> None:
    with pytest.raises(InputError, match="differs from the structure of the same name"):
        merge([make_dataset("a", 0), make_dataset("a", 1)])
    with pytest.raises(InputError, match="occurs 2 times"):
        merge([make_dataset("a"), make_dataset("a")])
    with pytest.raises(InputError, match="nothing to merge"):
        merge([])


def test_assembling_needs_as_many_spectra_as_sites_and_unique_names(make_dataset: Maker) -> None:
    data = make_dataset()
    snapshot = Snapshot("s", "t", None, None, data.structures["run-0"])
    given = (data.energy, data.mu[:1], EnvironmentRule("O", "Fe", 2.6, 1.7), data.attributes)
    assert_array_equal(assemble([snapshot], [(0, 1)], *given).mu, data.mu[:1])
    with pytest.raises(InputError, match="1 spectra do not fit 2 sites"):
        assemble([snapshot], [(0, 1), (0, 3)], *given)
    with pytest.raises(InputError, match="atom 0 of snapshot 's' is not O"):
        assemble([snapshot], [(0, 0)], *given)
    with pytest.raises(InputError, match="several snapshots are named s"):
        assemble([snapshot, snapshot], [(0, 1)], *given)

"""Same-class averages, mixtures and the 3:1:1 split."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nearedge.errors import InputError
from nearedge.learning.examples import (
    class_averages,
    composition_weights,
    membership,
    mixture_weights,
    mixtures,
    partition,
)

SEEDS = st.integers(0, 2**32 - 1)


def spectra(sites: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((sites, 5))


@given(seed=SEEDS, size=st.tuples(st.integers(1, 8), st.integers(0, 8)))
def test_averages_lie_between_the_spectra_of_their_class(seed: int, size: tuple[int, int]):
    names = np.repeat(["0", "1", "dimer"], [2, 7, 4])
    mu = spectra(len(names), seed)
    averages, labels = class_averages(
        mu, names, examples=60, size=(size[0], size[0] + size[1]), seed=seed
    )
    assert averages.shape == (60, 5)
    for name in np.unique(names):
        mine = averages[labels == name]
        assert len(mine) == 20
        parents = mu[names == name]
        assert (mine >= parents.min(axis=0) - 1e-12).all()
        assert (mine <= parents.max(axis=0) + 1e-12).all()


def test_an_average_is_a_convex_combination_with_the_stated_number_of_parents():
    # One-hot spectra give the weights away.
    mu = np.eye(6)
    names = np.array(["a", "a", "a", "b", "b", "b"])
    averages, labels = class_averages(mu, names, examples=500, size=(3, 3), seed=4)
    assert np.allclose(averages.sum(axis=1), 1)
    assert np.allclose(averages * 3, np.round(averages * 3))
    for name in "ab":
        assert (averages[labels == name][:, names != name] == 0).all()
    sizes = mixtures(np.eye(500), np.zeros(500, int), examples=400, size=(20, 70), seed=4)[0]
    assert ((sizes > 0).sum(axis=1) <= 70).all()
    assert ((sizes > 0).sum(axis=1) >= 15).all()  # 20 draws of 500 rarely coincide
    single = mixtures(np.eye(500), np.zeros(500, int), examples=50, size=(1, 1), seed=4)[0]
    assert (single.max(axis=1) == 1).all()


@given(seed=SEEDS)
def test_labels_of_mixtures_are_the_mean_coordination_of_their_parents(seed: int):
    rng = np.random.default_rng(seed)
    coordination = rng.integers(0, 5, 30)
    mu = np.column_stack([coordination, np.eye(30)]).astype(float)
    averages, labels = mixtures(mu, coordination, examples=20, seed=seed)
    assert np.allclose(averages[:, 0], labels)
    assert np.allclose(averages[:, 1:] @ coordination, labels)


def test_one_seed_gives_one_set_of_examples():
    mu = spectra(12)
    names = np.repeat(["0", "1"], 6)
    first, second, other = (class_averages(mu, names, examples=50, seed=s) for s in (3, 3, 4))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
    assert not np.array_equal(first[0], other[0])
    assert np.array_equal(
        mixtures(mu, np.arange(12), examples=9, seed=1)[0],
        mixtures(mu, np.arange(12), examples=9, seed=1)[0],
    )


@given(count=st.integers(5, 300), seed=SEEDS)
def test_partition_uses_every_example_once(count: int, seed: int):
    parts = partition(count, seed=seed)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert np.array_equal(np.sort(together), np.arange(count))
    assert len(parts.validation) == len(parts.test) == count // 5
    x, y = np.arange(count)[:, None], -np.arange(count)
    for (own, asked), rows in zip(parts.split(x, y), parts, strict=True):
        assert np.array_equal(own[:, 0], rows)
        assert np.array_equal(asked, -rows)


def test_a_class_with_one_spectrum_is_refused_by_name():
    with pytest.raises(InputError, match=r"class '4' has a single spectrum.*merge"):
        class_averages(spectra(3), np.array(["0", "0", "4"]), examples=10, seed=0)


@given(seed=SEEDS)
def test_fractions_are_those_of_the_parents(seed: int):
    # Each spectrum shows its class, so an average shows its fractions.
    environment = np.array(["0", "1", "dimer"])[np.arange(30) % 3]
    weights = composition_weights(environment, examples=40, seed=seed)
    averages, fractions = weights @ np.eye(3)[np.arange(30) % 3], weights @ membership(environment)
    assert np.allclose(averages, fractions)
    assert np.allclose(fractions.sum(axis=1), 1)


def test_half_of_the_compositions_are_like_the_dataset_and_half_are_not():
    environment = np.array(["0"] * 90 + ["1"] * 10)
    weights = composition_weights(environment, examples=4000, size=(50, 70), seed=2)
    fractions = weights @ membership(environment)
    likely, unlikely = fractions[::2, 1], fractions[1::2, 1]
    assert likely.mean() == pytest.approx(0.1, abs=0.01)
    assert likely.std() < 0.06
    assert unlikely.mean() == pytest.approx(0.5, abs=0.03)
    assert unlikely.std() > 0.25


@given(seed=SEEDS, examples=st.integers(1, 40))
def test_an_average_is_of_one_material(seed: int, examples: int):
    environment = np.array(["0", "1"] * 20 + ["3"] * 10)
    material = np.array(["a"] * 6 + ["b"] * 34 + ["c"] * 10)[::-1]
    weights = composition_weights(environment, material=material, examples=examples, seed=seed)
    assert weights.shape == (examples, 50)
    shares = weights @ membership(material)
    assert np.allclose(np.sort(shares, axis=1), [0, 0, 1])
    # As many of each, however many sites it has.
    assert np.ptp(shares.sum(axis=0)) <= 1 + 1e-9


def test_one_material_is_as_none_was_named():
    environment = np.array(["0", "1", "2"] * 9)
    plain = composition_weights(environment, examples=30, seed=4).toarray()
    named = composition_weights(environment, material=np.full(27, "x"), examples=30, seed=4)
    assert np.array_equal(plain, named.toarray())


def test_single_spectra_are_among_the_compositions():
    environment = np.repeat(["0", "1"], 50)
    averages = composition_weights(environment, examples=2000, seed=5).toarray()
    parents = np.round(1 / averages.max(axis=1))
    assert 0.1 < (parents == 1).mean() < 0.25
    assert (averages > 0).sum(axis=1).max() <= 70


def test_mixtures_have_the_weights_that_are_told():
    mu = spectra(12)
    weights = mixture_weights(12, examples=9, seed=1)
    assert np.allclose(weights @ mu, mixtures(mu, np.arange(12), examples=9, seed=1)[0])
    with pytest.raises(InputError, match="1 spectra cannot be mixed"):
        mixture_weights(1, examples=9, seed=1)
    with pytest.raises(InputError, match="of one class, '3'"):
        composition_weights(np.repeat("3", 12), examples=5, seed=0)


@given(names=st.lists(st.sampled_from(["0", "1", "2", "10", "dimer"]), min_size=1))
def test_each_site_is_a_member_of_its_class_alone(names: list[str]):
    own = membership(np.array(names))
    assert own.shape == (len(names), len(set(names)))
    assert (own.sum(axis=1) == 1).all()
    # Sites of one class have equal rows, others differ; numbers come first, in their order.
    same = np.array(names)[:, None] == np.array(names)
    assert np.array_equal(own @ own.T == 1, same)
    order = [names[int(column.argmax())] for column in own.T]
    assert order == sorted(set(names), key=lambda name: (name == "dimer", len(name), name))


@given(seed=SEEDS, size=st.tuples(st.integers(1, 5), st.integers(0, 60)))
def test_compositions_average_sites_evenly(seed: int, size: tuple[int, int]):
    environment = np.repeat(["0", "1", "dimer"], [9, 5, 2])
    ends = (size[0], size[0] + size[1])
    weights = composition_weights(environment, examples=30, size=ends, seed=seed)
    assert np.allclose(weights.sum(axis=1), 1)
    # Each row is a whole number of equal parents.
    dense = weights.toarray()
    for row in dense:
        assert any(
            np.allclose(row * count, np.round(row * count)) for count in range(ends[0], ends[1] + 1)
        )
    assert not np.array_equal(
        dense, composition_weights(environment, examples=30, size=ends, seed=seed + 1).toarray()
    )


@pytest.mark.parametrize("size", [(0, 4), (5, 4)])
def test_impossible_sizes_are_refused(size: tuple[int, int]):
    with pytest.raises(InputError, match="parents"):
        mixtures(spectra(4), np.arange(4), examples=10, size=size, seed=0)


def test_impossible_counts_are_refused():
    names = np.array(["0", "0", "1", "1"])
    with pytest.raises(InputError, match="cannot cover 2 classes"):
        class_averages(spectra(4), names, examples=1, seed=0)
    with pytest.raises(InputError, match="at least 1"):
        mixtures(spectra(4), np.arange(4), examples=0, seed=0)
    with pytest.raises(InputError, match="3 labels for 4 spectra"):
        mixtures(spectra(4), np.arange(3), examples=5, seed=0)
    with pytest.raises(InputError, match="3:1:1"):
        partition(4, seed=0)

import numpy as np
from hypothesis import given, settings, strategies as st

from nearedge.trust import average_sizes, snapshot_averages, uneven_averages


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_averages_are_of_one_snapshot_and_of_as_many_sites_as_they_say(
    counts: list[int], seed: int
) -> None:
    snapshot = np.repeat([f"s{k}" for k in range(len(counts))], counts)
    numbers = average_sizes(snapshot)
    assert numbers[0] == 1
    assert list(numbers) == sorted(set(numbers))
    made = snapshot_averages(snapshot, numbers, seed=seed)
    weights = made.weights.toarray()
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    used, whole = (weights > 0).sum(axis=1), made.atoms == max(numbers)
    np.testing.assert_array_equal(used[~whole], made.atoms[~whole])
    assert (np.abs(used / made.atoms - 1) <= 0.25).all()
    assert set(made.atoms.tolist()) <= set(numbers)
    assert (made.atoms == 1).sum() == len(snapshot)
    for row, origin in zip(weights, made.origin, strict=True):
        assert set(snapshot[row > 0].tolist()) == {str(snapshot[origin])}


def test_uneven_averages_leave_the_composition_of_the_material() -> None:
    environment = np.repeat(["1", "2", "dimer"], [900, 90, 10])
    made = uneven_averages(environment, (1, 8, 28), examples=300, seed=0)
    assert set(made.atoms.tolist()) == {8, 28}
    shares = made.of((environment[:, None] == np.array(["1", "2", "dimer"])).astype(float))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares.mean(axis=0), 1 / 3, atol=0.05)
    assert (shares[:, 2] > 0.5).any()


def test_no_site_gives_no_average() -> None:
    assert len(uneven_averages(np.array(["1"]), (1,), examples=5, seed=0)) == 0


def test_a_whole_snapshot_is_whole_though_others_have_other_numbers() -> None:
    snapshot = np.repeat(["a", "b", "c", "small"], [28, 27, 31, 9])
    numbers = average_sizes(snapshot)
    averages = snapshot_averages(snapshot, numbers, seed=1)
    most = averages.atoms == max(numbers)
    weights = averages.weights.toarray()[most]
    assert [snapshot[row > 0].tolist() for row in weights] == [
        [name] * count for name, count in (("a", 28), ("b", 27), ("c", 31))
    ]
    np.testing.assert_allclose(weights.sum(axis=1), 1)

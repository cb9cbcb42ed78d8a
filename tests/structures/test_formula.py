"""Compositions, however they are written."""

from random import Random

import pytest
from ase import Atoms
from hypothesis import given, strategies as st

from nearedge.errors import InputError
from nearedge.structures import reduced_formula

counts = st.dictionaries(
    st.sampled_from(["Li", "Fe", "O", "C", "H", "Zn"]), st.integers(1, 9), min_size=1
)


@given(counts, st.integers(1, 5), st.randoms())
def test_order_and_multiples_do_not_matter(
    count: dict[str, int], times: int, random: Random
) -> None:
    words = [f"{element}{number * times}" for element, number in count.items()]
    random.shuffle(words)
    symbols = [element for element, number in count.items() for _ in range(number)]
    random.shuffle(symbols)
    assert reduced_formula("".join(words)) == reduced_formula(Atoms(symbols))


@pytest.mark.parametrize("text", ["lifeo-1-000", "Fe2O3)"])
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a chemical formula"):
        reduced_formula(text)

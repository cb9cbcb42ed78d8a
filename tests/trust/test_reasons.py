"""Reasons as sentences."""

import pytest

from nearedge.edges import Edge
from nearedge.trust import OutsideEdge


@pytest.mark.parametrize(
    ("absorber", "read"),
    [
        *((symbol, f"an {symbol}") for symbol in ("O", "Fe", "Ni", "Mn", "Si", "Al", "Hf", "Re")),
        *((symbol, f"a {symbol}") for symbol in ("Ti", "Cu", "V", "Zn", "Y", "U", "Co", "P")),
    ],
)
def test_the_article_follows_the_first_letter_read_aloud(absorber: str, read: str) -> None:
    assert f"cannot be {read} K-edge" in str(OutsideEdge(5.0, Edge(absorber)))

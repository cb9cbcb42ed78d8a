import numpy as np
import pytest
from hypothesis import given, strategies as st

from nearedge.edges import Edge, edges_near
from nearedge.errors import InputError

METALS = ["Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"]


@pytest.mark.parametrize("metal", METALS)
def test_a_k_edge_is_told_from_its_energy_even_if_the_beamline_is_off(metal: str) -> None:
    edge = Edge(metal)
    for shift in np.arange(-6.0, 10.0):
        assert edges_near(edge.energy + shift)[0] == edge


def test_the_k_edges_rise_with_the_atomic_number() -> None:
    energies = [Edge(metal).energy for metal in METALS]
    assert energies == sorted(energies)


def test_oxygen_at_absolute_energies_is_oxygen_and_a_relative_axis_is_nothing() -> None:
    assert edges_near(530.0)[0] == Edge("O")
    assert edges_near(2.0) == []


@given(st.sampled_from(METALS), st.sampled_from([" ", "-", "_", "/", "  "]))
def test_an_edge_is_read_as_people_write_it(metal: str, between: str) -> None:
    for text in (f"{metal}{between}K", f"{metal.lower()}{between}k-edge", f" {metal}"):
        assert Edge.parse(text) == Edge(metal)
    assert Edge.parse(str(Edge("Sm", "L3"))) == Edge("Sm", "L3")


@pytest.mark.parametrize("text", ["", "Xx K", "H L3", "iron", "Fe Q"])
def test_what_is_no_edge_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"write e\.g\.|choose one of"):
        Edge.parse(text)

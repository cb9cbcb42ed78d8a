"""Ready models are found by absorber and edge."""

import pytest

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.models import load_model, ready_model, ready_models


def test_what_is_listed_is_what_is_loaded() -> None:
    for ready in ready_models():
        model = load_model(ready.folder)
        assert model.identity.edge == ready.edge
        assert model.target.name in ready.targets
        assert model.record.estimate.rung == ready.rung
        assert model.record.estimate.value == ready.value


def test_a_model_is_found_by_its_edge_or_the_lack_is_told() -> None:
    assert ready_model(Edge("O")).name == "li3feo35"
    assert ready_model() == ready_models()[0]
    with pytest.raises(InputError, match="no model that ships reads the U M5-edge"):
        ready_model(Edge("U", "M5"))

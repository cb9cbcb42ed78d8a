"""Models as folders."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from safetensors.numpy import load_file, save_file

from nearedge.errors import InputError
from nearedge.learning.estimators import (
    CoordinationRegressor,
    EnvironmentClassifier,
    SpectrumEstimator,
    load_estimator,
)

QUICK: dict[str, Any] = {"epochs": 10, "batch_size": 16, "records": 2, "n_networks": 2}
X = np.random.default_rng(0).normal(size=(60, 6))

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def models() -> dict[str, SpectrumEstimator]:
    names = np.array(["0", "1", "dimer"])[np.digitize(X[:, 0], [-0.4, 0.4])]
    grid = np.linspace(-1, 1, 6)
    return {
        "classifier": EnvironmentClassifier((6,), **QUICK, energy=grid).fit(X, names),
        "regressor": CoordinationRegressor((6,), **QUICK).fit(X, X[:, 1], validation=(X, X[:, 1])),
    }


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(["classifier", "regressor"]),
    metadata=st.dictionaries(st.text(), JSON, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_saved_is_what_is_loaded(
    models: dict[str, SpectrumEstimator],
    tmp_path: Path,
    kind: str,
    metadata: dict[str, object],
    seed: int,
) -> None:
    model = models[kind]
    model.save(tmp_path / "model", metadata=metadata, force=True)
    again, told = load_estimator(tmp_path / "model")
    assert told == metadata
    assert type(again) is type(model)
    assert isinstance(again, SpectrumEstimator)
    x = np.random.default_rng(seed).normal(size=(7, 6)) * 3
    np.testing.assert_array_equal(again._outputs(x), model._outputs(x))
    assert again.predict(x).tolist() == model.predict(x).tolist()  # pyright: ignore
    assert again.hidden == model.hidden
    assert again.restarts_ == model.restarts_
    np.testing.assert_array_equal(again.curves_[1].loss, model.curves_[1].loss)
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "model.json",
        "weights.safetensors",
    ]


def test_an_existing_folder_is_kept_without_force(
    models: dict[str, SpectrumEstimator], tmp_path: Path
) -> None:
    models["regressor"].save(tmp_path / "model")
    before = (tmp_path / "model" / "model.json").read_bytes()
    with pytest.raises(InputError, match="already exists"):
        models["classifier"].save(tmp_path / "model")
    assert (tmp_path / "model" / "model.json").read_bytes() == before


def test_the_grid_is_kept(models: dict[str, SpectrumEstimator], tmp_path: Path) -> None:
    models["classifier"].save(tmp_path / "model")
    again = load_estimator(tmp_path / "model")[0]
    assert again.energy is not None
    np.testing.assert_array_equal(np.asarray(again.energy), np.linspace(-1, 1, 6))


def edit(**changes: object) -> Callable[[Path], None]:
    """Change entries of model.json; None deletes."""

    def change(folder: Path) -> None:
        file = folder / "model.json"
        whole = json.loads(file.read_text())
        for key, value in changes.items():
            whole.pop(key)
            if value is not None:
                whole[key] = value
        file.write_text(json.dumps(whole))

    return change


def spoil_weights(folder: Path) -> None:
    tensors = load_file(folder / "weights.safetensors")
    tensors["network.1.weight.0"][0, 0] = np.nan
    save_file(tensors, folder / "weights.safetensors")


def drop_weights(folder: Path) -> None:
    tensors = load_file(folder / "weights.safetensors")
    del tensors["network.1.bias.1"]
    save_file(tensors, folder / "weights.safetensors")


def truncate(folder: Path) -> None:
    file = folder / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-20])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "model.json").unlink(), "no readable model.json"),
        (lambda folder: (folder / "model.json").write_text("{"), "not valid JSON"),
        (lambda folder: (folder / "model.json").write_text("[]"), "not a model of nearedge"),
        (lambda folder: (folder / "model.json").write_bytes(b"\xff\xfe\x00"), "not valid JSON"),
        (edit(format="onnx"), "not a model of nearedge"),
        (edit(version=99), "version 99"),
        (edit(kind="Transformer"), "'Transformer'"),
        (edit(classes=None), "classes"),
        (edit(classes=["0", "1"]), "has shape"),
        (edit(parameters={"hidden": [6], "colour": "red"}), "colour"),
        (edit(parameters={"hidden": [5]}), "has shape"),
        (edit(networks=3), "'network.2.weight.0' is missing"),
        (edit(curves=[{}, {}]), "epoch"),
        (lambda folder: (folder / "weights.safetensors").unlink(), "weights.safetensors"),
        (truncate, "not a safetensors file"),
        (spoil_weights, "NaN or infinite"),
        (drop_weights, "'network.1.bias.1' is missing"),
    ],
)
def test_a_damaged_or_foreign_folder_is_refused(
    models: dict[str, SpectrumEstimator],
    tmp_path: Path,
    spoil: Callable[[Path], object],
    words: str,
) -> None:
    folder = tmp_path / "model"
    models["classifier"].save(folder)
    spoil(folder)
    with pytest.raises(InputError, match=words) as caught:
        load_estimator(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model folder"):
        load_estimator(tmp_path / "nothing")

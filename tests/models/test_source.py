"""Models that continue from another model: what they learn, remember and refuse."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.learning.estimators import KernelClassifier
from nearedge.learning.recipes import BEST, NETWORK, Examples
from nearedge.models import Kind, Model, evaluate, load_model, train
from nearedge.spectra import Window
from nearedge.targets import EnvironmentRule

# The recipe `network` in kind, with fewer and smaller networks.
SMALL = replace(
    NETWORK,
    mixtures=Examples(2000, NETWORK.mixtures.size),
    classifier={**NETWORK.classifier, "hidden": (12,), "n_networks": 2, "epochs": 100},
    regressor={**NETWORK.regressor, "hidden": (16,), "n_networks": 2},
)
KINDS: tuple[Kind, Kind] = ("classifier", "regressor")
small = partial(train, recipe=SMALL, seed=1)


def by_another_engine(data: SiteSpectra, names: bool = True) -> SiteSpectra:
    """The same sites by an engine that scales and shifts, and calls the trajectories its own."""
    table = data.table.assign(mu=3e-5 * data.table["mu"] + 1e-5)
    table = table.assign_coords(energy=data.table["energy"] + 0.2).assign_attrs(engine="other")
    if names:
        return replace(data, table=table)
    trajectory = np.char.add("their-", data.trajectory.astype(str))
    snapshot = np.char.add("their-", data.snapshot.astype(str))
    table = table.assign_coords(trajectory=("site", trajectory), snapshot=("site", snapshot))
    return SiteSpectra(table, {f"their-{k}": atoms for k, atoms in data.structures.items()})


@pytest.fixture(scope="module")
def sources(telling_dataset: SiteSpectra) -> dict[Kind, Model]:
    return {kind: small(telling_dataset, kind, hold_out=["run2"]) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_record_and_card_name_the_source(
    kind: Kind, sources: dict[Kind, Model], telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    other = by_another_engine(telling_dataset, names=False)
    model = small(other, kind, hold_out=["their-run2"], source=sources[kind])
    kept = model.record["source"]
    known = sources[kind].record["training"]
    assert (kept["engine"], kept["recipe"], kept["shared"]) == ("made", "network", 0)
    assert kept["fingerprint"] == known["fingerprint"]
    assert kept["source"] is None
    assert model.estimator.get_params()["hidden"] == sources[kind].estimator.get_params()["hidden"]
    model.save(tmp_path / "model")
    card = (tmp_path / "model" / "card.md").read_text()
    assert f"continued from | a model of {known['sites']} made sites" in card
    assert known["fingerprint"] in card
    assert "caution" not in card
    again = load_model(tmp_path / "model")
    assert again.record == model.record
    result = evaluate(again, other, only=["their-run2"])
    assert (result["rung"], result["seen"]) == ("trajectory", 0)
    if kind == "classifier":
        assert result["accuracy"] > 1.5 * result["baseline_accuracy"]
    else:
        assert result["mae"] < 0.5 * result["baseline_mae"]


def test_what_the_source_saw_counts_as_seen(
    sources: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    source = sources["regressor"]
    other = by_another_engine(telling_dataset)
    few = other.select(other.snapshot == "run2-0")
    model = small(few, "regressor", source=source)
    assert model.record["source"]["shared"] == 0
    # Spectra by the new engine of atoms whose spectra by the old one were trained on.
    result = evaluate(model, other, only=["run0"])
    assert (result["rung"], result["seen"]) == ("training", (other.trajectory == "run0").sum())
    assert evaluate(model, other, only=["run2-1"])["rung"] == "snapshot"
    # The old engine's own.
    assert evaluate(model, telling_dataset, only=["run0"])["rung"] == "training"
    assert evaluate(model, telling_dataset, only=["run2"])["rung"] == "engine"
    # And what the source's source saw.
    further = small(other.select(other.snapshot == "run2-1"), "regressor", source=model)
    assert further.record["source"]["source"]["engine"] == "made"
    assert evaluate(further, other, only=["run0"])["rung"] == "training"
    assert evaluate(further, other, only=["run2-0"])["rung"] == "training"


def test_sites_the_source_saw_are_counted_and_cannot_be_held_out(
    sources: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    model = small(telling_dataset, "regressor", source=sources["regressor"])
    assert model.record["source"]["shared"] == (telling_dataset.trajectory != "run2").sum()
    with pytest.raises(InputError, match="was trained on 28 of the sites to be held out"):
        small(telling_dataset, "regressor", hold_out=["run0-1"], source=sources["regressor"])


def test_what_does_not_fit_is_refused(
    sources: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    source = sources["classifier"]
    with pytest.raises(InputError, match="the source model is a classifier"):
        small(telling_dataset, "regressor", source=source)
    with pytest.raises(InputError, match="leave the window to the source"):
        small(telling_dataset, "classifier", source=source, window=Window(0.0, 10.0, 50))
    iron = replace(source, rule=EnvironmentRule("Fe", "O"))
    with pytest.raises(InputError, match="same absorber"):
        small(telling_dataset, "classifier", source=iron)


def test_support_vectors_go_on_too(telling_dataset: SiteSpectra) -> None:
    source = train(telling_dataset, "classifier", recipe=BEST, hold_out=["run2"])
    other = by_another_engine(telling_dataset, names=False)
    few = other.select(other.snapshot == "their-run2-0")
    model = train(few, "classifier", recipe=BEST, source=source)
    assert model.record["source"]["recipe"] == "best"
    result = evaluate(model, other, only=["their-run0", "their-run1"])
    assert result["rung"] == "trajectory"
    assert result["accuracy"] > 1.5 * result["baseline_accuracy"]
    with pytest.raises(InputError, match="choose the recipe that the source was made with"):
        train(few, "classifier", recipe=SMALL, source=source)


def test_the_same_seed_gives_the_same_model(
    sources: dict[Kind, Model], telling_dataset: SiteSpectra
) -> None:
    other = by_another_engine(telling_dataset)
    one, two = (small(other, "classifier", source=sources["classifier"]) for _ in range(2))
    inputs = other.inputs()
    np.testing.assert_array_equal(one.estimator.predict(inputs), two.estimator.predict(inputs))
    assert one.record == two.record


def test_classes_that_only_a_fold_takes_over_do_no_harm(telling_dataset: SiteSpectra) -> None:
    data = telling_dataset
    source = train(data, "classifier", recipe=BEST, hold_out=["run2"])
    few = data.select((data.trajectory == "run2") & (data.environment != "dimer"))
    model = train(few, "classifier", recipe=BEST, source=source)
    assert isinstance(model.estimator, KernelClassifier)
    assert set(model.estimator.classes_) >= set(few.environment.tolist())
    assert model.record["estimate"]["value"] > 0.5

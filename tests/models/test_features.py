"""Models of several absorbers that are told which, on spectra whose answer is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from nearedge.answers import Request, answer
from nearedge.answers._files import read_any
from nearedge.datasets import SiteSpectra, assemble, save_dataset
from nearedge.errors import InputError
from nearedge.ladder import climb
from nearedge.models import Model, evaluate, load_model, train
from nearedge.spectra import Spectrum
from nearedge.structures import Snapshot

ELEMENTS = ("Mn", "Fe", "Co")


def made(elements: tuple[str, ...] = ELEMENTS, per_element: int = 30) -> SiteSpectra:
    """Make K-edges that rise anywhere, and whose white line tells the length, element by element.

    The height of the pre-edge tells the coordination, the distance of the white line from the rise
    the bond length, from another origin in each element.
    """
    rng = np.random.default_rng(5)
    energy = np.arange(-20.0, 60.5, 0.5)
    snapshots, sites, mu, rows = [], [], [], []
    for element in elements:
        for number in range(per_element):
            name = f"{element}-{number}"
            length = 1.9 + 0.2 * rng.random()
            atoms = bulk(f"{element}O", "rocksalt", a=2 * length, cubic=True)
            atoms.rattle(0.1, seed=number)
            sites.append((len(snapshots), 0))
            snapshots.append(Snapshot(name, name, None, None, atoms))
            coordination, rise = float(rng.choice([4, 6])), rng.uniform(-3, 8)
            line = rise + 4 + 30 * (length - 1.9) + 3 * (*ELEMENTS, "Ni").index(element)
            curve = 1 / (1 + np.exp((rise - energy) / 0.8))
            curve += np.exp(-(((energy - line) / 2.5) ** 2))
            curve += 0.3 * (coordination == 4) * np.exp(-((energy - rise + 6) ** 2))
            noise = rng.normal(scale=0.004, size=len(energy))
            mu.append((curve + noise) * rng.uniform(0.5, 2))
            # Every tenth is left open.
            known = coordination if number % 10 else np.nan
            rows.append((known, length, name, f"{name[:4]}", "abc"[number % 3]))
    columns = ["coordination", "bond_length", "crystal", "composition", "space_group"]
    extra = dict(zip(columns, map(np.array, zip(*rows, strict=True)), strict=True))
    about = {"engine": "made", "energy_zero": "Fermi level", "mu_unit": "arbitrary"}
    return assemble(snapshots, sites, energy, np.array(mu), None, about, extra=extra)


@pytest.fixture(scope="module")
def data() -> SiteSpectra:
    return made()


@pytest.fixture(scope="module", params=["best", "network"])
def lengths(request: pytest.FixtureRequest, data: SiteSpectra) -> Model:
    return train(
        data, "regressor", target="bond_length", recipe=request.param, features=["absorber"]
    )


def test_the_element_tells_where_the_length_is_counted_from(
    lengths: Model, data: SiteSpectra
) -> None:
    blind = train(data, "regressor", target="bond_length", recipe="best")
    errors = [model.record.estimate.value for model in (lengths, blind)]
    assert errors[0] is not None
    assert errors[1] is not None
    assert errors[0] < 0.6 * errors[1]
    assert lengths.record.estimate.rung == "composition"
    assert lengths.window.aligned


def test_a_model_is_kept_with_its_features(
    lengths: Model, data: SiteSpectra, tmp_path: Path
) -> None:
    lengths.save(tmp_path / "model")
    read = load_model(tmp_path / "model")
    assert read.features == lengths.features
    assert "absorber: Co, Fe, Mn" in (tmp_path / "model" / "card.md").read_text()
    expected, scores = (evaluate(model, data).to_json() for model in (lengths, read))
    assert scores["mae"] == pytest.approx(expected["mae"], rel=1e-4)
    # One element of several that the model was taught.
    fe = data.select(data.groups("absorber") == "Fe")
    assert evaluate(read, fe).to_json()["n"] == 30
    # An element that it was not taught does no harm where there is no length to compare.
    wider = made(("Co", "Ni"))
    length = np.where(wider.groups("absorber") == "Ni", np.nan, wider.table["bond_length"])
    table = wider.table.assign_coords(bond_length=("site", length))
    result = evaluate(read, SiteSpectra(table, wider.structures))
    assert (result.n, result.left_out) == (30, 30)


def test_values_are_asked_for_and_compared(
    lengths: Model, data: SiteSpectra, tmp_path: Path
) -> None:
    save_dataset(data, tmp_path / "data")
    site = read_any(str(tmp_path / "data"))[0]
    (told,) = answer(lengths, site, Request(force=True))
    bare = Spectrum("a", site.energy, site.mu, "a.dat", replace(site.identity, edge=None))
    with pytest.raises(InputError, match=r"a\.dat::a: its absorber is not stated.*--feature"):
        answer(lengths, bare, Request(force=True))
    (given,) = answer(lengths, bare, Request(force=True, features={"absorber": "Mn"}))
    assert given.values["bond_length"].value == told.values["bond_length"].value
    with pytest.raises(InputError, match="absorber 'Zn' was not in the training, which had Co, Fe"):
        answer(lengths, bare, Request(force=True, features={"absorber": "Zn"}))
    with pytest.raises(InputError, match="has no groups 'colour'"):
        train(data, "classifier", features=["colour"])
    with pytest.raises(InputError, match="'bond_length' is a target.*features of atom, snapshot"):
        train(data, "classifier", features="bond_length")


def test_the_ladder_reaches_elements_that_were_not_taught(data: SiteSpectra) -> None:
    rungs = ("paper", "crystal", "composition", "absorber")
    ladder = climb(data, features=["absorber", "space_group"], seeds=3, only=rungs)
    assert list(ladder.rungs) == ["crystal", "composition", "absorber"]
    assert "paper" in ladder.not_climbed
    # Sites whose coordination is left open are no class.
    assert ladder.rungs["absorber"].n == 81
    assert ladder.rungs["crystal"].accuracy > 0.8
    by_rung = ladder.targets["bond_length"]
    assert by_rung["crystal"].mae < 0.5 * by_rung["absorber"].mae
    assert by_rung["crystal"].mae < by_rung["crystal"].baseline_mae["constant"]

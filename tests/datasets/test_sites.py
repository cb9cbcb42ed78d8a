from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.datasets import SiteSpectra, summary
from nearedge.errors import InputError
from nearedge.spectra import Window
from nearedge.targets import EnvironmentRule

Maker = Callable[..., SiteSpectra]


def test_every_site_traces_back_to_its_atom(make_dataset: Maker) -> None:
    data = make_dataset()
    for site in range(len(data)):
        atoms = data.structures[data.snapshot[site]]
        assert atoms[data.atom[site]].symbol == "O"
    assert sum(data.counts().values()) == len(data) == 8


def test_inputs_lie_on_the_window(make_dataset: Maker) -> None:
    data = make_dataset()
    window = Window(0.0, 10.0, 41)
    assert_allclose(data.inputs(window), data.mu[:, 8:49])
    assert data.inputs().shape == (8, 70)
    with pytest.raises(InputError, match="do not cover the window"):
        data.inputs(Window(-5.0, 10.0, 41))


def test_groups_nest(make_dataset: Maker) -> None:
    data = make_dataset()
    atoms, snapshots, runs = (data.groups(kind) for kind in ("atom", "snapshot", "trajectory"))
    assert (len(set(atoms)), len(set(snapshots)), len(set(runs))) == (4, 2, 1)
    assert all(run == atom.split("/")[0] for run, atom in zip(runs, atoms, strict=True))


def test_names_select_snapshots_and_trajectories(make_dataset: Maker) -> None:
    data = make_dataset()
    assert_array_equal(data.names_mask(["run-1"]), data.snapshot == "run-1")
    assert data.names_mask(["run"]).all()
    assert_array_equal(data.names_mask("run-1"), data.names_mask(["run-1"]))
    formula = data.structures["run-1"].get_chemical_formula()
    assert data.names_mask([formula]).all()
    with pytest.raises(InputError, match="named 'Fe9O'; there are"):
        data.names_mask(["Fe9O"])
    with pytest.raises(InputError, match="'run-7'; there are FeO, run, run-0, run-1"):
        data.names_mask(["run-0", "run-7"])


def test_selecting_keeps_the_structures_needed(make_dataset: Maker) -> None:
    data = make_dataset()
    kept = data.select(data.snapshot == "run-1")
    assert list(kept.structures) == ["run-1"]
    assert_array_equal(kept.mu, data.mu[4:])
    assert_array_equal(data.select(np.array([5, 2])).mu, data.mu[[5, 2]])
    with pytest.raises(InputError, match="no site is left"):
        data.select(np.zeros(8, bool))


def test_relabelling_counts_again_and_returns(make_dataset: Maker) -> None:
    data = make_dataset()
    wide = data.relabel(EnvironmentRule("O", "Fe", 4.3, 1.7))
    assert (wide.coordination > data.coordination).all()
    assert wide.rule is not None
    assert data.rule is not None
    assert wide.rule.cutoff == 4.3
    assert wide != data
    back = wide.relabel(data.rule)
    assert back.fingerprint() == data.fingerprint()
    with pytest.raises(InputError, match="cannot be labelled for the absorber Fe"):
        data.relabel(EnvironmentRule("Fe", "O", 2.6, 1.7))


def test_the_fingerprint_sees_a_label_and_a_last_digit(make_dataset: Maker) -> None:
    data = make_dataset()
    assert make_dataset().fingerprint() == data.fingerprint()
    table = data.table.copy(deep=True)
    table["mu"][0, 0] = np.nextafter(table["mu"].values[0, 0], np.float32(2))
    assert SiteSpectra(table, data.structures).fingerprint() != data.fingerprint()


def test_info_is_plain_and_whole(make_dataset: Maker) -> None:
    info = summary(make_dataset())
    assert (info["sites"], info["snapshots"], info["trajectories"]) == (8, 2, 1)
    assert info["energy"] == {"min": -2.0, "max": 12.0, "n": 57, "zero": "CBM"}
    assert info["absorbers"] == {"O": 8}
    assert info["compositions"] == {"FeO": 8}
    assert info["temperatures"] == [300.0]
    assert info["provenance"] == {"seed": 3}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.drop_vars("trajectory"), "says no 'trajectory'"),
        (lambda t: t.assign_coords(coordination=("site", np.full(8, "x"))), "'coordination' is of"),
        (lambda t: t.rename(mu="nu"), "holds no mu"),
        (lambda t: t.assign_coords(atom=("site", np.zeros(8, int))), "is not O"),
        (lambda t: t.assign_coords(atom=("site", np.full(8, 99))), "is not O"),
        (lambda t: t.assign_coords(snapshot=("site", np.full(8, "x"))), "'x' is missing"),
        (lambda t: t.isel(site=[0, 0]), "occurs 2 times"),
        (lambda t: t.assign_coords(energy=-t["energy"]), "must increase"),
        (lambda t: t.assign(mu=t["mu"] * np.nan), "intensity nan"),
        (lambda t: t.drop_attrs(), "does not say its engine"),
        (lambda t: t.assign_coords(trajectory=("site", np.zeros(8))), "of type float64"),
    ],
)
def test_a_dataset_that_does_not_hang_together_is_refused(
    make_dataset: Maker, spoil: Callable, said: str
) -> None:
    data = make_dataset()
    with pytest.raises(InputError, match=f"here: .*{said}"):
        SiteSpectra(spoil(data.table), data.structures, "here")


def test_a_dataset_shows_itself_in_one_line(telling_dataset: SiteSpectra) -> None:
    line = repr(telling_dataset)
    assert line.startswith(f"<SiteSpectra: {len(telling_dataset)} sites of 3 trajectories, 71 ")
    assert "from -2 to 12 eV" in line

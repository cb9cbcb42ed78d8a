import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from ase.build import bulk
from numpy.testing import assert_allclose

from nearedge.campaigns import _state as campaign
from nearedge.datasets import (
    Finding,
    Quality,
    SiteSpectra,
    assemble,
    check_copies,
    check_folder,
    check_quality,
    load_dataset,
    save_dataset,
    starter_path,
)
from nearedge.datasets._faults import odd_fermi_levels
from nearedge.datasets._neighbours import MEMBERS
from nearedge.datasets._quality import FAILURES
from nearedge.errors import InputError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]

FAULTS: dict[str, Change] = {
    "scaled": lambda energy, mu: 5 * mu,
    "moved up": lambda energy, mu: np.interp(energy - 3, energy, mu),
    "moved down": lambda energy, mu: np.interp(energy + 3, energy, mu),
    "upside down": lambda energy, mu: mu.max() + mu.min() - mu,
}


@pytest.fixture(scope="module")
def starter() -> SiteSpectra:
    """Five trajectories of what ships; all of it is checked in test_shipped."""
    data = load_dataset(starter_path())
    return data.select(data.trajectory < "rocksalt-1-005")


@pytest.fixture(params=["starter", "ocean_dataset"])
def real(request: pytest.FixtureRequest) -> SiteSpectra:
    """Real data of two codes."""
    return request.getfixturevalue(request.param)


def with_mu(data: SiteSpectra, row: int, mu: np.ndarray) -> SiteSpectra:
    changed = data.mu
    changed[row] = mu
    table = data.table.assign(mu=(("site", "energy"), changed.astype(np.float32)))
    return SiteSpectra(table, data.structures, data.source)


def found(quality: Quality, data: SiteSpectra, row: int) -> list[Finding]:
    where = (data.snapshot[row], data.atom[row])
    return [one for one in quality.findings if (one.snapshot, one.atom) == where]


def one_of_each_class(data: SiteSpectra) -> np.ndarray:
    """Choose a site of each class of many, dimers aside: no two are alike."""
    said = {(one.snapshot, one.atom) for one in check_quality(data).findings}
    rng = np.random.default_rng(5)
    chosen = []
    for name, count in data.counts().items():
        if count >= MEMBERS and name != "dimer":
            rows = rng.permutation(np.flatnonzero(data.environment == name))
            chosen.append(
                next(row for row in rows if (data.snapshot[row], data.atom[row]) not in said)
            )
    return np.array(chosen)


def test_healthy_data_pass(real: SiteSpectra) -> None:
    quality = check_quality(real)
    assert quality.rejected == 0
    assert len(quality.findings) <= 0.03 * len(real)
    assert quality.kept is not None
    assert quality.kept.fingerprint() == real.fingerprint()


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(real: SiteSpectra, fault: str) -> None:
    rows = one_of_each_class(real)
    assert len(rows) >= 4
    bad = real
    for row in rows:
        bad = with_mu(bad, row, FAULTS[fault](real.energy, real.mu[row]))
    quality = check_quality(bad)
    caught = sum(bool(found(quality, bad, row)) for row in rows)
    if fault == "scaled":
        assert caught == quality.rejected == len(rows)
    elif fault == "upside down":
        assert caught == len(rows)
        assert quality.rejected >= len(rows) - 1
    else:
        assert caught >= len(rows) - 1
        assert any(one.test == "shift" for row in rows for one in found(quality, bad, row))
    # Bad spectra must not cast doubt on the good ones.
    said = {(one.snapshot, one.atom) for one in quality.findings}
    assert len(said) <= len(rows) + 0.03 * len(real)


def test_the_shift_is_told(ocean_dataset: SiteSpectra) -> None:
    row = int(one_of_each_class(ocean_dataset)[0])
    for fault, moved in (("moved up", "moved by -3.0 eV"), ("moved down", "moved by +3.0 eV")):
        mu = FAULTS[fault](ocean_dataset.energy, ocean_dataset.mu[row])
        bad = with_mu(ocean_dataset, row, mu)
        (said,) = (one for one in found(check_quality(bad), bad, row) if one.test == "shift")
        assert moved in said.reason


def test_the_spectrum_of_another_class_is_found(ocean_dataset: SiteSpectra) -> None:
    data, caught = ocean_dataset, 0
    lonely = data.mu[np.flatnonzero(data.environment == "0")[3]]
    rows = np.flatnonzero(data.environment == "3")[:4]
    for row in rows:
        # Not quite a copy: only its shape can give it away.
        bad = with_mu(data, row, lonely * np.linspace(1, 1.01, len(lonely)))
        caught += any(one.test != "same spectrum" for one in found(check_quality(bad), bad, row))
    assert caught >= 3


def test_a_copy_of_another_spectrum_leaves_neither(starter: SiteSpectra) -> None:
    one, other = np.flatnonzero(starter.environment == "1")[[3, 40]]
    bad = with_mu(starter, other, 2 * starter.mu[one])
    quality = check_quality(bad)
    assert quality.rejected == 2
    said = [found(quality, bad, row)[0] for row in (one, other)]
    assert {(finding.test, finding.rejected) for finding in said} == {("same spectrum", True)}
    assert f"'{starter.snapshot[one]}' atom {starter.atom[one]} times 2," in said[1].reason
    assert "surroundings differ" in said[1].reason


def test_equal_atoms_may_have_equal_spectra() -> None:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    energy = np.linspace(-2, 12, 40)
    mu = np.tile(1 + np.sin(energy), (4, 1))
    sites = [(0, int(atom)) for atom in np.flatnonzero(atoms.numbers == 8)]
    data = assemble(
        [Snapshot("mgo", "mgo", None, None, atoms)],
        sites,
        energy,
        mu,
        EnvironmentRule("O", "Mg", 2.6, 1.7),
        {"engine": "test", "energy_zero": "CBM", "mu_unit": "arbitrary"},
    )
    quality = check_quality(data)
    assert quality.rejected == 0
    assert [one.test for one in quality.findings] == ["same spectrum"] * 3
    assert quality.too_few == {"6": 4}


def test_a_structure_under_two_names_is_kept_once(starter: SiteSpectra) -> None:
    name = str(starter.snapshot[0])
    mine = starter.snapshot == name
    twin = starter.select(mine)
    rng = np.random.default_rng(1)
    table = twin.table.assign(mu=twin.table["mu"] * rng.normal(1, 1e-3, twin.mu.shape))
    table = table.assign_coords(snapshot=("site", np.array(["twin"] * len(twin))))
    atoms = twin.structures[name].copy()
    # Moved as a whole, and across the edge of the cell: still the same.
    atoms.positions += [3.0, 0.5, -2.0]
    atoms.wrap()
    both = SiteSpectra(
        xr.concat([starter.table, table], "site", join="override", combine_attrs="override"),
        {**starter.structures, "twin": atoms},
    )
    quality = check_quality(both)
    said = [one for one in quality.findings if one.test == "same structure"]
    assert {one.snapshot for one in said if one.rejected} == {"twin"}
    assert quality.rejected == mine.sum() == len(said)
    # Moved by less than atoms move in a step, but truly moved.
    atoms.rattle(0.02, seed=1)
    assert not [one for one in check_quality(both).findings if one.test == "same structure"]


@pytest.mark.parametrize("noise", [1e-5, 0.3])
def test_a_trajectory_under_two_names_is_kept_once(starter: SiteSpectra, noise: float) -> None:
    mine = starter.trajectory == starter.trajectory[0]
    twin = starter.select(mine)
    rng = np.random.default_rng(1)
    table = twin.table.assign(mu=twin.table["mu"] * rng.normal(1, noise, twin.mu.shape))
    names = np.char.add("twin ", twin.snapshot)
    table = table.assign_coords(
        snapshot=("site", names), trajectory=("site", np.full(len(twin), "twin"))
    )
    frames = {f"twin {name}": atoms.copy() for name, atoms in twin.structures.items()}
    for atoms in frames.values():
        # As far as roundings of another file may be, and more than quality control calls the same.
        atoms.rattle(0.01, seed=1)
    both = SiteSpectra(
        xr.concat([starter.table, table], "site", join="override", combine_attrs="override"),
        {**starter.structures, **frames},
        "mine",
    )
    with pytest.raises(InputError, match="nearedge dataset check mine -o CLEAN"):
        check_copies(both, "trajectory")
    quality = check_quality(both)
    found = [one for one in quality.findings if one.test == "same trajectory"]
    assert {one.snapshot for one in found} == set(frames)
    assert quality.kept is not None
    assert set(quality.kept.trajectory) == set(starter.trajectory)
    check_copies(quality.kept, "trajectory")


@pytest.mark.parametrize(
    ("change", "test", "rejected"),
    [
        (lambda mu: mu - 0.2 * mu.max(), "negative", True),
        (lambda mu: mu - mu.min() - 0.004 * mu.max(), "negative", False),
        (lambda mu: 0 * mu, "no absorption", True),
        (lambda mu: 0 * mu + 3.0, "no absorption", True),
        (lambda mu: -mu, "no absorption", True),
    ],
)
def test_impossible_intensities(
    starter: SiteSpectra, change: Callable, test: str, rejected: bool
) -> None:
    bad = with_mu(starter, 7, change(starter.mu[7]))
    said = found(check_quality(bad), bad, 7)
    assert (said[0].test, said[0].rejected) == (test, rejected)


def test_numerical_noise_below_zero_is_no_fault(starter: SiteSpectra) -> None:
    mu = starter.mu[7]
    mu[0] = -0.0005 * mu.max()
    bad = with_mu(starter, 7, mu)
    assert not found(check_quality(bad), bad, 7)


def test_potentials_that_cannot_be_trusted(starter: SiteSpectra) -> None:
    levels = starter.table["fermi_level"].values.copy()
    steps = starter.table["scf_iterations"].values.copy()
    levels[5] += 0.7
    steps[9] = 30
    bad = SiteSpectra(
        starter.table.assign_coords(fermi_level=("site", levels), scf_iterations=("site", steps)),
        starter.structures,
    )
    quality = check_quality(bad)
    assert quality.rejected == 2
    assert found(quality, bad, 5)[0].test == "fermi level"
    assert "+0.70 eV" in found(quality, bad, 5)[0].reason
    assert found(quality, bad, 9)[0].test == "scf"
    assert "30 iterations" in found(quality, bad, 9)[0].reason


def test_another_element_has_a_fermi_level_of_its_own() -> None:
    atoms = bulk("FeO", "rocksalt", a=4.3, cubic=True)
    atoms.symbols[0] = "Mn"
    iron = np.flatnonzero(atoms.symbols == "Fe").tolist()
    energy, sites = np.arange(-20.0, 60.0, 0.5), [(0, 0), *((0, atom) for atom in iron)]
    said = {"engine": "made", "energy_zero": "Fermi level", "mu_unit": "arbitrary"}
    mu = np.tile(1.5 + np.arctan(energy), (4, 1))

    def odd(*levels: float) -> list[int]:
        extra = {"fermi_level": np.array(levels)}
        snapshot = Snapshot("one", "one", None, None, atoms)
        data = assemble([snapshot], sites, energy, mu, None, said, extra=extra)
        return [objection.row for objection in odd_fermi_levels(data)]

    assert odd(-8.0, -10.0, -10.1, -10.2) == []
    assert odd(-8.0, -10.0, -10.1, -9.0) == [3]


def test_the_lines_are_those_of_the_campaign() -> None:
    assert campaign.FAILURES == FAILURES


def test_labels_must_follow_from_the_structure(starter: SiteSpectra) -> None:
    counts = starter.coordination.copy()
    counts[11] += 1
    bad = SiteSpectra(
        starter.table.assign_coords(coordination=("site", counts)), starter.structures
    )
    quality = check_quality(bad)
    (said,) = quality.findings[:1]
    assert (said.test, said.atom, said.rejected) == ("label", bad.atom[11], True)
    assert f"with {counts[11]} Fe, the structure gives" in said.reason
    assert quality.rejected == 1


def test_atoms_on_top_of_each_other_are_a_warning(starter: SiteSpectra) -> None:
    name = str(starter.snapshot[0])
    atoms = starter.structures[name].copy()
    lithium = np.flatnonzero(atoms.numbers == 3)[:2]
    atoms.positions[lithium[1]] = atoms.positions[lithium[0]] + [0.8, 0, 0]
    quality = check_quality(SiteSpectra(starter.table, {**starter.structures, name: atoms}))
    said = [one for one in quality.findings if one.test == "close atoms"]
    assert [(one.snapshot, one.atom, one.rejected) for one in said] == [(name, None, False)]
    assert "0.80 Angstrom apart" in said[0].reason


def broken(data: SiteSpectra, path: Path) -> dict[int, str]:
    """Write a dataset that does not load; say which test is to find which row."""
    save_dataset(data, path)
    with xr.open_dataset(path / "spectra.nc", engine="h5netcdf") as stored:
        table = stored.load()
    mu, atom, snapshot = (table[name].values.copy() for name in ("mu", "atom", "snapshot"))
    mu[2, 5] = np.nan
    mu[3] = np.inf
    snapshot[10] = "nowhere"
    atom[20] = 0
    atom[31], snapshot[31] = atom[30], snapshot[30]
    table["mu"] = (("site", "energy"), mu)
    table = table.assign_coords(snapshot=("site", snapshot), atom=("site", atom))
    table.to_netcdf(path / "spectra.nc", engine="h5netcdf")
    return {
        2: "not finite",
        3: "not finite",
        10: "structure",
        20: "structure",
        30: "site twice",
        31: "site twice",
    }


def test_a_folder_that_does_not_load_is_judged_and_mended(
    starter: SiteSpectra, tmp_path: Path
) -> None:
    wanted = broken(starter, tmp_path / "bad")
    with pytest.raises(InputError, match="intensity nan"):
        load_dataset(tmp_path / "bad")
    quality = check_folder(tmp_path / "bad")
    assert [one.test for one in quality.findings if one.rejected] == list(wanted.values())
    assert "intensity nan at -2 eV (1 of 96" in quality.findings[0].reason
    assert quality.rejected == len(wanted)
    quality.save_kept(tmp_path / "clean")
    rest = np.setdiff1d(np.arange(len(starter)), list(wanted))
    kept = load_dataset(tmp_path / "clean")
    assert_allclose(kept.mu, starter.mu[rest])
    listed = json.loads((tmp_path / "clean" / "rejected.json").read_text())
    assert len(listed) == len(wanted)
    assert listed[0].keys() == {"snapshot", "atom", "environment", "test", "reason"}
    assert (listed[0]["atom"], listed[0]["test"]) == (starter.atom[2], "not finite")
    # Of what is gone the cleaned folder still knows.
    again = check_folder(tmp_path / "clean")
    assert again.rejected == 0
    assert [one["by"] for one in again.left_out] == ["earlier check"] * len(wanted)


def test_what_the_campaign_left_out_is_listed(starter: SiteSpectra, tmp_path: Path) -> None:
    save_dataset(starter, tmp_path / "data")
    failed = {"snapshot": "a", "atom": 4, "reason": "FEFF's SCF for atom 4 did not converge"}
    (tmp_path / "data" / "failures.json").write_text(json.dumps([failed]))
    quality = check_folder(tmp_path / "data")
    assert quality.left_out == ({**failed, "by": "campaign"},)
    quality.save_kept(tmp_path / "clean")
    assert json.loads((tmp_path / "clean" / "failures.json").read_text()) == [failed]
    (tmp_path / "data" / "failures.json").write_text('{"no": "list"}')
    with pytest.raises(InputError, match=r"failures\.json: is not a list of sites"):
        check_folder(tmp_path / "data")


def test_nothing_left_is_said(starter: SiteSpectra, tmp_path: Path) -> None:
    few = starter.select(np.arange(3))
    few = SiteSpectra(few.table.assign(mu=0 * few.table["mu"]), few.structures, "few")
    quality = check_quality(few)
    assert (quality.rejected, quality.kept) == (3, None)
    with pytest.raises(InputError, match="few: all 3 sites are rejected"):
        quality.save_kept(tmp_path / "clean")
    assert not (tmp_path / "clean").exists()


def test_another_energy_range_is_judged_as_it_is(starter: SiteSpectra) -> None:
    cut = starter.table.isel(energy=slice(20, 60))
    cut = SiteSpectra(
        cut.assign_coords(energy=cut["energy"].values + 540), starter.structures, "cut"
    )
    assert check_quality(cut).rejected == 0
    bad = with_mu(cut, 40, cut.mu[40] * 5)
    assert found(check_quality(bad), bad, 40)[0].test == "scale"

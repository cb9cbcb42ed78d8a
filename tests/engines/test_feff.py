import dataclasses
import json
from pathlib import Path

import feff10
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from hypothesis import given, settings, strategies as st

from nearedge.edges import Edge
from nearedge.engines import FeffSettings, Preparation, feff
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError, InputError
from nearedge.structures.clusters import cut_cluster

# A calculation of two or three seconds: first neighbours only.
TINY = FeffSettings(
    cluster_radius=3.2, scf_radius=2.5, fms_radius=2.5, lmax=1, energy_step=0.5, timeout=120.0
)


@pytest.fixture(scope="module")
def magnesia() -> Atoms:
    return bulk("MgO", "rocksalt", a=4.21, cubic=True)


@pytest.fixture(scope="module")
def peroxide() -> Atoms:
    """Rock salt with a dimer in place of one O of 32; Li, Fe and O in all."""
    atoms = bulk("LiO", "rocksalt", a=4.17, cubic=True) * (2, 2, 2)
    atoms.symbols[[0, 10, 20, 30]] = "Fe"
    oxygen = np.flatnonzero(atoms.symbols == "O")
    centre, removed = oxygen[0], oxygen[5]
    position = atoms.positions[centre].copy()
    axis = np.array([1.0, 1.0, 1.0]) / np.sqrt(3)
    atoms.positions[centre] = position - 0.73 * axis
    atoms.positions[removed] = position + 0.73 * axis
    return atoms


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1.0, 1.3))
@settings(deadline=None, max_examples=25)
def test_input_text_says_the_cluster(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    atoms = bulk("MgO", "rocksalt", a=4.21 * scale, cubic=True)
    atoms.symbols[0] = "Fe"
    atoms.rattle(0.1, seed=seed % 2**31)
    site = int(rng.choice(np.flatnonzero(atoms.symbols == "O")))
    engine = FeffEngine(FeffSettings(cluster_radius=5.0))
    parsed = feff10.FeffInput.parse_strict(engine.feff_input(atoms, site))
    cluster = cut_cluster(atoms, site, 5.0)
    written = parsed.atoms
    np.testing.assert_allclose([[a.x, a.y, a.z] for a in written], cluster.position, atol=1e-6)
    numbers = {potential.ipot: potential.z for potential in parsed.potentials}
    assert [numbers[atom.ipot] for atom in written] == atoms.numbers[cluster.atom].tolist()
    # Potential 0 is the absorber's alone, and every type is in use.
    assert [atom.ipot for atom in written].count(0) == 1
    assert written[0].ipot == 0
    assert {atom.ipot for atom in written} == set(numbers)
    assert parsed.edge == "K"


def test_dimer_is_a_group_with_the_partner_as_a_type(peroxide: Atoms) -> None:
    engine = FeffEngine(FeffSettings(dimer=1.7))
    oxygen = np.flatnonzero(peroxide.symbols == "O")
    groups = engine.groups(peroxide, oxygen.tolist())
    dimer = groups["O_in_LiOFe_dimer1"]
    assert len(dimer) == 2
    assert sorted(groups["O_in_LiOFe"] + dimer) == oxygen.tolist()
    parsed = feff10.FeffInput.parse_strict(engine.feff_input(peroxide, dimer[0]))
    partner = [atom for atom in parsed.atoms if atom.ipot == 4]
    assert len(partner) == 1
    assert np.hypot(np.hypot(partner[0].x, partner[0].y), partner[0].z) == pytest.approx(1.46)


def test_no_dimers_on_request(peroxide: Atoms) -> None:
    engine = FeffEngine()
    oxygen = np.flatnonzero(peroxide.symbols == "O").tolist()
    assert list(engine.groups(peroxide, oxygen)) == ["O_in_LiOFe"]


def test_sites_with_other_elements_around_do_not_share_potentials() -> None:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (4, 1, 1)
    atoms.symbols[0] = "Fe"
    engine = FeffEngine(TINY)
    groups = engine.groups(atoms, np.flatnonzero(atoms.symbols == "O").tolist())
    assert set(groups) == {"O_in_OMg", "O_in_OMgFe"}


def test_lone_absorber_of_another_element_and_edge() -> None:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    atoms.symbols[0] = "Fe"
    settings = dataclasses.replace(TINY, edge="L3")
    parsed = feff10.FeffInput.parse_strict(FeffEngine(settings).feff_input(atoms, 0))
    assert parsed.edge == "L3"
    assert parsed.potentials[0].z == 26


def test_representative_has_usual_surroundings(peroxide: Atoms) -> None:
    engine = FeffEngine(FeffSettings(dimer=1.7))
    ordinary = engine.groups(peroxide, np.flatnonzero(peroxide.symbols == "O").tolist())[
        "O_in_LiOFe"
    ]
    chosen = engine.representatives(peroxide, ordinary, 1)[0]
    dimer = np.flatnonzero(peroxide.symbols == "O")[[0, 5]]
    # What stands for all O must not be a dimer's atom.
    cluster = cut_cluster(peroxide, chosen, 7.0)
    nearest = next(a for a in cluster.atom[1:] if peroxide.symbols[a] == "O")
    assert nearest not in dimer


def test_lonely_atom_is_refused() -> None:
    with pytest.raises(InputError, match="has no neighbour within"):
        FeffEngine().groups(Atoms("O"), [0])


def test_settings_of_a_3d_k_edge() -> None:
    crystal = bulk("GdFe", "cesiumchloride", a=3.0)
    engine = FeffEngine(FeffSettings.for_edge(Edge("Fe")))
    assert engine.settings.energy[[0, -1]].tolist() == [-20.0, 60.0]
    parsed = feff10.FeffInput.parse_strict(engine.feff_input(crystal, 1))
    # f electrons take part; quadrupole transitions are on.
    assert {one.z for one in parsed.potentials} == {26, 64}
    text = engine.feff_input(crystal, 1)
    assert "64 Gd 3 3" in text
    assert "26 Fe 2 2" in text
    assert "MULTIPOLE 2" in text
    assert "SCF 3 0 30 0.1 3\n" in engine.feff_input(crystal, 1, engine.settings.scf_mixing)
    # Each unique site has its own field.
    assert engine.groups(bulk("Fe", cubic=True), [0, 1]) == {
        "Fe_in_Fe_site0": (0,), "Fe_in_Fe_site1": (1,),
    }  # fmt: skip
    assert FeffSettings.for_edge(Edge("O")) == FeffSettings(dimer=1.7)


def test_interstitial_around_the_absorber(magnesia: Atoms) -> None:
    def cards(atoms: Atoms, settings: FeffSettings) -> list[str]:
        text = FeffEngine(settings).feff_input(atoms, 0)
        feff10.FeffInput.parse_strict(text)
        return [line for line in text.splitlines() if line.startswith("INTERSTITIAL")]

    local = FeffSettings(local_interstitial=True)
    # An atom has a**3 / 8; the shortest bond is a / 2 in rock salt, a sqrt(3) / 4 in zinc blende.
    assert cards(bulk("NiO", "rocksalt", a=4.2), local) == ["INTERSTITIAL 1 1.00000"]
    assert cards(bulk("ZnS", "zincblende", a=5.4), local) == ["INTERSTITIAL 1 1.53960"]
    # A molecule has no volume: FEFF takes its own.
    assert cards(Atoms("CO", [[0, 0, 0], [1.1, 0, 0]]), local) == ["INTERSTITIAL 1 0.00000"]
    assert FeffSettings.for_edge(Edge("Zn")).local_interstitial
    assert not cards(magnesia, FeffSettings.for_edge(Edge("O")))


def test_a_field_that_does_not_converge_is_tried_with_slower_mixing(
    magnesia: Atoms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def diverges_at_first(
        self: FeffEngine, atoms: Atoms, site: int, folder: Path, mixing: str
    ) -> tuple[float, Preparation]:
        tried.append(mixing)
        if not mixing:
            raise EngineError("FEFF's SCF did not converge")
        (folder / "pot.bin").write_text("field")
        return -3.0, Preparation(site, -3.0, 50)

    monkeypatch.setattr(FeffEngine, "self_consistent", diverges_at_first)
    preparation = FeffEngine(TINY).prepare(magnesia, [1], tmp_path)
    assert (preparation.scf_iterations, preparation.trials) == (50, {"1": -3.0})
    assert len(tried) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["pot.bin"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"fms_radius": 8.0}, "smaller than scf_radius"),
        ({"energy_min": 1.0}, "do not enclose"),
        ({"lmax": 9}, "give 0 to 4"),
        ({"multipole": 1}, "give 0 or 2"),
        ({"scf_radius": -1.0}, "must be positive"),
        ({"dimer": 0.0}, "distance in"),
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        FeffSettings(**wrong)  # pyright: ignore[reportArgumentType]


def test_missing_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feff, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="pip install feff10-rs"):
        FeffEngine()


def test_attributes_say_what_made_the_spectra() -> None:
    said = FeffEngine().attributes()
    assert json.loads(str(said["parameters"]))["fms_radius"] == 4.8
    assert "FEFF10" in str(said["acknowledgement"])
    assert "Fermi level" in str(said["energy_zero"])


@pytest.mark.engine
def test_shared_potentials_give_the_spectrum(
    magnesia: Atoms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feff, "LARGE", 2)
    engine = FeffEngine(dataclasses.replace(TINY, trials=2))
    for name in ("potentials", "own", "other"):
        (tmp_path / name).mkdir()
    oxygen = np.flatnonzero(magnesia.symbols == "O").tolist()
    prepared = engine.prepare(magnesia, oxygen, tmp_path / "potentials")
    assert prepared.representative in oxygen
    assert prepared.fermi_level is not None
    # Equivalent sites have one Fermi level.
    assert len(prepared.trials) == 2
    assert np.ptp(list(prepared.trials.values())) < 0.02
    assert -20 < prepared.fermi_level < 0
    assert 1 < (prepared.scf_iterations or 0) < 30
    own = engine.spectrum(
        magnesia, prepared.representative, tmp_path / "potentials", tmp_path / "own"
    )
    other = engine.spectrum(magnesia, oxygen[-1], tmp_path / "potentials", tmp_path / "other")
    np.testing.assert_allclose(own.energy, np.arange(-3.0, 16.01, 0.5))
    # All O of MgO are equivalent.
    np.testing.assert_allclose(other.mu, own.mu, rtol=1e-3)
    assert own.provenance["fermi_level"] == pytest.approx(prepared.fermi_level, abs=0.01)
    # The O K edge jump is some tenths of a megabarn (Henke tables: 0.5 Mb above the edge).
    assert 0.1 < own.mu[own.energy > 5].mean() < 1.0
    # An insulator's valence band ends below the edge; above the Fermi level absorption sets in.
    assert own.mu[0] < 0.05 * own.mu.max()
    assert "Convergence reached" in (tmp_path / "potentials" / "feff.log").read_text()


@pytest.mark.engine
def test_failure_says_why(magnesia: Atoms, tmp_path: Path) -> None:
    clash = magnesia.copy()
    oxygen = np.flatnonzero(clash.symbols == "O")
    clash.positions[oxygen[1]] = clash.positions[oxygen[0]] + [0.05, 0, 0]
    settings = dataclasses.replace(TINY, dimer=None)
    with pytest.raises(EngineError, match=f"atom {oxygen[0]}"):
        FeffEngine(settings).prepare(clash, [int(oxygen[0])], tmp_path)
    assert (tmp_path / f"trial_{oxygen[0]}" / "feff.log").stat().st_size > 0


@pytest.mark.engine
def test_time_limit(magnesia: Atoms, tmp_path: Path) -> None:
    # The whole seconds that the system counts are enough for smaller settings.
    settings = FeffSettings(timeout=0.2)
    with pytest.raises(EngineError, match=r"took longer than 0\.2 s"):
        FeffEngine(settings).prepare(magnesia, [1], tmp_path)


def test_real_snapshot_groups(shared_data: Path) -> None:
    folder = shared_data / "ocean-li3feo35"
    engine = FeffEngine(FeffSettings(dimer=1.7))
    for name, dimers in (("POSCAR_0K", []), ("POSCAR_15ps", [(80, 93)])):
        atoms = read(folder / name)
        assert isinstance(atoms, Atoms)
        groups = engine.groups(atoms, np.flatnonzero(atoms.symbols == "O").tolist())
        assert [groups[name] for name in groups if "dimer" in name] == dimers
        assert len(groups["O_in_LiOFe"]) == 49 - 2 * len(dimers)

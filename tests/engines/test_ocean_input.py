from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read

from nearedge.edges import Edge
from nearedge.engines import OceanInput, OceanSettings
from nearedge.errors import InputError

MAGNESIA = bulk("MgO", "rocksalt", a=4.21)
K_EDGE = OceanInput(Edge("O"))


@pytest.fixture
def upf(tmp_path: Path) -> Path:
    """Files that stand in for pseudopotentials: their names, and how many electrons they count."""
    for name, electrons in (("Li-s", 3), ("Fe-sp", 16), ("O", 6), ("Mg-sp", 10)):
        (tmp_path / f"{name}.UPF").write_text(f'z_valence="  {electrons}.00"')
    (tmp_path / "README").write_text("no pseudopotential")
    return tmp_path


def rock_salt() -> Atoms:
    """Li6Fe2O7: two conventional cells with an O left out."""
    atoms = bulk("LiO", "rocksalt", a=4.17, cubic=True).repeat((1, 1, 2))
    cations = np.flatnonzero(atoms.numbers == 3)
    atoms.numbers[cations[[0, 5]]] = 26
    del atoms[int(np.flatnonzero(atoms.numbers == 8)[0])]
    assert str(atoms.symbols.formula.format("hill")) == "Fe2Li6O7"
    return atoms


def numbers(text: str) -> list[float]:
    return [float(word) for word in text.split()]


def test_magnesia_is_given_the_recorded_input(
    recorded_ocean: Path, upf: Path, tmp_path: Path
) -> None:
    """Word for word but for the cell, which is in bohr here, and the one O, named by its number."""
    atoms = read(recorded_ocean / "POSCAR", format="vasp")
    assert isinstance(atoms, Atoms)
    prefix = "mpirun --allow-run-as-root --oversubscribe -n 2"
    folder = tmp_path / "run"
    folder.mkdir()
    OceanInput(Edge("O"), pseudopotentials=upf, mpi=prefix).write(atoms, [1], folder)
    ours, theirs = (
        [line.split() for line in (path / "ocean.in").read_text().splitlines()]
        for path in (folder, recorded_ocean)
    )
    named = {"structure.rscale", "structure.epsilon", "calc.edges"}
    blocks = {"structure.rprim", "structure.xred"}
    starts = ("structure.", "dft.", "psp.", "opf.", "bse.", "screen.", "calc.", "computer.")
    ours, theirs = (
        [line for line in lines if line and line[0].startswith(starts)] for lines in (ours, theirs)
    )
    assert [line[0] for line in ours] == [line[0] for line in theirs]
    for line, other in zip(ours, theirs, strict=True):
        assert line == other or line[0] in named | blocks
    for photon in ("photon1", "photon2", "photon3"):
        assert (folder / photon).read_text() == (recorded_ocean / photon).read_text()
    cell = numbers(OceanInput(Edge("O")).keywords(atoms, [1])["structure.rprim"])
    np.testing.assert_allclose(cell, 7.9589 * np.array([0, 1, 1, 1, 0, 1, 1, 1, 0]) / 2, rtol=1e-6)


def test_meshes_and_bands_scale_with_the_cell() -> None:
    one, eight = (K_EDGE.keywords(MAGNESIA.repeat(times), [1]) for times in (1, 2))
    for name in ("dft.den.kmesh", "bse.kmesh", "screen.kmesh"):
        assert [2 * count for count in numbers(eight[name])] == numbers(one[name])
    # One point less where rounding up to whole points was generous; numbers of small factors.
    assert numbers(one["bse.xmesh"]) == [8, 8, 8]
    assert numbers(eight["bse.xmesh"]) == [15, 15, 15]
    for name in ("bse.nbands", "screen.nbands"):
        # Counted from half the electrons, which are unknown without pseudopotentials.
        assert 0 <= 8 * -float(one[name]) + float(eight[name]) < 8
    assert "psp.pp_list" not in one
    assert "psp.source" not in one


def test_spin_raises_bands_and_is_smeared(upf: Path) -> None:
    atoms = rock_salt()
    sites = np.flatnonzero(atoms.numbers == 8).tolist()
    inputs = OceanInput(Edge("O"), pseudopotentials=upf)
    spin = inputs.keywords(atoms, sites)
    unpolarised = replace(inputs, settings=OceanSettings(moments={}))
    plain = unpolarised.keywords(atoms, sites)
    assert spin["dft.nspin"] == "2"
    assert spin["dft.smag"] == f"starting_magnetization(1) = {5 / 16:.3f}"
    assert (spin["dft.occopt"], spin["structure.metal"]) == ("3", "true")
    # Two Fe of 5 Bohr magnetons: five more majority bands are occupied.
    for name in ("bse.nbands", "screen.nbands"):
        assert int(spin[name]) - int(plain[name]) == 5
    assert not {"dft.nspin", "dft.smag", "dft.occopt", "structure.metal"} & set(plain)
    metal = replace(unpolarised, settings=OceanSettings(moments={}, metal=True))
    assert metal.keywords(atoms, sites)["dft.occopt"] == "3"


def test_an_odd_number_of_electrons_is_no_insulator(upf: Path) -> None:
    lithium = bulk("Li", "bcc", a=3.5)
    inputs = OceanInput(Edge("Li"), pseudopotentials=upf)
    assert inputs.keywords(lithium, [0])["dft.occopt"] == "3"
    assert "dft.occopt" not in inputs.keywords(bulk("Li", "bcc", a=3.5, cubic=True), [0])


def test_core_offsets_are_for_sites_that_differ() -> None:
    cubic = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    alike = K_EDGE.keywords(cubic, [1, 3, 5, 7])
    assert alike["calc.edges"].split("\n") == ["2 1 0", "4 1 0", "6 1 0", "8 1 0"]
    assert "screen.core_offset.enable" not in alike
    cubic.rattle(0.05, seed=1)
    differ = K_EDGE.keywords(cubic, [1, 3])
    assert differ["screen.core_offset.enable"] == "true"
    # Energies are absolute then: wherever the band's minimum is, the range is covered.
    (low, high), settings = numbers(differ["bse.core.plot.range"]), OceanSettings()
    assert low < settings.energy_min - 10
    assert high > settings.energy_max + 20
    step = (high - low) / float(differ["bse.core.plot.points"])
    assert step == pytest.approx(settings.energy[1] - settings.energy[0], rel=1e-3)


@pytest.mark.parametrize(
    ("edge", "numbers"), [("K", "1 0"), ("L1", "2 0"), ("L2", "2 1"), ("L3", "2 1"), ("M5", "3 2")]
)
def test_edges_are_quantum_numbers(edge: str, numbers: str) -> None:
    keywords = OceanInput(Edge("Fe", edge)).keywords(bulk("Fe", "bcc", a=2.87), [0])
    assert keywords["calc.edges"] == f"1 {numbers}"


def test_keywords_of_the_settings_have_the_last_word() -> None:
    own = {"bse.kmesh": "4 4 4", "dft.nstep": "300", "dft.epsilon.method": ""}
    keywords = OceanInput(Edge("O"), OceanSettings(keywords=own)).keywords(MAGNESIA, [1])
    assert (keywords["bse.kmesh"], keywords["dft.nstep"]) == ("4 4 4", "300")
    assert "dft.epsilon.method" not in keywords


def test_pseudopotentials_are_found_by_element_alone(upf: Path) -> None:
    (upf / "Mg-sp.UPF").unlink()
    (upf / "Os.upf").touch()
    inputs = OceanInput(Edge("O"), pseudopotentials=upf)
    with pytest.raises(InputError, match="one pseudopotential of Mg, as Mg.UPF, and holds none"):
        inputs.keywords(MAGNESIA, [1])
    (upf / "mg.upf").write_text("no electrons")
    with pytest.raises(InputError, match=r"mg\.upf: does not say z_valence"):
        inputs.keywords(MAGNESIA, [1])
    (upf / "O_ONCV.upf").touch()
    with pytest.raises(InputError, match=r"of O, as O.UPF, and holds O.UPF, O_ONCV.upf"):
        inputs.keywords(MAGNESIA, [1])
    with pytest.raises(InputError, match="nowhere: no such folder"):
        replace(inputs, pseudopotentials=Path("nowhere")).keywords(MAGNESIA, [1])


def test_what_ocean_cannot_compute_is_refused() -> None:
    with pytest.raises(InputError, match="not periodic"):
        K_EDGE.keywords(Atoms("CO", [(0, 0, 0), (0, 0, 1.1)], cell=[9, 9, 9]), [1])
    with pytest.raises(InputError, match=r"ecut is -1.0; must be positive"):
        OceanSettings(ecut=-1.0)
    with pytest.raises(InputError, match="do not enclose"):
        OceanSettings(energy_min=2.0)

"""Crystals of the table that ships and of AMCSD, against what everybody knows of them."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read

from nearedge.errors import InputError
from nearedge.structures import (
    Crystal,
    equivalent_atoms,
    read_amcsd,
    read_crystals,
    select_crystals,
    structure_types,
    write_crystals,
)

AMCSD = pytest.mark.skipif(find_spec("larixite") is None, reason="AMCSD comes with larixite")
SPINEL = "Co3O4_spinel_table.cif"


def crystal(name: str, atoms: Atoms, objection: str | None = None) -> Crystal:
    return Crystal(name, "test", "nobody", atoms, objection)


def test_the_table_builds_what_it_says() -> None:
    chosen, rejected = select_crystals(structure_types(["Co"]), ["Co"])
    assert rejected == []
    files = {crystal.file_name: crystal for crystal in chosen}
    spinel = files[SPINEL]
    assert len(spinel.atoms) == 14
    # A tetrahedral and an octahedral Co: 2 and 4 of the 6 in a primitive cell.
    assert sorted(spinel.sites(["Co"]).values()) == [2, 4]
    assert "Smith and A. D. Hobson" in spinel.publication
    assert [len(crystal.atoms) for crystal in chosen] == sorted(len(c.atoms) for c in chosen)


def test_every_row_of_the_table_is_a_sound_crystal() -> None:
    metals = ["Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn"]
    rows = list(structure_types(metals))  # some seconds: it builds them all
    chosen, rejected = select_crystals(rows, metals)
    assert rejected == []
    assert len(chosen) == len(rows)
    assert all(crystal.publication for crystal in chosen)


def test_one_of_each_formula_group_and_volume() -> None:
    halite = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    remeasured = bulk("MgO", "rocksalt", a=4.22)
    pressed = bulk("MgO", "rocksalt", a=4.05)
    chosen, rejected = select_crystals(
        [crystal("first", halite), crystal("again", remeasured), crystal("pressed", pressed)],
        ["Mg"],
    )
    assert [found.name for found in chosen] == ["first", "pressed"]
    assert len(chosen[0].atoms) == 2
    assert [(one.crystal.name, one.reason) for one in rejected] == [
        ("again", "a crystal of the same formula, space group and volume is already in")
    ]


def test_what_cannot_be_used_is_listed() -> None:
    split = bulk("MgO", "rocksalt", a=4.21)
    split.append("Mg")
    split.positions[2] = [0.4, 0.0, 0.0]
    large = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (2, 2, 1)
    large.rattle(0.1, seed=0)
    chosen, rejected = select_crystals(
        [
            crystal("split", split),
            crystal("large", large),
            crystal("partly", bulk("MgO", "rocksalt", a=4.21), "its sites are partly occupied"),
            crystal("foreign", bulk("NiO", "rocksalt", a=4.18)),
        ],
        ["Mg"],
        max_atoms=20,
    )
    assert chosen == []
    reasons = {one.crystal.name: one.reason for one in rejected}
    assert set(reasons) == {"split", "large", "partly"}
    assert "0.40 Å apart" in reasons["split"]
    assert reasons["large"] == "its primitive cell holds 32 atoms, more than 20"
    assert reasons["partly"] == "its sites are partly occupied"


def test_written_and_read_again(tmp_path: Path) -> None:
    chosen, _ = select_crystals(structure_types(["V"]), ["V"], limit=20)
    write_crystals(tmp_path / "out", chosen)
    again = {one.code: one for one in read_crystals(tmp_path / "out")}
    assert set(again) == {"table"}
    found, rejected = select_crystals(read_crystals(tmp_path / "out"), ["V"])
    assert rejected == []
    assert [one.file_name for one in found] == [one.file_name for one in chosen]
    for one, other in zip(found, chosen, strict=True):
        assert one.publication == other.publication
        np.testing.assert_allclose(
            one.atoms.get_all_distances(mic=True),
            other.atoms.get_all_distances(mic=True),
            atol=1e-5,
        )
    with pytest.raises(InputError, match="already exists"):
        write_crystals(tmp_path / "out", chosen)


def test_partly_occupied_cif_is_not_ordered(tmp_path: Path) -> None:
    write_crystals(tmp_path / "out", [crystal("magnesia", bulk("MgO", "rocksalt", a=4.21))])
    path = next((tmp_path / "out").glob("*.cif"))
    text = path.read_text().replace("fract_z\n", "fract_z\n_atom_site_occupancy\n")
    lines = [f"{line} 0.5" if line.startswith("Mg0") else line for line in text.splitlines()]
    lines = [f"{line} 1.0" if line.startswith("O1") else line for line in lines]
    path.write_text("\n".join(lines))
    chosen, rejected = select_crystals(read_crystals(tmp_path / "out"), ["Mg"])
    assert chosen == []
    assert rejected[0].reason == "its sites are partly or jointly occupied"
    with pytest.raises(InputError, match=r"holds no \*.cif"):
        list(read_crystals(tmp_path))


def test_symmetry_ignores_what_is_not_a_crystal() -> None:
    molecule = Atoms("O2", [[0, 0, 0], [0, 0, 1.2]])
    assert equivalent_atoms(molecule).tolist() == [0, 1]


@AMCSD
def test_minerals_are_as_their_publications_say(tmp_path: Path) -> None:
    chosen, rejected = select_crystals(read_amcsd(["Zn"]), ["Zn"])
    named: dict[str, list[Crystal]] = {}
    for one in chosen:
        named.setdefault(one.name, []).append(one)
    zincite = named["Zincite"][0]
    assert zincite.formula == "OZn"
    assert zincite.sites(["Zn"]) == {0: 2}
    # Willemite, R-3: two tetrahedral Zn, six of each in a primitive cell of 42 atoms.
    willemite = next(one for one in named["Willemite"] if len(one.atoms) == 42)
    assert list(willemite.sites(["Zn"]).values()) == [6, 6]
    assert "New investigation of willemite" in willemite.publication
    assert all(one.reason for one in rejected)
    assert len({one.file_name for one in chosen}) == len(chosen)
    write_crystals(tmp_path / "zn", chosen[:1])
    assert "_database_code 'amcsd" in next((tmp_path / "zn").glob("*.cif")).read_text()
    assert len(read(next((tmp_path / "zn").glob("*.cif")))) == len(chosen[0].atoms)

import dataclasses
import json
from pathlib import Path

import pytest
from ase.build import bulk

from nearedge.engines import (
    FeffSettings,
    Preparation,
    Reference,
    read_reference,
    write_reference,
)
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError, InputError

SETTINGS = FeffSettings(dimer=1.7)


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """Potentials whose content no test reads: only FEFF does."""
    scf, folder = tmp_path / "scf", tmp_path / "reference"
    scf.mkdir()
    folder.mkdir()
    for name in ("pot.bin", "edges.dat", "chemical.dat", "fpf0.dat"):
        (scf / name).write_text(name)
    known = Reference(3, -5.5, 8, snapshot="a")
    write_reference(folder, SETTINGS, {"O_in_OMg": (scf, known)})
    return folder


def test_written_and_read(reference: Path) -> None:
    found = read_reference(reference, SETTINGS)
    assert list(found) == ["O_in_OMg"]
    assert found["O_in_OMg"].fermi_level == -5.5
    assert len(found["O_in_OMg"].sha256) == 64


def test_copied_instead_of_computed(reference: Path, tmp_path: Path) -> None:
    engine = FeffEngine(SETTINGS, reference)
    magnesia = bulk("MgO", "rocksalt", a=4.21)
    (tmp_path / "group").mkdir()
    assert engine.prepare(magnesia, [1], tmp_path / "group") == Preparation(3, -5.5, 8)
    assert (tmp_path / "group" / "pot.bin").read_text() == "pot.bin"
    parameters = json.loads(str(engine.attributes()["parameters"]))
    assert parameters["potentials"] == {
        "O_in_OMg": read_reference(reference, SETTINGS)["O_in_OMg"].sha256
    }


def test_other_material_is_refused(reference: Path) -> None:
    engine = FeffEngine(SETTINGS, reference)
    with pytest.raises(InputError, match=r"holds potentials of O_in_OMg, none of O_in_OCa \(atom"):
        engine.groups(bulk("CaO", "rocksalt", a=4.81), [1])


@pytest.mark.engine
def test_dimers_have_their_own_unless_there_are_some(reference: Path, tmp_path: Path) -> None:
    magnesia = bulk("MgO", "rocksalt", a=4.21, cubic=True) * (2, 2, 2)
    oxygen = [atom.index for atom in magnesia if atom.symbol == "O"]
    magnesia.positions[oxygen[1]] = magnesia.positions[oxygen[0]] + [0.8, 0.8, 0.8]
    label = f"O_in_OMg_dimer{oxygen[0]}"
    settings = dataclasses.replace(SETTINGS, timeout=0.1)
    groups = FeffEngine(settings, reference).groups(magnesia, oxygen)
    assert groups[label] == (oxygen[0], oxygen[1])
    (tmp_path / "own").mkdir()
    with pytest.raises(EngineError, match="took longer"):  # an SCF was begun
        FeffEngine(settings, reference).prepare(magnesia, groups[label], tmp_path / "own")

    both, copied = tmp_path / "both", tmp_path / "copied"
    both.mkdir()
    copied.mkdir()
    known = Reference(3, -6.0, 8, snapshot="a")
    write_reference(both, settings, {"O_in_OMg_dimer": (reference / "O_in_OMg", known)})
    prepared = FeffEngine(settings, both).prepare(magnesia, groups[label], copied)
    assert prepared.fermi_level == -6.0


def test_other_settings_are_refused(reference: Path) -> None:
    # A larger sphere of the spectrum needs no other potentials, one of the SCF does.
    read_reference(reference, dataclasses.replace(SETTINGS, fms_radius=6.0))
    with pytest.raises(InputError, match=r"computed with scf_radius 4\.0, not 3\.5"):
        read_reference(reference, dataclasses.replace(SETTINGS, scf_radius=3.5))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("O_in_OMg/pot.bin", "tampered", "pot.bin was changed"),
        ("O_in_OMg/pot.bin", None, "pot.bin cannot be read"),
        ("potentials.json", None, "holds no reference potentials"),
        ("potentials.json", "{", "no valid JSON"),
        ("potentials.json", "[]", "holds no JSON object"),
        (
            "potentials.json",
            '{"settings": {}, "groups": {"x": {"level": 1}}}',
            "has no level; there",
        ),
    ],
)
def test_damage_is_named(reference: Path, name: str, content: str | None, said: str) -> None:
    if content is None:
        (reference / name).unlink()
    else:
        (reference / name).write_text(content)
    with pytest.raises(InputError, match=said) as caught:
        FeffEngine(SETTINGS, reference)
    assert str(reference) in str(caught.value)

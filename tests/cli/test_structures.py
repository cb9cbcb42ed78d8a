"""The verbs ``nearedge structures ...`` as they are typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import write
from ase.neighborlist import neighbor_list
from typer.testing import CliRunner

import nearedge.cli.structures as verbs
from nearedge.errors import InputError
from nearedge.structures import read_snapshots

Run = Callable[..., tuple[int, str, str]]

runner = CliRunner()


def typed(*words: str | Path) -> str:
    result = runner.invoke(verbs.app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_build_takes_turns_with_dimers(tmp_path: Path) -> None:
    path = tmp_path / "starts.extxyz"
    options = ("--count", "3", "--dimers", "1", "--dimers", "0", "--rare-sites", "1", "--seed", "7")
    assert typed("build", *options, "-o", path) == f"{path}: 3 x Fe8Li24O28\n"
    starts = read_snapshots(path)
    names = ["rocksalt-7-000", "rocksalt-7-001", "rocksalt-7-002"]
    assert [start.name for start in starts] == [start.trajectory for start in starts] == names
    assert [len(neighbor_list("i", start.atoms, 1.6)) for start in starts] == [2, 0, 2]
    again = tmp_path / "again.extxyz"
    typed("build", *options, "-o", again)
    assert again.read_text() == path.read_text()
    with pytest.raises(InputError, match="--force"):
        typed("build", "-o", path)


def test_build_goes_through_the_compositions(tmp_path: Path) -> None:
    path = tmp_path / "starts.extxyz"
    said = typed("build", "--material", "li-fe-o", "--count", "2", "-o", path)
    assert said == f"{path}: 1 x Fe4Li52O32, 1 x Fe8Li24O27\n"
    words = ["build", "--material", "li-fe-o", "--dimers", "1", "-o", str(tmp_path / "x")]
    assert runner.invoke(verbs.app, words).exit_code == 2


@pytest.mark.parametrize("time", ["equilibration", "interval"])
def test_no_time_at_all_is_refused(copper: Path, tmp_path: Path, time: str) -> None:
    with pytest.raises(InputError, match=f"{time} 0.0.*must be positive"):
        typed("md", copper, f"--{time}", "0", "-o", tmp_path / "md")


def test_help_and_bad_usage() -> None:
    for verb in ("build", "md"):
        assert "--seed" in typed(verb, "--help")
    assert runner.invoke(verbs.app, ["build"]).exit_code == 2
    assert runner.invoke(verbs.app, ["build", "-o", "x", "--count", "0"]).exit_code == 2


@pytest.fixture
def copper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two copper cells, and EMT in the place of SevenNet-0, which is not always there."""
    monkeypatch.setattr("nearedge.structures.sevennet", EMT)
    path = tmp_path / "cu.extxyz"
    cell = "3.6 0 0 0 3.6 0 0 0 3.6"
    path.write_text(
        "".join(
            f'4\nLattice="{cell}" Properties=species:S:1:pos:R:3 trajectory={name}\n'
            "Cu 0 0 0\nCu 1.8 1.8 0\nCu 1.8 0 1.8\nCu 0 1.8 1.8\n"
            for name in ("a", "b")
        )
    )
    return path


def test_md_writes_and_resumes(copper: Path, tmp_path: Path) -> None:
    folder = tmp_path / "md"
    short = ("--equilibration", "20", "--interval", "10", "--frames", "2", "--temperature", "400")
    typed("md", copper, "-o", folder, *short)
    files = ["a.extxyz", "a.json", "b.extxyz", "b.json"]
    assert sorted(path.name for path in folder.iterdir()) == files
    assert [s.name for s in read_snapshots(folder / "b.extxyz")] == ["b-400K-20fs", "b-400K-30fs"]
    with pytest.raises(InputError, match="--resume"):
        typed("md", copper, "-o", folder, *short)
    (folder / "b.json").unlink()
    before = (folder / "b.extxyz").read_text()
    typed("md", copper, "-o", folder, *short, "--resume")
    assert (folder / "b.extxyz").read_text() == before
    with pytest.raises(InputError, match="another folder"):
        typed("md", copper, "-o", folder, *short, "--resume", "--friction", "0.1")


def test_md_refuses_what_it_cannot_keep_apart(copper: Path, tmp_path: Path) -> None:
    copper.write_text(copper.read_text().replace("trajectory=b", "trajectory=a"))
    with pytest.raises(InputError, match="different trajectories"):
        typed("md", copper, "-o", tmp_path / "md")
    assert not (tmp_path / "md").exists()


def test_crystals_of_a_folder(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    write(source / "periclase.cif", bulk("MgO", "rocksalt", a=4.21))
    write(source / "again.cif", bulk("MgO", "rocksalt", a=4.22))
    output = tmp_path / "crystals"
    arguments = ("structures", "crystals", "--absorber", "Mg", "-o", str(output))
    code, out, err = run(*arguments, "--from", str(source))
    assert code == 0, err
    assert out == f"{output}: 1 crystals with 1 unique sites; 1 left out\n"
    assert [path.name for path in sorted(output.iterdir())] == [
        "MgO_again_again.cif", "rejected.tsv",
    ]  # fmt: skip
    assert "is already in" in (output / "rejected.tsv").read_text()
    code, _, err = run(*arguments, "--from", str(source))
    assert (code, "already exists" in err) == (1, True)
    code, _, err = run("structures", "crystals", "--absorber", "Xx", "-o", str(tmp_path / "none"))
    assert (code, "'Xx' is not a chemical element" in err) == (1, True)
    code, _, err = run(
        "structures",
        "crystals",
        "--absorber",
        "Fe",
        "--from",
        str(source),
        "-o",
        str(tmp_path / "x"),
    )
    assert (code, "no crystal with Fe" in err) == (1, True)

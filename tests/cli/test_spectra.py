"""The verbs ``nearedge spectra ...`` as they are typed."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from nearedge.datasets import load_dataset

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.dat"
    rows = "".join(f"{7.1 + 0.001 * n:.3f}\t{1 + n}\t{n * n}\n" for n in range(20))
    path.write_text("# Element.symbol: Fe\n# energy (keV)\tmu[red]\tnorm\n" + rows)
    return path


def test_list(run: Run, scan: Path) -> None:
    code, out, err = run("spectra", "list", str(scan))
    assert (code, err) == (0, "")
    assert "mu[red]" in out
    assert "7100.00 to 7119.00" in out
    assert "\nmu[red]:\n  energies in keV, converted to eV\n" in out
    assert "scan.dat" not in out
    _, out, _ = run("spectra", "list", str(scan), f"{scan}::norm")
    assert out.count("normalised") == 2


def test_list_says_which_columns_were_left_out(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"
    path.write_text("# energy mu comment\n" + "".join(f"{7100 + n} {n} a\n" for n in range(20)))
    code, out, err = run("spectra", "list", str(path))
    assert (code, err) == (0, "")
    assert "\n  left out comment: no numbers\n" in out


def test_list_as_json(run: Run, scan: Path) -> None:
    code, out, err = run("spectra", "list", str(scan), "--json")
    assert (code, err) == (0, "")
    first, second = json.loads(out)
    assert first == {
        "file": str(scan),
        "name": "mu[red]",
        "points": 20,
        "energy_min": pytest.approx(7100.0),
        "energy_max": pytest.approx(7119.0),
        "zero": "absolute",
        "notes": ["energies in keV, converted to eV"],
        "absorber": "Fe",
        "edge": "K",
        "channel": "absorption",
        "left_out": {},
        "metadata": {"element": "Fe"},
    }
    assert second["name"] == "norm"
    _, out, _ = run("spectra", "list", f"{scan}::norm", "--json")
    assert [one["name"] for one in json.loads(out)] == ["norm"]


def test_an_edge_that_is_not_named_is_guessed_and_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"
    rows = (f"{8940 + n} {1 / (1 + math.exp(-(n - 50) / 2)):.4f}\n" for n in range(120))
    path.write_text("# energy mu\n" + "".join(rows))
    (spectrum,) = json.loads(run("spectra", "list", str(path), "--json")[1])
    assert (spectrum["absorber"], spectrum["edge"]) == ("Cu", "K")
    assert spectrum["notes"] == ["the file names no edge; by its energies it is Cu K"]


def test_files_of_one_name_are_told_apart(run: Run, scan: Path, tmp_path: Path) -> None:
    paths = [tmp_path / folder / "scan.dat" for folder in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(scan.read_text())
    _, out, _ = run("spectra", "list", *map(str, paths))
    assert "one/scan.dat::mu[red]:" in out
    assert "two/scan.dat::mu[red]:" in out


def test_columns_may_be_named(run: Run, scan: Path) -> None:
    _, out, _ = run("spectra", "list", str(scan), "--energy", "1", "--mu", "3/2", "--json")
    (spectrum,) = json.loads(out)
    assert (spectrum["name"], spectrum["energy_min"]) == ("3/2", pytest.approx(7100.0))
    code, _, err = run("spectra", "list", str(scan), "--mu", "i1")
    assert code == 1
    assert "has no column 'i1'; it has 1 'energy'" in err


def test_bad_input_and_bad_usage(run: Run, scan: Path) -> None:
    code, out, err = run("spectra", "list", str(scan.parent), str(scan), "--json")
    # A bad file does not stop the others.
    assert code == 1
    assert [one["name"] for one in json.loads(out)] == ["mu[red]", "norm"]
    assert err == f"nearedge: {scan.parent}: is a directory; give files of spectra\n"
    assert run("spectra", "list", str(scan.parent)) == (1, "", err)
    code, _, err = run("spectra", "list", f"{scan}::foo")
    assert code == 1
    assert "holds no spectrum 'foo'; it holds 'mu[red]' and 'norm'" in err
    assert run("spectra", "list")[0] == 2
    assert run("spectra", "list", "--help")[0] == 0


def test_a_simulated_sample_has_one_edge(run: Run, tmp_path: Path) -> None:
    output = tmp_path / "x.dat"
    code, out, err = run("spectra", "simulate", "3d-k-edges", "-o", str(output), "--json")
    assert (code, out) == (1, "")
    assert "of several (Co, Cr, Cu, " in err
    assert "name crystals of one element with --only" in err
    assert not output.exists()


def test_a_sample_of_unclear_coordination_is_simulated(run: Run, tmp_path: Path) -> None:
    data = load_dataset("3d-k-edges")
    name = str(data.snapshot[(data.environment == "unclear").argmax()])
    words = ["spectra", "simulate", "3d-k-edges", "--only", name, "-o", str(tmp_path / "x.dat")]
    code, out, err = run(*words, "--json")
    assert code == 0, err
    assert json.loads(out)["coordination"] is None
    code, out, _ = run(*words, "--force")
    assert code == 0
    assert "mean coordination unclear" in out

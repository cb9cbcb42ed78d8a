"""`nearedge match`, and libraries and the rung measured on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra, save_dataset
from tests.conftest import ONSET, edge_mu

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(crystal_dataset: SiteSpectra, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of crystals, and a measured file."""
    path = tmp_path_factory.mktemp("match")
    save_dataset(crystal_dataset, path / "data")
    axis = np.arange(-50.0, 150.0, 0.5)
    columns = np.column_stack([axis + ONSET["Fe", 4], edge_mu(axis, 4, 2.0)])
    np.savetxt(path / "fe.dat", columns, header="Element.symbol: Fe\nElement.edge: K\nenergy mu")
    np.savetxt(path / "mn.dat", columns, header="Element.symbol: Mn\nElement.edge: K\nenergy mu")
    twice = np.column_stack([columns, columns[:, 1] ** 2])
    np.savetxt(path / "two.dat", twice, header="energy mu_a mu_b")
    return path


def test_crystals_are_ranked(run: Run, folder: Path, tmp_path: Path) -> None:
    options = ("--plot", str(tmp_path / "m.png"), "--structure", str(tmp_path / "best.cif"))
    data = str(folder / "data")
    code, out, err = run("match", str(folder / "fe.dat"), "--dataset", data, *options)
    assert (code, err) == (0, "")
    assert out.index("Fe41") < out.index("Fe61")
    assert "FeS" in out
    assert out.splitlines()[-2:] == [options[1], options[3]]
    assert (tmp_path / "m.png").exists()
    assert "Fe" in (tmp_path / "best.cif").read_text()
    code, out, _ = run("match", str(folder / "fe.dat"), "--dataset", data, "-n", "3", "--json")
    found = json.loads(out)
    assert code == 0
    assert [one["rank"] for one in found["matches"]] == [1, 2, 3]
    assert found["matches"][0]["crystal"] == "Fe41"
    assert {one["absorber"] for one in found["matches"]} == {"Fe"}


def test_a_glitch_is_replaced_as_in_predict(run: Run, folder: Path, tmp_path: Path) -> None:
    columns = np.loadtxt(folder / "fe.dat")
    columns[np.abs(columns[:, 0] - ONSET["Fe", 4] - 25).argmin(), 1] += 3
    np.savetxt(
        tmp_path / "fe.dat", columns, header="Element.symbol: Fe\nElement.edge: K\nenergy mu"
    )
    misfits = []
    for file in (folder / "fe.dat", tmp_path / "fe.dat"):
        words = ("match", str(file), "--dataset", str(folder / "data"))
        misfits.append(json.loads(run(*words, "--json")[1])["matches"][0]["misfit"])
    assert misfits[1] == pytest.approx(misfits[0], abs=0.005)
    assert "1 glitch replaced" in " ".join(run(*words)[1].split())


def test_only_crystals_of_the_elements_of_the_sample_are_shown(run: Run, folder: Path) -> None:
    asked = ("match", str(folder / "fe.dat"), "--dataset", str(folder / "data"), "--json")
    for written in ("Fe, O", "fe o"):
        code, out, _ = run(*asked, "--elements", written)
        assert code == 0
        assert {one["formula"] for one in json.loads(out)["matches"]} == {"FeO"}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("fe.dat", "--elements", "Fe Xe"), "no K-edge of a crystal of Fe Xe alone; give all"),
        (("fe.dat", "--elements", "Mn O"), "'Mn O': lacks Fe, whose edge the file is of"),
        (("fe.dat", "--elements", ""), "lacks Fe"),
        (("fe.dat", "--elements", "Fe oxide"), "'Oxide' is no element"),
        (("mn.dat",), "mn.dat: the file names Mn K (6539 eV), but its energies are those of Fe K"),
        (("two.dat",), "two.dat: holds 2 spectra (mu_a, mu_b); name one as"),
        (("absent.dat",), "no such file"),
    ],
)
def test_what_cannot_be_matched_is_one_line(
    run: Run, folder: Path, arguments: tuple[str, ...], reason: str
) -> None:
    file, *rest = arguments
    code, _, err = run("match", str(folder / file), "--dataset", str(folder / "data"), *rest)
    assert code == 1
    assert reason in err
    assert err.count("\n") == 1


def test_a_library_is_trained_judged_and_used(
    run: Run, folder: Path, standards_folder: Path, tmp_path: Path
) -> None:
    library, standards = str(tmp_path / "library"), str(standards_folder)
    data = str(folder / "data")
    code, out, _ = run("train", "library", data, "-o", library, "--measured", standards)
    assert code == 0
    assert "16 references of Mn K, Fe K" in out
    assert "rung measured" in out
    figure = tmp_path / "measured.png"
    judge = ("evaluate", library, "--measured", standards, "--plot", str(figure))
    code, out, _ = run(*judge, "--json")
    result = json.loads(out)
    assert code == 0
    assert figure.stat().st_size > 10_000
    code, _, err = run(*judge)
    assert (code, err.count("\n")) == (1, 1)
    assert "--force" in err
    assert (result["rung"], result["n"]) == ("measured", 7)
    assert set(result["baselines"]) >= {"always the commonest", "1-nn", "random-forest"}
    code, out, _ = run("predict", library, str(folder / "fe.dat"), "--json")
    (told,) = json.loads(out)["answers"]
    assert code == 0
    assert told["rung"] == "measured"
    assert told["values"]["coordination"]["value"] == 4.0


def test_standards_are_taught(
    run: Run, folder: Path, standards_folder: Path, tmp_path: Path
) -> None:
    data, library = str(folder / "data"), str(tmp_path / "taught")
    standards = ("--standards", str(standards_folder), "--json")
    code, out, _ = run("train", "library", data, "-o", library, *standards)
    told = json.loads(out)
    assert code == 0
    assert told["kind"] == "library"
    assert told["references"] == {"Fe K": 12, "Mn K": 11}
    assert told["measured"]["n"] == 7


@pytest.mark.parametrize("output", [("--plot", "match.xyz"), ("--structure", "best.foo")])
def test_outputs_of_other_formats_are_refused_first(
    run: Run, folder: Path, output: tuple[str, str]
) -> None:
    code, _, err = run("match", str(folder / "none.dat"), *output)
    assert (code, err.count("\n")) == (1, 1)
    assert output[1] in err


def test_a_dataset_or_measured_spectra(run: Run, folder: Path, standards_folder: Path) -> None:
    both = ("model", str(folder / "data"), "--measured", str(standards_folder))
    assert run("evaluate", *both)[0] == 2
    assert run("evaluate")[0] == 2
    assert run("evaluate", "model", str(folder / "data"), "--plot", "figure.png")[0] == 2


@pytest.mark.usefixtures("quick_recipes")
def test_the_ladder_climbs_to_what_was_measured(
    run: Run, folder: Path, standards_folder: Path
) -> None:
    data, options = str(folder / "data"), ("--recipe", "paper", "--seeds", "1", "--json")
    code, out, _ = run("ladder", data, "--measured", str(standards_folder), *options)
    rung = json.loads(out)["rungs"]["measured"]
    assert code == 0
    assert rung["n"] == 7
    assert set(rung["baselines"]) >= {"1-nn", "random-forest", "always the commonest"}

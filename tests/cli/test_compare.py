import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nearedge.datasets import load_dataset, save_dataset, starter_path

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("pair")
    data = load_dataset(starter_path())
    data = data.select(data.snapshot == data.snapshot[0])
    save_dataset(data, folder / "one")
    save_dataset(data.select(np.arange(len(data))[::-1]), folder / "other")
    return str(folder / "one"), str(folder / "other")


def test_json_and_folder_hold_the_same_report(
    run: Run, pair: tuple[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, said, _ = run("compare", *pair, "-o", str(out), "--json")
    assert code == 0
    result = json.loads(said)
    assert result == json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert result["alignment"]["shift"] == pytest.approx(0, abs=0.01)
    assert result["correlation"]["spectra"]["first"] == 1
    assert (out / "comparison.png").stat().st_size > 10_000


def test_the_summary_says_it_in_words(run: Run, pair: tuple[str, str]) -> None:
    code, said, _ = run("compare", *pair)
    assert code == 0
    assert "the same atoms" in said
    assert "the two engines' spectra are similar" in said


def test_bad_input_is_one_line(run: Run, pair: tuple[str, str], tmp_path: Path) -> None:
    code, said, err = run("compare", pair[0], str(tmp_path / "none"))
    assert (code, said) == (1, "")
    assert err.count("\n") == 1
    (tmp_path / "out").mkdir()
    code, _, err = run("compare", *pair, "-o", str(tmp_path / "out"))
    assert code == 1
    assert "already exists" in err
    assert run("compare", pair[0])[0] == 2

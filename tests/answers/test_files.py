"""Predictions file by file: a bad one stops no other, and computed is told from measured."""

import json
from pathlib import Path

import numpy as np
import pytest

from nearedge.answers import Align, Answer, Failure, Request, predict, predict_files
from nearedge.datasets import SiteSpectra, save_dataset
from nearedge.errors import InputError
from nearedge.models import Model
from nearedge.models.inference import Zero
from nearedge.spectra import Identity, Preparation, Spectrum


def answers(
    model: Model, paths: list[Path | str], request: Request | None = None
) -> list[Answer | Failure]:
    found = predict_files(model, [str(path) for path in paths], request)
    return [one for _, several in found for one in several]


def good(found: list[Answer | Failure]) -> list[Answer]:
    assert not [one for one in found if isinstance(one, Failure)]
    return [one for one in found if isinstance(one, Answer)]


def test_each_spectrum_of_a_file_is_answered(measured_model: Model, files: Path) -> None:
    path = files / "scans.dat"
    first, second = good(answers(measured_model, [path]))
    assert (first.file, first.spectrum, second.spectrum) == (str(path), "scan1", "scan2")
    for one in (first, second):
        assert one.result["measured"]
        assert one.result["offset"]["energy"] == pytest.approx(530, abs=0.2)
        assert one.result["preparation"][-1].startswith("baseline taken off: line")
        assert one.prepared is not None
        assert one.measurement is not None
        said = one.to_dict()
        assert (said["file"], said["spectrum"]) == (str(path), one.spectrum)
        json.dumps(said, allow_nan=False)
    assert first.result["coordination"] != second.result["coordination"]
    (alone,) = good(answers(measured_model, [f"{path}::scan2"]))
    assert alone.result == second.result


def test_bad_files_stop_no_other(measured_model: Model, files: Path) -> None:
    names = ["binary.dat", "words.dat", "absent.dat", "short.dat", "line.dat", "scans.dat::third"]
    paths = [files / name for name in [*names, "scans.dat"]]
    by_file = dict(predict_files(measured_model, [str(path) for path in paths]))
    assert list(by_file) == [str(path) for path in paths]
    reasons = ["text", "", "no such file", "do not cover the model's window", "straight line"]
    for path, reason in zip(paths[:5], reasons, strict=False):
        (failure,) = by_file[str(path)]
        assert isinstance(failure, Failure)
        assert reason in failure.reason
        assert failure.reason.startswith(str(path))
        assert failure.file.startswith(str(path))
        assert "\n" not in failure.reason
    (unknown,) = by_file[str(paths[5])]
    assert isinstance(unknown, Failure)
    assert "holds no spectrum 'third'; it holds 'scan1' and 'scan2'" in unknown.reason
    assert len(good(by_file[str(paths[6])])) == 2


def test_a_name_too_long_for_a_path_is_no_crash(measured_model: Model, files: Path) -> None:
    for path in (files / ("x" * 300), f"{files / 'scans.dat'}::{'x' * 300}"):
        (failure,) = answers(measured_model, [path])
        assert isinstance(failure, Failure)


def test_relative_axes_are_taken_as_they_are(measured_model: Model, files: Path) -> None:
    path = files / "relative.dat"
    (plain,) = good(answers(measured_model, [path]))
    assert not plain.result["measured"]
    assert plain.measurement is None
    table = np.loadtxt(path)
    (same,) = predict(measured_model, table[:, 0], table[:, 1:].T)
    assert plain.result == {**same, "measured": False}
    (searched,) = good(answers(measured_model, [path], Request(align="auto")))
    assert searched.result["measured"]
    assert searched.result["offset"]["energy"] == pytest.approx(0, abs=0.2)
    (narrow,) = good(answers(measured_model, [path], Request(atoms_averaged=56)))
    low, high = narrow.result["interval"]
    assert high - low < np.ptp(plain.result["interval"])


def test_a_dataset_is_computed(
    measured_model: Model, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    save_dataset(telling_dataset, tmp_path / "data")
    found = good(answers(measured_model, [tmp_path / "data"]))
    assert len(found) == len(telling_dataset)
    assert not any(one.result["measured"] for one in found)
    (failure,) = answers(measured_model, [tmp_path])
    assert isinstance(failure, Failure)
    assert "is not a nearedge dataset" in failure.reason


@pytest.mark.parametrize(
    ("first", "axis_zero", "align", "zero", "searched"),
    [
        (515.0, None, None, None, True),
        (-5.0, None, None, None, False),
        (-5.0, None, "auto", None, True),
        (515.0, None, "none", None, False),
        # An axis of which the zero is known is not searched, wherever it begins.
        (515.0, "Fermi level", None, None, False),
        (515.0, "Fermi level", "auto", None, True),
        (-5.0, None, None, Zero(0.3), True),
        # One that begins within the model's window may be relative to any zero.
        (9.9, None, None, None, False),
        (10.1, None, None, None, True),
    ],
)
def test_when_the_zero_is_searched(
    measured_model: Model,
    first: float,
    axis_zero: str | None,
    align: Align | None,
    zero: Zero | None,
    searched: bool,
) -> None:
    energy = first + np.arange(0.0, 40.0, 0.5)
    spectrum = Spectrum("mu", energy, np.sin(energy), "scan.dat", Identity(zero=axis_zero))
    assert Request(align=align, zero=zero).aligns(spectrum, measured_model) is searched


def test_contradictions_are_refused() -> None:
    with pytest.raises(InputError, match="leave out one of them"):
        Request(align="none", zero=Zero(530.0))


def test_a_given_zero_and_preparation_are_used(measured_model: Model, files: Path) -> None:
    request = Request(
        zero=Zero(530.1, 0.0), preparation=Preparation("constant", (515.0, 520.0)), alike=0.0
    )
    first, _ = good(answers(measured_model, [files / "scans.dat"], request))
    assert first.result["offset"]["energy"] == 530.1
    assert "baseline taken off: constant" in first.result["preparation"][-1]
    assert first.result["like_training"] == 0


def test_scans_are_merged(measured_model: Model, files: Path) -> None:
    paths = [files / name for name in ("scans.dat", "absent.dat", "relative.dat")]
    failure, plain, merged = answers(measured_model, list(paths), Request(merge=True))
    assert isinstance(failure, Failure)
    assert isinstance(plain, Answer)
    assert isinstance(merged, Answer)
    assert not plain.result["measured"]
    assert merged.spectrum == "merged"
    assert merged.file == str(paths[0])
    (note,) = [step for step in merged.result["preparation"] if "merged, moved by" in step]
    assert "scans.dat::scan2" in note
    single = good(answers(measured_model, [paths[0]]))
    assert merged.result["noise"] < 0.85 * single[0].result["noise"]


def test_scans_that_cannot_be_merged_are_a_failure(measured_model: Model, files: Path) -> None:
    paths = [files / "scans.dat", files / "short.dat"]
    (failure,) = answers(measured_model, list(paths), Request(merge=True))
    assert isinstance(failure, Failure)
    assert "share too few energies" in failure.reason

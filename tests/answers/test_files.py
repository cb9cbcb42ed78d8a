"""Predictions file by file: a bad one stops no other, and computed is told from measured."""

import json
from pathlib import Path

import numpy as np
import pytest

from nearedge.answers import Align, Answer, Failure, Request, answer_files
from nearedge.datasets import SiteSpectra, save_dataset
from nearedge.models import Model
from nearedge.models.inference import Zero
from nearedge.spectra import Identity, Preparation, Spectrum


def answers(
    model: Model, paths: list[Path | str], request: Request | None = None
) -> list[Answer | Failure]:
    found = answer_files(lambda _: (model, "model"), [str(path) for path in paths], request)
    return [one for _, several in found for one in several]


def good(found: list[Answer | Failure]) -> list[Answer]:
    assert not [one for one in found if isinstance(one, Failure)]
    return [one for one in found if isinstance(one, Answer)]


def number(found: Answer) -> float:
    return float(found.values["coordination"].value)


def test_each_spectrum_of_a_file_is_answered(measured_model: Model, files: Path) -> None:
    path = files / "scans.dat"
    first, second = good(answers(measured_model, [path]))
    assert (first.file, first.label, second.label) == (str(path), "scan1", "scan2")
    for found in (first, second):
        assert found.evidence is not None
        assert found.e0 == pytest.approx(530, abs=0.2)
        assert found.remarks[-1].startswith("baseline taken off: line")
        json.dumps(found.to_json(), allow_nan=False)
    assert number(first) != number(second)
    (alone,) = good(answers(measured_model, [f"{path}::scan2"]))
    assert alone.to_json() == second.to_json()


def test_bad_files_stop_no_other(measured_model: Model, files: Path) -> None:
    names = ["binary.dat", "words.dat", "absent.dat", "short.dat", "scans.dat::third"]
    paths = [files / name for name in [*names, "scans.dat"]]
    by_file = dict(answer_files(lambda _: (measured_model, "model"), [str(path) for path in paths]))
    assert list(by_file) == [str(path) for path in paths]
    reasons = ["text", "", "no such file", "do not cover the model's window"]
    for path, reason in zip(paths[:4], reasons, strict=True):
        (failure,) = by_file[str(path)]
        assert isinstance(failure, Failure)
        assert reason in failure.reason
        assert failure.reason.startswith(str(path))
        assert failure.file.startswith(str(path))
        assert "\n" not in failure.reason
    (unknown,) = by_file[str(paths[4])]
    assert isinstance(unknown, Failure)
    assert "holds no spectrum 'third'; it holds 'scan1' and 'scan2'" in unknown.reason
    assert len(good(by_file[str(paths[5])])) == 2


def test_a_name_too_long_for_a_path_is_no_crash(measured_model: Model, files: Path) -> None:
    for path in (files / ("x" * 300), f"{files / 'scans.dat'}::{'x' * 300}"):
        (failure,) = answers(measured_model, [path])
        assert isinstance(failure, Failure)


def test_relative_axes_are_taken_as_they_are(measured_model: Model, files: Path) -> None:
    path = files / "relative.dat"
    (plain,) = good(answers(measured_model, [path]))
    assert plain.evidence is None
    assert plain.e0 == 0
    (searched,) = good(answers(measured_model, [path], Request(align="auto")))
    assert searched.evidence is not None
    assert searched.e0 == pytest.approx(0, abs=0.2)


def test_a_dataset_is_computed(
    measured_model: Model, telling_dataset: SiteSpectra, tmp_path: Path
) -> None:
    save_dataset(telling_dataset, tmp_path / "data")
    found = good(answers(measured_model, [tmp_path / "data"]))
    assert len(found) == len(telling_dataset)
    assert all(single.evidence is None for single in found)
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


def test_a_given_preparation_is_used(measured_model: Model, files: Path) -> None:
    request = Request(preparation=Preparation("constant", (515.0, 520.0)))
    first, _ = good(answers(measured_model, [files / "scans.dat"], request))
    assert "baseline taken off: constant" in first.remarks[-1]


def test_scans_are_merged(measured_model: Model, files: Path) -> None:
    paths = [files / name for name in ("scans.dat", "absent.dat", "relative.dat")]
    failure, plain, merged = answers(measured_model, list(paths), Request(merge=True))
    assert isinstance(failure, Failure)
    assert isinstance(plain, Answer)
    assert isinstance(merged, Answer)
    assert plain.evidence is None
    assert merged.evidence is not None
    assert merged.label == "merged"
    assert merged.file == str(paths[0])
    (note,) = [remark for remark in merged.remarks if "merged, moved by" in remark]
    assert "scans.dat::scan2" in note
    single = good(answers(measured_model, [paths[0]]))
    assert single[0].evidence is not None
    assert merged.evidence.fit.noise < 0.85 * single[0].evidence.fit.noise


def test_scans_that_cannot_be_merged_are_a_failure(measured_model: Model, files: Path) -> None:
    paths = [files / "scans.dat", files / "short.dat"]
    (failure,) = answers(measured_model, list(paths), Request(merge=True))
    assert isinstance(failure, Failure)
    assert "share too few energies" in failure.reason


def test_each_channel_is_merged_by_itself(measured_model: Model, files: Path) -> None:
    """Fluorescence is damped by self-absorption: it is no other scan of the transmission."""
    energy, one, other = np.loadtxt(files / "scans.dat").T / np.c_[[1, 100, 100]]
    rows = [f"{e} 1e6 {1e6 * np.exp(-mu)} {1e5 * mu}" for e, mu in zip(energy, one, strict=True)]
    again = [f"{e} 1e6 {1e6 * np.exp(-mu)} {1e5 * mu}" for e, mu in zip(energy, other, strict=True)]
    text = "\n".join(["#S 1 scan", "#L energy  i0  itrans  fluor", *rows, "", "#S 2 scan"])
    text = "\n".join([text, "#L energy  i0  itrans  fluor", *again, ""])
    (files / "channels.dat").write_text(text)
    found = good(answers(measured_model, [files / "channels.dat"], Request(merge=True)))
    assert [one.label for one in found] == ["merged transmission", "merged fluorescence"]
    for one in found:
        (note,) = [remark for remark in one.remarks if "merged, moved by" in remark]
        assert f"scan 2 {one.label.split()[1]} merged" in note

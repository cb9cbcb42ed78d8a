"""Maps of stacks whose composition is known."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from rich.console import Console

from nearedge.answers import Request, answer
from nearedge.answers.maps import StackMap, map_stack
from nearedge.answers.maps._maps import STATES
from nearedge.errors import InputError
from nearedge.files.stacks import open_stack
from nearedge.models import Model
from nearedge.models.inference import Zero
from nearedge.spectra import Preparation, Spectrum

ENERGY = np.arange(527.0, 543.01, 0.25)
ZERO = 530.0
KNOWN = Zero(ZERO, 0.0)

Halves = Callable[..., np.ndarray]
Map = Callable[..., tuple[StackMap, dict[str, np.ndarray]]]


@pytest.fixture
def mapped(measuring_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Map:
    """Map images without drawing them; give the result and the datasets of the file."""
    for name in ("draw_maps", "draw_overview"):
        monkeypatch.setattr(f"nearedge.answers.maps._mapping.{name}", lambda *_: None)

    def call(
        images: np.ndarray, zero: Zero | None = KNOWN, **options: Any
    ) -> tuple[StackMap, dict[str, np.ndarray]]:
        np.save(tmp_path / "stack.npy", images)
        shutil.rmtree(tmp_path / "maps", ignore_errors=True)
        quiet = Console(quiet=True)
        with open_stack(tmp_path / "stack.npy", ENERGY) as stack:
            result = map_stack(
                measuring_model, stack, tmp_path / "maps", zero=zero, console=quiet, **options
            )
        with h5py.File(result.folder / "maps.h5") as file:
            return result, {name: np.asarray(one) for name, one in file.items()}

    return call


def test_halves_agree_with_single_spectra(
    mapped: Map, halves: Halves, measuring_model: Model
) -> None:
    images = halves(9, 8)
    result, maps = mapped(images)
    assert result.counts == {
        "mapped": 72,
        "not_finite": 0,
        "no_signal": 0,
        "dim": 0,
        "unlike": 0,
        "unstated": 0,
    }
    for column in (0, 3, 4, 7):
        spectrum = Spectrum("p", ENERGY, images[:, 2, column].astype(float), "stack")
        request = Request(zero=KNOWN, preparation=Preparation("none", glitches=False))
        (single,) = answer(measuring_model, spectrum, request)
        value, shares = single.values["coordination"], single.values["environment"].probabilities
        assert shares is not None
        assert value.low is not None
        assert value.high is not None
        assert maps["coordination"][2, column] == pytest.approx(value.value, abs=5e-3)
        for name, share in shares.items():
            assert maps[f"fraction_{name}"][2, column] == pytest.approx(share, abs=5e-3)
        half = (value.high - value.low) / 2
        if value.low > 0:
            assert maps["coordination_error"][2, column] == pytest.approx(half, abs=1e-2)
    left, right = (maps["coordination"][:, part].mean() for part in (slice(4), slice(4, None)))
    assert right > left + 0.5
    shares = [
        maps[f"fraction_{name}"] for name in result.mean.values["environment"].probabilities or ()
    ]
    assert_allclose(np.sum(shares, axis=0), 1.0, atol=1e-5)


def test_the_zero_is_found_by_the_mean_spectrum(mapped: Map, halves: Halves) -> None:
    known, maps = mapped(halves(6, 8))
    result, found = mapped(halves(6, 8), None)
    assert result.places is not None
    assert result.places.likeliest == pytest.approx(ZERO, abs=0.15)
    assert_allclose(found["coordination"], maps["coordination"], atol=0.15)
    assert result.mean.values.keys() == known.mean.values.keys()


@pytest.mark.parametrize("block", [1, 50_000, 10**9])
def test_blocks_of_any_size_give_the_same_maps(
    mapped: Map, halves: Halves, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    images = halves(30, 100)
    _, plain = mapped(images)
    monkeypatch.setattr("nearedge.files.stacks._stack.BLOCK", block)
    _, other = mapped(images)
    for name, one in plain.items():
        assert_allclose(other[name], one, atol=1e-4, rtol=1e-4, err_msg=name)


def test_unit_thickness_and_background_of_a_pixel_do_not_matter(
    mapped: Map, halves: Halves
) -> None:
    images = halves(5, 8).astype(float)
    _, plain = mapped(images)
    rng = np.random.default_rng(0)
    scale, level, slope = rng.uniform(0.5, 2, (3, 5, 8))
    along = np.linspace(-1, 1, len(ENERGY))[:, None, None]
    _, other = mapped(40 * scale * images + level + slope * along)
    for name in ("coordination", "coordination_error", "novelty", "noise"):
        assert_allclose(other[name], plain[name], atol=2e-3, rtol=2e-3, err_msg=name)


def test_axes_in_either_order(mapped: Map, halves: Halves) -> None:
    images = halves(5, 8)
    _, first = mapped(images)
    _, last = mapped(np.moveaxis(images, 0, 2))
    assert_allclose(last["coordination"], first["coordination"], atol=1e-4)


def test_pixels_that_are_left_out_are_counted_and_said(mapped: Map, halves: Halves) -> None:
    images = halves(8, 10)
    images[5, 0, 0] = np.nan
    images[:, 0, 1] = np.inf
    images[:, 1] = np.random.default_rng(1).normal(scale=0.01, size=images[:, 1].shape)
    images[:, 2, 3] = 0.0
    # Thin, but clean.
    images[:, 4] *= 0.05
    result, maps = mapped(images)
    counts = {
        "mapped": 80 - 13,
        "not_finite": 2,
        "no_signal": 11,
        "dim": 0,
        "unlike": 0,
        "unstated": 0,
    }
    assert result.counts == counts
    for name in ("coordination", "coordination_error", "fraction_0", "novelty", "noise"):
        assert_array_equal(np.isnan(maps[name]), maps["state"] != 0)
    assert [list(STATES)[state] for state in maps["state"][[0, 0, 1, 2, 4], [0, 1, 5, 3, 0]]] == [
        "not_finite", "not_finite", "no_signal", "no_signal", "mapped",
    ]  # fmt: skip
    assert "2 of 80 pixels (2.5%) hold numbers that are not finite" in result.remarks
    assert (
        "11 of 80 pixels (13.8%) vary no more than their noise, or show no edge" in result.remarks
    )
    result, maps = mapped(images, mask_below=0.2)
    assert result.counts == {**counts, "mapped": 80 - 13 - 10, "dim": 10}
    assert np.isnan(maps["coordination"][4]).all()
    json.dumps(result.to_json(), allow_nan=False)


def test_foreign_and_noisy_pixels_are_told(mapped: Map, halves: Halves) -> None:
    images = halves(10, 10, 0.002)
    peak = np.exp(-(((ENERGY - 536) / 0.6) ** 2))[:, None]
    images[:, 3, :2] += 3 * peak
    images[:, 6] += np.random.default_rng(2).normal(scale=0.15, size=images[:, 6].shape)
    result, maps = mapped(images)
    assert (maps["novelty"][3, :2] > 1).all()
    assert (maps["novelty"][[0, 1, 2, 4, 5]] < 1).all()
    unlike = maps["novelty"] > 1
    assert (
        result.counts["unlike"]
        == unlike.sum()
        == (maps["state"] == list(STATES).index("unlike")).sum()
    )
    assert np.isnan(maps["coordination"][unlike]).all()
    assert np.isfinite(maps["coordination"][maps["state"] == 0]).all()
    _, forced = mapped(images, force=True)
    assert np.isfinite(forced["coordination"][unlike]).all()
    assert_array_equal(forced["state"], maps["state"])
    assert result.noisy == (maps["noise"] > 0.3).sum() >= 3
    said = " ".join(result.remarks)
    assert "unlike any mixture of the training spectra" in said
    assert "average neighbouring pixels" in said


def test_one_broken_pixel_does_not_spoil_the_others(mapped: Map, halves: Halves) -> None:
    images = halves(6, 8)
    _, plain = mapped(images, None)
    images[30, 2, 2] = 1e7
    _, other = mapped(images, None)
    off = np.abs(other["coordination"] - plain["coordination"])
    off[2, 2] = 0
    assert off.max() < 0.05


def test_several_zeros_are_said(mapped: Map, halves: Halves) -> None:
    """A peak that rises twice: either rise may be the edge."""
    images = halves(4, 6)
    result, _ = mapped(images, Zero(ZERO, 0.3))
    assert result.places is not None
    assert result.places.mode_weight > 0.99
    assert not [remark for remark in result.remarks if "likeliest zero" in remark]


def test_the_file_says_how_it_was_made(mapped: Map, halves: Halves, measuring_model: Model) -> None:
    result, maps = mapped(halves(4, 6), Zero(ZERO, 0.2), mask_below=0.1)
    with h5py.File(result.folder / "maps.h5") as file:
        about: dict[str, Any] = dict(file.attrs)
        assert about["program"].startswith("nearedge ")
        assert (about["e0"], about["e0_uncertainty"], about["mask_below"]) == (ZERO, 0.2, 0.1)
        assert about["model_fingerprint"] == measuring_model.record.training.fingerprint
        assert result.places is not None
        assert_allclose(about["zeros"], result.places.zeros)
        assert about["zero_weights"].sum() == pytest.approx(1)
        for one in file.values():
            assert one.attrs["long_name"]
        assert file["energy"].attrs["units"] == "eV"
        assert file["coordination"].attrs["units"] == "1"
    assert_array_equal(maps["energy"], ENERGY)
    assert result.mean.evidence is not None
    assert_allclose(maps["mean_spectrum"], result.mean.evidence.prepared.read.mu)


def test_interrupted_work_leaves_nothing(
    mapped: Map, halves: Halves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("nearedge.answers.maps._mapping._read", stop)
    with pytest.raises(KeyboardInterrupt):
        mapped(halves(4, 6))
    assert [path.name for path in tmp_path.iterdir()] == ["stack.npy"]


@pytest.mark.parametrize(
    ("energy", "zero", "said"),
    [
        (ENERGY / 1000, None, "as if they were in keV"),
        (ENERGY[:1] + np.arange(65) / 10, None, "do not cover the model's window"),
        (ENERGY, Zero(535.0, 0.0), "do not cover the window"),
    ],
)
def test_energies_that_do_not_fit_are_refused_at_once(
    measuring_model: Model,
    halves: Halves,
    tmp_path: Path,
    energy: np.ndarray,
    zero: Zero | None,
    said: str,
) -> None:
    np.save(tmp_path / "stack.npy", halves(2, 3))
    with pytest.raises(InputError, match=said):
        map_stack(
            measuring_model,
            open_stack(tmp_path / "stack.npy", energy),
            tmp_path / "out",
            zero=zero,
        )
    assert not (tmp_path / "out").exists()


def test_no_signal_at_all(mapped: Map) -> None:
    noise = np.random.default_rng(0).normal(size=(len(ENERGY), 3, 4))
    with pytest.raises(InputError, match="no pixel holds a spectrum"):
        mapped(noise)


def test_models_and_settings_that_cannot_be_used(
    measuring_model: Model, halves: Halves, tmp_path: Path
) -> None:
    np.save(tmp_path / "stack.npy", halves(2, 3))
    stack = open_stack(tmp_path / "stack.npy", ENERGY)
    with pytest.raises(InputError, match="cannot read measured spectra"):
        map_stack(replace(measuring_model, inference=None), stack, tmp_path / "out")
    with pytest.raises(InputError, match="no share of the brightest"):
        map_stack(measuring_model, stack, tmp_path / "out", mask_below=1.5)
    (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="already exists"):
        map_stack(measuring_model, stack, tmp_path / "out")


def test_stacks_of_another_edge_are_refused_unless_forced(
    measuring_model: Model, halves: Halves, tmp_path: Path
) -> None:
    np.save(tmp_path / "stack.npy", halves(3, 4))
    with (
        open_stack(tmp_path / "stack.npy", ENERGY + 181) as stack,
        pytest.raises(InputError, match=r"mean spectrum: .* the model reads O K.*; --force"),
    ):
        map_stack(measuring_model, stack, tmp_path / "out", console=Console(quiet=True))

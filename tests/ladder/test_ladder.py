"""The ladder on data of which the answer is known."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra, load_dataset, merge, starter_path
from nearedge.datasets.splits import Rung
from nearedge.errors import InputError
from nearedge.ladder import Ladder, RungParts, climb
from nearedge.learning.recipes import BEST, PAPER, Examples, Recipe
from nearedge.records import as_json
from nearedge.spectra import Window
from nearedge.spectra.alignment import Alignment

METHODS = {"majority", "1-nn", "svm", "logistic", "random-forest"}


@pytest.fixture(scope="module")
def small() -> Recipe:
    return replace(
        PAPER,
        averages=Examples(1200, (1, 4)),
        mixtures=Examples(1000, (20, 70)),
        classifier={**PAPER.classifier, "epochs": 100},
        regressor={**PAPER.regressor, "epochs": 60},
    )


def with_spectra(data: SiteSpectra, mu: np.ndarray) -> SiteSpectra:
    return replace(data, table=data.table.assign(mu=(("site", "energy"), mu)))


@pytest.fixture(scope="module")
def plain(telling_dataset: SiteSpectra, small: Recipe) -> Ladder:
    return climb(telling_dataset, small)


def test_all_rungs_stand_in_order_with_every_number(plain: Ladder, telling_dataset: SiteSpectra):
    assert list(plain.rungs) == ["paper", "spectrum", "snapshot", "atom", "trajectory"]
    assert list(plain.regression) == list(plain.rungs)
    assert {"engine", "engine-aligned"} <= set(plain.not_climbed)
    for name, step in plain.rungs.items():
        assert set(step.baselines) == METHODS
        assert step.accuracy == pytest.approx(np.mean(step.accuracies))
        assert step.spread == pytest.approx(np.std(step.accuracies, ddof=1))
        if name != "paper":
            assert step.n == len(telling_dataset)
    result = json.loads(json.dumps(as_json(plain), allow_nan=False))
    assert set(result["rungs"]["atom"]) >= {"accuracy", "spread", "baselines", "n"}
    assert set(result["regression"]["snapshot"]["mixtures"]) >= {"mae", "mse", "baselines", "n"}


def test_sets_hold_spectra_that_their_calibration_did_not_see(
    plain: Ladder, telling_dataset: SiteSpectra
):
    assert plain.rungs["paper"].sets is None
    for name, step in plain.rungs.items():
        if name == "paper":
            continue
        assert step.sets is not None
        # Three seeds test every site once.
        assert step.sets.n == len(telling_dataset)
        # The likeliest class is always in the set.
        assert step.sets.coverage >= step.accuracy - 1e-9
        assert 1 <= step.sets.mean_set_size < len(telling_dataset.classes)
        classes = step.sets.per_class.values()
        assert sum(one.n * one.coverage for one in classes) == pytest.approx(
            step.sets.n * step.sets.coverage
        )


def test_one_seed_has_no_other_to_calibrate_on(telling_dataset: SiteSpectra, small: Recipe):
    climbed = climb(telling_dataset, small, seeds=1, only=["trajectory"])
    assert climbed.rungs["trajectory"].sets is None


def test_a_second_shuffle_is_not_calibrated_on_its_own_sites(
    telling_dataset: SiteSpectra, small: Recipe
):
    climbed = climb(telling_dataset, small, seeds=4, only=["snapshot"])
    sets = climbed.rungs["snapshot"].sets
    assert sets is not None
    assert sets.n == len(telling_dataset)


def test_plain_spectra_are_told_apart_on_every_rung(plain: Ladder):
    for step in plain.rungs.values():
        assert step.accuracy > 0.9
        assert step.baselines["svm"] > 0.9
        assert step.baselines["majority"] < 0.6


def test_ridge_reads_a_linear_law_and_the_constant_does_not(plain: Ladder):
    for name, level in plain.regression.items():
        errors = level.mixtures.baselines
        assert errors["ridge"].mse < 0.05 * errors["constant"].mse
        assert level.mixtures.mse < 0.5 * errors["constant"].mse
        assert (level.snapshots is not None) == (name in ("snapshot", "trajectory"))
    whole = plain.regression["snapshot"].snapshots
    assert whole is not None
    assert whole.n == 6


def test_noise_teaches_nobody_anything_but_the_lowest_rung(
    telling_dataset: SiteSpectra, small: Recipe
):
    noise = np.random.default_rng(1).random(telling_dataset.mu.shape)
    rungs: tuple[Rung, ...] = ("paper", "spectrum", "trajectory")
    ladder = climb(with_spectra(telling_dataset, noise), small, only=rungs)
    assert tuple(ladder.rungs) == rungs
    # Averages of noise are recognised by their parents: this is what the paper's rung rewards.
    assert ladder.rungs["paper"].accuracy > 0.8
    for name, step in ladder.rungs.items():
        if name != "paper":
            assert step.accuracy < step.baselines["majority"] + 0.08
            assert max(step.baselines.values()) < step.baselines["majority"] + 0.08
            assert ladder.regression[name].mixtures.baselines["ridge"].mse > 0.005


def test_one_seed_gives_the_same_numbers_and_the_unit_does_not_matter(
    telling_dataset: SiteSpectra, small: Recipe, plain: Ladder
):
    # Powers of two scale without rounding.
    other = with_spectra(telling_dataset, telling_dataset.mu * 2.0**-16)
    again = climb(other, small, only=["trajectory"])
    assert again.rungs["trajectory"] == plain.rungs["trajectory"]
    assert again.regression["trajectory"] == plain.regression["trajectory"]


def test_test_spectra_of_a_class_that_cannot_be_taught_are_errors(
    telling_dataset: SiteSpectra, small: Recipe
):
    dimers = np.flatnonzero(telling_dataset.environment == "dimer")
    rest = np.flatnonzero(telling_dataset.environment != "dimer")
    # The two dimer sites of one snapshot: whenever they are tested, nothing was trained on them.
    mine = dimers[telling_dataset.snapshot[dimers] == telling_dataset.snapshot[dimers[0]]]
    data = telling_dataset.select(np.sort(np.concatenate([rest, mine])))
    step = climb(data, small, only=["snapshot"]).rungs["snapshot"]
    assert step.unlearnt == {"dimer": len(mine)}
    assert step.accuracy <= 1 - len(mine) / len(data) / 2


def test_a_single_snapshot_carries_the_lower_rungs_only(
    telling_dataset: SiteSpectra, small: Recipe
):
    data = telling_dataset.select(telling_dataset.snapshot == telling_dataset.snapshot[0])
    ladder = climb(data, small, seeds=1)
    assert list(ladder.rungs) == ["paper", "spectrum", "atom"]
    assert "snapshot" in ladder.not_climbed["snapshot"]
    assert ladder.rungs["spectrum"].spread == 0
    assert "same as the rung spectrum" in str(ladder.rungs["atom"].remark)


def test_a_trajectory_that_is_another_one_again_is_refused(
    telling_dataset: SiteSpectra, small: Recipe
):
    own = telling_dataset.select(telling_dataset.trajectory == "run1")
    renamed = own.table.assign_coords(
        snapshot=("site", np.char.add("copy-", own.snapshot)),
        trajectory=("site", np.full(len(own), "copy")),
    )
    structures = {f"copy-{name}": atoms for name, atoms in own.structures.items()}
    copy = SiteSpectra(renamed.assign(mu=3 * renamed["mu"]), structures, "copy")
    with pytest.raises(
        InputError, match=r"'copy' is 'run1' again .* \(56 of 56 spectra\).*dataset check"
    ):
        climb(merge([telling_dataset, copy]), small, only=["trajectory"])
    # Other spectra of the same structures are copies too.
    other = with_spectra(copy, np.random.default_rng(0).random(copy.mu.shape))
    with pytest.raises(InputError, match=r"\(the structure 'run1-0' as 'copy-run1-0'\)"):
        climb(merge([telling_dataset, other]), small, only=["trajectory"])


def test_another_engine_is_the_top_rung(telling_dataset: SiteSpectra, small: Recipe):
    other = with_spectra(telling_dataset, telling_dataset.mu * 1e-5)
    ladder = climb(telling_dataset, small, only=["engine"], other=other)
    assert list(ladder.rungs) == ["engine"]
    # The same spectra in another unit: one factor brings them back.
    assert ladder.rungs["engine"].accuracy > 0.9
    assert ladder.rungs["engine"].n == len(other)
    shifted = with_spectra(telling_dataset, np.roll(telling_dataset.mu, 25, axis=1))
    wrong = climb(telling_dataset, small, only=["engine"], other=shifted)
    assert wrong.rungs["engine"].accuracy < 0.6


def test_another_engine_that_stores_less_is_tested_on_the_papers_energies():
    data = load_dataset(starter_path())
    data = data.select(data.trajectory < "rocksalt-1-004")
    other = replace(data, table=data.table.sel(energy=data.energy <= 12))
    seen: list[Window] = []
    ladder = climb(
        data,
        BEST,
        seeds=1,
        only=["engine"],
        other=other,
        witness=lambda rung, *_: seen.append(rung.window),
    )
    assert seen == [PAPER.window]
    assert ladder.rungs["engine"].accuracy > 0.5


def test_an_alignment_learnt_without_labels_undoes_what_another_engine_does(small: Recipe):
    data = load_dataset(starter_path())
    data = data.select(data.trajectory < "rocksalt-1-006")  # a quarter is enough, and faster
    done = Alignment(shift=1.5, scale=1e-5, broadening=0.4)
    grid = data.energy[data.energy >= -1.4]
    table = data.table.drop_vars(["mu", "energy"]).assign_coords(energy=grid)
    mu = done.apply(data.energy, data.mu, grid)
    other = replace(data, table=table.assign(mu=(("site", "energy"), mu)))
    rungs: tuple[Rung, ...] = ("engine", "engine-aligned")
    ladder = climb(data, small, seeds=2, only=rungs, other=other)
    same = climb(data, small, seeds=2, only=["engine"], other=data).rungs["engine"]
    plain, aligned = ladder.rungs["engine"], ladder.rungs["engine-aligned"]
    for method in ("svm", "1-nn", "logistic"):
        assert aligned.baselines[method] > same.baselines[method] - 0.1
        assert aligned.baselines[method] > plain.baselines[method] + 0.05
    assert aligned.accuracy > plain.accuracy + 0.05
    assert aligned.n == plain.n
    assert aligned.alignment is not None
    # The other engine broadens more, so it is the training spectra that are moved.
    assert aligned.alignment.moved == "training"
    assert aligned.alignment.transductive is False
    assert aligned.alignment.shift == pytest.approx(1.5, abs=0.15)
    assert "learnt without labels on other snapshots" in str(aligned.remark)
    # Below the edge nothing varies but what the engines differ by.
    assert 0 < aligned.alignment.silent_energies < 15
    assert plain.alignment is None
    json.dumps(as_json(ladder), allow_nan=False)


def test_a_single_snapshot_is_aligned_by_itself_and_that_is_said(
    telling_dataset: SiteSpectra, small: Recipe
):
    single = telling_dataset.select(telling_dataset.snapshot == telling_dataset.snapshot[0])
    step = climb(telling_dataset, small, seeds=1, only=["engine-aligned"], other=single).rungs[
        "engine-aligned"
    ]
    assert "transductive" in str(step.remark)
    assert step.alignment is not None
    assert step.alignment.transductive is True
    assert step.alignment.shift == pytest.approx(0, abs=0.3)


def test_what_cannot_be_aligned_is_left_out_and_said(telling_dataset: SiteSpectra, small: Recipe):
    upside = with_spectra(telling_dataset, -telling_dataset.mu)
    ladder = climb(telling_dataset, small, seeds=1, only=["engine", "engine-aligned"], other=upside)
    assert list(ladder.rungs) == ["engine"]
    assert ladder.not_climbed["engine-aligned"]


def test_a_witness_sees_the_networks_of_every_rung(
    telling_dataset: SiteSpectra, small: Recipe
) -> None:
    seen = {}

    def witness(rung: RungParts, classifiers: Sequence, regressors: Sequence) -> None:
        right = [
            (model.predict(part.tested[part.test]) == rung.tested.environment[part.test]).mean()
            for model, part in zip(classifiers, rung.parts, strict=True)
        ]
        seen[rung.name] = (right, len(regressors))

    ladder = climb(telling_dataset, small, only=["atom", "trajectory"], witness=witness)
    assert {name: right for name, (right, _) in seen.items()} == {
        name: pytest.approx(step.accuracies) for name, step in ladder.rungs.items()
    }
    assert all(count == ladder.seeds for _, count in seen.values())

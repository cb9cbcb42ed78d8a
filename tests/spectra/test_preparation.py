"""Glitches, baselines and scans of which the truth is known."""

import re

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nearedge.datasets import load_dataset, starter_path
from nearedge.errors import InputError
from nearedge.spectra import Preparation, Spectrum, merge_scans, prepare, resample
from nearedge.spectra._preparation import glitches, onset

ENERGY = np.arange(510.0, 560.0, 0.1)
EDGE = 1 / (1 + np.exp(-4 * (ENERGY - 532))) + 0.6 * np.exp(-(((ENERGY - 534) / 0.8) ** 2))


def spectrum(mu: np.ndarray, energy: np.ndarray = ENERGY, name: str = "mu") -> Spectrum:
    return Spectrum(name, energy, mu, "scan.dat", notes=("as read",))


def noisy(sigma: float, seed: int = 0) -> np.ndarray:
    return EDGE + np.random.default_rng(seed).normal(scale=sigma, size=len(EDGE))


@given(
    st.sets(st.integers(2, len(ENERGY) - 3), min_size=1, max_size=3),
    st.sampled_from([-1, 1]),
    st.floats(0.5, 20),
    st.integers(0, 100),
)
def test_single_points_that_stand_out_are_replaced(
    places: set[int], sign: int, height: float, seed: int
) -> None:
    at = sorted(places)
    if np.diff(at).min(initial=99) < 12:
        return
    clean = noisy(0.002, seed)
    mu = clean.copy()
    mu[at] += sign * height
    assert glitches(mu).nonzero()[0].tolist() == at
    made = prepare(spectrum(mu), Preparation("none"))
    assert_allclose(made.spectrum.mu, clean, atol=0.1)
    assert made.replaced.nonzero()[0].tolist() == at
    kept = prepare(spectrum(mu), Preparation("none", glitches=False))
    assert_array_equal(kept.spectrum.mu, mu)


def test_two_points_together_are_a_glitch_and_three_are_a_feature() -> None:
    for count in (1, 2, 3, 4):
        mu = noisy(0.002)
        mu[100 : 100 + count] += 1.0
        found = glitches(mu).nonzero()[0].tolist()
        assert found == (list(range(100, 100 + count)) if count < 3 else [])


@pytest.mark.parametrize("fwhm", [3.0, 4.0, 6.0, 10.0])
@pytest.mark.parametrize("beside", [0.0, 0.3, 0.5])
def test_narrow_peaks_are_no_glitches(fwhm: float, beside: float) -> None:
    """Full widths at half maximum in steps of the energy; the top may lie between two points."""
    at = np.arange(-60.0, 61.0) - beside
    assert not glitches(np.exp(-4 * np.log(2) * (at / fwhm) ** 2)).any()


@pytest.mark.parametrize("step", [0.1, 0.2, 0.3])
def test_real_spectra_have_no_glitches(step: float) -> None:
    """Averages of the sites of a snapshot, with peaks as sharp as FEFF makes them."""
    data = load_dataset(starter_path())
    energy = np.arange(data.energy[0], data.energy[-1], step)
    names = np.unique(data.snapshot)[::4]
    means = np.array([data.mu[data.snapshot == name].mean(axis=0) for name in names])
    mu = resample(data.energy, means, energy)
    noise = np.random.default_rng(0).normal(scale=0.003, size=mu.shape)
    assert not any(glitches(one).any() for one in (*mu, *(mu + noise)))


@pytest.mark.parametrize("sigma", [1e-4, 0.01, 0.1])
def test_noise_has_no_glitches(sigma: float) -> None:
    assert sum(glitches(noisy(sigma, seed)).sum() for seed in range(20)) <= 2


@pytest.mark.parametrize(
    "mu",
    [
        np.zeros(50),
        np.arange(50.0),
        (np.arange(50) > 20).astype(float),
        np.array([0.0, 9.0, 0.0, 0.0, 0.0, 0.0]),
        np.where(np.arange(50) > 20, np.arange(50.0), 5 * np.arange(50) - 80.0),
    ],
    ids=["flat", "line", "step", "too short", "kink"],
)
def test_what_has_no_glitches(mu: np.ndarray) -> None:
    assert not glitches(mu).any()


def test_what_was_done_is_kept_in_words() -> None:
    mu = noisy(0.001)
    mu[[50, 70]] += 1
    made = prepare(spectrum(mu))
    assert made.steps[0] == "as read"
    assert made.steps[1] == "2 glitches replaced by their neighbours, at 515.0, 517.0 eV"
    assert re.fullmatch(
        r"baseline taken off: line through \d+ points from 510.0 to 529.\d eV", made.steps[2]
    )
    assert made.read.mu is mu
    assert_allclose(made.spectrum.mu + made.baseline, np.where(made.replaced, 0, mu), atol=1.1)


SHAPES = {
    "constant": np.ones(len(ENERGY)),
    "line": 0.01 * (ENERGY - 500) + 1,
    "auto": -0.02 * (ENERGY - 500) + 3,
    "victoreen": 2 * (ENERGY / 510) ** -3 - 0.7 * (ENERGY / 510) ** -4,
}


@pytest.mark.parametrize("kind", list(SHAPES))
def test_baselines_are_exact_on_exact_backgrounds(kind) -> None:
    edge = np.where(ENERGY < 531, 0.0, EDGE)
    for preparation in (Preparation(kind), Preparation(kind, (511.0, 525.0))):
        made = prepare(spectrum(edge + 3 * SHAPES[kind]), preparation)
        assert_allclose(made.baseline, 3 * SHAPES[kind], atol=1e-9)
        assert_allclose(made.spectrum.mu, edge, atol=1e-9)


def test_no_baseline_where_none_can_be_fitted() -> None:
    kept = ENERGY > 529
    short = spectrum(EDGE[kept] + 2, ENERGY[kept])
    made = prepare(short)
    assert not made.baseline.any()
    assert "less than 3 eV before the edge" in made.steps[-1]
    assert prepare(short, Preparation("none")).steps[-1] == "no baseline taken off"
    with pytest.raises(InputError, match=r"scan.dat::mu: only \d+ points .*another --pre-edge"):
        prepare(short, Preparation("line"))
    with pytest.raises(InputError, match="only 0 points from 100 to 200 eV"):
        prepare(short, Preparation("constant", (100.0, 200.0)))
    with pytest.raises(InputError, match="needs absolute energies, not -22 eV"):
        prepare(spectrum(EDGE, ENERGY - 532), Preparation("victoreen"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"pre_edge": (530.0, 520.0)}, "give a lower and a higher energy"),
        ({"pre_edge": (np.nan, 520.0)}, "give a lower and a higher energy"),
        ({"pre_edge": (-np.inf, 520.0)}, "give a lower and a higher energy"),
    ],
)
def test_impossible_preparations_are_refused(wrong: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Preparation(**wrong)


@given(st.floats(1e-3, 1e6), st.floats(-5, 5), st.floats(-0.05, 0.05))
def test_the_onset_is_before_the_edge_whatever_unit_and_line(
    scale: float, level: float, slope: float
) -> None:
    found = onset(ENERGY, scale * (EDGE + level + slope * (ENERGY - 510)))
    assert 530.5 < found < 532


# The scans to be merged.


def moved(drift: float, sigma: float, seed: int, scale: float = 1.0) -> Spectrum:
    """A scan whose energies read too high by the drift."""
    mu = np.interp(ENERGY - drift, ENERGY, EDGE)
    rng = np.random.default_rng(seed)
    mu = scale * (mu + rng.normal(scale=sigma, size=len(mu)) + 0.3)
    return Spectrum(f"scan {seed}", ENERGY, mu, "scans.dat")


@pytest.mark.parametrize("drift", [-0.8, -0.25, 0.0, 0.4, 0.85])
def test_a_drift_is_recovered(drift: float) -> None:
    merged = merge_scans([moved(0, 0.001, 0), moved(drift, 0.001, 1, scale=70.0)])
    (told,) = merged.notes
    shift = float(re.findall(r"moved by (\S+) eV", told)[0])
    assert shift == pytest.approx(-drift, abs=0.03)
    assert told.startswith("scans.dat::scan 1 merged")
    inside = np.interp(merged.energy, ENERGY, EDGE + 0.3)
    assert_allclose(merged.mu, inside, atol=0.02)


def test_noise_is_averaged_down() -> None:
    sigma, count = 0.03, 16
    rng = np.random.default_rng(1)
    scans = [moved(rng.uniform(-0.5, 0.5), sigma, seed) for seed in range(count)]
    # The first one tells the energies.
    scans[0] = moved(0.0, sigma, 0)
    merged = merge_scans(scans)
    assert merged.name == "merged"
    left = merged.mu - np.interp(merged.energy, ENERGY, EDGE + 0.3)
    assert left.std() < 1.3 * sigma / np.sqrt(count)


def test_a_noisy_scan_counts_little_and_a_useless_one_nothing() -> None:
    good, loud = moved(0.0, 0.002, 0), moved(0.0, 0.5, 1)
    truth = np.interp(ENERGY[10:-10], ENERGY, EDGE + 0.3)
    merged = merge_scans([good, loud])
    assert np.abs(merged.mu - truth[: len(merged.mu)]).mean() < 0.01
    dark = Spectrum("dark", ENERGY, np.zeros(len(ENERGY)), "scans.dat")
    white = np.random.default_rng(5).normal(size=len(ENERGY))
    noise = Spectrum("noise", ENERGY, white, "scans.dat")
    down = Spectrum("down", ENERGY, 2 - good.mu, "scans.dat")
    merged = merge_scans([good, dark, noise, down])
    assert_allclose(merged.mu, np.interp(merged.energy, ENERGY, good.mu), atol=0.01)
    assert merged.notes[0] == "scans.dat::dark left out, it differs from the first scan"
    assert merged.notes[2] == "scans.dat::down left out, it differs from the first scan"


def test_equal_scans_count_alike_wherever_their_points_lie() -> None:
    """Interpolation half-way between points must not make a scan look better than it is."""
    one, other = moved(0.0, 0.02, 0), moved(0.05, 0.02, 1)
    merged = merge_scans([one, other])
    left = merged.mu - np.interp(merged.energy, ENERGY, EDGE + 0.3)
    # The mean of a noise of one and of one that is smoothed by interpolation.
    assert left.std() < 0.02 * 0.75


def test_one_scan_is_itself_and_none_is_refused() -> None:
    one = moved(0.0, 0.01, 0)
    merged = merge_scans([one])
    assert merged.name == "merged"
    assert merged.mu is one.mu
    with pytest.raises(InputError, match="no scans to merge"):
        merge_scans([])


def test_scans_of_other_ranges_are_refused() -> None:
    one = moved(0.0, 0.01, 0)
    beyond = Spectrum("late", ENERGY + 45, EDGE, "late.dat")
    with pytest.raises(InputError, match="the 2 scans share too few energies"):
        merge_scans([one, beyond])


def test_scans_of_other_samples_or_calibrations_are_refused() -> None:
    """However noisy: a difference that neighbouring points share is none of noise."""
    first = moved(0.0, 0.02, 0)
    other = 1 / (1 + np.exp(-(ENERGY - 532))) + np.random.default_rng(2).normal(
        0, 0.02, len(ENERGY)
    )
    with pytest.raises(InputError, match=r"other.dat::mu: differs by \d+% from scans.dat::scan 0"):
        merge_scans([first, moved(0.2, 0.02, 1), Spectrum("mu", ENERGY, other, "other.dat")])
    for drift in (1.2, -1.4, 3.0):
        with pytest.raises(InputError, match=r"^scans.dat::scan 1: .*; merge scans of one sample"):
            merge_scans([first, moved(drift, 0.02, 1)])
    flat = Spectrum("flat", ENERGY, np.full(len(ENERGY), 0.3), "flat.dat")
    with pytest.raises(InputError, match=r"flat.dat::flat: is flat"):
        merge_scans([flat, first])


@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("step", [1, 5])
def test_noise_makes_no_other_sample(sigma: float, step: int) -> None:
    scans = [moved(0.0, sigma, seed) for seed in range(30)]
    coarse = [Spectrum(s.name, s.energy[::step], s.mu[::step], s.source) for s in scans]
    assert merge_scans(coarse).name == "merged"

"""Glitches and the background before the edge taken out, and scans merged; each step in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from nearedge.errors import InputError
from nearedge.spectra._grids import resample
from nearedge.spectra._spectrum import Spectrum
from nearedge.spectra._windows import noise_level

Baseline = Literal["auto", "none", "constant", "line", "victoreen"]

GLITCH = 8.0  # deviation from its neighbours that makes a point a glitch, in units of the noise

LEAST_GLITCH = 0.02  # the same as a share of the spectrum's range: what is smaller does no harm

STEPS = 2.0
"""The same in units of the largest step from point to point beside it: peaks have flanks."""

PRE_EDGE = 3.0  # least range in eV before the edge that a background is fitted to

MARGIN = 2.0  # what is kept free between that range and the onset of the edge, eV

ONSET = 0.05  # share of the range by which a spectrum has risen at its onset

DRIFT = 1.0  # largest shift between two scans that is mended, eV

APART = 0.15
"""Difference that is not noise, as a share of the first scan's variation, from which two scans are
of different samples. Cu2O measured twice at one beamline differs by 0.02; of 2440 pairs of measured
spectra of different compounds of one element 3 % are taken for repeated ones."""

SHARED = 0.3
"""Least correlation of a difference with itself some points on, if it is not noise; that of noise
is below it for 50 points or more."""

BURIED = 0.9  # share of a scan that is noise, from which its drift is not known


@dataclass(frozen=True)
class Preparation:
    """What is to be done to a measured spectrum.

    Parameters
    ----------
    baseline : {"auto", "none", "constant", "line", "victoreen"}
        What is fitted before the edge and taken off; ``auto`` is a line where there is room for it.
    pre_edge : pair of float, optional
        Range in eV on the measured axis to fit it to; by default up to 2 eV below the onset.
    glitches : bool
        Whether single points that stand out from their neighbours are replaced.
    """

    baseline: Baseline = "auto"
    pre_edge: tuple[float, float] | None = None
    glitches: bool = True

    def __post_init__(self) -> None:
        if self.baseline not in (known := get_args(Baseline)):
            raise InputError(
                f"baseline '{self.baseline}' is not known; choose one of {', '.join(known)}"
            )
        ends = self.pre_edge
        if ends is not None and not (np.isfinite(ends).all() and ends[0] < ends[1]):
            raise InputError(
                f"the pre-edge range {ends[0]} to {ends[1]} eV is empty or infinite; give a "
                "lower and a higher energy"
            )


@dataclass(frozen=True)
class Prepared:
    """A spectrum without baseline and glitches, what they were, and all that was done, in words."""

    spectrum: Spectrum
    read: Spectrum
    baseline: Float[np.ndarray, " energy"]
    replaced: Bool[np.ndarray, " energy"]
    steps: tuple[str, ...]


def prepare(spectrum: Spectrum, preparation: Preparation | None = None) -> Prepared:
    """Take glitches and the background before the edge out of a spectrum."""
    preparation = preparation or Preparation()
    energy, mu, steps = spectrum.energy, spectrum.mu, list(spectrum.notes)
    replaced = np.zeros(len(mu), bool)
    if preparation.glitches:
        replaced = glitches(mu)
        if replaced.any():
            mu = mu.copy()
            mu[replaced] = np.interp(energy[replaced], energy[~replaced], mu[~replaced])
            places = [f"{place:.1f}" for place in energy[replaced]]
            words = "1 glitch replaced by its neighbours"
            if len(places) > 1:
                words = f"{len(places)} glitches replaced by their neighbours"
            places[5:] = ["..."] if len(places) > 5 else []
            steps.append(f"{words}, at {', '.join(places)} eV")
    baseline, words = _baseline(replace(spectrum, mu=mu), preparation)
    steps.append(words)
    return Prepared(replace(spectrum, mu=mu - baseline), spectrum, baseline, replaced, tuple(steps))


def glitches(mu: Float[np.ndarray, " energy"]) -> Bool[np.ndarray, " energy"]:
    """Tell which points are glitches: one or two together that stand out from their neighbours."""
    if len(mu) < 7:
        return np.zeros(len(mu), bool)
    off = np.abs(mu - np.median(_neighbourhoods(mu), axis=1))
    limit = max(GLITCH * float(noise_level(mu)), LEAST_GLITCH * float(np.ptp(mu)))
    # Beside a glitch the median is a little off too.
    bad = off > np.maximum(limit, _neighbourhoods(off).max(axis=1) / 2)
    # The ends have neighbours on one side only.
    bad[[0, -1]] = False
    # Three in a row are a feature of the spectrum, or of the sample.
    run = np.convolve(bad, np.ones(3), mode="same") == 3
    bad &= np.convolve(run, np.ones(3), mode="same") == 0
    # A median leaves the tips of narrow peaks too: a smooth curve through the neighbours tells.
    sound = np.flatnonzero(~bad)
    turns = np.flatnonzero(np.diff(bad)) + 1
    for first, last in zip(turns[::2], turns[1::2], strict=True):
        before, after = sound[sound < first][-3:], sound[sound >= last][:3]
        near = np.concatenate([before[-2:], after[:2]])
        own = np.arange(first, last)
        smooth = np.polynomial.Polynomial.fit(near, mu[near], min(3, len(near) - 1))
        left = np.abs(mu[own] - smooth(own))
        step = float(np.abs(np.diff(mu[np.concatenate([before, after])])).max())
        bad[own] = left > max(limit, STEPS * step)
    return bad


def _neighbourhoods(mu: Float[np.ndarray, " energy"]) -> Float[np.ndarray, "energy 5"]:
    """Give each point with two neighbours on either side."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(mu, 2, mode="edge"), 5)


def onset(energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"]) -> float:
    """Find the last energy at which a spectrum is still on the line through its beginning."""
    count = max(5, len(mu) // 10)
    line = np.polynomial.Polynomial.fit(energy[:count], mu[:count], 1 if count > 5 else 0)
    above = mu - line(energy)
    top = int(above.argmax())
    limit = max(ONSET * float(above[top]), 5 * float(noise_level(mu)))
    below = np.flatnonzero(above[: top + 1] <= limit)
    return float(energy[below[-1]]) if len(below) else float(energy[0])


def merge_scans(scans: Sequence[Spectrum]) -> Spectrum:
    """Average scans, each brought to the first one's energies, unit and background.

    Scale, level and a drift of up to 1 eV are found by least squares against the first scan. Scans
    count by the inverse square of their noise; one that does not rise where the first does is out.

    Raises
    ------
    InputError
        If there are none, if they share too few energies, or if one is of another sample: if it
        drifts by more, or differs by more than noise.
    """
    if not scans:
        raise InputError("no scans to merge; give at least one spectrum")
    first = scans[0]
    if len(scans) == 1:
        return replace(first, name="merged")
    low = max(scan.energy[0] for scan in scans) + DRIFT
    high = min(scan.energy[-1] for scan in scans) - DRIFT
    shared = (first.energy >= low) & (first.energy <= high)
    if shared.sum() < max(len(first.energy) / 2, 5):
        raise InputError(
            f"{first.source}: the {len(scans)} scans share too few energies to be merged; merge "
            "scans of one range"
        )
    energy = first.energy[shared]
    if np.ptp(first.mu[shared]) == 0:
        raise InputError(
            f"{first.source}::{first.name}: is flat, and others cannot be compared with it; merge "
            "scans without it"
        )
    rows, weights, notes = [first.mu[shared]], [1 / _noise(first.mu[shared])], []
    for scan in scans[1:]:
        label = f"{scan.source}::{scan.name}"
        shift = _drift(scan, energy, rows[0])
        row, scale, unlike = _matched(scan, energy, rows[0], shift)
        if scale <= 0 or unlike == 1:
            notes.append(f"{label} left out, it differs from the first scan")
            continue
        beyond = DRIFT - abs(shift) < 0.01 and unlike < BURIED
        _check_sample(scan, first, row, rows[0], beyond)
        rows.append(row)
        # Interpolation hides noise, so it is that of the points as they were measured.
        weights.append(scale / _noise(scan.mu))
        notes.append(f"{label} merged, moved by {shift:+.2f} eV, differs by {unlike:.1%}")
    share = np.square(weights) / np.square(weights).sum()
    mu, notes = share @ np.array(rows), (*first.notes, *notes)
    return replace(first, name="merged", energy=energy, mu=mu, notes=notes)


def _baseline(spectrum: Spectrum, preparation: Preparation) -> tuple[np.ndarray, str]:
    """Give the background at every energy, and say what it is."""
    energy, mu, baseline = spectrum.energy, spectrum.mu, preparation.baseline
    nothing = np.zeros(len(mu))
    if baseline == "none":
        return nothing, "no baseline taken off"
    low, high = preparation.pre_edge or (float(energy[0]), onset(energy, mu) - MARGIN)
    before = (energy >= low) & (energy <= high)
    points, least = int(before.sum()), 2 if baseline == "constant" else 3
    if points < least or (preparation.pre_edge is None and high - low < PRE_EDGE):
        if baseline == "auto":
            return nothing, f"no baseline taken off: less than {PRE_EDGE:g} eV before the edge"
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: only {points} points from {low:g} to {high:g} eV "
            "to fit a baseline to; give another --pre-edge range or --baseline none"
        )
    along, powers, words = (energy - low) / (high - low), (0, 1), "line"
    if baseline == "constant":
        powers, words = (0,), "constant"
    elif baseline == "victoreen":
        if energy[0] <= 0:
            raise InputError(
                f"{spectrum.source}::{spectrum.name}: Victoreen's baseline needs absolute "
                f"energies, not {energy[0]:g} eV; choose --baseline line"
            )
        # Absorption of lighter elements in hard X-ray transmission, a E**-3 + b E**-4 (J. A.
        # Victoreen, J. Appl. Phys. 19, 855 (1948)).
        along, powers, words = energy / energy[0], (-3, -4), "Victoreen's curve"
    design = np.column_stack([along**power for power in powers])
    weights = np.linalg.lstsq(design[before], mu[before], rcond=None)[0]
    fitted = f"{words} through {points} points from {low:.1f} to {high:.1f} eV"
    return design @ weights, f"baseline taken off: {fitted}"


def _matched(
    scan: Spectrum, energy: np.ndarray, like: np.ndarray, shift: float
) -> tuple[np.ndarray, float, float]:
    """Bring a scan to another's unit and level: the scan, its unit, the share not explained."""
    row = resample(scan.energy + shift, scan.mu[None], energy, scan.source)[0]
    # In this direction a scan of little but noise gets a small scale, and so little weight.
    design = np.column_stack([like, np.ones(len(row))])
    scale, level = np.linalg.lstsq(design, row, rcond=None)[0].tolist()
    spread = float(row.std())
    if scale == 0 or spread == 0:
        return row, 0.0, 1.0
    left = float((row - design @ (scale, level)).std())
    return (row - level) / scale, scale, min(left / spread, 1.0)


def _check_sample(
    scan: Spectrum, first: Spectrum, row: np.ndarray, like: np.ndarray, drift: bool
) -> None:
    """Refuse a scan, as it is on the first one's energies, that is of another sample."""
    label, other = f"{scan.source}::{scan.name}", f"{first.source}::{first.name}"
    row, like = row - row.mean(), like - like.mean()
    gain = _shared(row, like) / _shared(like, like)
    left = row - gain * like
    square = _shared(left, left)
    if square > max((APART * gain) ** 2 * like.var(), SHARED * left.var()):
        apart = np.sqrt(square / like.var()) / abs(gain)
        raise InputError(
            f"{label}: differs by {apart:.0%} from {other}, scans of one sample by less than "
            f"{APART:.0%}; merge scans of one sample only"
        )
    if drift:
        raise InputError(
            f"{label}: lies more than {DRIFT:g} eV from {other}; merge scans of one sample, of one "
            "energy calibration"
        )


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    """Covariance that is none of noise: of points two to four apart, which interpolation leaves."""
    pairs = [(one[:-off], other[off:]) for off in (2, 3, 4)]
    pairs += [(one[off:], other[:-off]) for off in (2, 3, 4)]
    return float(np.mean([np.mean(here * there) for here, there in pairs]))


def _drift(scan: Spectrum, energy: np.ndarray, like: np.ndarray) -> float:
    from scipy.optimize import minimize_scalar

    best: Any = minimize_scalar(
        lambda shift: _matched(scan, energy, like, float(shift))[2],
        bounds=(-DRIFT, DRIFT),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(best.x)


def _noise(mu: np.ndarray) -> float:
    # Scans without noise count alike.
    return max(float(noise_level(mu)), 1e-6 * float(np.ptp(mu)), np.finfo(float).tiny)

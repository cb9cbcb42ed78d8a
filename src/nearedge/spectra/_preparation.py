"""Preparing what a file holds: glitches and the background before the edge, scans merged.

None of it is needed for the composition to come out right on a straight background, which the
inference takes out by itself. It is for spectra with glitches, for curved backgrounds, and for the
eye. Every step is kept in words.
"""

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
BASELINES: tuple[Baseline, ...] = get_args(Baseline)

GLITCH = 8.0
"""Deviation from its neighbours that makes a point a glitch, in units of the noise."""

LEAST_GLITCH = 0.02
"""The same as a share of the spectrum's range: what is smaller does no harm."""

STEPS = 2.0
"""The same in units of the largest step from point to point beside it: peaks have flanks."""

PRE_EDGE = 3.0
"""Least range in eV before the edge that a background is fitted to."""

MARGIN = 2.0
"""What is kept free between that range and the onset of the edge, eV."""

ONSET = 0.05
"""Share of the range by which a spectrum has risen at its onset."""

DRIFT = 1.0
"""Largest shift between two scans that is mended, eV."""


@dataclass(frozen=True)
class Preparation:
    """What is to be done to a measured spectrum.

    Parameters
    ----------
    baseline : {"auto", "none", "constant", "line", "victoreen"}
        What is fitted before the edge and taken off. ``auto`` takes a line where there are 3 eV
        before the edge. ``victoreen`` is ``a E**-3 + b E**-4`` (J. A. Victoreen, J. Appl. Phys.
        19, 855 (1948)): absorption of what lies below, in hard X-ray transmission.
    pre_edge : tuple of float, optional
        Range in eV on the measured axis to fit it to; by default up to 2 eV below the onset.
    glitches : bool
        Whether single points that stand out from their neighbours are replaced.

    Raises
    ------
    InputError
        If the baseline is not known or the range is empty.
    """

    baseline: Baseline = "auto"
    pre_edge: tuple[float, float] | None = None
    glitches: bool = True

    def __post_init__(self) -> None:
        if self.baseline not in BASELINES:
            raise InputError(
                f"baseline '{self.baseline}' is not known; choose one of {', '.join(BASELINES)}"
            )
        ends = self.pre_edge
        if ends is not None and not (np.isfinite(ends).all() and ends[0] < ends[1]):
            raise InputError(
                f"the pre-edge range {ends[0]} to {ends[1]} eV is empty or endless; give a "
                "lower and a higher energy"
            )


@dataclass(frozen=True)
class Prepared:
    """A spectrum that is ready to be looked at, and what became of the one that was read.

    Attributes
    ----------
    spectrum : Spectrum
        With the baseline taken off.
    read : Spectrum
        As it was read.
    baseline : float array, shape (energy,)
        What was taken off, at the energies of `read`.
    replaced : bool array, shape (energy,)
        Which points of `read` were glitches.
    steps : tuple of str
        Everything that was done, in words, reading included.
    """

    spectrum: Spectrum
    read: Spectrum
    baseline: Float[np.ndarray, " energy"]
    replaced: Bool[np.ndarray, " energy"]
    steps: tuple[str, ...]


def prepare(spectrum: Spectrum, preparation: Preparation | None = None) -> Prepared:
    """Take glitches and the background before the edge out of a spectrum.

    Parameters
    ----------
    spectrum : Spectrum
        As it was read.
    preparation : Preparation, optional

    Returns
    -------
    Prepared

    Raises
    ------
    InputError
        If a baseline is asked for and there are too few points to fit it to.

    Examples
    --------
    >>> energy = np.linspace(520, 550, 301)
    >>> mu = 0.2 + 0.01 * (energy - 520) + 1 / (1 + np.exp(-4 * (energy - 532)))
    >>> mu[50] += 0.5
    >>> made = prepare(Spectrum("scan", energy, mu, "scan.dat"))
    >>> bool(abs(made.spectrum.mu[:80]).max() < 1e-3)
    True
    >>> made.steps[0]
    '1 glitch replaced by its neighbours, at 525.0 eV'
    """
    preparation = preparation or Preparation()
    energy, mu, steps = spectrum.energy, spectrum.mu, list(spectrum.notes)
    replaced = np.zeros(len(mu), bool)
    if preparation.glitches:
        replaced = glitches(mu)
        if replaced.any():
            mu = mu.copy()
            mu[replaced] = np.interp(energy[replaced], energy[~replaced], mu[~replaced])
            steps.append(_glitch_words(energy[replaced]))
    baseline, words = _baseline(replace(spectrum, mu=mu), preparation)
    steps.append(words)
    return Prepared(replace(spectrum, mu=mu - baseline), spectrum, baseline, replaced, tuple(steps))


def glitches(mu: Float[np.ndarray, " energy"]) -> Bool[np.ndarray, " energy"]:
    """Tell which points are glitches: one or two together that stand out from their neighbours.

    Parameters
    ----------
    mu : float array, shape (energy,)
        Intensities.

    Examples
    --------
    >>> rise = np.linspace(0, 2, 21)
    >>> rise[3] = 5.0
    >>> glitches(rise).nonzero()[0].tolist()
    [3]
    """
    if len(mu) < 7:
        return np.zeros(len(mu), bool)
    off = np.abs(mu - np.median(_neighbourhoods(mu), axis=1))
    limit = max(GLITCH * float(noise_level(mu)), LEAST_GLITCH * _range(mu))
    # Beside a glitch the median is a little off too.
    found = off > np.maximum(limit, _neighbourhoods(off).max(axis=1) / 2)
    # The ends have neighbours on one side only.
    found[[0, -1]] = False
    # Three in a row are a feature of the spectrum, or of the sample.
    run = np.convolve(found, np.ones(3), mode="same") == 3
    found &= np.convolve(run, np.ones(3), mode="same") == 0
    # A median leaves the tips of narrow peaks too: a smooth curve through the neighbours tells.
    sound = np.flatnonzero(~found)
    turns = np.flatnonzero(np.diff(found)) + 1
    for first, last in zip(turns[::2], turns[1::2], strict=True):
        before, after = sound[sound < first][-3:], sound[sound >= last][:3]
        near = np.concatenate([before[-2:], after[:2]])
        own = np.arange(first, last)
        left = np.abs(mu[own] - np.polynomial.Polynomial.fit(near, mu[near], 3)(own))
        step = float(np.abs(np.diff(mu[np.concatenate([before, after])])).max())
        found[own] = left > max(limit, STEPS * step)
    return found


def _neighbourhoods(mu: Float[np.ndarray, " energy"]) -> Float[np.ndarray, "energy 5"]:
    """Give each point with two neighbours on either side."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(mu, 2, mode="edge"), 5)


def onset(energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"]) -> float:
    """Find the energy at which a spectrum begins to rise from its background.

    The background is the line through the first tenth of the energies, five points at least; the
    onset is the last energy before the highest point above it at which the spectrum is not yet
    `ONSET` of this height (or five times the noise) above the line.

    Parameters
    ----------
    energy, mu : float array, shape (energy,)
        In eV, increasing, and any unit.
    """
    count = max(5, len(mu) // 10)
    line = np.polynomial.Polynomial.fit(energy[:count], mu[:count], 1 if count > 5 else 0)
    above = mu - line(energy)
    top = int(above.argmax())
    limit = max(ONSET * float(above[top]), 5 * float(noise_level(mu)))
    below = np.flatnonzero(above[: top + 1] <= limit)
    return float(energy[below[-1]]) if len(below) else float(energy[0])


def merge_scans(scans: Sequence[Spectrum], name: str = "merged") -> Spectrum:
    """Average scans of one sample, each brought to the first one's energies, unit and background.

    Scale, constant background and a drift of the energies of up to 1 eV are found by least squares
    against the first scan. Scans count by the inverse square of their noise; one that does not rise
    where the first one rises is left out.

    Parameters
    ----------
    scans : sequence of Spectrum
        At least one.
    name : str
        Of the result.

    Raises
    ------
    InputError
        If there is no scan, or the scans share less than half of the first one's energies.
    """
    if not scans:
        raise InputError("no scans to merge; give at least one spectrum")
    first = scans[0]
    if len(scans) == 1:
        return replace(first, name=name)
    low = max(one.energy[0] for one in scans) + DRIFT
    high = min(one.energy[-1] for one in scans) - DRIFT
    kept = (first.energy >= low) & (first.energy <= high)
    if kept.sum() < max(len(first.energy) / 2, 5):
        raise InputError(
            f"{first.source}: the {len(scans)} scans share too few energies to be merged; merge "
            "scans of one range"
        )
    energy = first.energy[kept]
    rows, weights, notes = [first.mu[kept]], [1 / _noise(first.mu[kept])], []
    for scan in scans[1:]:
        told = f"{scan.source}::{scan.name}"
        shift = _drift(scan, energy, rows[0])
        row, scale, left = _matched(scan, energy, rows[0], shift)
        if scale <= 0 or left == 1:
            notes.append(f"{told} left out, it is unlike the first scan")
            continue
        rows.append(row)
        # Interpolation hides noise, so it is that of the points as they were measured.
        weights.append(scale / _noise(scan.mu))
        notes.append(f"{told} merged, moved by {shift:+.2f} eV, differs by {left:.1%}")
    share = np.square(weights) / np.square(weights).sum()
    return Spectrum(
        name,
        energy,
        share @ np.array(rows),
        first.source,
        first.identity,
        first.channel,
        (*first.notes, *notes),
        first.left_out,
        first.metadata,
    )


def _baseline(spectrum: Spectrum, preparation: Preparation) -> tuple[np.ndarray, str]:
    """Give the background at every energy, and say what it is."""
    energy, mu, kind = spectrum.energy, spectrum.mu, preparation.baseline
    nothing = np.zeros(len(mu))
    if kind == "none":
        return nothing, "no baseline taken off"
    if preparation.pre_edge is None:
        low, high = float(energy[0]), onset(energy, mu) - MARGIN
    else:
        low, high = preparation.pre_edge
    mine = (energy >= low) & (energy <= high)
    wanted = 1 if kind == "constant" else 2
    enough = mine.sum() > wanted and (preparation.pre_edge is not None or high - low >= PRE_EDGE)
    if not enough:
        if kind == "auto":
            return nothing, f"no baseline taken off: less than {PRE_EDGE:g} eV before the edge"
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: only {int(mine.sum())} points from {low:g} to "
            f"{high:g} eV to fit a baseline to; give another --pre-edge range or --baseline none"
        )
    if kind == "constant":
        shapes = [np.ones(len(energy))]
    elif kind == "victoreen":
        if energy[0] <= 0:
            raise InputError(
                f"{spectrum.source}::{spectrum.name}: Victoreen's baseline needs absolute "
                f"energies, not {energy[0]:g} eV; choose --baseline line"
            )
        shapes = [(energy / energy[0]) ** -3, (energy / energy[0]) ** -4]
    else:
        shapes = [np.ones(len(energy)), (energy - low) / (high - low)]
    design = np.column_stack(shapes)
    found = np.linalg.lstsq(design[mine], mu[mine], rcond=None)[0]
    named = "line" if kind == "auto" else {"victoreen": "Victoreen's curve"}.get(kind, kind)
    return design @ found, (
        f"baseline taken off: {named} through {int(mine.sum())} points from {low:.1f} to "
        f"{high:.1f} eV"
    )


def _matched(
    scan: Spectrum, energy: np.ndarray, like: np.ndarray, shift: float
) -> tuple[np.ndarray, float, float]:
    """Bring a scan to the unit and level of another.

    Tell how many times larger its unit was, and which share of its standard deviation the other
    does not explain.
    """
    row = resample(scan.energy + shift, scan.mu[None], energy, scan.source)[0]
    # In this direction a scan of little but noise gets a small scale, and so little weight.
    design = np.column_stack([like, np.ones(len(row))])
    scale, level = np.linalg.lstsq(design, row, rcond=None)[0].tolist()
    spread = float(row.std())
    if scale == 0 or spread == 0:
        return row, 0.0, 1.0
    left = float((row - design @ (scale, level)).std())
    return (row - level) / scale, scale, min(left / spread, 1.0)


def _drift(scan: Spectrum, energy: np.ndarray, like: np.ndarray) -> float:
    from scipy.optimize import minimize_scalar

    found: Any = minimize_scalar(
        lambda shift: _matched(scan, energy, like, float(shift))[2],
        bounds=(-DRIFT, DRIFT),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(found.x)


def _noise(mu: np.ndarray) -> float:
    # Scans without noise count alike.
    return max(float(noise_level(mu)), 1e-6 * float(_range(mu)), np.finfo(float).tiny)


def _range(mu: np.ndarray) -> float:
    return float(np.ptp(mu))


def _glitch_words(places: np.ndarray) -> str:
    listed = ", ".join(f"{one:.1f}" for one in places[:5]) + (", ..." if len(places) > 5 else "")
    if len(places) == 1:
        return f"1 glitch replaced by its neighbours, at {listed} eV"
    return f"{len(places)} glitches replaced by their neighbours, at {listed} eV"

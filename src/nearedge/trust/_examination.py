"""Examining what sets a spectrum apart from the training spectra.

Each reason is a test that can fail: "shifted by +5.0 eV" is said only if the spectrum, shifted
back, *is* like the training spectra.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from nearedge.trust._likeness import Likeness, Spectra, overlaps, run_around
from nearedge.trust._reasons import (
    MODEST,
    Differs,
    NoEdge,
    Noisy,
    OnBackground,
    Reason,
    Scaled,
    Shifted,
    UpsideDown,
)

CHUNK = 8192
"""Spectra examined at once, which limits the memory."""

BEYOND = 1e50
"""Factor beyond which the square of an intensity, or its inverse, might not be finite."""

FLAT = 0.05
"""A spectrum that varies by less than this fraction of its size is flat."""

WHITE = 0.4
"""Roughness from which a spectrum is only noise; uncorrelated noise has 1."""

LEVEL = 0.1
"""Background, in units of the mean training intensity, that is worth mentioning."""

FACTOR = 1.15
"""Ratio of intensities that is worth mentioning."""

QUALITY = 100.0
"""Signal to noise from which noise is not worth mentioning."""

WITHIN = 0.1
"""How far beyond the range of the training spectra's features an intensity is not novel."""

SMOOTHED = 7
"""Number of energies smoothed over."""

STEPS = 10
"""Gauss-Newton steps."""

Found = list[Reason | None]
"""What a test finds wrong with each spectrum."""

Numbers = Float[np.ndarray, " spectrum"]
Alike = Bool[np.ndarray, " spectrum"]


def examine(training: Likeness, inputs: Spectra) -> list[tuple[Reason, ...]]:
    """Find how each spectrum that is unlike the training spectra differs from them.

    There are two reasons if its intensity differs, and it still differs when scaled.
    """
    parts = (inputs[start : start + CHUNK] for start in range(0, len(inputs), CHUNK))
    return [reasons for part in parts for reasons in _examine(training, part)]


def _examine(training: Likeness, inputs: Spectra) -> list[tuple[Reason, ...]]:
    bound = BEYOND * training.features.unit
    spectra = np.clip(inputs, -bound, bound)
    reasons: list[tuple[Reason, ...]] = [()] * len(spectra)
    rows = np.arange(len(spectra))

    def settle(found: Found) -> None:
        """Note reasons, and go on with the spectra that have none so far."""
        nonlocal rows
        for row, reason in zip(rows, found, strict=True):
            reasons[row] += () if reason is None else (reason,)
        rows = rows[[reason is None for reason in found]]

    settle(_shapeless(training, spectra))
    x = spectra[rows]
    size = np.abs(x).mean(axis=1) / training.features.unit
    slope, _ = _line(training, x, 1 / size, None)
    factor = np.divide(1, slope, out=size.copy(), where=slope > 0)
    alike = training.alike(x / factor[:, None])
    # Of quite another size and not alike either: other reasons are sought after scaling.
    other = ~alike & (np.maximum(size, 1 / size) > MODEST)
    for row, own in zip(rows[other], factor[other].tolist(), strict=True):
        reasons[row] = (Scaled(own),)
        spectra[row] /= own
    scaled = alike & (np.maximum(factor, 1 / factor) >= FACTOR)
    settle(_where(scaled, lambda i: Scaled(float(factor[i]))))
    for test in (_inverted, _shifted, _on_background, _noisy, _different):
        if len(rows):
            settle(test(training, spectra[rows]))
    return reasons


def _where(true: Alike, reason: Callable[[int], Reason]) -> Found:
    return [reason(place) if so else None for place, so in enumerate(true)]


def _shapeless(training: Likeness, x: Spectra) -> Found:
    """Find spectra that do not vary, or whose neighbouring energies are uncorrelated."""

    def shape(size: float, variation: float, rough: float) -> NoEdge | None:
        if size <= training.features.unit / BEYOND:
            return NoEdge("zero")
        if variation <= FLAT * size:
            return NoEdge("flat", variation / size)
        return NoEdge("noise") if rough > WHITE else None

    # Second differences over the variation: 1 for noise, 0 for smooth curves.
    spread = x.std(axis=1)
    second = np.sqrt(np.square(np.diff(x, 2, axis=1)).mean(axis=1) / 6)
    rough = np.divide(second, spread, out=np.zeros(len(x)), where=spread > 0)
    columns = np.abs(x).max(axis=1), np.ptp(x, axis=1), rough
    return [shape(*row) for row in np.column_stack(columns).tolist()]


def _inverted(training: Likeness, x: Spectra) -> Found:
    slope, _, alike = _repaired(training, x, -1)
    return _where(alike & (slope < 0), lambda _: UpsideDown())


def _shifted(training: Likeness, x: Spectra) -> Found:
    logs, steps = training.features(x), overlaps(len(training.energy))
    distances = [training.cloud.distance(logs[:, here], there) for here, there in steps.values()]
    excess = np.column_stack(distances) / training.shift_limits
    by = np.array(list(steps))[excess.argmin(axis=1)] * (training.energy[1] - training.energy[0])
    return _where(excess.min(axis=1) <= 1, lambda i: Shifted(float(by[i])))


def _on_background(training: Likeness, x: Spectra) -> Found:
    slope, offset, alike = _repaired(training, x, 1)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        scale, level = 1 / slope, -offset / slope
        worth = np.abs(level) >= LEVEL * training.features.unit
    return _where(
        alike & (slope > 0) & worth, lambda i: OnBackground(float(scale[i]), float(level[i]))
    )


def _noisy(training: Likeness, x: Spectra) -> Found:
    """Find spectra that are like the training spectra once they are smoothed."""
    if x.shape[1] < SMOOTHED:
        return [None] * len(x)
    from scipy.signal import savgol_filter

    smoothed = np.asarray(savgol_filter(x, SMOOTHED, 2, axis=1))
    # Of seven degrees of freedom the parabola has three.
    noise = np.sqrt(np.square(x - smoothed).mean(axis=1) * 7 / 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        quality = np.abs(smoothed).mean(axis=1) / noise
    noisy = training.alike(smoothed) & (quality < QUALITY)
    return _where(noisy, lambda i: Noisy(float(quality[i])))


def _different(training: Likeness, x: Spectra) -> Found:
    """Name the energies at which each spectrum leaves the range of the training spectra most."""
    logs, energy = training.features(x), training.energy
    high, low = training.features(training.high[None]), training.features(training.low[None])
    deviation = np.abs(training.cloud.gaussian.conditional(logs)).argmax(axis=1)

    def name(spectrum: np.ndarray, above: np.ndarray, below: np.ndarray, odd: int) -> Differs:
        over = above if above.max() >= below.max() else below
        # Less than the tolerance is within what a few more training spectra would have filled.
        if over.max() < WITHIN:
            return Differs(float(energy[odd]), float(energy[odd]), "together")
        first, last = run_around(over > 0, int(over.argmax()))
        top = first + int(spectrum[first : last + 1].argmax())
        peak = 0 < top < len(energy) - 1 and spectrum[top - 1] < spectrum[top] > spectrum[top + 1]
        if over is above and peak:
            return Differs(float(energy[top]), float(energy[top]), "peak")
        how = "more" if over is above else "less"
        return Differs(float(energy[first]), float(energy[last]), how)

    return list(map(name, x, logs - high, low - logs, deviation.tolist()))


def _repaired(training: Likeness, x: Spectra, sign: int) -> tuple[Numbers, Numbers, Alike]:
    """Slope (of that sign at first) and offset that repair each spectrum best; whether they do.

    They start from those that make it most like the centre that it is correlated with the most.
    """
    mean = x.mean(axis=1)
    references = training.features.intensity(training.cloud.centres)
    level = references.mean(axis=1)
    centred, shapes = x - mean[:, None], references - level[:, None]
    spread = np.linalg.norm(shapes, axis=1)
    product = sign * centred @ shapes.T
    best = np.divide(product, spread, out=np.zeros_like(product), where=spread > 0).argmax(axis=1)
    most, square = product[np.arange(len(x)), best], np.square(centred).sum(axis=1)
    start = np.divide(sign * most, square, out=np.zeros(len(x)), where=square > 0)
    slope, offset = _line(training, x, start, level[best] - start * mean)
    return slope, offset, training.alike(offset[:, None] + slope[:, None] * x)


def _line(
    training: Likeness, x: Spectra, slope: Numbers, offset: Numbers | None
) -> tuple[Numbers, Numbers]:
    """Slope and offset after which each spectrum is nearest to the training mean (Mahalanobis).

    Gauss-Newton steps from given ones, each halved where it does not help. Without an offset to
    start from, it stays zero.
    """
    size = np.maximum(np.abs(x).max(axis=1), np.finfo(float).tiny)
    unit = x / size[:, None]
    line = np.stack([slope * size, np.zeros(len(x)) if offset is None else offset], axis=1)
    gaussian, features = training.cloud.gaussian, training.features

    def applied(line: np.ndarray) -> Spectra:
        return line[:, :1] * unit + line[:, 1:]

    least, length = gaussian.squares(features(applied(line))), np.ones(len(x))
    for _ in range(STEPS):
        deviation = (features(applied(line)) - gaussian.mean) @ gaussian.whitening
        slopes = features.slope(applied(line))
        sides = [slopes * unit] if offset is None else [slopes * unit, slopes]
        jacobian = np.stack([side @ gaussian.whitening for side in sides], axis=2)
        square = np.einsum("ijk,ijl->ikl", jacobian, jacobian)
        trace = np.trace(square, axis1=1, axis2=2)[:, None, None]
        # Keeps spectra without structure, of which slope and offset do the same, from failing.
        square += (1e-9 * trace + np.finfo(float).tiny) * np.eye(len(sides))
        down = np.einsum("ijk,ij->ik", jacobian, deviation)
        change = np.linalg.solve(square, down[:, :, None])[:, :, 0]
        tried = line.copy()
        tried[:, : len(sides)] -= length[:, None] * change
        now = gaussian.squares(features(applied(tried)))
        better = now < least
        line[better], least[better] = tried[better], now[better]
        length = np.where(better, np.minimum(2 * length, 1), length / 4)
    return line[:, 0] / size, line[:, 1]

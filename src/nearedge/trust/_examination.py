"""Examining what sets a spectrum apart from the training spectra.

Each reason is a test that can fail: "shifted by +5.0 eV" is said only if the spectrum, shifted
back, *is* like the training spectra. Where no repair helps, the energies are named at which it
differs.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from nearedge.trust._likeness import Likeness, Spectra, overlap, shifts
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
"""Spectra examined at once: what bounds the memory."""

BEYOND = 1e50
"""Factor beyond which the square of an intensity, or its inverse, might not be finite."""

FLAT = 0.05
"""A spectrum varies by less than this share of its size if it is flat."""

WHITE = 0.4
"""Roughness from which a spectrum is nothing but noise; uncorrelated noise has 1."""

LEVEL = 0.1
"""Background, in units of the mean training intensity, that is worth mentioning."""

FACTOR = 1.15
"""Ratio of intensities that is worth mentioning."""


def examine(known: Likeness, inputs: Spectra) -> list[tuple[Reason, ...]]:
    """Find what sets each spectrum apart from the training spectra.

    Parameters
    ----------
    known : Likeness
        What the training spectra are like.
    inputs : float array, shape (spectrum, energy)
        Spectra that are not like them.

    Returns
    -------
    list of tuple of Reason
        Two where a spectrum is of another size and differs still when it is scaled.
    """
    found: list[tuple[Reason, ...]] = []
    for start in range(0, len(inputs), CHUNK):
        found += _Examination(known, inputs[start : start + CHUNK]).reasons
    return found


class _Examination:
    """Reasons are tried one after the other, each on the spectra that have none so far."""

    def __init__(self, known: Likeness, inputs: Spectra) -> None:
        bound = BEYOND * known.features.unit
        self.known, self.inputs = known, np.clip(inputs, -bound, bound)
        self.reasons: list[tuple[Reason, ...]] = [()] * len(inputs)
        self.examined = np.zeros(len(inputs), bool)
        self.flat()
        self.noise()
        self.scale()
        self.mirror()
        self.shift()
        self.background()
        self.smooth()
        self.difference()

    def open(self) -> Int[np.ndarray, " spectrum"]:
        """List spectra without a reason."""
        return np.flatnonzero(~self.examined)

    def add(
        self,
        rows: Int[np.ndarray, " spectrum"],
        true: Bool[np.ndarray, " spectrum"],
        reason: Callable[[int], Reason],
    ) -> None:
        """Give a reason to those rows for which it is true; `reason` gets its place among them."""
        for place in np.flatnonzero(true):
            self.reasons[rows[place]] += (reason(int(place)),)
        self.examined[rows[true]] = True

    def flat(self) -> None:
        """Mark spectra that do not vary."""
        rows, x = self.open(), self.inputs
        size, variation = np.abs(x).max(axis=1), np.ptp(x, axis=1)
        nothing = size <= self.known.features.unit / BEYOND
        self.add(rows, nothing, lambda _: NoEdge("zero"))
        self.add(
            rows,
            (variation <= FLAT * size) & ~nothing,
            lambda i: NoEdge("flat", float(variation[i] / size[i])),
        )

    def noise(self) -> None:
        """Mark spectra whose neighbouring energies are uncorrelated."""
        rows = self.open()
        white = roughness(self.inputs[rows]) > WHITE
        self.add(rows, white, lambda _: NoEdge("noise"))

    def scale(self) -> None:
        """Mark those that differ by a factor; scale those of quite another size."""
        rows = self.open()
        x = self.inputs[rows]
        size = np.abs(x).mean(axis=1) / self.known.features.unit
        slope, _ = _line(self.known, x, 1 / size, None)
        factor = np.divide(1, slope, out=size.copy(), where=slope > 0)
        alike = self.known.alike(x / factor[:, None])
        other = np.maximum(factor, 1 / factor) >= FACTOR
        self.add(rows, alike & other, lambda i: Scaled(float(factor[i])))
        # Of quite another size and not alike either: other reasons are sought after scaling.
        for place in np.flatnonzero(~alike & (np.maximum(size, 1 / size) > MODEST)):
            self.reasons[rows[place]] = (Scaled(float(factor[place])),)
            self.inputs[rows[place]] = x[place] / factor[place]

    def shift(self) -> None:
        """Mark spectra that are like the training spectra after moving along the energies."""
        rows, known = self.open(), self.known
        logs, points = known.features(self.inputs[rows]), len(known.energy)
        steps = shifts(points)
        excess = np.empty((len(rows), len(steps)))
        for column, step in enumerate(steps):
            here, there = overlap(step, points)
            distance = known.cloud.distance(logs[:, here], there)
            excess[:, column] = distance / known.shift_limits[column]
        best = excess.argmin(axis=1)
        ranges = np.array(steps)[best] * (known.energy[1] - known.energy[0])
        self.add(
            rows,
            excess[np.arange(len(rows)), best] <= 1,
            lambda i: Shifted(float(ranges[i])),
        )

    def mirror(self) -> None:
        """Mark spectra that are like the training spectra after turning them upside down."""
        rows = self.open()
        slope, _, alike = _repaired(self.known, self.inputs[rows], -1)
        self.add(rows, alike & (slope < 0), lambda _: UpsideDown())

    def background(self) -> None:
        """Mark spectra that are like the training spectra without a background."""
        rows = self.open()
        slope, offset, alike = _repaired(self.known, self.inputs[rows], 1)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            level = np.abs(offset / slope) / self.known.features.unit
        self.add(
            rows,
            alike & (slope > 0) & (level >= LEVEL),
            lambda i: OnBackground(float(1 / slope[i]), float(-offset[i] / slope[i])),
        )

    def smooth(self) -> None:
        """Mark spectra that are like the training spectra once they are smoothed."""
        rows = self.open()
        if self.inputs.shape[1] < 7 or not len(rows):
            return
        from scipy.signal import savgol_filter

        x = self.inputs[rows]
        smoothed = np.asarray(savgol_filter(x, 7, 2, axis=1))
        noise = np.sqrt(np.square(x - smoothed).mean(axis=1) * 7 / 4)
        with np.errstate(divide="ignore", invalid="ignore"):
            quality = np.abs(smoothed).mean(axis=1) / noise
        self.add(
            rows,
            self.known.alike(smoothed) & (quality < 100),
            lambda i: Noisy(float(quality[i])),
        )

    def difference(self) -> None:
        """Name the energies at which the others differ the most."""
        rows, known = self.open(), self.known
        if not len(rows):
            return
        x = self.inputs[rows]
        logs = known.features(x)
        above = logs - known.features(known.high[None])
        below = known.features(known.low[None]) - logs
        deviation = known.cloud.gaussian.conditional(logs)
        self.add(
            rows,
            np.ones(len(rows), bool),
            lambda i: _where(known, x[i], above[i], below[i], deviation[i]),
        )


def roughness(spectra: Spectra) -> Float[np.ndarray, " spectrum"]:
    """Size of second differences over that of the variation: 1 for noise, 0 for smooth curves."""
    variation = spectra.std(axis=1)
    second = np.sqrt(np.square(np.diff(spectra, 2, axis=1)).mean(axis=1) / 6)
    return np.divide(second, variation, out=np.zeros(len(spectra)), where=variation > 0)


def _best_line(
    known: Likeness, x: Spectra, sign: int
) -> tuple[Float[np.ndarray, " spectrum"], Float[np.ndarray, " spectrum"]]:
    """Slope (of that sign) and offset that make each spectrum most like a training spectrum."""
    mean = x.mean(axis=1, keepdims=True)
    references = known.features.intensity(known.cloud.centres)
    level = references.mean(axis=1, keepdims=True)
    spread = np.linalg.norm(references - level, axis=1)
    product = sign * (x - mean) @ (references - level).T
    correlation = np.divide(product, spread, out=np.zeros_like(product), where=spread > 0)
    best = correlation.argmax(axis=1)
    square = np.square(x - mean).sum(axis=1)
    slope = np.divide(
        sign * product[np.arange(len(x)), best], square, out=np.zeros(len(x)), where=square > 0
    )
    return slope, level[best, 0] - slope * mean[:, 0]


def _repaired(
    known: Likeness, x: Spectra, sign: int
) -> tuple[
    Float[np.ndarray, " spectrum"], Float[np.ndarray, " spectrum"], Bool[np.ndarray, " spectrum"]
]:
    """Slope (of that sign at first) and offset that repair each spectrum best; whether they do."""
    slope, offset = _line(known, x, *_best_line(known, x, sign))
    return slope, offset, known.alike(offset[:, None] + slope[:, None] * x)


def _line(
    known: Likeness,
    x: Spectra,
    slope: Float[np.ndarray, " spectrum"],
    offset: Float[np.ndarray, " spectrum"] | None,
    steps: int = 10,
) -> tuple[Float[np.ndarray, " spectrum"], Float[np.ndarray, " spectrum"]]:
    """Slope and offset after which each spectrum is nearest to the training mean (Mahalanobis).

    Gauss-Newton steps from given ones, each halved where it does not help. Without an offset to
    start from, it stays zero.
    """
    size = np.maximum(np.abs(x).max(axis=1), np.finfo(float).tiny)
    unit = x / size[:, None]
    line = np.stack([slope * size, np.zeros(len(x)) if offset is None else offset], axis=1)
    gaussian = known.cloud.gaussian

    def cost(line: np.ndarray) -> np.ndarray:
        return gaussian.squares(known.features(line[:, :1] * unit + line[:, 1:]))

    least, length = cost(line), np.ones(len(x))
    for _ in range(steps):
        at = line[:, :1] * unit + line[:, 1:]
        deviation = (known.features(at) - gaussian.mean) @ gaussian.whitening
        slopes = known.features.slope(at)
        sides = [(slopes * unit) @ gaussian.whitening]
        if offset is not None:
            sides.append(slopes @ gaussian.whitening)
        jacobian = np.stack(sides, axis=2)
        square = np.einsum("ijk,ijl->ikl", jacobian, jacobian)
        trace = np.trace(square, axis1=1, axis2=2)[:, None, None]
        # Keeps spectra without structure, of which slope and offset do the same, from failing.
        square += (1e-9 * trace + np.finfo(float).tiny) * np.eye(len(sides))
        down = np.einsum("ijk,ij->ik", jacobian, deviation)
        change = np.linalg.solve(square, down[:, :, None])[:, :, 0]
        tried = line.copy()
        tried[:, : len(sides)] -= length[:, None] * change
        now = cost(tried)
        better = now < least
        line[better], least[better] = tried[better], now[better]
        length = np.where(better, np.minimum(2 * length, 1), length / 4)
    return line[:, 0] / size, line[:, 1]


def _where(
    known: Likeness, x: np.ndarray, above: np.ndarray, below: np.ndarray, deviation: np.ndarray
) -> Differs:
    """Name the energies at which a spectrum leaves the range of the training spectra the most."""
    energy = known.energy
    worst = int(np.maximum(above, below).argmax())
    excess = max(above[worst], below[worst])
    # Less than the tolerance is within what a few more training spectra would have filled.
    if excess < 0.1:
        worst = float(energy[int(np.abs(deviation).argmax())])
        return Differs(worst, worst, "together")
    over = above if above[worst] >= below[worst] else below
    first, last = worst, worst
    while first > 0 and over[first - 1] > 0:
        first -= 1
    while last < len(energy) - 1 and over[last + 1] > 0:
        last += 1
    ends = float(energy[first]), float(energy[last])
    if over is below:
        return Differs(*ends, "less")
    top = first + int(x[first : last + 1].argmax())
    if 0 < top < len(energy) - 1 and x[top - 1] < x[top] > x[top + 1]:
        return Differs(float(energy[top]), float(energy[top]), "peak")
    return Differs(*ends, "more")

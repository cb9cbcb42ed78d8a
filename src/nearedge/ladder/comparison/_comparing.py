"""Comparing two engines' datasets on the atoms that both contain, feature by feature."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.integrate import trapezoid
from scipy.interpolate import make_interp_spline
from scipy.signal import find_peaks
from scipy.stats import rankdata

from nearedge.datasets import SiteSpectra
from nearedge.datasets.matching import match_sites
from nearedge.errors import InputError
from nearedge.spectra import Window, convolved, resample
from nearedge.spectra.alignment import AlignmentFit, Curves, fit_alignment
from nearedge.targets import class_order

BELOW_ZERO = 1.0
"""How many eV below an engine's zero, where its first empty states are, the pre-edge starts."""
LOWEST, HIGHEST, STEP = -5.0, 20.0, 0.2
"""Where spectra are compared, in eV, as far as both are stored; the main peak lies below that."""
REACH = 3.0
"""How many eV about that of the mean spectrum a site's main peak is looked for."""

CLASS_REACH = 3.0
"""How many eV about the shift of all a class is aligned: few pairs would fit anything."""

_STEP = 0.05
# Landmarks are those of the mean spectrum at a resolution at which single lines do not count.
_SMOOTH = 0.5
_PROMINENCE = 0.03


@dataclass(frozen=True)
class Landmarks:
    """Where an engine's mean spectrum has its features, in eV from its own zero."""

    start: float  # of the pre-edge
    valley: float  # the last minimum below the main peak, the end of the pre-edge
    main: float


@dataclass(frozen=True)
class Features:
    """Features of single sites, in eV from the engine's zero."""

    weight: Float[np.ndarray, " site"]
    """Area of the pre-edge over the area from its start to the main peak of the mean spectrum."""
    centre: Float[np.ndarray, " site"]  # first moment of the pre-edge
    peak: Float[np.ndarray, " site"]
    """The highest point about the main peak of the mean spectrum; NaN without a maximum there."""


@dataclass(frozen=True)
class Correlation:
    """Pearson's and Spearman's correlation; None where a side does not vary."""

    pearson: float | None
    spearman: float | None


@dataclass(frozen=True)
class Retrieval:
    """How well a spectrum of the first engine finds its own atom among the second's."""

    same: float  # mean Pearson correlation of the two spectra of one atom, and of different atoms
    different: float
    first: float
    """Fraction of atoms whose own spectrum correlates best; `five`: is among the best five."""
    five: float
    median_rank: float
    same_class: float  # share of the atoms whose best spectrum is of an atom of their class
    chance_first: float
    chance_class: float


def find_landmarks(curves: Curves) -> Landmarks:
    """Find pre-edge and main peak of the mean spectrum, smoothed by 0.5 eV."""
    energy, mu, source = curves
    if energy[0] > -BELOW_ZERO:
        raise InputError(
            f"{source}: energies start at {energy[0]:g} eV, the pre-edge at {-BELOW_ZERO:g} eV; "
            "compute a wider range"
        )
    grid = np.arange(-BELOW_ZERO, min(HIGHEST, float(energy[-1])), _STEP)
    mean = convolved(energy, mu.mean(axis=0)[None], grid, _SMOOTH)[0]
    top = int(mean.argmax())
    valleys, _ = find_peaks(-mean[: top + 1], prominence=_PROMINENCE * float(mean[top]))
    if top == len(grid) - 1 or not len(valleys):
        raise InputError(
            f"{source}: the mean spectrum has no main peak with a valley below it between "
            f"{grid[0]:g} and {grid[-1]:g} eV; features cannot be compared"
        )
    return Landmarks(-BELOW_ZERO, float(grid[valleys[-1]]), float(grid[top]))


def measure(curves: Curves, landmarks: Landmarks) -> Features:
    """Measure the features of every site."""
    energy, mu, _ = curves
    main = landmarks.main
    whole = np.arange(landmarks.start, main + _STEP / 2, _STEP)
    heights = make_interp_spline(energy, mu, k=1, axis=1)(whole)
    low = whole <= landmarks.valley
    area = trapezoid(heights[:, low], whole[low], axis=1)
    moment = trapezoid(heights[:, low] * whole[low], whole[low], axis=1)
    fine = np.arange(max(main - REACH, energy[0]), min(main + REACH, energy[-1]), _STEP / 5)
    # Cubic, for a maximum between the stored energies.
    place = make_interp_spline(energy, mu, k=3, axis=1)(fine).argmax(axis=1)
    inside = (place > 0) & (place < len(fine) - 1)
    return Features(
        weight=area / trapezoid(heights, whole, axis=1),
        centre=moment / area,
        peak=np.where(inside, fine[place], np.nan),
    )


def correlation(first: np.ndarray, second: np.ndarray) -> Correlation:
    """Correlate two features over the sites."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return Correlation(None, None)
    ranks = np.array([rankdata(values) for values in (first, second)])
    return Correlation(float(np.corrcoef(first, second)[0, 1]), float(np.corrcoef(ranks)[0, 1]))


def correlations(
    first: Float[np.ndarray, "row grid"], second: Float[np.ndarray, "column grid"]
) -> Float[np.ndarray, "row column"]:
    """Pearson correlation over the energies of every spectrum with every other."""
    normalised = []
    for mu in (first, second):
        centred = mu - mu.mean(axis=1, keepdims=True)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        # A constant spectrum, as the mean of a single site less itself, correlates with nothing.
        normalised.append(centred / np.where(length > 0, length, 1))
    return normalised[0] @ normalised[1].T


def retrieve(matrix: Float[np.ndarray, "site site"], environment: np.ndarray) -> Retrieval:
    """Score a matrix of correlations, of which row and column i are of the same atom.

    Examples
    --------
    >>> mu = np.random.default_rng(0).random((6, 40))
    >>> retrieval = retrieve(correlations(mu, 3 * mu + 1), np.array(list("001122")))
    >>> retrieval.first, retrieval.median_rank, round(retrieval.same, 6)
    (1.0, 1.0, 1.0)
    """
    own = np.diag(matrix)
    count = len(matrix)
    rank = 1 + (matrix > own[:, None]).sum(axis=1)
    shares = np.unique(environment, return_counts=True)[1] / count
    return Retrieval(
        same=float(own.mean()),
        different=float((matrix.sum() - own.sum()) / max(count * (count - 1), 1)),
        first=float((rank == 1).mean()),
        five=float((rank <= 5).mean()),
        median_rank=float(np.median(rank)),
        same_class=float((environment[matrix.argmax(axis=1)] == environment).mean()),
        chance_first=1 / count,
        chance_class=float((shares**2).sum()),
    )


Pair = tuple[float, float]


@dataclass(frozen=True)
class ClassFit:
    """One environment class; pairs are means by either engine."""

    n: int
    alignment: AlignmentFit  # of this class only, near that of all
    residual_common_alignment: float  # relative distance that the latter leaves in this class
    pre_edge_weight: Pair
    pre_edge_centre: Pair
    main_peak: Pair  # of the atoms that have one by both, else NaN


@dataclass(frozen=True)
class PeakOffset:
    """Main peak of the second engine minus that of the first, each on its own zero, in eV."""

    n: int
    without_peak: int
    mean: float
    spread: float
    agreement: Correlation  # of the two engines' peaks over the atoms that have one by both


@dataclass(frozen=True)
class Comparison:
    """Two engines on the same atoms; in pairs the first engine comes first."""

    engines: tuple[str, str]
    datasets: tuple[str, str]
    snapshots: dict[str, str]
    rows: tuple[Int[np.ndarray, " site"], Int[np.ndarray, " site"]]
    """The compared sites in either dataset, sorted by class."""
    environment: np.ndarray
    coordination: Int[np.ndarray, " site"]
    neighbour: str
    window: Window
    moved: Literal["first", "second"]
    alignment: AlignmentFit
    alignment_without_pairs: AlignmentFit
    """What mean and spread alone would give, as for different atoms."""
    classes: dict[str, ClassFit]
    landmarks: tuple[Landmarks, Landmarks]
    features: tuple[Features, Features]
    pre_edge_weight: dict[str, Correlation]
    """With the count for ``first`` and ``second``, and ``between`` them, dimers left out."""
    main_peak: PeakOffset
    spectra: tuple[Float[np.ndarray, "site grid"], Float[np.ndarray, "site grid"]]
    """On the window, after the alignment."""
    matrices: dict[str, Float[np.ndarray, "site site"]]
    """Correlations of ``spectra``, and ``centred``: less each engine's mean; first in rows."""
    correlation: dict[str, Retrieval]
    class_correlation: Float[np.ndarray, "cls cls"]

    @property
    def mover(self) -> str:
        """The engine whose spectra are moved."""
        return self.engines[0 if self.moved == "first" else 1]

    @property
    def still(self) -> str:
        """The engine whose spectra are not moved."""
        return self.engines[1 if self.moved == "first" else 0]


def compare(first: SiteSpectra, second: SiteSpectra) -> Comparison:
    """Compare two datasets on the atoms for which both have a spectrum.

    Snapshots are matched by name, failing that by structure, and sites by the index of their atom.
    The dataset with the wider energy range is moved onto the other.
    """
    if first.identity.edge != second.identity.edge:
        raise InputError(
            f"{second.source}: holds {second.identity.edge} spectra, {first.source} "
            f"{first.identity.edge} spectra; the same atoms are needed"
        )
    rows, others = match_sites(first, second)
    if len(rows) < 3:
        raise InputError(
            f"{second.source}: shares {len(rows)} atoms with {first.source}; at least 3 are "
            "needed. Compute the very structures of the other dataset (its structures.extxyz), "
            "with the atoms in their order"
        )
    names = class_order(first.environment[rows].tolist())
    order = np.argsort([names.index(name) for name in first.environment[rows]], kind="stable")
    rows, others = rows[order], others[order]
    environment, coordination = first.environment[rows], first.coordination[rows]
    members = {name: environment == name for name in names}
    curves = (
        Curves(first.energy, first.mu[rows], first.source),
        Curves(second.energy, second.mu[others], second.source),
    )
    moves_first = np.ptp(first.energy) > np.ptp(second.energy)
    source, target = curves if moves_first else curves[::-1]
    low, high = max(LOWEST, float(target.energy[0])), min(HIGHEST, float(target.energy[-1]))
    if high - low < 2 * STEP:
        raise InputError(
            f"{target.source}: energies from {target.energy[0]:g} to {target.energy[-1]:g} eV are "
            f"not between {LOWEST:g} and {HIGHEST:g} eV; state them from the edge"
        )
    window = Window(low, high, round((high - low) / STEP) + 1)
    fit = fit_alignment(source, target, window, paired=True)
    aligned = fit.apply(source.energy, source.mu, window.grid, source.source)
    still = resample(target.energy, target.mu, window.grid, target.source)
    spectra = (aligned, still) if moves_first else (still, aligned)
    landmarks = (find_landmarks(curves[0]), find_landmarks(curves[1]))
    features = (measure(curves[0], landmarks[0]), measure(curves[1], landmarks[1]))
    peaked = np.isfinite(features[0].peak) & np.isfinite(features[1].peak)
    counted = environment == coordination.astype(str)
    shifts = (fit.shift - CLASS_REACH, fit.shift + CLASS_REACH)
    classes = {}
    for name, own in members.items():
        pair = [side._replace(mu=side.mu[own]) for side in (source, target)]
        left = np.linalg.norm(aligned[own] - still[own]) / np.linalg.norm(still[own])
        classes[name] = ClassFit(
            int(own.sum()),
            fit_alignment(pair[0], pair[1], window, paired=True, shifts=shifts),
            float(left),
            _means("weight", features, own),
            _means("centre", features, own),
            _means("peak", features, own & peaked),
        )
    centred = [mu - mu.mean(axis=0) for mu in spectra]
    means = [np.array([mu[own].mean(axis=0) for own in members.values()]) for mu in centred]
    matrices = {"spectra": correlations(*spectra), "centred": correlations(*centred)}
    weights = [side.weight[counted] for side in features]
    count = coordination[counted].astype(float)
    peaks = [side.peak[peaked] for side in features]
    apart = peaks[1] - peaks[0]
    engines = (str(first.attributes["engine"]), str(second.attributes["engine"]))
    if engines[0] == engines[1]:
        # Two levels of theory by one code still need names of their own.
        engines = (f"{engines[0]} (first)", f"{engines[1]} (second)")
    return Comparison(
        engines=engines,
        datasets=(first.source, second.source),
        snapshots=dict(
            zip(first.snapshot[rows].tolist(), second.snapshot[others].tolist(), strict=True)
        ),
        rows=(rows, others),
        environment=environment,
        coordination=coordination,
        neighbour=first.rule.neighbour if first.rule else "",
        window=window,
        moved="first" if moves_first else "second",
        alignment=fit,
        alignment_without_pairs=fit_alignment(source, target, window),
        classes=classes,
        landmarks=landmarks,
        features=features,
        pre_edge_weight={
            "first": correlation(weights[0], count),
            "second": correlation(weights[1], count),
            "between": correlation(weights[0], weights[1]),
        },
        main_peak=PeakOffset(
            n=len(apart),
            without_peak=int((~peaked).sum()),
            mean=float(apart.mean()) if len(apart) else np.nan,
            spread=float(apart.std(ddof=1)) if len(apart) > 1 else np.nan,
            agreement=correlation(peaks[0], peaks[1]),
        ),
        spectra=spectra,
        matrices=matrices,
        correlation={name: retrieve(matrix, environment) for name, matrix in matrices.items()},
        class_correlation=correlations(means[0], means[1]),
    )


def _means(
    feature: str, features: tuple[Features, Features], rows: Bool[np.ndarray, " site"]
) -> Pair:
    first, second = (getattr(side, feature)[rows] for side in features)
    return (float(first.mean()), float(second.mean())) if rows.any() else (np.nan, np.nan)

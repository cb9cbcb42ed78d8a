"""Comparing two engines' datasets on the atoms that both hold."""

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata

from nearedge.datasets import SiteSpectra
from nearedge.datasets.matching import match_sites
from nearedge.errors import InputError
from nearedge.ladder.comparison._features import Landmarks, Measures, find_landmarks, measure
from nearedge.ladder.comparison._likeness import Likeness, correlations, likeness
from nearedge.spectra import Window, resample
from nearedge.spectra.alignment import AlignmentFit, Curves, Search, fit_alignment
from nearedge.targets import DIMER, class_order

LOWEST, HIGHEST, STEP = -5.0, 20.0, 0.2
"""Where spectra are compared unless a window is given, in eV, as far as both are stored."""

CLASS_REACH = 3.0
"""A class is aligned within so many eV of the shift of all: few pairs would fit anything."""

Side = Literal["first", "second"]


@dataclass(frozen=True)
class ClassFit:
    """One environment class.

    Attributes
    ----------
    count : int
        Number of atoms.
    alignment : AlignmentFit
        Fitted to the pairs of this class only, within 3 eV of that of all.
    residual_common : float
        Relative distance that the alignment of all pairs leaves in this class.
    """

    count: int
    alignment: AlignmentFit
    residual_common: float


@dataclass(frozen=True)
class Comparison:
    """What two engines say of the same atoms.

    Attributes
    ----------
    engines : tuple of str
        Names of first and second.
    sources : tuple of str
        The datasets.
    rows : tuple of int arrays, shape (site,)
        The compared sites in either dataset, sorted by class.
    snapshots : dict of str to str
        Name in the second dataset by name in the first.
    environment, coordination : arrays, shape (site,)
        Class and neighbour count of each atom, as the first dataset labels them.
    neighbour : str
        What is counted.
    window : Window
        Energies, from the zero of the side that is not moved, on which spectra are compared.
    moved : {"first", "second"}
        Which side the alignment moves.
    alignment : AlignmentFit
        Of all pairs.
    unpaired : AlignmentFit
        What mean and spread alone would give, as where atoms differ.
    classes : dict of str to ClassFit
        By class name.
    landmarks, measures : tuples
        Features of either engine, on its own zero.
    spectra : tuple of float arrays, shape (site, grid)
        Both on the window, after the alignment.
    plain, centred : Likeness
        Of the spectra as they are, and of what is left when each engine's mean spectrum is taken
        away.
    class_matrix : float array, shape (class, class)
        Correlation of centred class means, first engine in rows.
    """

    engines: tuple[str, str]
    sources: tuple[str, str]
    rows: tuple[Int[np.ndarray, " site"], Int[np.ndarray, " site"]]
    snapshots: dict[str, str]
    environment: np.ndarray
    coordination: Int[np.ndarray, " site"]
    neighbour: str
    window: Window
    moved: Side
    alignment: AlignmentFit
    unpaired: AlignmentFit
    classes: dict[str, ClassFit]
    landmarks: tuple[Landmarks, Landmarks]
    measures: tuple[Measures, Measures]
    spectra: tuple[Float[np.ndarray, "site grid"], Float[np.ndarray, "site grid"]]
    plain: Likeness
    centred: Likeness
    class_matrix: Float[np.ndarray, "cls cls"]

    @property
    def counted(self) -> np.ndarray:
        """Which atoms the neighbour count describes: all but dimers, bool, shape (site,)."""
        return self.environment != DIMER

    @property
    def peaked(self) -> np.ndarray:
        """Which atoms have a main peak by both engines, bool, shape (site,)."""
        return np.isfinite(self.measures[0].peak) & np.isfinite(self.measures[1].peak)

    @property
    def weight_correlations(self) -> dict[str, dict[str, float | None]]:
        """Pre-edge weight with the count, by engine, and between engines; dimers left out."""
        kept = self.counted
        first, second = (one.weight[kept] for one in self.measures)
        count = self.coordination[kept].astype(float)
        return {
            "first": correlation(first, count),
            "second": correlation(second, count),
            "between": correlation(first, second),
        }

    @property
    def peak_offsets(self) -> dict[str, float | int | None]:
        """Main peak of the second engine less that of the first, each on its own zero, eV."""
        kept = self.peaked
        first, second = (one.peak[kept] for one in self.measures)
        apart = second - first
        return {
            "n": int(kept.sum()),
            "without_peak": int((~kept).sum()),
            "mean": float(apart.mean()) if len(apart) else None,
            "spread": float(apart.std(ddof=1)) if len(apart) > 1 else None,
            **correlation(first, second),
        }

    def class_means(self, name: str) -> dict[str, Any]:
        """Means over the atoms of a class."""
        mine = self.environment == name
        fit = self.classes[name]
        peaks = mine & self.peaked
        return {
            "n": fit.count,
            "alignment": fit.alignment.to_dict(),
            "residual_common_alignment": fit.residual_common,
            **{
                key: [
                    float(getattr(one, field)[kept].mean()) if kept.any() else None
                    for one in self.measures
                ]
                for key, field, kept in (
                    ("pre_edge_weight", "weight", mine),
                    ("pre_edge_centre", "centre", mine),
                    ("main_peak", "peak", peaks),
                )
            },
        }

    def to_dict(self) -> dict[str, Any]:
        """Give every number, ready for JSON; lists of two are first and second."""
        grid = self.window
        names = list(self.classes)
        first, second = self.measures
        return {
            "engines": list(self.engines),
            "datasets": list(self.sources),
            "n": len(self.environment),
            "snapshots": self.snapshots,
            "window": {"min": grid.minimum, "max": grid.maximum, "n": grid.points},
            "moved": self.moved,
            "alignment": self.alignment.to_dict(),
            "alignment_without_pairs": self.unpaired.to_dict(),
            "landmarks": [vars(one) for one in self.landmarks],
            "pre_edge_weight": self.weight_correlations,
            "main_peak": self.peak_offsets,
            "correlation": {"spectra": self.plain.to_dict(), "centred": self.centred.to_dict()},
            "classes": {name: self.class_means(name) for name in names},
            "class_correlation": {
                name: dict(zip(names, map(float, row), strict=True))
                for name, row in zip(names, self.class_matrix, strict=True)
            },
            "sites": [
                {
                    "rows": [int(self.rows[0][n]), int(self.rows[1][n])],
                    "class": str(self.environment[n]),
                    "coordination": int(self.coordination[n]),
                    "pre_edge_weight": [float(first.weight[n]), float(second.weight[n])],
                    "pre_edge_centre": [float(first.centre[n]), float(second.centre[n])],
                    "main_peak": [_number(first.peak[n]), _number(second.peak[n])],
                    "correlation": float(self.plain.matrix[n, n]),
                    "correlation_centred": float(self.centred.matrix[n, n]),
                }
                for n in range(len(self.environment))
            ],
        }


def compare(first: SiteSpectra, second: SiteSpectra, window: Window | None = None) -> Comparison:
    """Compare two datasets on the atoms of which both hold a spectrum.

    Snapshots are matched by name, failing that by structure, and sites by the index of their atom.
    The dataset that is stored more widely is moved onto the other.

    Parameters
    ----------
    first, second : SiteSpectra
        The same atoms by two engines or levels of theory.
    window : Window, optional
        Energies on which spectra are compared, from the zero of the one that is not moved. By
        default what that one stores between -5 and 20 eV, every 0.2 eV.

    Raises
    ------
    InputError
        If fewer than three atoms are in both, absorbers differ, or energies do not reach.
    """
    if first.rule.absorber != second.rule.absorber:
        raise InputError(
            f"{second.source}: holds {second.rule.absorber} spectra, {first.source} "
            f"{first.rule.absorber} spectra; the same atoms are needed"
        )
    rows, others = match_sites(first, second)
    if len(rows) < 3:
        raise InputError(
            f"{second.source}: shares {len(rows)} atoms with {first.source}; at least 3 are "
            "needed. Compute the very structures of the other dataset (its structures.extxyz), "
            "with the atoms in their order"
        )
    names = class_order(first.environment[rows].tolist())
    rank = np.array([names.index(name) for name in first.environment[rows]])
    order = np.argsort(rank, kind="stable")
    rows, others = rows[order], others[order]
    environment = first.environment[rows]
    curves = (
        Curves(first.energy, first.mu[rows], first.source),
        Curves(second.energy, second.mu[others], second.source),
    )
    moved: Side = "first" if np.ptp(first.energy) > np.ptp(second.energy) else "second"
    source, target = curves if moved == "first" else curves[::-1]
    window = window or _default_window(target)
    fit = fit_alignment(source, target, window, paired=True)
    grid = window.grid
    aligned = fit.alignment.apply(source.energy, source.mu, grid, source.source)
    still = resample(target.energy, target.mu, grid, target.source)
    spectra = (aligned, still) if moved == "first" else (still, aligned)
    near = Search(max_shift=CLASS_REACH, centre=fit.alignment.shift)
    classes = {}
    for name in names:
        mine = environment == name
        parts = [Curves(one.energy, one.mu[mine], one.source) for one in (source, target)]
        classes[name] = ClassFit(
            int(mine.sum()),
            fit_alignment(parts[0], parts[1], window, paired=True, search=near),
            _distance(aligned[mine], still[mine]),
        )
    landmarks = [find_landmarks(*one) for one in curves]
    centred = [mu - mu.mean(axis=0) for mu in spectra]
    means = [np.array([mu[environment == name].mean(axis=0) for name in names]) for mu in centred]
    return Comparison(
        engines=_names(first, second),
        sources=(first.source, second.source),
        rows=(rows, others),
        snapshots=dict(
            zip(first.snapshot[rows].tolist(), second.snapshot[others].tolist(), strict=True)
        ),
        environment=environment,
        coordination=first.coordination[rows],
        neighbour=first.rule.neighbour,
        window=window,
        moved=moved,
        alignment=fit,
        unpaired=fit_alignment(source, target, window),
        classes=classes,
        landmarks=(landmarks[0], landmarks[1]),
        measures=(
            measure(curves[0].energy, curves[0].mu, landmarks[0]),
            measure(curves[1].energy, curves[1].mu, landmarks[1]),
        ),
        spectra=spectra,
        plain=likeness(spectra[0], spectra[1], environment),
        centred=likeness(centred[0], centred[1], environment),
        class_matrix=correlations(means[0], means[1]),
    )


def correlation(one: np.ndarray, other: np.ndarray) -> dict[str, float | None]:
    """Pearson's and Spearman's correlation; None where a side does not vary."""
    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return {"pearson": None, "spearman": None}
    return {
        "pearson": float(np.corrcoef(one, other)[0, 1]),
        "spearman": float(np.corrcoef(_ranks(one), _ranks(other))[0, 1]),
    }


def _ranks(values: np.ndarray) -> np.ndarray:
    return cast("np.ndarray", rankdata(values))


def _default_window(target: Curves) -> Window:
    low, high = max(LOWEST, float(target.energy[0])), min(HIGHEST, float(target.energy[-1]))
    if high - low < 2 * STEP:
        raise InputError(
            f"{target.source}: energies from {target.energy[0]:g} to {target.energy[-1]:g} eV are "
            f"not between {LOWEST:g} and {HIGHEST:g} eV; state them from the edge"
        )
    return Window(low, high, round((high - low) / STEP) + 1)


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def _names(first: SiteSpectra, second: SiteSpectra) -> tuple[str, str]:
    names = str(first.attributes["engine"]), str(second.attributes["engine"])
    # Two levels of theory by one code still need names of their own.
    return names if names[0] != names[1] else (f"{names[0]} (first)", f"{names[1]} (second)")


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

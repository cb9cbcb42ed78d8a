"""What each rung trains on and tests on, spectra included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import FOLDS, Fold, Rung
from nearedge.errors import InputError
from nearedge.ladder._results import EngineAlignment
from nearedge.spectra import Window
from nearedge.spectra.alignment import AlignmentFit, Curves, fit_alignment

SILENT = 0.1
"""Energies where training spectra vary less than this fraction of the most are left out."""

Spectra = Float[np.ndarray, "_ energy"]
Rows = Int[np.ndarray, " _"]
Side = Literal["test", "training"]


@dataclass(frozen=True)
class Part:
    """One network's training and test spectra; a seed's parts together test its whole fold."""

    turn: int  # which seed it belongs to
    train: Rows
    test: Rows
    taught: Spectra  # of all sites of the dataset that is trained on, as the network sees them
    tested: Spectra


@dataclass(frozen=True)
class RungParts:
    """One rung: its parts, their dataset and energies, and a remark."""

    name: Rung
    parts: Sequence[Part]
    tested: SiteSpectra
    window: Window
    remark: str | None = None
    alignment: EngineAlignment | None = None

    @property
    def turns(self) -> list[list[int]]:
        """Positions of the parts of each seed."""
        seeds = dict.fromkeys(part.turn for part in self.parts)
        return [[n for n, part in enumerate(self.parts) if part.turn == seed] for seed in seeds]


def plain_parts(folds: Sequence[Fold], taught: Spectra, tested: Spectra) -> list[Part]:
    """Make a part for each fold."""
    return [Part(turn, fold.train, fold.test, taught, tested) for turn, fold in enumerate(folds)]


def another_engine(
    data: SiteSpectra, other: SiteSpectra, folds: Sequence[Fold], window: Window
) -> RungParts:
    """Test on another engine's spectra, scaled to the same mean intensity by one factor."""
    mu, theirs = data.inputs(window), other.inputs(window)
    parts = plain_parts(folds, mu, theirs * (mu.mean() / theirs.mean()))
    return RungParts("engine", parts, other, window, _engines(data, other))


def another_engine_aligned(
    data: SiteSpectra, other: SiteSpectra, folds: Sequence[Fold], window: Window
) -> RungParts:
    """Test on another engine's spectra after an alignment learnt without labels.

    Mean and spread of the training spectra and of the other engine's are matched, the latter of
    other snapshots than those tested, if there are several. Methods standardise intensities by the
    training spread: where it is small, below the edge, any misfit would be amplified, so these
    energies are blanked on both sides (`SILENT`). The side is moved that leaves the smaller
    distance: it depends on which is sharper, and which is stored over a range wide enough.
    """
    cuts = _cuts(other)
    sides = [
        (turn, fold.train, test, learnt)
        for turn, fold in enumerate(folds)
        for tested, learnt in cuts
        if len(test := fold.test[np.isin(fold.test, tested)])
    ]
    moved, fits = _fits(data, other, [(train, learnt) for _, train, _, learnt in sides], window)
    parts, silent_energies = [], 0
    for (turn, train, test, _), fit in zip(sides, fits, strict=True):
        spectra = [
            fit.apply(side.energy, side.mu, window.grid, side.source)
            if name == moved
            else side.inputs(window)
            for name, side in (("training", data), ("test", other))
        ]
        spread = spectra[0][train].std(axis=0)
        silent = spread < SILENT * spread.max()
        silent_energies = max(silent_energies, int(silent.sum()))
        taught, tested = (np.where(silent, 0.0, mu) for mu in spectra)
        parts.append(Part(turn, train, test, taught, tested))
    numbers = ("shift", "scale", "broadening", "residual_before", "residual")
    alignment = EngineAlignment(
        moved=moved,
        silent_energies=silent_energies,
        transductive=len(cuts) == 1,
        fits=tuple(dict.fromkeys(fits)),
        **{name: float(np.mean([getattr(fit, name) for fit in fits])) for name in numbers},
    )
    remark = f"{_engines(data, other)}; {_words(data if moved == 'training' else other, alignment)}"
    if silent_energies:
        remark += f"; {silent_energies} of {window.points} energies, silent in training, left out"
    return RungParts("engine-aligned", parts, other, window, remark, alignment)


def _cuts(other: SiteSpectra) -> list[tuple[Rows, Rows]]:
    """Sites to test, and sites of other snapshots to learn an alignment from."""
    names = np.unique(other.snapshot)
    groups = np.array_split(names, min(FOLDS, len(names)))
    masks = [np.isin(other.snapshot, group) for group in groups]
    rest = [mask if len(groups) == 1 else ~mask for mask in masks]
    return list(zip(map(np.flatnonzero, masks), map(np.flatnonzero, rest), strict=True))


def _fits(
    data: SiteSpectra, other: SiteSpectra, sides: Sequence[tuple[Rows, Rows]], window: Window
) -> tuple[Side, list[AlignmentFit]]:
    """Move either side onto the other; keep the way that leaves the lesser distance."""
    ways: dict[Side, list[AlignmentFit]] = {}
    reasons = []
    keys = [(train.tobytes(), learnt.tobytes()) for train, learnt in sides]
    moved: Side
    for moved in ("test", "training"):
        fits = {}
        try:
            for key, (train, learnt) in dict(zip(keys, sides, strict=True)).items():
                ours = Curves(data.energy, data.mu[train], data.source)
                theirs = Curves(other.energy, other.mu[learnt], other.source)
                pair = (theirs, ours) if moved == "test" else (ours, theirs)
                fits[key] = fit_alignment(*pair, window)
        except InputError as error:
            reasons.append(str(error))
        else:
            ways[moved] = [fits[key] for key in keys]
    if not ways:
        raise InputError(reasons[0])
    best = min(ways, key=lambda way: float(np.mean([fit.residual for fit in ways[way]])))
    return best, ways[best]


def _engines(data: SiteSpectra, other: SiteSpectra) -> str:
    return f"from {data.attributes['engine']} to {other.attributes['engine']}"


def _words(mover: SiteSpectra, alignment: EngineAlignment) -> str:
    shifts = [fit.shift for fit in alignment.fits]
    low, high = min(shifts), max(shifts)
    shift = f"{low:+.2f}" if high - low < 0.005 else f"{low:+.2f} to {high:+.2f}"
    learnt = (
        "on the very spectra that are tested, as there is one snapshot (transductive)"
        if alignment.transductive
        else "without labels on other snapshots than those tested"
    )
    return (
        f"{mover.attributes['engine']}'s {alignment.moved} spectra are moved by {shift} eV, "
        f"broadened by {alignment.broadening:.2f} eV and scaled, learnt {learnt}"
    )

"""What each rung trains on and tests on, spectra included."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from nearedge.datasets import SiteSpectra
from nearedge.datasets.splits import FOLDS, Fold, Rung
from nearedge.errors import InputError
from nearedge.records import pack
from nearedge.spectra import Window
from nearedge.spectra.alignment import AlignmentFit, Curves, fit_alignment

SILENT = 0.1
"""Energies where the training spectra vary less than this share of the most are left out."""

Spectra = Float[np.ndarray, "_ energy"]


@dataclass(frozen=True)
class Part:
    """One network's training and test spectra.

    Attributes
    ----------
    turn : int
        Which seed it belongs to; a seed's parts together test its whole fold.
    train, test : ndarray of int, shape (site,)
        Sites to train on, and sites of the tested dataset.
    taught, tested : float array, shape (site, energy)
        Spectra of all sites of either dataset on the window, as the network sees them.
    """

    turn: int
    train: Int[np.ndarray, " train"]
    test: Int[np.ndarray, " test"]
    taught: Spectra
    tested: Spectra


@dataclass(frozen=True)
class RungParts:
    """One rung: its parts, the dataset and energies they are of, and what to say of it."""

    name: Rung
    parts: Sequence[Part]
    tested: SiteSpectra
    window: Window
    remark: str | None = None
    alignment: dict[str, Any] | None = None

    @property
    def turns(self) -> list[list[int]]:
        """Positions of the parts of each seed."""
        seeds = dict.fromkeys(part.turn for part in self.parts)
        return [[n for n, part in enumerate(self.parts) if part.turn == seed] for seed in seeds]


def plain_parts(folds: Sequence[Fold], taught: Spectra, tested: Spectra) -> list[Part]:
    """Give a part for each fold."""
    return [Part(turn, fold.train, fold.test, taught, tested) for turn, fold in enumerate(folds)]


def another_engine(
    data: SiteSpectra, other: SiteSpectra, folds: Sequence[Fold], window: Window
) -> RungParts:
    """Test on another engine's spectra, brought to one mean intensity by one factor."""
    mu, theirs = data.inputs(window), other.inputs(window)
    theirs = theirs * (mu.mean() / theirs.mean())
    parts = plain_parts(folds, mu, theirs)
    return RungParts("engine", parts, other, window, _engines(data, other))


def another_engine_aligned(
    data: SiteSpectra, other: SiteSpectra, folds: Sequence[Fold], window: Window
) -> RungParts:
    """Test on another engine's spectra after an alignment that was learnt without labels.

    The alignment matches mean and spread of the training sites' spectra and of the other engine's
    spectra. The latter are of other snapshots than those tested: the snapshots are cut into up to
    three groups, and each is tested with what was learnt on the rest. A single snapshot leaves no
    rest, and its own spectra are used, which the remark says.

    Methods standardise intensities by the training spread. Where the training spectra hardly vary,
    below the edge, that would blow any rest of misfit up beyond all that tells classes apart: these
    energies are blanked on both sides (`SILENT`), as labels are not needed to see them.

    Either side may be moved, the test spectra or those of the training: the one that leaves the
    lesser distance is. It depends on which is the sharper, and which is stored widely enough.

    Raises
    ------
    InputError
        If neither side can be moved onto the other on the window.
    """
    cuts = _cuts(other)
    sides = []
    for turn, fold in enumerate(folds):
        for tested, learnt in cuts:
            test = fold.test[np.isin(fold.test, tested)]
            if len(test):
                sides.append((turn, fold.train, test, learnt))
    moved, fits = _fits(data, other, [(train, learnt) for _, train, _, learnt in sides], window)
    parts, most = [], 0
    for (turn, train, test, _), fit in zip(sides, fits, strict=True):
        mine, theirs = (
            (_moved(data, fit, window), other.inputs(window))
            if moved == "training"
            else (data.inputs(window), _moved(other, fit, window))
        )
        silent = _silent(mine[train])
        most = max(most, int(silent.sum()))
        mine, theirs = (np.where(silent, 0.0, one) for one in (mine, theirs))
        parts.append(Part(turn, train, test, mine, theirs))
    transductive = len(cuts) == 1
    return RungParts(
        "engine-aligned",
        parts,
        other,
        window,
        f"{_engines(data, other)}; {_words(data if moved == 'training' else other, moved, fits)}, "
        + (
            "learnt on the very spectra that are tested, as there is one snapshot (transductive)"
            if transductive
            else "learnt without labels on other snapshots than those tested"
        )
        + (f"; {most} of {window.points} energies, silent in training, left out" if most else ""),
        {
            "moved": moved,
            "silent_energies": most,
            "transductive": transductive,
            **{key: float(np.mean([getattr(fit, key) for fit in fits])) for key in _NUMBERS},
            "fits": [pack(fit)[0] for fit in dict.fromkeys(fits)],
        },
    )


def _silent(taught: Spectra) -> np.ndarray:
    spread = taught.std(axis=0)
    return spread < SILENT * spread.max()


_NUMBERS = ("shift", "scale", "broadening", "residual_before", "residual")


def _cuts(other: SiteSpectra) -> list[tuple[np.ndarray, np.ndarray]]:
    """Sites to test, and sites of other snapshots to learn an alignment from."""
    names = np.unique(other.snapshot)
    groups = np.array_split(names, min(FOLDS, len(names)))
    every = np.arange(len(other))
    if len(groups) == 1:
        return [(every, every)]
    masks = [np.isin(other.snapshot, group) for group in groups]
    return [(every[mask], every[~mask]) for mask in masks]


def _fits(
    data: SiteSpectra,
    other: SiteSpectra,
    sides: Sequence[tuple[np.ndarray, np.ndarray]],
    window: Window,
) -> tuple[str, list[AlignmentFit]]:
    """Move either side onto the other; keep the way that leaves the lesser distance."""
    ways: dict[str, list[AlignmentFit]] = {}
    reasons = []
    known: dict[tuple[str, bytes, bytes], AlignmentFit] = {}
    for moved in ("test", "training"):
        fits = []
        try:
            for train, learnt in sides:
                key = (moved, train.tobytes(), learnt.tobytes())
                if key not in known:
                    mine = Curves(data.energy, data.mu[train], data.source)
                    theirs = Curves(other.energy, other.mu[learnt], other.source)
                    pair = (theirs, mine) if moved == "test" else (mine, theirs)
                    known[key] = fit_alignment(*pair, window)
                fits.append(known[key])
        except InputError as error:
            reasons.append(str(error))
            continue
        ways[moved] = fits
    if not ways:
        raise InputError(reasons[0])
    best = min(ways, key=lambda way: float(np.mean([fit.residual for fit in ways[way]])))
    return best, ways[best]


def _moved(data: SiteSpectra, fit: AlignmentFit, window: Window) -> Spectra:
    return fit.apply(data.energy, data.mu, window.grid, data.source)


def _engines(data: SiteSpectra, other: SiteSpectra) -> str:
    return f"from {data.attributes['engine']} to {other.attributes['engine']}"


def _words(data: SiteSpectra, moved: str, fits: Sequence[AlignmentFit]) -> str:
    shifts = [fit.shift for fit in fits]
    widths = [fit.broadening for fit in fits]
    low, high = min(shifts), max(shifts)
    shift = f"{low:+.2f}" if high - low < 0.005 else f"{low:+.2f} to {high:+.2f}"
    return (
        f"{data.attributes['engine']}'s {moved} spectra are moved by {shift} eV, broadened by "
        f"{np.mean(widths):.2f} eV and scaled"
    )

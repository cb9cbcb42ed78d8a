"""A measured spectrum meets a library: which references are like it, and what follows."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from nearedge.errors import InputError
from nearedge.matching._curves import (
    COARSE,
    FINE,
    GRID,
    LEAST,
    MEASURED,
    REFERENCE,
    Distortion,
    Distortions,
    distorted,
    find_rise,
    fit,
    line,
)
from nearedge.matching._library import MEAN, Library
from nearedge.records import Json, as_json
from nearedge.spectra import Spectrum, normalise

CLOSER = 48
"""References that are looked at closely: the best of a coarse fit."""


@dataclass(frozen=True, eq=False)
class Aligned:
    """A measured spectrum with an edge step of one, on energies from its rise.

    Attributes
    ----------
    spectrum : Spectrum
        As it was read.
    rise : float
        Where it rises by half of the edge step, on its own energies, eV.
    normalised : Spectrum
        Normalised, its energies from the rise.
    energy, mu : float array, shape (point,)
        The part of `nearedge.matching.GRID` that it has, and its absorption there.
    """

    spectrum: Spectrum
    rise: float
    normalised: Spectrum
    energy: Float[np.ndarray, " point"]
    mu: Float[np.ndarray, " point"]

    def whole(self) -> Float[np.ndarray, " energy"]:
        """Give it on `nearedge.matching.REFERENCE`; beyond its ends as it is there."""
        return np.interp(REFERENCE, self.normalised.energy, self.normalised.mu)


@dataclass(frozen=True)
class Resemblance:
    """A reference that is like a spectrum: its rank, what it is, and what it had to suffer.

    `reference` is its place in the library, `atom` None for the mean over a crystal's sites. The
    coordination number and the oxidation state are None where they are not stated.
    """

    rank: int
    reference: int
    crystal: str
    formula: str
    absorber: str
    atom: int | None
    coordination: float | None
    oxidation_state: float | None
    bond_length: float | None
    misfit: float
    width: float
    growth: float
    stretch: float
    shift: float
    amplitude: float
    slope: float

    def to_json(self) -> Json:
        """Give it ready for JSON."""
        return as_json(self)


@dataclass(frozen=True, eq=False)
class Match:
    """References of a library from the likest on.

    Attributes
    ----------
    aligned : Aligned
    library : Library
        The references that were compared.
    order : int array, shape (reference,)
        Their places in the library, the best fit first.
    misfit : float array, shape (reference,)
        Root mean square of what is left, of an edge step of one, in the order of the library;
        infinite of those that a coarse fit had ruled out.
    distortions : Distortions
        What computed references could suffer.
    """

    aligned: Aligned
    library: Library
    order: Int[np.ndarray, " reference"]
    misfit: Float[np.ndarray, " reference"]
    distortions: Distortions
    _place: Int[np.ndarray, " reference"]
    _line: Float[np.ndarray, "reference 2"]

    @property
    def best(self) -> float:
        """Misfit of the best reference."""
        return float(self.misfit[self.order[0]])

    def distortion(self, reference: int) -> Distortion:
        """Say what a reference had to suffer."""
        measured = bool(self.library.measured[reference])
        return (MEASURED if measured else self.distortions).at(int(self._place[reference]))

    def first(self, count: int) -> list[Resemblance]:
        """Describe the crystals that are the most like it, each by its best site."""
        library = self.library
        best: dict[str, int] = {}
        for row in self.order:
            if np.isfinite(self.misfit[row]):
                best.setdefault(library.crystal[row], int(row))
        rows = list(best.values())[:count]
        return [
            Resemblance(
                rank,
                row,
                library.crystal[row],
                library.formula[row],
                library.absorber[row],
                None if library.atom[row] == MEAN else int(library.atom[row]),
                *(None if np.isnan(value) else float(value) for value in library.values[row]),
                float(self.misfit[row]),
                *self.distortion(row),
                *self._line[row].tolist(),
            )
            for rank, row in enumerate(rows, start=1)
        ]

    def curve(self, reference: int) -> Float[np.ndarray, " point"]:
        """Give a reference as it fits the spectrum, on the energies of `aligned`."""
        of = self.library.curves[[reference]]
        distortion = Distortions(*((value,) for value in self.distortion(reference)))
        (made,) = distorted(of, distortion, self.aligned.energy)[0]
        amplitude, slope = self._line[reference]
        return amplitude * made + slope * line(self.aligned.energy)

    def weights(self) -> Float[np.ndarray, " reference"]:
        """Weigh the references by their misfits; the weights add up to one."""
        square = (self.misfit**2 - self.best**2) / self.library.settings.sigma**2
        weight = np.exp(-square)
        return weight / weight.sum()


def align(spectrum: Spectrum) -> Aligned:
    """Normalise a measured spectrum and put it on energies from its rise.

    Raises
    ------
    InputError
        If it has no edge step, or does not reach from 8 eV before its rise to 20 eV behind.
    """
    where = f"{spectrum.source}::{spectrum.name}"
    made = normalise(spectrum)
    energy = made.spectrum.energy - made.e0
    try:
        rise = find_rise(energy, made.spectrum.mu)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    energy = energy - rise
    if energy[0] > LEAST[0] or energy[-1] < LEAST[1]:
        raise InputError(
            f"{where}: goes from {energy[0]:.0f} to {energy[-1]:.0f} eV about its rise at "
            f"{made.e0 + rise:.1f} eV; {LEAST[0]:.0f} to {LEAST[1]:.0f} eV are needed"
        )
    grid = GRID[(energy[0] <= GRID) & (energy[-1] >= GRID)]
    moved = replace(made.spectrum, energy=energy)
    mu = np.interp(grid, energy, moved.mu)
    return Aligned(spectrum, made.e0 + rise, moved, grid, mu)


def match(library: Library, aligned: Aligned, distortions: Distortions = FINE) -> Match:
    """Fit the references of a library to a spectrum; `distortions` are those of computed ones.

    Raises
    ------
    InputError
        If the library is empty.
    """
    if not len(library):
        raise InputError(f"{library.source}: holds no reference to compare with")
    near = np.arange(len(library))
    elements = set(library.absorber)
    stretch = library.settings.stretches.get(elements.pop()) if len(elements) == 1 else None
    if len(library) > CLOSER:
        coarse = fit(library.curves, COARSE, aligned.energy, aligned.mu).misfit
        near = np.sort(coarse.argpartition(CLOSER)[:CLOSER])
    misfit = np.full(len(library), np.inf)
    place, lines = np.zeros(len(library), int), np.zeros((len(library), 2))
    for suffered, usual, rows in (
        (distortions, stretch, near[~library.measured[near]]),
        (MEASURED, None, near[library.measured[near]]),
    ):
        if len(rows):
            fitted = fit(library.curves[rows], suffered, aligned.energy, aligned.mu, usual)
            misfit[rows], place[rows] = fitted.misfit, fitted.place
            lines[rows] = np.column_stack([fitted.amplitude, fitted.slope])
    return Match(aligned, library, misfit.argsort(), misfit, distortions, place, lines)

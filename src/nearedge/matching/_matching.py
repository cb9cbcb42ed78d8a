"""A measured spectrum compared with a library: which references are like it."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.matching._curves import (
    COARSE,
    FINE,
    GRID,
    LEAST,
    MEASURED,
    REFERENCE,
    STEPS,
    Distortion,
    Distortions,
    distorted,
    find_rise,
    fit,
    line,
)
from nearedge.matching._library import MEAN, TARGETS, Library
from nearedge.records import Json, as_json
from nearedge.spectra import Spectrum, normalise

CLOSER = 48
"""References of its own element, and of others, that a coarse fit selects for the fine one."""

SIMPLE = 0.5
"""Logarithm of the likelihood that each further element of a crystal costs.

Databases have more complex minerals than usual samples (``benchmarks/measured.py``).
"""

NAMELESS = 1.0
"""Logarithm of the likelihood that a crystal of a database costs which has no mineral's name."""


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
        """Return it on `nearedge.matching.REFERENCE`; constant beyond its ends."""
        return np.interp(REFERENCE, self.normalised.energy, self.normalised.mu)


@dataclass(frozen=True)
class Resemblance:
    """A reference similar to a spectrum: its rank, its identity, and how it was distorted.

    `reference` is its index in the library, `atom` None for the mean over a crystal's sites. The
    coordination number and the oxidation state are None if not stated.
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
        """Return it ready for JSON."""
        return as_json(self)


@dataclass(frozen=True, eq=False)
class Likeness:
    """How well references fit a spectrum, or many, and how much each counts for that.

    Attributes
    ----------
    library : Library
        The references that were compared.
    absorber : str
        Element of the spectra.
    absolute : bool
        Whether their energies are absolute, as those of measured spectra.
    rise : float array, shape (*spectrum,)
        Where each rises by half of the edge step, on its own energies, eV.
    misfit : float array, shape (*spectrum, reference)
        Root mean square of the residual, for an edge step of one, in the order of the library;
        infinite for those that a coarse fit ruled out.
    """

    library: Library
    absorber: str
    absolute: bool
    rise: Float[np.ndarray, "*spectrum"]
    misfit: Float[np.ndarray, "*spectrum reference"]

    @property
    def sigma(self) -> float:
        """Misfit by which a reference counts less than the best one."""
        settings = self.library.settings
        return settings.sigma if self.absolute else settings.computed_sigma

    @property
    def own(self) -> Bool[np.ndarray, " reference"]:
        """Mask of the references of the spectra's own element."""
        return np.array([element == self.absorber for element in self.library.absorber])

    @property
    def rise_known(self) -> bool:
        """Whether energies are absolute and a law is known for the rise of the element's edge."""
        lawful = self.library.edge == "K" and self.absorber in self.library.settings.rises
        return lawful and self.absolute

    def rise_likelihood(self) -> Float[np.ndarray, "*spectrum reference"]:
        """Likelihood of its rise for the oxidation state of each reference; at most one.

        The same for all if energies are not absolute, or no law is known for the element.
        """
        settings, edge = self.library.settings, Edge(self.absorber, self.library.edge)
        states = self.library.value("oxidation_state").astype(float)
        if not self.rise_known:
            return np.ones((*self.rise.shape, len(states)))
        zero, slope = settings.rises[edge.absorber]
        off = self.rise[..., None] - edge.energy - zero - slope * states
        # What is wrong is wrong by some eV either way, as by twenty in all.
        wrong = settings.rise_wrong * settings.rise_sigma * np.sqrt(2 * np.pi) / 20
        right = (1 - settings.rise_wrong) * np.exp(-0.5 * (off / settings.rise_sigma) ** 2)
        likelihood = right + wrong
        # Where no state is stated, it may be that of any other crystal of the element.
        known = np.isfinite(states) & self.own
        mean = likelihood[..., known].mean(axis=-1, keepdims=True) if known.any() else 1.0
        return np.where(np.isfinite(states), likelihood, mean)

    def weights(
        self, among: Bool[np.ndarray, " reference"]
    ) -> Float[np.ndarray, "*spectrum reference"]:
        """Weigh some of the references by their misfits; the weights of each spectrum add up to 1.

        All are zero if a coarse fit ruled out all of them.
        """
        misfit = np.where(among, self.misfit, np.inf)
        best = misfit.min(axis=-1, keepdims=True, initial=np.inf)
        weight = np.exp((np.where(np.isfinite(best), best, 0) ** 2 - misfit**2) / self.sigma**2)
        return weight / np.where(np.isfinite(best), weight.sum(axis=-1, keepdims=True), 1)


@dataclass(frozen=True, eq=False)
class Match(Likeness):
    """References of a library, the most similar first.

    Attributes
    ----------
    aligned : Aligned
        The spectrum.
    order : int array, shape (reference,)
        Indices of the references in the library, the best fit first.
    distortions : Distortions
        Distortions allowed for computed references.
    """

    aligned: Aligned
    order: Int[np.ndarray, " reference"]
    distortions: Distortions
    _place: Int[np.ndarray, " reference"]
    _line: Float[np.ndarray, "reference 2"]

    @property
    def best(self) -> float:
        """Misfit of the best reference."""
        return float(self.misfit[self.order[0]])

    @property
    def is_step(self) -> bool:
        """Whether a step without structure fits as well as the best reference."""
        plain = fit(STEPS, FINE, self.aligned.energy, self.aligned.mu)
        return bool(plain.misfit.min() <= self.best)

    @property
    def rise_tells(self) -> bool:
        """Whether it rises where a reference of its element would, by its oxidation state."""
        states = self.library.value("oxidation_state")[self.own]
        likelihood = self.rise_likelihood()[self.own][np.isfinite(states)]
        most = float(likelihood.max(initial=0.0))
        return self.rise_known and most > 2 * self.library.settings.rise_wrong

    def distortion(self, reference: int) -> Distortion:
        """Return how a reference was distorted."""
        alike = self.library.measured[reference] == self.absolute
        return (MEASURED if alike else self.distortions).at(int(self._place[reference]))

    def first(self, count: int, *, foreign: bool = False) -> list[Resemblance]:
        """Describe the likeliest crystals, each by its best site, each mineral by its best crystal.

        Only those of its own element, unless `foreign`. Besides the misfit, the energy of the rise
        counts (crystals of another oxidation state come later), and of crystals that fit equally
        well minerals and those of fewer elements come first.
        """
        library, wanted = self.library, self.own | foreign
        nameless = np.array(["_unnamed_" in crystal for crystal in library.crystal])
        prior = np.log(self.rise_likelihood()) - NAMELESS * nameless
        prior -= SIMPLE * np.array([*map(len, library.elements)])
        charged = self.misfit**2 - self.sigma**2 * prior
        best: dict[str, int] = {}
        compound = library.compound
        for row in charged.argsort(kind="stable"):
            if np.isfinite(self.misfit[row]) and wanted[row]:
                best.setdefault(compound[row], int(row))
        rows = list(best.values())[:count]
        return [self._resemblance(rank, row) for rank, row in enumerate(rows, start=1)]

    def _resemblance(self, rank: int, row: int) -> Resemblance:
        library = self.library
        values = [None if np.isnan(value) else float(value) for value in library.values[row]]
        amplitude, slope = self._line[row].tolist()
        return Resemblance(
            rank=rank,
            reference=row,
            crystal=library.crystal[row],
            formula=library.formula[row],
            absorber=library.absorber[row],
            atom=None if library.atom[row] == MEAN else int(library.atom[row]),
            **dict(zip(TARGETS, values, strict=True)),
            misfit=float(self.misfit[row]),
            **self.distortion(row)._asdict(),
            amplitude=amplitude,
            slope=slope,
        )

    def curve(self, reference: int) -> Float[np.ndarray, " point"]:
        """Return a reference as it fits the spectrum, at the energies of `aligned`."""
        of = self.library.curves[[reference]]
        distortion = Distortions(*((value,) for value in self.distortion(reference)))
        (made,) = distorted(of, distortion, self.aligned.energy)[0]
        amplitude, slope = self._line[reference]
        return amplitude * made + slope * line(self.aligned.energy)


def align(spectrum: Spectrum) -> Aligned:
    """Normalise a measured spectrum and put it on energies from its rise.

    Raises
    ------
    InputError
        If it has no edge step, or does not reach from 8 eV before its rise to 20 eV after.
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


def match(
    library: Library, aligned: Aligned, absorber: str, distortions: Distortions = FINE
) -> Match:
    """Fit the references of a library to a spectrum.

    Parameters
    ----------
    library : Library
    aligned : Aligned
    absorber : str
        Element of the spectrum.
    distortions : Distortions
        Distortions allowed for computed references.

    Raises
    ------
    InputError
        If the library is empty.
    """
    if not len(library):
        raise InputError(f"{library.source}: holds no reference to compare with")
    energy, mu = aligned.energy, aligned.mu
    elements = np.array(library.absorber)
    coarse = fit(library.curves, COARSE, energy, mu).misfit
    near = np.full(len(library), False)
    for group in (elements == absorber, elements != absorber):
        rows = np.flatnonzero(group)
        near[rows[coarse[rows].argsort()[:CLOSER]]] = True
    misfit = np.full(len(library), np.inf)
    place, lines = np.zeros(len(library), int), np.zeros((len(library), 2))
    for element in np.unique(elements[near]).tolist():
        for measured in (False, True):
            rows = np.flatnonzero(near & (elements == element) & (library.measured == measured))
            if len(rows):
                # What was made alike lacks the same.
                alike = measured == aligned.spectrum.absolute
                suffered = MEASURED if alike else distortions
                usual = None if alike else library.settings.stretches.get(element)
                fitted = fit(library.curves[rows], suffered, energy, mu, usual)
                misfit[rows], place[rows] = fitted.misfit, fitted.place
                lines[rows] = np.column_stack([fitted.amplitude, fitted.slope])
    return Match(
        library,
        absorber,
        aligned.spectrum.absolute,
        np.array(aligned.rise),
        misfit,
        aligned,
        misfit.argsort(),
        distortions,
        place,
        lines,
    )

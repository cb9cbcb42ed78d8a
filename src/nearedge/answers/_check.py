"""Whether a model applies to a spectrum: their identities, compared before any computing."""

import re

import numpy as np
from ase.data import chemical_symbols
from jaxtyping import Float

from nearedge.edges import ABOVE, BELOW, Edge
from nearedge.matching import Library
from nearedge.models import Model, ready_models
from nearedge.models.inference import Zero
from nearedge.spectra import (
    Preparation,
    Spectrum,
    edge_energy,
    fall_energy,
    guess_edge,
    noise_level,
    prepare,
    profiles,
)
from nearedge.trust import (
    Misnamed,
    NoEdge,
    OtherEdge,
    OtherOrigin,
    OtherSample,
    OutsideEdge,
    Reason,
    TooShort,
    UpsideDown,
)

AROUND = 25.0
"""Range in eV on either side of the steepest rise that makes an absorption edge."""

BEHIND = 3.0
"""Least range in eV above the rise that distinguishes a step from a peak."""

STEP = 0.05
"""Least rise over an edge, from the mean before to the mean after, as a fraction of the range."""

WHITE = 0.5
"""Noise, as a fraction of the variation, from which a spectrum is only noise (then about 1)."""

LEAST = (-8.0, 20.0)
"""Energies in eV from the rise that `nearedge.matching.align` needs."""

UNSURE = 4.0
"""How far off, eV, the energy of a rise may be that is sought as a step of means."""

_SYMBOLS = "|".join(sorted(chemical_symbols[1:], key=len, reverse=True))
# Subscripts are numbers or, as in LiNixMnyCozO2, letters; brackets are taken out before.
_FORMULA = re.compile(rf"(?:(?:{_SYMBOLS})(?:\d+(?:\.\d+)?|[xyz])?)+")
_SYMBOL = re.compile(_SYMBOLS)


def is_relative(model: Model | Library, spectrum: Spectrum) -> bool:
    """Whether a spectrum's energies are counted from a zero like the model's."""
    return not spectrum.absolute or bool(spectrum.energy[0] <= model.window.maximum)


def check(model: Model | Library, spectrum: Spectrum, zero: Zero | None = None) -> list[Reason]:
    """Reasons why a model must not answer for a spectrum; none if it may.

    Absorber and edge are those named in the file, else those found from the energies or from the
    given position of the model's zero. For computed spectra engine, energy zero and unit are
    compared too, if known.
    """
    edge, own = model.identity.edge, spectrum.edge
    if own is not None and edge is not None and own != edge:
        return [other_edge(own, edge)]
    if other := _other_sample(model, spectrum):
        return [other]
    if is_relative(model, spectrum):
        return _other_origin(model, spectrum)
    # A glitch is no edge.
    spectrum = prepare(spectrum, Preparation("none")).spectrum
    shapeless = _shapeless(spectrum.energy, spectrum.mu)
    if shapeless is not None and shapeless.shape != "no step":
        return [shapeless]
    fall = fall_energy(spectrum.energy, spectrum.mu)
    if fall is not None and edge is not None and edge.holds(fall):
        return [UpsideDown(fall, edge)]
    if shapeless is not None:
        return [shapeless]
    if edge is None:
        return []
    given = None if zero is None else zero.energy
    rise = edge_energy(spectrum.energy, spectrum.mu) if given is None else given
    if edge.holds(rise):
        return _too_short(spectrum, rise) if isinstance(model, Library) else []
    if given is None and _has_rise(model, spectrum):
        return []
    # Below some 200 eV the edges are so many that an energy names none.
    guess = guess_edge(spectrum) if given is None and rise > 200 else None
    if guess is None or guess == edge:
        return [OutsideEdge(rise, edge)]
    if own is not None:
        return [Misnamed(own, guess, rise)]
    return [other_edge(guess, edge, rise)]


def _too_short(spectrum: Spectrum, rise: float) -> list[Reason]:
    """Tell a spectrum that surely lacks energies to be compared with references."""
    first, last = float(spectrum.energy[0]) - rise, float(spectrum.energy[-1]) - rise
    narrow = last - first < LEAST[1] - LEAST[0]
    if narrow or first > LEAST[0] + UNSURE or last < LEAST[1] - UNSURE:
        return [TooShort(first, last, rise, LEAST)]
    return []


def other_edge(spectrum: Edge, model: Edge | str, e0: float | None = None) -> OtherEdge:
    """Tell that a spectrum is of another edge, and whether a model that ships reads that."""
    return OtherEdge(spectrum, model, e0, spectrum in {ready.edge for ready in ready_models()})


def _other_sample(model: Model | Library, spectrum: Spectrum) -> OtherSample | None:
    """Tell whether a file names a sample of elements that the model does not know."""
    if isinstance(model, Library) or model.identity.edge is None:
        return None
    compositions = model.record.training.compositions
    known = {symbol for formula in compositions for symbol in _SYMBOL.findall(formula)}
    # Of a dataset's sites the structure is known.
    said = spectrum.metadata
    text = " ".join(said.get(name, "") for name in ("formula", "sample", "composition"))
    named = sample_formulas(text, model.identity.edge.absorber)
    if not known or not named or any(known.issuperset(_SYMBOL.findall(one)) for one in named):
        return None
    foreign = set(_SYMBOL.findall(named[0])) - known
    return OtherSample(named[0], tuple(sorted(foreign)), tuple(sorted(known)))


def sample_formulas(text: str, absorber: str) -> list[str]:
    """List the formulas of compounds of the absorber among the words that name a sample.

    A word counts as a formula if a symbol in it has two letters or the absorber a subscript: POS,
    for example, is a position.

    Examples
    --------
    >>> sample_formulas("LiNixMnyCozO2 layered, film", "O"), sample_formulas("POS 3 NiO-like", "O")
    (['LiNixMnyCozO2'], [])
    >>> sample_formulas("V2O5 (99 %) in BN", "O"), sample_formulas("Fe(OH)3", "O")
    (['V2O5'], ['Fe(OH)3'])
    """
    found = []
    for word in re.split(r"[\s,;/:]+", text):
        plain = re.sub(r"[()\[\]{}]\d*", "", word)
        symbols = set(_SYMBOL.findall(plain))
        plausible = any(len(one) > 1 for one in symbols) or re.search(rf"{absorber}[2-9]", plain)
        if len(symbols) > 1 and absorber in symbols and plausible and _FORMULA.fullmatch(plain):
            found.append(word)
    return found


def edge_range(model: Model | Library, spectrum: Spectrum) -> tuple[float, float]:
    """Energies in eV between which the model's zero must lie on a spectrum's axis."""
    edge = model.identity.edge
    if edge is None or is_relative(model, spectrum):
        return (-np.inf, np.inf)
    return edge.energy - BELOW, edge.energy + ABOVE


def _other_origin(model: Model | Library, spectrum: Spectrum) -> list[Reason]:
    taught, its = model.identity, spectrum.identity
    said = (
        ("engine", its.origin, taught.origin),
        ("energy zero", its.zero, taught.zero),
        ("unit", its.unit, taught.unit),
    )
    return [
        OtherOrigin(what, own, other)
        for what, own, other in said
        if own and other and _core(own) != _core(other)
    ]


def _core(words: str) -> str:
    """What remains of an engine, a zero or a unit without its version and its explanation."""
    return words.split(" (")[0].split(",")[0].split(" ")[0].casefold()


def _shapeless(
    energy: Float[np.ndarray, " energy"], mu: Float[np.ndarray, " energy"]
) -> NoEdge | None:
    """Tell what a spectrum is if it does not rise over an edge."""
    variation = float(np.ptp(mu)) / (float(np.abs(mu).max()) or 1.0)
    _, size = profiles(np.interp(np.linspace(energy[0], energy[-1], 2 * len(energy)), energy, mu))
    if not size:
        return NoEdge("flat" if variation < 1e-9 else "line", variation)
    if float(noise_level(mu)) > WHITE * float(size):
        return NoEdge("noise", variation)
    rise = edge_energy(energy, mu)
    before = mu[(energy < rise) & (energy >= rise - AROUND)]
    behind = mu[(energy > rise) & (energy <= rise + AROUND)]
    if len(before) < 3:  # it begins at its edge, if that is one
        before = mu[: max(3, len(mu) // 10)]
    if energy[-1] - rise >= BEHIND and len(behind) >= 3:
        # Of a spectrum that begins at its edge the first energies are the level before it.
        level = min(float(before.mean()), float(np.median(before[: max(3, len(before) // 2)])))
        if behind.mean() - level >= STEP * float(np.ptp(np.concatenate([before, behind]))):
            return None
    return NoEdge("no step", variation)


def _has_rise(model: Model | Library, spectrum: Spectrum) -> bool:
    """Tell whether a spectrum of several edges rises over the model's, too."""
    low, high = edge_range(model, spectrum)
    there = (spectrum.energy >= low - AROUND) & (spectrum.energy <= high + AROUND)
    energy, mu = spectrum.energy[there], spectrum.mu[there]
    window = model.window.maximum - model.window.minimum
    if len(energy) < 10 or np.ptp(energy) < window:
        return False
    rise = edge_energy(energy, mu)
    return low <= rise <= high and _shapeless(energy, mu) is None

"""Why a model does not apply to a spectrum: a small closed set of reasons, and their words."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from nearedge.edges import Edge

MODEST = 5.0
"""Ratio of intensities below which the unit need not be the cause."""

NOISY = 0.3
"""Noise from which it is mentioned, as a fraction of the spectrum's own variation."""

AN = "AEFHILMNORSX"
"""First letters of symbols that follow "an": symbols are read letter by letter, "an Fe K-edge"."""

BELOW_EDGE = "structure below the edge"
"""What is wrong with a spectrum that has absorption below its edge."""


@dataclass(frozen=True)
class Reason:
    """Why a model does not apply to a spectrum; ``str`` gives the sentence."""

    words: ClassVar[str]

    def __str__(self) -> str:
        return self.words.format_map(vars(self))


@dataclass(frozen=True)
class OtherEdge(Reason):
    """The spectrum is of another edge: the file says so, or the energy (eV) at which it rises."""

    spectrum: Edge
    model: Edge | str  # or the names of several
    e0: float | None = None
    ready: bool | None = None  # whether a model that ships reads it; None if unknown

    def __str__(self) -> str:
        rise = "" if self.e0 is None else f", by its rise at {self.e0:.1f} eV"
        where = f"{self.spectrum.energy:.0f} eV{rise}"
        words = f"this is {_a(self.spectrum)}-edge ({where}); the model reads {self.model}"
        if self.ready:
            words += f"; a model that ships reads {self.spectrum}: name no model"
        elif self.ready is False:
            words += f", and no model that ships reads {self.spectrum}"
        return words


@dataclass(frozen=True)
class Misnamed(Reason):
    """The file names an edge, but the energies are those of another one: it rises at e0, eV."""

    named: Edge
    spectrum: Edge
    e0: float

    def __str__(self) -> str:
        return (
            f"the file names {self.named} ({self.named.energy:.0f} eV), but its energies are those "
            f"of {self.spectrum} ({self.spectrum.energy:.0f} eV, by its rise at {self.e0:.1f} eV): "
            "correct what its head says of the element and the edge, or the energies"
        )


@dataclass(frozen=True)
class OutsideEdge(Reason):
    """The spectrum rises, or its stated zero lies (eV), where the model's edge cannot be."""

    e0: float
    model: Edge

    def __str__(self) -> str:
        return (
            f"the edge at {self.e0:.1f} eV cannot be {_a(self.model)}-edge (about "
            f"{self.model.onset:.0f} eV): check the energies"
        )


@dataclass(frozen=True)
class OtherSample(Reason):
    """The file names a sample of elements that no training spectrum's structure holds."""

    spectrum: str
    foreign: tuple[str, ...]
    model: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"the file names its sample {self.spectrum}, which holds {', '.join(self.foreign)}; "
            f"the model knows {', '.join(self.model)} only"
        )


@dataclass(frozen=True)
class OtherOrigin(Reason):
    """A computed spectrum is of another engine, energy zero or unit than the training spectra."""

    what: str
    spectrum: str
    model: str
    words = "another {what}: {spectrum}; the model was trained on {model}"


@dataclass(frozen=True)
class NoEdge(Reason):
    """The spectrum does not rise over an edge; its range is `variation` times its size."""

    shape: Literal["zero", "flat", "line", "noise", "no step"]
    variation: float = 0.0

    def __str__(self) -> str:
        return {
            "zero": "zero at every energy, no absorption edge",
            "flat": f"flat: it varies by only {self.variation:.1%}, no absorption edge",
            "line": "a straight line, no absorption edge",
            "noise": "noise: neighbouring energies are not correlated, no absorption edge",
            "no step": "no absorption edge: it is not higher after its steepest rise than before",
        }[self.shape]


@dataclass(frozen=True)
class Scaled(Reason):
    """The intensity is that of the training spectra times a factor."""

    factor: float

    def __str__(self) -> str:
        rounded = float(f"{self.factor:.2g}")
        times = f"{rounded:.0f}" if 10 <= self.factor < 1e5 else f"{rounded:g}"
        why = "another unit or normalisation?"
        if self.factor >= 100:
            why = f"counts, or {why}"
        elif max(self.factor, 1 / self.factor) < MODEST:
            why = "another normalisation, or another material?"
        return f"intensity is about {times} times that of the training spectra: {why}"


@dataclass(frozen=True)
class UpsideDown(Reason):
    """Turned upside down, the spectrum is like the training spectra, or has its edge at e0, eV."""

    e0: float | None = None
    edge: Edge | None = None

    def __str__(self) -> str:
        words = "upside down: transmission instead of absorption, or the wrong sign?"
        if self.e0 is None or self.edge is None:
            return words
        return (
            f"{words} It falls at {self.e0:.1f} eV, where {_a(self.edge)}-edge rises; give "
            "absorption, ln(I0/I1) of transmission"
        )


@dataclass(frozen=True)
class TooShort(Reason):
    """The spectrum goes from `first` to `last`, eV from its rise at e0; `least` is needed."""

    first: float
    last: float
    e0: float
    least: tuple[float, float]
    words = (
        "too short: it goes from {first:.0f} to {last:.0f} eV about its rise at {e0:.1f} eV, and "
        "{least[0]:.0f} to {least[1]:.0f} eV are needed; measure a wider range"
    )


@dataclass(frozen=True)
class Shifted(Reason):
    """Shifted back by this many eV, the spectrum is like the training spectra."""

    by: float
    words = "looks like the training spectra shifted by {by:+.1f} eV: check the energy zero"


@dataclass(frozen=True)
class OnBackground(Reason):
    """The spectrum is like the training spectra times a scale, on a constant background."""

    scale: float
    level: float
    words = (
        "like the training spectra times {scale:.2g} on a background of {level:.2g}: check "
        "normalisation and background"
    )


@dataclass(frozen=True)
class Noisy(Reason):
    """Smoothed, the spectrum is like the training spectra."""

    signal_to_noise: float
    words = (
        "noisy: signal to noise is about {signal_to_noise:.2g}; smoothed, it is like the training "
        "spectra"
    )


@dataclass(frozen=True)
class Differs(Reason):
    """The spectrum differs from the training spectra most at these energies, eV from the zero.

    By ``more`` or ``less`` intensity than any of them has, a ``peak`` that none of them has, or
    intensities that each occur in them, but not ``together``.
    """

    first: float
    last: float
    how: Literal["more", "less", "peak", "together"]

    def __str__(self) -> str:
        if self.how == "peak":
            return f"a peak at {self.first:.1f} eV that no training spectrum has"
        if self.how == "together":
            return (
                "each intensity is within the range of the training spectra, but not all of them "
                f"together: most of all at {self.first:.1f} eV"
            )
        return f"{self.how} intensity {_span(self.first, self.last)} than any training spectrum has"


@dataclass(frozen=True)
class Unlike(Reason):
    """No reference fits the spectrum: the misfit of the best one is over the limit."""

    misfit: float
    limit: float
    edge: Edge
    words = (
        "unlike all {edge}-edge references: they differ by {misfit:.3f} of the "
        "edge step at least (limit {limit:g})"
    )


@dataclass(frozen=True)
class Structureless(Reason):
    """A step without any structure fits the spectrum as well as the best reference."""

    words = (
        "a step without structure: it fits as well as any reference, so there is nothing to tell "
        "crystals apart by (too broad, too noisy, or simulated?)"
    )


@dataclass(frozen=True)
class Unstated(Reason):
    """The spectrum is most similar to a crystal whose coordination number is not stated."""

    crystal: str
    words = (
        "most like {crystal}, whose first shell has no clear end (a metal, an alloy, or a shell on "
        "which two rules disagree)"
    )


@dataclass(frozen=True)
class Misfit(Reason):
    """No mixture of the training spectra fits the measured one, at any zero and resolution.

    `exceeded` holds the measures that are over their limits, in units of these; the noise is a
    fraction of the spectrum's own variation. It has `more` intensity than expected, or less, mostly
    from the `first` energy to the `last`, in eV from the zero; None if at none in particular.
    """

    exceeded: dict[str, float] = field(default_factory=dict)
    noise: float = 0.0
    first: float | None = None
    last: float | None = None
    more: bool = True

    def __str__(self) -> str:
        exceeded = (f"{name} {value:.1f} times its limit" for name, value in self.exceeded.items())
        words = f"unlike any mixture of the training spectra ({', '.join(exceeded)})"
        if self.noise > NOISY:
            return f"{words}: noisy, the noise is {self.noise:.0%} of the variation"
        if self.exceeded and max(self.exceeded, key=self.exceeded.__getitem__) == BELOW_EDGE:
            return f"{words}: there is absorption below the edge, for the best energy zero"
        if self.first is None or self.last is None:
            return f"{words}: in its whole shape, not at one energy"
        return (
            f"{words}: most of all, {'more' if self.more else 'less'} intensity "
            f"{_span(self.first, self.last)} from the zero than expected from the rest"
        )


def _a(edge: Edge) -> str:
    return f"{'an' if edge.absorber[0] in AN else 'a'} {edge}"


def _span(first: float, last: float) -> str:
    low, high = f"{first:.1f}", f"{last:.1f}"
    return f"at {low} eV" if low == high else f"from {low} to {high} eV"

"""How a fit becomes an answer: numbers chosen on measured spectra of known structure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

RISES: Mapping[str, tuple[float, float]] = {
    "Ti": (-3.2, 4.0),
    "V": (6.0, 1.8),
    "Cr": (6.8, 2.2),
    "Mn": (-1.2, 3.5),
    "Fe": (-0.6, 4.1),
    "Co": (1.0, 3.7),
    "Ni": (4.2, 2.6),
    "Cu": (-2.3, 5.0),
}
"""Rise of K-edges: eV above the tabulated energy in state 0, and eV per unit of charge."""

STRETCHES: Mapping[str, float] = {
    "Ti": 1.14, "V": 1.10, "Cr": 1.0, "Mn": 1.03, "Fe": 1.0, "Co": 1.0, "Ni": 0.97, "Cu": 0.97,
    "Zn": 1.0,
}  # fmt: skip
"""Factor by which the energies of FEFF10's K-edges are usually too narrow."""


@dataclass(frozen=True)
class Settings:
    """How a fit becomes an answer.

    Chosen by ``benchmarks/measured.py`` on measured spectra, for each compound on the others.

    Attributes
    ----------
    sigma : float
        Misfit by which a reference counts less than the best one: its weight is
        ``exp(-(misfit**2 - best**2) / sigma**2)``.
    computed_sigma : float
        The same for computed spectra, which differ less from the references.
    voices : int
        How many references, the best ones, count for each coordination number.
    limit : float
        Misfit of the best reference above which there is no answer.
    sharpness : float
        Power of the weights of the coordination numbers that makes them probabilities: a number
        told with 80 % is right in 80 % of the cases.
    least : float
        Least probability of all coordination numbers in the set together.
    inside, spread : pair of float
        Fraction of the weight inside the intervals of oxidation state and bond length, and the
        standard deviation (Å) added to each for them.
    rises : mapping of str to pair of float
        Where the K-edge of an element rises, see `RISES`.
    stretches : mapping of str to float
        Usual factors of energies, see `STRETCHES`; free for other elements.
    rise_sigma, rise_wrong : float
        Standard deviation about `rises`, eV, and the fraction of spectra with wrong energies.
    """

    sigma: float = 0.04
    computed_sigma: float = 0.005
    voices: int = 8
    limit: float = 0.1
    sharpness: float = 2.0
    least: float = 0.75
    inside: tuple[float, float] = (0.45, 0.8)
    spread: tuple[float, float] = (0.15, 0.04)
    rises: Mapping[str, tuple[float, float]] = field(default_factory=lambda: dict(RISES))
    rise_sigma: float = 1.2
    stretches: Mapping[str, float] = field(default_factory=lambda: dict(STRETCHES))
    rise_wrong: float = 0.1

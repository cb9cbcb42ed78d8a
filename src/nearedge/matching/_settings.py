"""By what a fit becomes an answer: numbers chosen on measured spectra of known structure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """By what a fit becomes an answer.

    Chosen by ``benchmarks/measured.py`` on measured spectra, each compound's with the others.

    Attributes
    ----------
    sigma : float
        Misfit by which a reference counts less than the best one: its weight is
        ``exp(-(misfit**2 - best**2) / sigma**2)``.
    limit : float
        Misfit of the best reference from which nothing is answered.
    least : float
        Probability from which a coordination number belongs to the set.
    spread : tuple of float
        Standard deviation that is added to oxidation state and bond length (Å), for intervals.
    """

    sigma: float = 0.03
    limit: float = 0.12
    least: float = 0.1
    spread: tuple[float, float] = (0.3, 0.03)

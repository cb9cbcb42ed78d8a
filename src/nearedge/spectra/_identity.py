"""What a spectrum is of: absorber and edge, energy zero, unit, and what computed or measured it."""

from dataclasses import dataclass

from nearedge.edges import Edge


@dataclass(frozen=True)
class Identity:
    """What must agree before a model may answer for a spectrum; None where it is not known.

    Parameters
    ----------
    edge : Edge or None
        Absorber and edge.
    zero : str or None
        What 0 eV is, as in ``"Fermi level"``; ``"absolute"`` for absolute photon energies.
    unit : str or None
        Unit of the absorption.
    origin : str or None
        The engine that computed it, or the beamline that measured it.

    Examples
    --------
    >>> Identity(Edge("O"), "Fermi level", origin="FEFF10").edge.energy
    543.1
    """

    edge: Edge | None = None
    zero: str | None = None
    unit: str | None = None
    origin: str | None = None

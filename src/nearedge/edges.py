"""An absorber and its edge as one object, with its tabulated energy."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from nearedge.errors import InputError

COMMON: Mapping[str, float] = {"K": 0.0, "L3": 0.0, "L2": 5.0, "M5": 5.0, "M4": 8.0, "L1": 15.0}
"""Edges whose near edge is measured, and how many eV farther off each counts: it is rarer."""

ONSET = {("N", "K"): 401.0, ("O", "K"): 531.0, ("F", "K"): 688.0}
"""Where the edge rises in most compounds, eV, where that is far from the table's energy."""

BELOW, ABOVE = 20.0, 25.0
"""How far, eV, the rise of an edge may lie from its tabulated energy.

The table is of free atoms or metals: oxidation shifts an edge by up to 18 eV, the O K-edge of
oxides begins 14 eV below its tabulated 543.1 eV, and beamlines are wrong by up to 12 eV.
"""


@dataclass(frozen=True, order=True)
class Edge:
    """An absorption edge of an element.

    Parameters
    ----------
    absorber : str
        Symbol of the element that absorbs.
    name : str
        ``K``, ``L3`` ...

    Raises
    ------
    InputError
        If the element is unknown or has no such edge.

    Examples
    --------
    >>> edge = Edge("Fe")
    >>> str(edge), edge.energy
    ('Fe K', 7112.0)
    >>> Edge.parse("sm l3-edge")
    Edge(absorber='Sm', name='L3')
    """

    absorber: str
    name: str = "K"

    def __post_init__(self) -> None:
        levels = _levels()
        if self.absorber not in levels:
            raise InputError(f"'{self.absorber}' is not a chemical element; write e.g. O or Fe")
        if self.name not in levels[self.absorber]:
            raise InputError(
                f"{self.absorber} has no {self.name} edge; choose one of "
                f"{', '.join(levels[self.absorber])}"
            )

    def __str__(self) -> str:
        return f"{self.absorber} {self.name}"

    @property
    def energy(self) -> float:
        """Tabulated energy in eV (Elam, Ravel and Sieber 2002, as xraydb has it)."""
        return _levels()[self.absorber][self.name]

    @property
    def onset(self) -> float:
        """Where the edge rises in most compounds, eV: the tabulated energy, but for N, O and F."""
        return ONSET.get((self.absorber, self.name), self.energy)

    def holds(self, energy: float) -> bool:
        """Tell whether the rise of a measured edge at this energy, eV, can be this edge's.

        Examples
        --------
        >>> Edge("O").holds(530.0), Edge("O").holds(129.4), Edge("Fe").holds(7125.0)
        (True, False, True)
        """
        return bool(self.energy - BELOW <= energy <= self.energy + ABOVE)

    @classmethod
    def parse(cls, text: str) -> "Edge":
        """Read an edge as people write it: ``Fe K``, ``fe-k edge``, ``Sm_L3``; ``Fe`` is Fe K.

        Raises
        ------
        InputError
            If it is none.
        """
        words = re.match(
            r"\s*([A-Za-z]{1,2})(?:[\s_/-]*([KLMNklmn][1-7]?))?(?:[\s_-]*edge)?\s*$", text
        )
        if not words:
            raise InputError(f"'{text}' is not an absorption edge; write e.g. 'Fe K' or 'Sm L3'")
        return cls(words[1].capitalize(), (words[2] or "K").upper())


def edges_near(energy: float) -> list[Edge]:
    """List the common edges whose rise can lie at an energy, the likeliest first.

    Parameters
    ----------
    energy : float
        Energy of the rise in eV, on the absolute scale.

    Examples
    --------
    >>> [str(edges_near(energy)[0]) for energy in (7120.0, 530.0, 706.0, 6714.0)]
    ['Fe K', 'O K', 'Fe L3', 'Sm L3']
    >>> edges_near(3.0)
    []
    """
    near = [
        Edge(element, name)
        for element, levels in _levels().items()
        for name, tabulated in levels.items()
        if name in COMMON and tabulated > 50 and Edge(element, name).holds(energy)
    ]
    return sorted(near, key=lambda edge: abs(edge.onset - energy) + COMMON[edge.name])


@cache
def _levels() -> Mapping[str, Mapping[str, float]]:
    """Read the energies that come with xraydb; importing xraydb itself would cost a second."""
    package = find_spec("xraydb")
    if package is None or package.origin is None:
        raise InputError("the tables of X-ray edges are missing; pip install xraydb")
    file = Path(package.origin).with_name("xraydb.sqlite")
    levels: dict[str, dict[str, float]] = {}
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
        for element, name, energy in connection.execute(
            "select element, iupac_symbol, absorption_edge from xray_levels"
        ):
            levels.setdefault(element, {}).setdefault(name, energy)
    return levels

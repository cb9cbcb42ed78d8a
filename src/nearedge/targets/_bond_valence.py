"""Bond valences: a bond of length d has exp((R0 - d) / b), which add up to the oxidation state."""

from collections.abc import Mapping

B = 0.37  # Å: how much longer a bond is whose valence is lower by a factor of e

R0: Mapping[str, Mapping[str, Mapping[int, float]]] = {
    "O": {
        "Li": {1: 1.466},
        "Mg": {2: 1.693},
        "Al": {3: 1.651},
        "Si": {4: 1.624},
        "Ca": {2: 1.967},
        "Ti": {4: 1.815, 3: 1.791},
        "V": {5: 1.803, 4: 1.784, 3: 1.743},
        "Cr": {3: 1.724, 6: 1.794},
        "Mn": {2: 1.790, 3: 1.760, 4: 1.753, 7: 1.827},
        "Fe": {3: 1.759, 2: 1.734},
        "Co": {2: 1.692, 3: 1.70},
        "Ni": {2: 1.654},
        "Cu": {2: 1.679, 1: 1.593},
        "Zn": {2: 1.704},
    }
}
"""Length in Å of a bond of valence 1, by anion, cation and the cation's oxidation state.

The commonest oxidation state of each cation stands first. From I. D. Brown and D. Altermatt, Acta
Cryst. B 41, 244 (1985), Table 1; Co3+ of N. E. Brese and M. O'Keeffe, Acta Cryst. B 47, 192 (1991),
Mn7+ of Brown's later list *bvparm*. pymatgen's constants are others, without oxidation states.
"""


def bond_constants(first: str, second: str) -> Mapping[int, float]:
    """Look up R0 by the cation's oxidation state, whichever of the two elements is the cation.

    Examples
    --------
    >>> dict(bond_constants("O", "Fe"))
    {3: 1.759, 2: 1.734}
    >>> dict(bond_constants("Fe", "Fe"))
    {}
    """
    return R0.get(first, {}).get(second) or R0.get(second, {}).get(first) or {}

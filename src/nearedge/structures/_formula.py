"""One way to write a composition, so that two can be compared."""

from ase import Atoms
from ase.formula import Formula

from nearedge.errors import InputError


def reduced_formula(of: Atoms | str) -> str:
    """Write a composition with the least whole numbers, elements in Hill's order.

    Parameters
    ----------
    of : ase.Atoms or str
        A structure or a formula.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If a text is no formula.

    Examples
    --------
    >>> reduced_formula("Li24Fe8O28"), reduced_formula("CaCO3")
    ('Fe2Li6O7', 'CCaO3')
    """
    try:
        formula = Formula(of) if isinstance(of, str) else of.symbols.formula
        return formula.reduce()[0].format("hill")
    except ValueError:
        raise InputError(f"'{of}' is not a chemical formula; write one as Li5FeO4") from None

"""A library made of a dataset of computed spectra."""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.matching._curves import REFERENCE, find_rise
from nearedge.matching._library import TARGETS, Library
from nearedge.matching._settings import Settings


def build_library(data: SiteSpectra, settings: Settings | None = None) -> Library:
    """Make a library of a dataset; sites whose spectrum has no rise are left out.

    Parameters
    ----------
    data : SiteSpectra
        Spectra that reach 30 eV beyond their rise, with the targets that it states.
    settings : Settings, optional

    Raises
    ------
    InputError
        If no site is left, or the dataset states no coordination.
    """
    if "coordination" not in data.table.coords:
        raise InputError(
            f"{data.source}: states no coordination of its sites; label crystals by their first "
            "shell: nearedge simulate without --neighbour (extra: crystals)"
        )
    rows, curves = [], []
    for row, mu in enumerate(data.mu):
        try:
            curves.append(aligned(data.energy, mu))
        except InputError:
            continue
        rows.append(row)
    if not rows:
        raise InputError(f"{data.source}: no spectrum has a rise and 30 eV beyond it")
    table = data.table.isel(site=rows)
    values = np.full((len(rows), len(TARGETS)), np.nan, np.float32)
    for place, name in enumerate(TARGETS):
        if name in table.coords:
            values[:, place] = table[name].values
    names = table["snapshot"].values.tolist()
    formulas = {
        name: atoms.symbols.formula.reduce()[0].format("hill")
        for name, atoms in data.structures.items()
    }
    return Library(
        edge=str(data.attributes.get("edge", "K")),
        absorber=tuple(table["absorber"].values.tolist()),
        crystal=tuple(names),
        formula=tuple(formulas[name] for name in names),
        atom=table["atom"].values,
        measured=np.zeros(len(rows), bool),
        curves=np.array(curves, np.float32),
        values=values,
        source=Path(data.source).name,
        origin=str(data.attributes["engine"]),
        settings=settings or Settings(),
    )


def aligned(
    energy: Float[np.ndarray, " point"], mu: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " energy"]:
    """Normalise a computed spectrum by the mean of its last 30 eV and put it on `REFERENCE`."""
    curve = mu / mu[energy > energy[-1] - 30].mean()
    rise = find_rise(energy, curve)
    if energy[-1] - rise < 30:
        raise InputError(f"it ends {energy[-1] - rise:.0f} eV above its rise; 30 are needed")
    return np.interp(rise + REFERENCE, energy, curve)

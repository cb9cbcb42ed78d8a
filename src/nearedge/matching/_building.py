"""A library made from a dataset of computed spectra."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.matching._curves import REFERENCE, find_rise
from nearedge.matching._library import MEAN, TARGETS, Library
from nearedge.matching._settings import Settings
from nearedge.structures import reduced_formula


def build_library(data: SiteSpectra, settings: Settings | None = None) -> Library:
    """Make a library from a dataset; sites whose spectrum has no rise are left out.

    If an element has several sites in a crystal, their mean is a reference, too. Of metals and
    alloys no target is taken: they are there to be recognised.

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
            f"{data.source}: does not state the coordination of its sites; label crystals by "
            "their first shell: nearedge simulate without --neighbour (extra: crystals)"
        )
    sites = _sites(data)
    sites += _means(data, sites)
    curves, usable = [], []
    for site in sites:
        try:
            curves.append(aligned(data.energy, site.mu))
        except InputError:
            continue
        usable.append(site)
    if not usable:
        raise InputError(f"{data.source}: no spectrum has a rise and 30 eV beyond it")
    formulas = {name: reduced_formula(atoms) for name, atoms in data.structures.items()}
    library = Library(
        edge=str(data.attributes.get("edge", "K")),
        absorber=tuple(site.absorber for site in usable),
        crystal=tuple(site.crystal for site in usable),
        formula=tuple(formulas[site.crystal] for site in usable),
        atom=np.array([site.atom for site in usable]),
        measured=np.zeros(len(usable), bool),
        curves=np.array(curves, np.float32),
        values=np.array([site.values for site in usable], np.float32),
        source=Path(data.source).name,
        origin=str(data.attributes["engine"]),
        settings=settings or Settings(),
    )
    library.values[library.metallic] = np.nan
    return library


class _Site(NamedTuple):
    absorber: str
    crystal: str
    atom: int
    multiplicity: float
    mu: np.ndarray
    values: np.ndarray


def _sites(data: SiteSpectra) -> list[_Site]:
    table = data.table
    values = np.full((len(data), len(TARGETS)), np.nan)
    for place, name in enumerate(TARGETS):
        if name in table.coords:
            values[:, place] = table[name].values
    many, absorbers = data.multiplicity, table["absorber"].values
    columns = (absorbers, data.snapshot, data.atom, many, data.mu, values)
    return [_Site(str(a), str(c), int(n), *rest) for a, c, n, *rest in zip(*columns, strict=True)]


def _means(data: SiteSpectra, sites: Sequence[_Site]) -> list[_Site]:
    """Average the sites of an element in a crystal that has several, as its spectrum does.

    Their energies have one zero: the Fermi level of the crystal.
    """
    groups: dict[tuple[str, str], list[_Site]] = {}
    for site in sites:
        groups.setdefault((site.absorber, site.crystal), []).append(site)
    means = []
    for (absorber, crystal), members in groups.items():
        if len(members) > 1:
            share = np.array([site.multiplicity for site in members], float)
            share /= share.sum()
            mu = share @ np.array([site.mu for site in members])
            values = share @ np.array([site.values for site in members])
            means.append(_Site(absorber, crystal, MEAN, len(members), mu, values))
    return means


def aligned(
    energy: Float[np.ndarray, " point"], mu: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " energy"]:
    """Normalise a computed spectrum by the mean of its last 30 eV and put it on `REFERENCE`."""
    curve = mu / mu[energy > energy[-1] - 30].mean()
    rise = find_rise(energy, curve)
    if energy[-1] - rise < 30:
        raise InputError(f"it ends {energy[-1] - rise:.0f} eV above its rise; 30 are needed")
    return np.interp(rise + REFERENCE, energy, curve)

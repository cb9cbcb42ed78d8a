"""Putting datasets together: from structures and spectra, and from other datasets."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr

from nearedge.datasets._sites import (
    ATTRIBUTES,
    RULE,
    SiteSpectra,
    label_sites,
    rule_attributes,
)
from nearedge.errors import InputError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule


def assemble(
    snapshots: Sequence[Snapshot],
    sites: Sequence[tuple[int, int]],
    energy: np.ndarray,
    mu: np.ndarray,
    rule: EnvironmentRule | None,
    attributes: Mapping[str, Any],
    extra: Mapping[str, np.ndarray] | None = None,
    source: str = "dataset",
) -> SiteSpectra:
    """Make a dataset of spectra and the structures they belong to.

    Parameters
    ----------
    snapshots : sequence of Snapshot
        The structures, with unique names.
    sites : sequence of (int, int)
        For each spectrum the position of its snapshot in `snapshots` and the index of its atom.
    energy : float array, shape (energy,)
        In eV from the engine's zero.
    mu : float array, shape (site, energy)
        The spectra, in the order of `sites`.
    rule : EnvironmentRule or None
        How to label the sites; None to leave that to `extra`.
    attributes : mapping
        At least ``engine``, ``energy_zero`` and ``mu_unit``; provenance as far as it is known.
    extra : mapping of str to array, optional
        Further coordinates, each of shape (site,): targets under their names, groups as texts
        (``crystal``), a Fermi level, a convergence flag.
    source : str
        Names the dataset in errors.

    Returns
    -------
    SiteSpectra

    Raises
    ------
    InputError
        If names repeat, or spectra and structures do not fit.
    """
    names = [snapshot.name for snapshot in snapshots]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{source}: several snapshots are named {', '.join(twice)}; rename them")
    if len(sites) != len(mu):
        raise InputError(f"{source}: {len(mu)} spectra do not fit {len(sites)} sites")
    origin = [snapshots[number] for number, _ in sites]
    structures = {frame.name: frame.labelled() for frame in origin}
    atom = np.array([index for _, index in sites], int)
    snapshot = np.array([frame.name for frame in origin])
    symbols = {name: frame.get_chemical_symbols() for name, frame in structures.items()}
    per_site = {
        "snapshot": snapshot,
        "trajectory": np.array([frame.trajectory for frame in origin]),
        "temperature": np.array(
            [np.nan if frame.temperature is None else frame.temperature for frame in origin], float
        ),
        "atom": atom,
        "absorber": np.array(
            [symbols[name][index] for name, index in zip(snapshot, atom, strict=True)]
        ),
        **({} if rule is None else label_sites(structures, snapshot, atom, rule)),
        **(extra or {}),
    }
    table = xr.Dataset(
        {"mu": (("site", "energy"), np.asarray(mu, np.float32))},
        coords={
            "energy": np.asarray(energy, float),
            **{name: ("site", values) for name, values in per_site.items()},
        },
        attrs={
            **attributes,
            **({} if rule is None else rule_attributes(rule)),
            "nearedge_version": version("nearedge"),
        },
    )
    table["energy"].attrs["units"] = "eV"
    table["temperature"].attrs["units"] = "K"
    return SiteSpectra(table, structures, source)


def merge(
    datasets: Sequence[SiteSpectra], attributes: Mapping[str, Any] | None = None
) -> SiteSpectra:
    """Join datasets of one engine into one.

    Energies must be one grid, and the labels of one absorber must follow one rule. Provenance that
    differs is kept, every value once.

    Parameters
    ----------
    datasets : sequence of SiteSpectra
        What to join.
    attributes : mapping, optional
        What to say of the whole (licence, how it was made), over what the parts say.

    Raises
    ------
    InputError
        If there is none, or engine, zero, unit, rule or energies differ, or two snapshots of the
        same name hold different structures or the same sites.

    Examples
    --------
    >>> import nearedge
    >>> data = nearedge.load_dataset("li3feo35")
    >>> dimer = data.environment == "dimer"
    >>> len(merge([data.select(dimer), data.select(~dimer)])) == len(data)
    True
    """
    if not datasets:
        raise InputError("nothing to merge; name at least one dataset")
    first, structures = datasets[0], dict(datasets[0].structures)
    for other in datasets[1:]:
        _check_alike(first, other)
        for name, atoms in other.structures.items():
            earlier = structures.setdefault(name, atoms)
            if earlier is not atoms and earlier != atoms:
                raise InputError(
                    f"{other.source}: snapshot '{name}' is another structure than that of the same "
                    "name before; import it under another --snapshot name"
                )
    # Coordinates that only some datasets carry cannot be joined.
    shared = set.intersection(*(set(map(str, data.table.coords)) for data in datasets))
    tables = [
        data.table.drop_vars([name for name in data.table.coords if str(name) not in shared])
        for data in datasets
    ]
    joined = xr.concat(
        tables,
        dim="site",
        join="override",
        combine_attrs="drop",
        coords="minimal",
        compat="override",
    )
    joined.attrs = {
        **_joined_attributes([data.attributes for data in datasets]),
        **(attributes or {}),
    }
    if any(data.absorbers.keys() != first.absorbers.keys() for data in datasets):
        # What labels mean is a matter of the absorber: of several they are stated, not computed.
        joined.attrs = {key: text for key, text in joined.attrs.items() if key not in RULE}
    return SiteSpectra(joined, structures, "+".join(data.source for data in datasets))


def _check_alike(first: SiteSpectra, other: SiteSpectra) -> None:
    same = first.absorbers.keys() == other.absorbers.keys()
    for key in ATTRIBUTES:
        if key in RULE and not same:
            continue
        ours, theirs = (str(data.attributes.get(key, "unstated")) for data in (first, other))
        if ours != theirs:
            raise InputError(
                f"{other.source}: its {key} is '{theirs}', that of {first.source} is '{ours}'; "
                "only like datasets can be merged"
            )
    ours, theirs = first.energy, other.energy
    if len(ours) != len(theirs) or not np.allclose(ours, theirs, rtol=0, atol=1e-6):
        raise InputError(
            f"{other.source}: its energies ({len(theirs)} from {theirs[0]:g} to {theirs[-1]:g} eV) "
            f"are not those of {first.source} ({len(ours)} from {ours[0]:g} to {ours[-1]:g} eV); "
            "bring both onto one grid first"
        )


def _joined_attributes(attributes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    joined = dict(attributes[0])
    for key in dict.fromkeys(key for said in attributes for key in said):
        if key in ATTRIBUTES:
            continue
        values = list(dict.fromkeys(str(said[key]) for said in attributes if key in said))
        joined[key] = (
            attributes[0][key] if len(values) == 1 and key in joined else "; ".join(values)
        )
    return joined

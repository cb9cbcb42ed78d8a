"""Putting datasets together: from structures and spectra, and from other datasets."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets._table import ATTRIBUTES, RULE, label_sites, rule_attributes
from nearedge.errors import InputError
from nearedge.structures import Snapshot, repeated_names
from nearedge.targets import EnvironmentRule


def assemble(
    snapshots: Sequence[Snapshot],
    sites: Sequence[tuple[int, int]],
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, "site energy"],
    rule: EnvironmentRule | None,
    attributes: Mapping[str, Any],
    extra: Mapping[str, np.ndarray] | None = None,
    source: str = "dataset",
) -> SiteSpectra:
    """Make a dataset of spectra and the structures they belong to.

    `sites` holds, for each spectrum, the place of its snapshot and the index of its atom in it;
    `energy` is in eV from the engine's zero. `attributes` say at least ``engine``, ``energy_zero``
    and ``mu_unit``. `extra` are further columns: targets under their names, where no rule labels
    the sites, groups as texts (``crystal``), a Fermi level.
    """
    if twice := repeated_names(snapshots):
        raise InputError(f"{source}: several snapshots are named {', '.join(twice)}; rename them")
    if len(sites) != len(mu):
        raise InputError(f"{source}: {len(mu)} spectra do not fit {len(sites)} sites")
    origin = [snapshots[number] for number, _ in sites]
    used = (snapshots[number] for number in dict.fromkeys(number for number, _ in sites))
    structures = {frame.name: frame.labelled() for frame in used}
    atom = np.array([index for _, index in sites], int)
    snapshot = np.array([frame.name for frame in origin])
    symbols = {name: frame.get_chemical_symbols() for name, frame in structures.items()}
    per_site = {
        "snapshot": snapshot,
        "trajectory": np.array([frame.trajectory for frame in origin]),
        "temperature": np.array([frame.temperature for frame in origin], float),
        "atom": atom,
        "absorber": np.array(
            [symbols[frame.name][index] for frame, (_, index) in zip(origin, sites, strict=True)]
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
    """Join datasets of one engine, energy grid and, for one absorber, labelling rule into one.

    Provenance that differs is kept, every value once; `attributes` are said of the whole over it.
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
                    f"{other.source}: snapshot '{name}' differs from the structure of the same "
                    "name read before; import it under another --snapshot name"
                )
    # Coordinates that only some datasets carry cannot be joined.
    shared = set.intersection(*(set(map(str, data.table.coords)) for data in datasets))
    tables = [
        data.table.drop_vars([name for name in data.table.coords if str(name) not in shared])
        for data in datasets
    ]
    joined = xr.concat(
        tables, "site", join="override", combine_attrs="drop", coords="minimal", compat="override"
    )
    parts = [data.attributes for data in datasets]
    for key in dict.fromkeys(key for part in parts for key in part):
        values = list(dict.fromkeys(str(part[key]) for part in parts if key in part))
        same = key in parts[0] and (key in ATTRIBUTES or len(values) == 1)
        joined.attrs[key] = parts[0][key] if same else "; ".join(values)
    joined.attrs |= attributes or {}
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
                "only datasets that agree in it can be merged"
            )
    ours, theirs = first.energy, other.energy
    if len(ours) != len(theirs) or not np.allclose(ours, theirs, rtol=0, atol=1e-6):
        raise InputError(
            f"{other.source}: its energies ({len(theirs)} from {theirs[0]:g} to {theirs[-1]:g} eV) "
            f"are not those of {first.source} ({len(ours)} from {ours[0]:g} to {ours[-1]:g} eV); "
            "import both with the same --energies"
        )

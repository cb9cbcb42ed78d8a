"""The table of a dataset: what it must say, which sites are unusable, and how they are labelled."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import xarray as xr
from ase import Atoms
from jaxtyping import Bool

from nearedge.errors import InputError
from nearedge.targets import TARGETS, EnvironmentRule, Target

SITE_COORDINATES = {
    "snapshot": "U",
    "trajectory": "U",
    "temperature": "f",
    "atom": "i",
    "absorber": "U",
}
"""What every dataset says of its sites, and the kind of NumPy dtype that holds it."""
RULE = ("absorber", "neighbour", "cutoff", "dimer")
"""Attributes that say how the sites were labelled; a dataset may state its labels instead."""
REQUIRED = ("engine", "energy_zero", "mu_unit")
ATTRIBUTES = (*REQUIRED, *RULE, "edge")  # attributes that parts of a dataset must agree on

UNCLEAR = "unclear"  # the class of a site whose coordination is left open


class Objection(NamedTuple):
    """What a test has against the site in a row; rejected sites are unfit, others doubtful."""

    row: int
    test: str
    reason: str
    rejected: bool = True


def check_table(table: xr.Dataset, source: str) -> None:
    """Refuse a table that is no dataset, whatever its sites are like."""
    if "mu" not in table or table["mu"].dims != ("site", "energy") or "energy" not in table:
        raise InputError(f"{source}: holds no mu(site, energy); it is not a nearedge dataset")
    targets = {
        name: "U" if TARGETS[name].of_classes else "biuf" for name in TARGETS if name in table
    }
    for name, letters in (targets | SITE_COORDINATES).items():
        if name not in table or table[name].dims != ("site",):
            raise InputError(f"{source}: says no '{name}' of its sites; make the dataset again")
        if table[name].dtype.kind not in letters:
            raise InputError(
                f"{source}: '{name}' is of type {table[name].dtype}, which cannot be read"
            )
    missing = [name for name in REQUIRED if name not in table.attrs]
    if missing:
        raise InputError(f"{source}: does not say its {', '.join(missing)}; make the dataset again")


def class_names(table: xr.Dataset) -> np.ndarray:
    """Name the class of each site; where none is stated by its coordination or else its element."""
    if "environment" in table or "coordination" not in table:
        return table.get("environment", table["absorber"]).values
    counts = table["coordination"].values.astype(float)
    names = np.nan_to_num(counts, nan=-1).astype(int).astype(str)
    return np.where(np.isnan(counts), UNCLEAR, names)


def unusable_sites(table: xr.Dataset, structures: Mapping[str, Atoms]) -> Iterator[Objection]:
    """Find the sites for which a dataset does not load: one objection each."""
    energy, mu = table["energy"].values, table["mu"].values
    finite: Bool[np.ndarray, "site energy"] = np.isfinite(mu)
    broken = (~finite).sum(axis=1)
    symbols = {name: atoms.get_chemical_symbols() for name, atoms in structures.items()}
    columns = (table[name].values.tolist() for name in ("snapshot", "atom", "absorber"))
    rows_of: dict[tuple[str, int], list[int]] = {}
    for row, (name, atom, absorber) in enumerate(zip(*columns, strict=True)):
        if broken[row]:
            first = int(finite[row].argmin())
            reason = (
                f"intensity {mu[row, first]} at {energy[first]:g} eV"
                f" ({broken[row]} of {len(energy)} are not finite)"
            )
            yield Objection(row, "not finite", reason)
        elif name not in symbols:
            reason = f"the structure of snapshot '{name}' is missing"
            yield Objection(row, "structure", reason)
        elif not 0 <= atom < len(symbols[name]) or symbols[name][atom] != absorber:
            reason = (
                f"atom {atom} of snapshot '{name}' is not {absorber}; spectra and structures "
                "do not belong together"
            )
            yield Objection(row, "structure", reason)
        else:
            rows_of.setdefault((name, atom), []).append(row)
    for (name, atom), rows in rows_of.items():
        # Copies of one spectrum leave one; of spectra that differ nobody knows which is right.
        alike = all(np.array_equal(mu[rows[0]], mu[row]) for row in rows)
        reason = f"atom {atom} of snapshot '{name}' occurs {len(rows)} times with " + (
            "one spectrum" if alike else "spectra that differ"
        )
        for row in rows[1:] if alike else rows:
            yield Objection(row, "site twice", reason)


def rule_attributes(rule: EnvironmentRule) -> dict[str, str | float]:
    """Write a rule as dataset attributes; no dimer class is a dimer distance of NaN."""
    return {**asdict(rule), "dimer": np.nan if rule.dimer is None else rule.dimer}


def compute_labels(
    target: Target, structures: Mapping[str, Atoms], snapshot: np.ndarray, atom: np.ndarray
) -> np.ndarray:
    """Compute a target for given atoms of named structures."""
    values = np.empty(len(atom), object)
    for name in dict.fromkeys(snapshot.tolist()):
        rows = snapshot == name
        values[rows] = target.of(structures[name], atom[rows])
    return np.array(values.tolist())


def label_sites(
    structures: Mapping[str, Atoms], snapshot: np.ndarray, atom: np.ndarray, rule: EnvironmentRule
) -> dict[str, np.ndarray]:
    """Find coordination number and class of given atoms, which must be the rule's absorbers."""
    for name, index in zip(snapshot.tolist(), atom.tolist(), strict=True):
        if structures[name].get_chemical_symbols()[index] != rule.absorber:
            raise InputError(
                f"atom {index} of snapshot '{name}' is not {rule.absorber}; spectra and "
                "structure do not belong together"
            )
    return {
        target.name: compute_labels(target, structures, snapshot, atom)
        for target in (rule.coordination, rule.environment)
    }

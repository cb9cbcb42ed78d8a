"""Faults that a site shows by itself: its numbers, its potentials, its label, its copies."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import xarray as xr
from ase import Atoms
from ase.neighborlist import neighbor_list
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from nearedge.datasets._limits import QualityLimits
from nearedge.datasets._neighbours import Objection, judged_window
from nearedge.datasets._sites import SiteSpectra, label_sites
from nearedge.errors import InputError

_REACH = 6.0
"""Radius in Å within which the surroundings of two atoms are compared."""


def unusable_sites(table: xr.Dataset, structures: Mapping[str, Atoms]) -> Iterator[Objection]:
    """Find the sites for which a dataset would not load: one objection each."""
    energy, mu = table["energy"].values, table["mu"].values
    absorbers = table["absorber"].values
    symbols = {name: atoms.get_chemical_symbols() for name, atoms in structures.items()}
    first: dict[tuple[str, int], int] = {}
    same: dict[tuple[str, int], list[int]] = {}
    where = list(zip(table["snapshot"].values.tolist(), table["atom"].values.tolist(), strict=True))
    for row, (name, atom) in enumerate(where):
        absorber = absorbers[row]
        bad = np.flatnonzero(~np.isfinite(mu[row]))
        if len(bad):
            reason = (
                f"intensity {mu[row, bad[0]]} at {energy[bad[0]]:g} eV"
                f" ({len(bad)} of {len(energy)} are not finite)"
            )
            yield row, "not finite", reason, True
        elif name not in symbols:
            yield row, "structure", f"the structure of snapshot '{name}' is missing", True
        elif not 0 <= atom < len(symbols[name]) or symbols[name][atom] != absorber:
            symbol = symbols[name][atom] if 0 <= atom < len(symbols[name]) else "no atom"
            reason = f"atom {atom} of {len(symbols[name])} is {symbol}, not {absorber}"
            yield row, "structure", reason, True
        else:
            first.setdefault((name, atom), row)
            same.setdefault((name, atom), []).append(row)
    for (name, atom), rows in same.items():
        # Copies of one spectrum leave one; of spectra that differ nobody knows which is right.
        alike = all(np.array_equal(mu[rows[0]], mu[row]) for row in rows)
        for row in rows[1:] if alike else rows if len(rows) > 1 else []:
            what = "with one spectrum" if alike else "with spectra that differ"
            yield (
                row,
                "site twice",
                f"atom {atom} of '{name}' occurs {len(rows)} times {what}",
                True,
            )


def odd_intensities(data: SiteSpectra, limits: QualityLimits) -> Iterator[Objection]:
    """Find spectra that are negative beyond noise, or show no absorption."""
    energy, mu = data.energy, data.mu
    inside = data.inputs(judged_window(data))
    for row in range(len(data)):
        high, low = float(mu[row].max()), float(mu[row].min())
        spread = float(inside[row].max() - inside[row].min())
        if high <= 0:
            yield row, "no absorption", f"highest intensity is {high:.3g}", True
        elif spread < limits.flat * float(np.abs(inside[row]).max()):
            yield row, "no absorption", f"flat: intensities differ by {spread:.3g} at most", True
        elif -low > limits.negative * high:
            place = float(energy[int(mu[row].argmin())])
            reason = f"intensity {low:.3g} at {place:g} eV is {low / high:.1%} of the maximum"
            yield row, "negative", reason, -low > 10 * limits.negative * high


def odd_potentials(data: SiteSpectra, limits: QualityLimits) -> Iterator[Objection]:
    """Find sites whose self-consistent field did not converge, or did to something else.

    Only of sites that carry ``scf_iterations`` and ``fermi_level``.
    """
    if "scf_iterations" in data.table:
        steps = data.table["scf_iterations"].values.astype(float)
        for row in np.flatnonzero(steps >= limits.scf_iterations):
            reason = (
                f"{steps[row]:g} iterations: the limit of {limits.scf_iterations} ended them, "
                "not convergence"
            )
            yield int(row), "scf", reason, True
    if "fermi_level" not in data.table:
        return
    levels = data.table["fermi_level"].values.astype(float)
    for name in dict.fromkeys(data.snapshot.tolist()):
        rows = np.flatnonzero((data.snapshot == name) & np.isfinite(levels))
        if not len(rows):
            continue
        # The lower median: a level that some site has, even if two groups are of one size.
        usual = np.sort(levels[rows])[(len(rows) - 1) // 2]
        for row in rows[np.abs(levels[rows] - usual) > limits.fermi_spread]:
            reason = (
                f"Fermi level {levels[row]:.2f} eV is {levels[row] - usual:+.2f} eV from the "
                f"median of its snapshot (allowed {limits.fermi_spread:g} eV)"
            )
            yield int(row), "fermi level", reason, True


def wrong_labels(data: SiteSpectra) -> Iterator[Objection]:
    """Find sites whose label does not follow from the stored structure and rule."""
    rule = data.rule
    if rule is None:
        return
    stored = list(zip(data.coordination.tolist(), data.environment.tolist(), strict=True))
    for name in dict.fromkeys(data.snapshot.tolist()):
        rows = np.flatnonzero(data.snapshot == name)
        try:
            labels = label_sites(data.structures, data.snapshot[rows], data.atom[rows], rule)
        except InputError as error:
            for row in rows:
                yield int(row), "label", f"cannot be labelled: {error}", True
            continue
        counts, classes = labels["coordination"], labels["environment"]
        for row, count, environment in zip(rows, counts, classes, strict=True):
            if (count, environment) != stored[row]:
                reason = (
                    f"stored as class {stored[row][1]} with {stored[row][0]} "
                    f"{rule.neighbour}, the structure gives class {environment} with {count}"
                )
                yield int(row), "label", reason, True


def same_structures(data: SiteSpectra, limits: QualityLimits) -> Iterator[Objection]:
    """Find sites of a snapshot that is an earlier one again under another name.

    The same atoms in the same order and cell, each in the same place but for a drift of all.
    """
    alike: dict[tuple[int, ...], list[str]] = {}
    for name in dict.fromkeys(data.snapshot.tolist()):
        atoms = data.structures[name]
        if np.isfinite(atoms.positions).all():
            alike.setdefault(tuple(atoms.numbers.tolist()), []).append(name)
    for names in alike.values():
        frames = [data.structures[name] for name in names]
        earlier = dict.fromkeys(range(len(names)), -1)
        for one in range(len(names)):
            for other in range(one + 1, len(names)):
                if earlier[other] < 0 and _same_place(frames[one], frames[other], limits):
                    earlier[other] = one
        for later, one in earlier.items():
            if one < 0:
                continue
            taken = set(data.atom[data.snapshot == names[one]].tolist())
            for row in np.flatnonzero(data.snapshot == names[later]):
                again = int(data.atom[row]) in taken
                reason = f"its snapshot is the structure of '{names[one]}' again" + (
                    ", which has this atom too" if again else ""
                )
                yield int(row), "same structure", reason, again


def same_spectra(data: SiteSpectra, limits: QualityLimits) -> Iterator[Objection]:
    """Find sites with the spectrum of another, but for a factor.

    Equal surroundings explain that: then all but the first are doubted, since copies teach nothing
    and score too well. Otherwise the spectrum cannot be that of both, and none of them is kept.
    """
    mu = data.mu
    lengths = np.linalg.norm(mu, axis=1)
    tree = KDTree(mu / np.where(lengths > 0, lengths, 1)[:, None])
    pairs = tree.query_pairs(limits.same_spectrum, output_type="ndarray")
    if not len(pairs):
        return
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(data), len(data)))
    _, group = connected_components(graph, directed=False)
    for number in np.unique(group[pairs[:, 0]]):
        rows = np.flatnonzero(group == number)
        seen = _surroundings(data, rows)
        equal = all(_same_surroundings(one, other, limits) for one, other in pairwise(seen))
        for row in rows[1:] if equal else rows:
            other = rows[0] if row != rows[0] else rows[1]
            twin = f"spectrum of '{data.snapshot[other]}' atom {data.atom[other]}"
            factor = lengths[row] / lengths[other]
            twin += "" if abs(factor - 1) < 1e-4 else f" times {factor:.4g}"
            why = "in equal surroundings" if equal else "though their surroundings differ"
            yield int(row), "same spectrum", f"has the {twin}, {why}", not equal


def _same_place(one: Atoms, other: Atoms, limits: QualityLimits) -> bool:
    near = limits.same_position
    if np.abs(one.cell.array - other.cell.array).max() > near or (one.pbc != other.pbc).any():
        return False
    moved = other.positions - one.positions
    if one.pbc.any() and one.cell.rank == 3:
        whole = np.round(one.cell.scaled_positions(moved))
        moved = moved - (whole * one.pbc) @ one.cell.array
    moved = moved - np.median(moved, axis=0)
    return bool(np.linalg.norm(moved, axis=1).max() < near)


def _surroundings(
    data: SiteSpectra, rows: np.ndarray
) -> list[list[tuple[int, Float[np.ndarray, " near"]]]]:
    """List, for each site, the sorted distances of the neighbours of each element."""
    found = []
    tables = {}
    for row in rows:
        name = str(data.snapshot[row])
        atoms = data.structures[name]
        if name not in tables:
            tables[name] = neighbor_list("ijd", atoms, _REACH)
        centre, neighbour, distance = tables[name]
        mine = centre == data.atom[row]
        numbers = atoms.numbers[neighbour[mine]]
        found.append(
            [
                (int(number), np.sort(distance[mine][numbers == number]))
                for number in np.unique(atoms.numbers)
            ]
        )
    return found


def _same_surroundings(
    one: Sequence[tuple[int, np.ndarray]],
    other: Sequence[tuple[int, np.ndarray]],
    limits: QualityLimits,
) -> bool:
    if [number for number, _ in one] != [number for number, _ in other]:
        return False
    for (_, near), (_, also) in zip(one, other, strict=True):
        # A shell right at the edge may be counted for one and not for the other.
        sure = _REACH - 10 * limits.same_position
        count = max(int((near < sure).sum()), int((also < sure).sum()))
        if min(len(near), len(also)) < count:
            return False
        if count and np.abs(near[:count] - also[:count]).max() > limits.same_position:
            return False
    return True

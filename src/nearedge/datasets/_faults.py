"""Faults that a site shows by itself: its numbers, its potentials, its label."""

from collections.abc import Iterator

import numpy as np

from nearedge.datasets._neighbours import judged_window
from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets._table import Objection, label_sites
from nearedge.errors import InputError

NEGATIVE = 1e-3
"""Most negative intensity that is noise, of the maximum; up to ten times as much is doubtful."""
FLAT = 1e-3  # smallest difference of highest and lowest intensity, as a fraction of the highest
FERMI_SPREAD = 0.5
"""Farthest in eV that a Fermi level may lie from that of most sites of its snapshot."""
SCF_ITERATIONS = 30
"""Iterations at which a self-consistent field has met the engine's limit (FEFF's default)."""


def odd_intensities(data: SiteSpectra) -> Iterator[Objection]:
    """Find spectra that are negative beyond noise, or show no absorption."""
    energy, mu = data.energy, data.mu
    inside = data.inputs(judged_window(data))
    for row in range(len(data)):
        high, low = float(mu[row].max()), float(mu[row].min())
        spread = float(np.ptp(inside[row]))
        if high <= 0:
            yield Objection(row, "no absorption", f"highest intensity is {high:.3g}")
        elif spread < FLAT * float(np.abs(inside[row]).max()):
            reason = f"flat: intensities differ by {spread:.3g} at most"
            yield Objection(row, "no absorption", reason)
        elif -low > NEGATIVE * high:
            place = float(energy[int(mu[row].argmin())])
            reason = f"intensity {low:.3g} at {place:g} eV is {low / high:.1%} of the maximum"
            yield Objection(row, "negative", reason, -low > 10 * NEGATIVE * high)


def unconverged_fields(data: SiteSpectra) -> Iterator[Objection]:
    """Find sites whose self-consistent field did not converge, where ``scf_iterations`` tell."""
    steps = np.asarray(data.table.get("scf_iterations", np.zeros(len(data))))
    for row in np.flatnonzero(steps >= SCF_ITERATIONS):
        reason = (
            f"{steps[row]:g} iterations: the limit of {SCF_ITERATIONS} ended them, not convergence"
        )
        yield Objection(int(row), "scf", reason)


def odd_fermi_levels(data: SiteSpectra) -> Iterator[Objection]:
    """Find sites whose ``fermi_level`` is not that of the snapshot's others of their element.

    Another element's core hole moves it.
    """
    levels = np.asarray(data.table.get("fermi_level", np.full(len(data), np.nan)), float)
    fields = np.char.add(np.char.add(data.snapshot, " "), data.table["absorber"].values.astype(str))
    for name in np.unique(fields[np.isfinite(levels)]):
        rows = np.flatnonzero((fields == name) & np.isfinite(levels))
        # The lower median: a level that some site has, even if two groups are of one size.
        usual = np.sort(levels[rows])[(len(rows) - 1) // 2]
        for row in rows[np.abs(levels[rows] - usual) > FERMI_SPREAD]:
            reason = (
                f"Fermi level {levels[row]:.2f} eV is {levels[row] - usual:+.2f} eV from the "
                f"median of its snapshot (allowed {FERMI_SPREAD:g} eV)"
            )
            yield Objection(int(row), "fermi level", reason)


def wrong_labels(data: SiteSpectra) -> Iterator[Objection]:
    """Find sites whose label does not follow from the stored structure and rule."""
    rule = data.rule
    if rule is None:
        return
    stored = list(zip(data.coordination.tolist(), data.environment.tolist(), strict=True))
    for name in data.structures:
        rows = np.flatnonzero(data.snapshot == name).tolist()
        try:
            labels = label_sites(data.structures, data.snapshot[rows], data.atom[rows], rule)
        except InputError as error:
            yield from (Objection(row, "label", f"cannot be labelled: {error}") for row in rows)
            continue
        for row, count, environment in zip(rows, *labels.values(), strict=True):
            if (count, environment) != stored[row]:
                reason = (
                    f"stored as class {stored[row][1]} with {stored[row][0]} "
                    f"{rule.neighbour}, the structure gives class {environment} with {count}"
                )
                yield Objection(row, "label", reason)

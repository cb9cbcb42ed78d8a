"""From rows as a scan left them to a spectrum: energies in eV, in order, each of them once."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nearedge.edges import Edge, edges_near
from nearedge.errors import InputError
from nearedge.spectra import ABSOLUTE, Channel, Identity, Spectrum, edge_energy

HIGHEST = 1e7
"""eV; no energy of X-rays lies beyond it."""
LOWEST = 30.0
"""eV; above it begin absolute energies, below it those from an edge."""

# h c in eV Angstrom, exact since 2019 but for these digits.
_HC = 12398.419843320026
# Between these energies in keV lie all edges, and no scan has steps of 50 eV; from 30 on, where
# shallow edges in eV lie too, none spans 2 keV.
_KEV_RANGE = (0.2, 120.0)
_KEV_SPAN = 2.0
_KEV_SHALLOW = 30.0
_KEV_STEP = 0.05
_KEV_POINTS = 10
# Above it, a column that says keV cannot be meant so.
_KEV_HIGHEST = 1000.0
# Of two edges that are measured together, the first.
_BOTH = re.compile(r"L_?(?:2,? ?3|3,? ?2|II,? ?III)\b", re.IGNORECASE)
_ROMAN = {"LIII": "L3", "LII": "L2", "LI": "L1", "MV": "M5", "MIV": "M4"}


@dataclass(frozen=True)
class Axis:
    """Energies of the rows of a scan, in eV, as they were recorded.

    Attributes
    ----------
    energy : float array, shape (row,)
        In eV, in any order; NaN where it is missing.
    notes : tuple of str
        What was done or assumed.
    """

    energy: Float[np.ndarray, " row"]
    notes: tuple[str, ...] = ()


def energy_axis(values: Float[np.ndarray, " row"], scale: float | None) -> Axis:
    """Bring energies to eV.

    Where the unit is not said, energies are in eV, unless they can only be meant in keV: at least
    ten, all between 0.2 and 120, over a span below half the lowest (below 2 from 30 on), half of
    the steps below 0.05. Axes from an edge (-3 to 16 eV, 0 to 40 eV) never look so.

    Parameters
    ----------
    values : float array, shape (row,)
        The energies as the file has them.
    scale : float or None
        What turns them into eV; None if the file does not say the unit.

    Returns
    -------
    Axis

    Examples
    --------
    >>> energy_axis(np.array([7.1, 7.2]), 1000.0)
    Axis(energy=array([7100., 7200.]), notes=('energies in keV, converted to eV',))
    """
    finite = values[np.isfinite(values)]
    # Numbers near the end of what a float holds are refused later on.
    if len(finite) and np.abs(finite).max() > HIGHEST:
        return Axis(values)
    if scale is None and _only_in_kev(finite):
        return Axis(values * 1000.0, ("energies taken as keV by their values, converted to eV",))
    if scale is None or scale == 1.0:
        return Axis(values)
    if len(finite) and np.median(finite) > _KEV_HIGHEST:
        return Axis(values, ("energies labelled keV, but so large that they are taken as eV",))
    return Axis(values * scale, ("energies in keV, converted to eV",))


def _only_in_kev(energies: np.ndarray) -> bool:
    if len(energies) < _KEV_POINTS:
        return False
    lowest, highest = float(energies.min()), float(energies.max())
    steps = np.abs(np.diff(np.sort(energies)))
    return (
        _KEV_RANGE[0] <= lowest
        and highest <= _KEV_RANGE[1]
        and 0 < highest - lowest < (lowest / 2 if lowest < _KEV_SHALLOW else _KEV_SPAN)
        and float(np.median(steps)) < _KEV_STEP
    )


def bragg_axis(angle: Float[np.ndarray, " row"], d_spacing: float) -> Axis:
    """Turn the angle of a monochromator into energy by Bragg's law, E = h c / (2 d sin(angle)).

    Parameters
    ----------
    angle : float array, shape (row,)
        In degrees.
    d_spacing : float
        Distance of the reflecting planes in Angstrom.

    Returns
    -------
    Axis

    Examples
    --------
    >>> bragg_axis(np.array([16.4]), 3.13553).energy.round(1)
    array([7002.5])
    """
    sine = np.sin(np.radians(np.where((angle > 0) & (angle <= 90), angle, np.nan)))
    note = f"energies from angles by Bragg's law with d = {d_spacing:g} Å"
    return Axis(_HC / (2 * d_spacing * sine), (note,))


def make_spectrum(
    name: str,
    axis: Axis,
    mu: Float[np.ndarray, " row"],
    source: str,
    *,
    zero: str | None = None,
    channel: Channel = "absorption",
    notes: tuple[str, ...] = (),
    left_out: Mapping[str, str] | None = None,
    facts: Mapping[str, str] | None = None,
) -> Spectrum:
    """Put the rows of a scan in order, and say what the spectrum is of.

    Rows without a finite energy and intensity are left out, rows are sorted by energy, and
    intensities at one energy averaged; notes say so.

    Parameters
    ----------
    name, source, channel, left_out
        Of the spectrum.
    axis : Axis
        Energies.
    mu : float array, shape (row,)
        Intensities.
    zero : str, optional
        What 0 eV is, where the format says so.
    notes : tuple of str
        What is said of this spectrum beside.
    facts : mapping of str to str, optional
        Its metadata, ``element`` and ``edge`` among them.

    Raises
    ------
    InputError
        If more than half of the rows are unusable, fewer than two energies are left, or the
        energies are too large.
    """
    remarks = [*axis.notes, *notes]
    usable = np.isfinite(axis.energy) & np.isfinite(mu)
    lost = np.flatnonzero(~usable)
    if 2 * len(lost) > len(mu):
        raise InputError(
            f"{source}: {len(lost)} of {len(mu)} rows of '{name}' hold no finite energy and "
            "intensity; repair the file or measure again"
        )
    if len(lost):
        where = ", ".join(str(row + 1) for row in lost[:10]) + (", ..." if len(lost) > 10 else "")
        rows = "row" if len(lost) == 1 else f"{len(lost)} rows"
        remarks.append(f"{rows} without a finite energy and intensity left out: {where}")
    energy, mu = axis.energy[usable], mu[usable]
    if len(energy) and np.abs(energy).max() > HIGHEST:
        raise InputError(
            f"{source}: energies from {energy.min():g} to {energy.max():g} eV are none of X-rays; "
            "check the unit and the column of the energies"
        )
    steps = np.diff(energy)
    if not (steps > 0).all():
        if (steps <= 0).all() and (steps < 0).any():
            energy, mu = energy[::-1], mu[::-1]
            remarks.append("rows in descending energy, reversed")
        elif (steps < 0).any():
            order = np.argsort(energy, kind="stable")
            energy, mu = energy[order], mu[order]
            remarks.append("rows not in order of energy, sorted")
        energy, place, times = np.unique(energy, return_inverse=True, return_counts=True)
        if len(energy) < len(mu):
            mu = np.bincount(place, weights=mu / times[place], minlength=len(energy))
            many = int((times > 1).sum())
            repeated = "1 repeated energy" if many == 1 else f"{many} repeated energies"
            remarks.append(f"{repeated}, intensities averaged")
    if len(energy) < 2:
        raise InputError(
            f"{source}: '{name}' holds {'1 energy' if len(energy) else 'no energies'}, which is no "
            "spectrum; check which column is the energy"
        )
    facts = facts or {}
    zero = zero or (ABSOLUTE if energy[0] > LOWEST else None)
    edge = _edge(facts, energy, mu) if zero == ABSOLUTE else _edge(facts)
    return Spectrum(
        name,
        np.ascontiguousarray(energy),
        np.ascontiguousarray(mu),
        source,
        Identity(edge, zero, origin=facts.get("beamline")),
        channel,
        tuple(dict.fromkeys(remarks)),
        dict(left_out or {}),
        dict(facts),
    )


def _edge(
    facts: Mapping[str, str], energy: np.ndarray | None = None, mu: np.ndarray | None = None
) -> Edge | None:
    """The edge that a file names; of an element alone, its edge where the spectrum rises."""
    named = _BOTH.sub("L3", f"{facts.get('element', '')} {facts.get('edge', '')}")
    words = re.findall(r"[A-Za-z]+(?:_?\d)?", named)
    for name in words[1:]:
        plain = name.upper().replace("_", "")
        with suppress(InputError):
            return Edge(words[0].capitalize(), _ROMAN.get(plain) or plain)
    if not words or energy is None or mu is None:
        return None
    near = edges_near(edge_energy(energy, mu))
    return next((edge for edge in near if edge.absorber == words[0].capitalize()), None)

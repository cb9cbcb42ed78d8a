"""From rows as a scan left them to a spectrum: energies in eV, in order, each of them once."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nearedge.edges import Edge, edges_near
from nearedge.errors import InputError
from nearedge.files._scan import Scan
from nearedge.spectra import ABSOLUTE, Channel, Identity, Spectrum, edge_energy

HIGHEST = 1e7  # eV; no energy of X-rays lies beyond it
LOWEST = 30.0  # eV; above it begin absolute energies, below it those from an edge
# h c in eV Angstrom, exact since 2019 but for these digits.
_HC = 12398.419843320026
# Of two edges that are measured together, the first.
_BOTH = re.compile(r"L_?(?:2,? ?3|3,? ?2|II,? ?III)\b", re.IGNORECASE)
_ROMAN = {"LIII": "L3", "LII": "L2", "LI": "L1", "MV": "M5", "MIV": "M4"}


@dataclass(frozen=True)
class Axis:
    """Energies of the rows of a scan in eV, as they were recorded, and what was done or assumed."""

    energy: Float[np.ndarray, " row"]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signal:
    """Intensities of the rows before they are put in order."""

    name: str
    mu: Float[np.ndarray, " row"]
    channel: Channel = "absorption"
    notes: tuple[str, ...] = ()


def energy_axis(values: Float[np.ndarray, " row"], scale: float | None) -> Axis:
    """Bring energies to eV, by what turns them into it; None if the file does not say the unit."""
    finite = values[np.isfinite(values)]
    # Numbers near the end of what a float holds are refused later on.
    meant = len(finite) == 0 or np.abs(finite).max() <= HIGHEST
    if meant and scale is None and _only_in_kev(finite):
        return Axis(values * 1000.0, ("energies taken as keV by their values, converted to eV",))
    if meant and scale == 1.0 and _only_in_kev(finite) and finite.min() < LOWEST:
        note = "energies labelled eV, but so small that they are taken as keV, converted"
        return Axis(values * 1000.0, (note,))
    if not meant or scale in (None, 1.0):
        return Axis(values)
    if len(finite) and np.median(finite) > 1000.0:
        return Axis(values, ("energies labelled keV, but so large that they are taken as eV",))
    return Axis(values * scale, ("energies in keV, converted to eV",))


def _only_in_kev(energies: np.ndarray) -> bool:
    """Tell energies that can only be meant in keV; axes from an edge, 0 to 40 eV, never look so.

    All edges lie between 0.2 and 120 keV, and no scan has steps of 50 eV; from 30 on, where shallow
    edges in eV lie too, none spans 2 keV.
    """
    if len(energies) < 10 or energies.min() < 0.2 or energies.max() > 120.0:
        return False
    most = energies.min() / 2 if energies.min() < 30.0 else 2.0
    return bool(0 < np.ptp(energies) < most and np.median(np.diff(np.sort(energies))) < 0.05)


def bragg_axis(angle: Float[np.ndarray, " row"], d_spacing: float) -> Axis:
    """Turn angles in degrees into energies, E = h c / (2 d sin(angle)), with d in Angstrom."""
    sine = np.sin(np.radians(np.where((angle > 0) & (angle <= 90), angle, np.nan)))
    note = f"energies from angles by Bragg's law with d = {d_spacing:g} Å"
    return Axis(_HC / (2 * d_spacing * sine), (note,))


def make_spectrum(signal: Signal, axis: Axis, scan: Scan, source: str) -> Spectrum:
    """Put the rows of a scan in order, each energy once, and say what the spectrum is of."""
    notes, name = [*axis.notes, *scan.notes, *signal.notes], signal.name
    usable = np.isfinite(axis.energy) & np.isfinite(signal.mu)
    lost = np.flatnonzero(~usable)
    if 2 * len(lost) > len(usable):
        raise InputError(
            f"{source}: {len(lost)} of {len(usable)} rows of '{name}' hold no finite energy and "
            "intensity; repair the file or measure again"
        )
    if len(lost):
        where = ", ".join(str(row + 1) for row in lost[:10]) + (", ..." if len(lost) > 10 else "")
        rows = "row" if len(lost) == 1 else f"{len(lost)} rows"
        notes.append(f"{rows} without a finite energy and intensity left out: {where}")
    energy, mu = axis.energy[usable], signal.mu[usable]
    if len(energy) and np.abs(energy).max() > HIGHEST:
        raise InputError(
            f"{source}: energies from {energy.min():g} to {energy.max():g} eV are none of X-rays; "
            "check the unit and the column of the energies"
        )
    steps = np.diff(energy)
    if (steps < 0).any():
        falls = (steps <= 0).all()
        order = np.arange(len(energy))[::-1] if falls else np.argsort(energy, kind="stable")
        energy, mu = energy[order], mu[order]
        how = "in descending energy, reversed" if falls else "not in order of energy, sorted"
        notes.append(f"rows {how}")
    if not (np.diff(energy) > 0).all():
        energy, place, times = np.unique(energy, return_inverse=True, return_counts=True)
        mu = np.bincount(place, weights=mu / times[place], minlength=len(energy))
        many = int((times > 1).sum())
        repeated = "1 repeated energy" if many == 1 else f"{many} repeated energies"
        notes.append(f"{repeated}, intensities averaged")
    if len(energy) < 2:
        raise InputError(
            f"{source}: '{name}' holds {'1 energy' if len(energy) else 'no energies'}, not a "
            "spectrum; check which column is the energy"
        )
    zero = scan.zero or (ABSOLUTE if energy[0] > LOWEST else None)
    edge = _edge(scan.facts, energy if zero == ABSOLUTE else None, mu)
    return Spectrum(
        name,
        np.ascontiguousarray(energy),
        np.ascontiguousarray(mu),
        source,
        Identity(edge, zero, origin=scan.facts.get("beamline")),
        signal.channel,
        tuple(dict.fromkeys(notes)),
        metadata=dict(scan.facts),
    )


def _edge(facts: Mapping[str, str], energy: np.ndarray | None, mu: np.ndarray) -> Edge | None:
    """The edge that a file names; of an element alone, its edge where the spectrum rises."""
    named = _BOTH.sub("L3", f"{facts.get('element', '')} {facts.get('edge', '')}")
    words = re.findall(r"[A-Za-z]+(?:_?\d)?", named)
    for name in words[1:]:
        plain = name.upper().replace("_", "")
        with suppress(InputError):
            return Edge(words[0].capitalize(), _ROMAN.get(plain) or plain)
    if not words or energy is None:
        return None
    near = edges_near(edge_energy(energy, mu))
    return next((edge for edge in near if edge.absorber == words[0].capitalize()), None)

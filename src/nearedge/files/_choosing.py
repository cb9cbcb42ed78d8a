"""From a scan of labelled columns to absorption spectra: by evidence, never by guess.

A column is a spectrum only if its label, its unit or the format says so, or if it stands alone
beside an energy; and if it varies as a spectrum does. What is left is named, with the reason.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from nearedge.errors import InputError
from nearedge.files._axis import Signal, make_spectrum
from nearedge.files._columns import Columns
from nearedge.files._detectors import signals
from nearedge.files._roles import asked_rank
from nearedge.files._scan import Scan
from nearedge.spectra import Spectrum


def choose(scan: Scan, source: str) -> list[Spectrum]:
    """Make the absorption spectra of a scan, those of reference foils and empty cells included."""
    return [spectrum for part in _pairs(scan) for spectrum in _choose(part, source)]


def select(scan: Scan, energy: int | str | None, mu: str | int | None, source: str) -> Spectrum:
    """Make the spectrum whose columns the user names, by number or label."""
    if mu is None:
        raise InputError(f"{source}: --energy alone names no spectrum; add --mu")
    table = Columns(scan, source)
    axis = table.axis() if energy is None else table.axis_of(table.column(energy))
    note = f"mu = {mu} over column {energy}, as asked for" if energy else f"mu = {mu}, as asked for"
    signal = Signal(str(mu), table.expression(str(mu)), notes=(note,))
    return make_spectrum(signal, axis, scan, source)


def _choose(scan: Scan, source: str) -> list[Spectrum]:
    table = Columns(scan, source)
    axis = table.axis()
    runs = _runs(axis.energy)
    if len(runs) > 1:
        return [
            spectrum.renamed(f"scan {n} {spectrum.name}")
            for n, run in enumerate(runs, 1)
            for spectrum in _choose(replace(scan, values=scan.values[run]), source)
        ]
    spectra: list[Spectrum] = []
    fault: InputError | None = None
    for signal in signals(table):
        try:
            spectra.append(make_spectrum(signal, axis, scan, source))
        except InputError as error:
            fault = fault or error
            table.left_out[signal.name] = "cannot be used"
    if not spectra and fault is not None:
        raise fault
    if not spectra and table.faults:
        raise InputError(f"{source}: {table.faults[0]}; check the columns and their offsets")
    if not spectra:
        raise table.not_understood("no column is known to be a spectrum")
    left_out = {column.name: column.left_out for column in table.columns if column.left_out}
    left_out |= table.left_out
    return [
        replace(spectrum, left_out=left_out, notes=(*spectrum.notes, *table.faults))
        for spectrum in spectra
    ]


def _pairs(scan: Scan) -> list[Scan]:
    """Part a scan in which each spectrum has its own energies beside it."""
    roles = [label.role for label in scan.labels]
    starts = [n for n, role in enumerate(roles) if role == "energy"]
    parts = [slice(*ends) for ends in pairwise([*starts, len(roles)])]
    if len(starts) < 2 or starts[0] != 0 or len(roles[parts[0]]) < 2:
        return [scan]
    ranks = {asked_rank(scan.labels[n].text) for n in starts}
    if len(ranks) > 1 or any(roles[part] != roles[parts[0]] for part in parts):
        return [scan]
    return [replace(scan, values=scan.values[:, part], labels=scan.labels[part]) for part in parts]


def _runs(energy: np.ndarray) -> list[slice]:
    """Part rows in which a scan is repeated; rows in no order are one scan."""
    steps = np.diff(energy)
    span = float(np.ptp(energy[np.isfinite(energy)])) if np.isfinite(energy).any() else 0.0
    back = np.flatnonzero(np.abs(steps) > span / 2) + 1
    if not 0 < len(back) <= len(energy) / 5:
        return [slice(None)]
    runs = [slice(*ends) for ends in pairwise([0, *back.tolist(), len(energy)])]
    for run in runs:
        inner = np.diff(energy[run])
        if len(inner) < 4 or not ((inner > 0).all() or (inner < 0).all()):
            return [slice(None)]
    return runs

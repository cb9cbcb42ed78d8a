"""From a scan of labelled columns to absorption spectra: by evidence, never by guess.

A column is a spectrum only if its label, its unit or the format says so, or if it stands alone
beside an energy; and if it varies as a spectrum does. What is left is named, with the reason.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from nearedge.errors import InputError
from nearedge.files._axis import make_spectrum
from nearedge.files._columns import Columns
from nearedge.files._detectors import Detectors
from nearedge.files._roles import asked_rank
from nearedge.files._scan import Scan
from nearedge.spectra import Spectrum


def choose(scan: Scan, source: str) -> list[Spectrum]:
    """Make the absorption spectra of a scan, those of reference foils and empty cells included.

    Raises
    ------
    InputError
        If no column is known to be an energy, or none a spectrum; the columns are shown.
    """
    return [spectrum for part in _pairs(scan) for spectrum in _choose(part, source)]


def select(scan: Scan, energy: int | str | None, mu: str | int | None, source: str) -> Spectrum:
    """Make the spectrum whose columns the user names.

    Parameters
    ----------
    scan : Scan
    energy : int or str, optional
        Number of the column from 1, or its label; found by the labels if it is not given.
    mu : str or int, optional
        A column, or several as ``A/B``, ``ln(A/B)``, ``A+B``, ``(A+B)/C``.
    source : str
        The file.

    Raises
    ------
    InputError
        If there is no such column.
    """
    if mu is None:
        raise InputError(f"{source}: --energy alone names no spectrum; add --mu")
    reader = Columns(scan, source)
    axis = reader.axis()[0] if energy is None else reader.axis_of(reader.column(energy))
    values = reader.expression(str(mu))
    note = f"mu = {mu} over column {energy}, as asked for" if energy else f"mu = {mu}, as asked for"
    return make_spectrum(
        str(mu), axis, values, source, zero=scan.zero, notes=(*scan.notes, note), facts=scan.facts
    )


def _choose(scan: Scan, source: str) -> list[Spectrum]:
    reader = Detectors(scan, source)
    axis, used = reader.axis()
    runs = _runs(axis.energy)
    if len(runs) > 1:
        return [
            spectrum.renamed(f"scan {n} {spectrum.name}")
            for n, run in enumerate(runs, 1)
            for spectrum in _choose(replace(scan, values=scan.values[run]), source)
        ]
    spectra: list[Spectrum] = []
    fault: InputError | None = None
    for signal in reader.signals(used):
        try:
            spectrum = make_spectrum(
                signal.name,
                axis,
                signal.mu,
                source,
                zero=scan.zero,
                channel=signal.channel,
                notes=(*scan.notes, *signal.notes),
                facts=scan.facts,
            )
        except InputError as error:
            fault = fault or error
            reader.left_out[signal.name] = "cannot be used"
        else:
            spectra.append(spectrum)
    if not spectra and fault is not None:
        raise fault
    if not spectra and reader.faults:
        raise InputError(f"{source}: {reader.faults[0]}; check the columns and their offsets")
    if not spectra:
        raise reader.not_understood("no column is known to be a spectrum")
    return [
        replace(spectrum, left_out=dict(reader.left_out), notes=(*spectrum.notes, *reader.faults))
        for spectrum in spectra
    ]


def _pairs(scan: Scan) -> list[Scan]:
    """Part a scan in which each spectrum has its own energies beside it."""
    roles = [label.role for label in scan.labels]
    starts = [n for n, role in enumerate(roles) if role == "energy"]
    if len(starts) < 2 or starts[0] != 0:
        return [scan]
    ends = [*starts[1:], len(roles)]
    groups = [roles[start:end] for start, end in zip(starts, ends, strict=True)]
    ranks = {asked_rank(scan.labels[n].text) for n in starts}
    if len(groups[0]) < 2 or any(group != groups[0] for group in groups) or len(ranks) > 1:
        return [scan]
    made = []
    for start, end in zip(starts, ends, strict=True):
        columns = slice(start, end)
        made.append(replace(scan, values=scan.values[:, columns], labels=scan.labels[columns]))
    return made


def _runs(energy: np.ndarray) -> list[slice]:
    """Part rows in which a scan is repeated; rows in no order are one scan."""
    steps = np.diff(energy)
    span = float(np.ptp(energy[np.isfinite(energy)])) if np.isfinite(energy).any() else 0.0
    back = np.flatnonzero(np.abs(steps) > span / 2) + 1
    if not 0 < len(back) <= len(energy) / 5:
        return [slice(None)]
    edges = [0, *back.tolist(), len(energy)]
    runs = [slice(first, last) for first, last in pairwise(edges)]
    for run in runs:
        inner = np.diff(energy[run])
        if len(inner) < 4 or not ((inner > 0).all() or (inner < 0).all()):
            return [slice(None)]
    return runs

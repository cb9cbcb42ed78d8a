"""Predictions for files, computed or measured: one at a time, so that a bad one stops no other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from nearedge.answers._measurement import ALIKE, Measurement, predict_measured
from nearedge.answers._prediction import predict, read_spectra
from nearedge.errors import InputError, NearEdgeError
from nearedge.files import read_spectra as read_file
from nearedge.models import Model
from nearedge.models.inference import Zero
from nearedge.spectra import Preparation, Prepared, Spectrum, merge_scans, prepare

Align = Literal["auto", "none"]
ALIGNS: tuple[Align, ...] = get_args(Align)


@dataclass(frozen=True)
class Request:
    """How the spectra of files are to be looked at.

    Parameters
    ----------
    align : {"auto", "none"}, optional
        ``"auto"`` searches the place of the model's zero on the energy axis, ``"none"`` takes the
        axis as it is. By default it is searched in files of absolute energies, which begin above
        the model's window.
    zero : Zero, optional
        What is known of its place; then it is not searched elsewhere.
    alike : float
        Probability, before the measurement, that environments are about as frequent as in the
        training data.
    preparation : Preparation
        What is done to measured spectra first.
    merge : bool
        Whether all measured spectra are scans of one sample.
    atoms_averaged : int, optional
        Of computed spectra, see `nearedge.predict`.

    Raises
    ------
    InputError
        If a zero is given for axes that are to be taken as they are.
    """

    align: Align | None = None
    zero: Zero | None = None
    alike: float = ALIKE
    preparation: Preparation = field(default_factory=Preparation)
    merge: bool = False
    atoms_averaged: int | None = None

    def __post_init__(self) -> None:
        if self.align == "none" and self.zero is not None:
            raise InputError("E0 is given, and --align none: leave out one of them")

    def aligns(self, spectrum: Spectrum, model: Model) -> bool:
        """Tell whether the zero of a spectrum is to be found, instead of being that of its axis."""
        if self.align is not None or self.zero is not None:
            return self.align != "none"
        return spectrum.absolute and bool(spectrum.energy[0] > model.window.maximum)


@dataclass(frozen=True)
class Answer:
    """What is predicted of one spectrum.

    Attributes
    ----------
    file, spectrum : str
        Where it comes from.
    result : dict
        What `nearedge.predict` or `Measurement.to_dict` gives, and ``measured``, whether the zero
        was searched; of measured spectra also ``preparation``, what was done, in words.
    prepared : Prepared, optional
        The measured spectrum before and after its preparation.
    measurement : Measurement, optional
        The inference.
    """

    file: str
    spectrum: str
    result: dict[str, Any]
    prepared: Prepared | None = None
    measurement: Measurement | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give everything, ready for JSON."""
        return {"file": self.file, "spectrum": self.spectrum, **self.result}


@dataclass(frozen=True)
class Failure:
    """A file, or a spectrum of one, of which nothing could be predicted, and why."""

    file: str
    reason: str


def is_folder(path: str | Path) -> bool:
    """Tell whether a path is that of a folder; one that is too long for a path is none.

    Examples
    --------
    >>> is_folder("."), is_folder("scan.prj::" + 300 * "x")
    (True, False)
    """
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def predict_files(
    model: Model, paths: Sequence[str], request: Request | None = None
) -> Iterator[tuple[str, list[Answer | Failure]]]:
    """Predict what is behind the spectra of files, file by file.

    Parameters
    ----------
    model : Model
    paths : sequence of str
        Files of any format that `nearedge.files.read_spectra` reads, ``FILE::NAME`` for one
        spectrum of a file, or dataset folders.
    request : Request, optional

    Yields
    ------
    path : str
        The file; the last one for scans that are merged.
    answers : list of Answer or Failure
    """
    request = request or Request()
    scans: list[Spectrum] = []
    for path in paths:
        try:
            if is_folder(path):
                yield path, _computed(model, path, *read_spectra(path), request)
                continue
            spectra = read_file(path)
        except NearEdgeError as error:
            yield path, [Failure(path, str(error))]
            continue
        aligned = [one for one in spectra if request.aligns(one, model)]
        plain = [one for one in spectra if not request.aligns(one, model)]
        if request.merge:
            scans += aligned
            aligned = []
        found = [_measured(model, one, request) for one in aligned]
        yield path, [*_tables(model, plain, request), *found]
    if scans:
        try:
            yield scans[0].source, [_measured(model, merge_scans(scans), request)]
        except NearEdgeError as error:
            yield scans[0].source, [Failure(scans[0].source, str(error))]


def _measured(model: Model, spectrum: Spectrum, request: Request) -> Answer | Failure:
    named = f"{spectrum.source}::{spectrum.name}"
    try:
        prepared = prepare(spectrum, request.preparation)
        measurement = predict_measured(
            model,
            prepared.spectrum.energy,
            prepared.spectrum.mu,
            request.zero,
            alike=request.alike,
            source=named,
        )
    except NearEdgeError as error:
        return Failure(named, str(error))
    result = {**measurement.to_dict(), "measured": True, "preparation": list(prepared.steps)}
    return Answer(spectrum.source, spectrum.name, result, prepared, measurement)


def _tables(model: Model, spectra: Sequence[Spectrum], request: Request) -> list[Answer | Failure]:
    """Predict from axes as they are; spectra of the same energies together."""
    groups: dict[bytes, list[Spectrum]] = {}
    for one in spectra:
        groups.setdefault(one.energy.tobytes(), []).append(one)
    found: list[Answer | Failure] = []
    for group in groups.values():
        first = group[0]
        names = [one.name for one in group]
        mu = np.array([one.mu for one in group])
        try:
            found += _computed(model, first.source, first.energy, mu, names, request)
        except NearEdgeError as error:
            found.append(Failure(first.source, str(error)))
    return found


def _computed(
    model: Model,
    path: str,
    energy: np.ndarray,
    mu: np.ndarray,
    names: Sequence[str],
    request: Request,
) -> list[Answer | Failure]:
    results = predict(model, energy, mu, path, atoms_averaged=request.atoms_averaged)
    return [
        Answer(path, name, {**result, "measured": False})
        for name, result in zip(names, results, strict=True)
    ]

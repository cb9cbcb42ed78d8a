"""Answers for files: one at a time, so that a bad one stops no other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nearedge.answers._answer import Answer
from nearedge.answers._answering import Request, answer
from nearedge.errors import NearEdgeError
from nearedge.files import read_spectra
from nearedge.models import Model
from nearedge.spectra import Spectrum, merge_scans


@dataclass(frozen=True)
class Failure:
    """A file, or a spectrum of one, for which nothing could be answered, and why."""

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


def read_any(path: str) -> list[Spectrum]:
    """Read the spectra of a file, of ``FILE::NAME``, or of the sites of a dataset folder.

    Raises
    ------
    InputError
        If there are none.
    """
    if not is_folder(path):
        return read_spectra(path)
    from nearedge.datasets import load_dataset

    data = load_dataset(path)
    names = zip(data.snapshot, data.atom, strict=True)
    return [
        Spectrum(f"{snapshot}/{atom}", data.energy, mu, path, data.identity)
        for (snapshot, atom), mu in zip(names, data.mu, strict=True)
    ]


def answer_files(
    model: Model,
    paths: Sequence[str],
    request: Request | None = None,
    *,
    name: str = "model",
) -> Iterator[tuple[str, list[Answer | Failure]]]:
    """Tell what is behind the spectra of files, file by file.

    Parameters
    ----------
    model : Model
    paths : sequence of str
        Files of any format that `nearedge.files.read_spectra` reads, ``FILE::NAME`` for one
        spectrum of a file, or dataset folders.
    request : Request, optional
    name : str
        What the answers call the model.

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
            spectra = read_any(path)
        except NearEdgeError as error:
            yield path, [Failure(path, str(error))]
            continue
        if request.merge:
            scans += [spectrum for spectrum in spectra if request.aligns(spectrum, model)]
            spectra = [spectrum for spectrum in spectra if not request.aligns(spectrum, model)]
        yield path, _each(model, spectra, request, name)
    if scans:
        try:
            merged = merge_scans(scans)
        except NearEdgeError as error:
            yield scans[0].source, [Failure(scans[0].source, str(error))]
            return
        yield scans[0].source, _each(model, [merged], request, name)


def _each(
    model: Model, spectra: Sequence[Spectrum], request: Request, name: str
) -> list[Answer | Failure]:
    """Answer for all spectra together, or, if one of them fails, for each alone."""
    try:
        return list(answer(model, spectra, request, name=name))
    except NearEdgeError as error:
        if len(spectra) == 1:
            spectrum = spectra[0]
            return [Failure(f"{spectrum.source}::{spectrum.name}", str(error))]
    return [one for spectrum in spectra for one in _each(model, [spectrum], request, name)]

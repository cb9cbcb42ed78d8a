"""Answers for files: one at a time, so that a bad one does not stop the others."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from pathlib import Path

from nearedge import datasets
from nearedge.answers._answer import Answer
from nearedge.answers._answering import Request, answer
from nearedge.edges import Edge
from nearedge.errors import InputError, NearEdgeError
from nearedge.files import MARK, read_spectra, tell_apart
from nearedge.matching import Library, is_library, load_library
from nearedge.models import Model, load_model, ready_model, ready_models
from nearedge.records import Json, as_json
from nearedge.spectra import Channel, Spectrum, guess_edge, merge_scans

Choose = Callable[[Spectrum], tuple[Model | Library, str]]
"""Gives the model for a spectrum, and its name in the answers."""


@dataclass(frozen=True)
class Failure:
    """A file, or a spectrum of one, for which nothing could be answered, and why."""

    file: str
    reason: str


def answers_json(told: Iterable[Answer | Failure]) -> Json:
    """Return answers and failures as ``nearedge predict --json`` prints them."""
    told = list(told)
    return {
        "answers": [one.to_json() for one in told if isinstance(one, Answer)],
        "failed": [as_json(one) for one in told if isinstance(one, Failure)],
    }


def is_folder(path: str | Path) -> bool:
    """Whether a path is that of a folder; one that is too long for a path is not."""
    return os.path.isdir(path)  # noqa: PTH112


def files_in(path: str) -> list[str]:
    """List the files of a folder but hidden ones; a file, a dataset or a model stands for itself.

    Raises
    ------
    InputError
        If the folder holds none.
    """
    if _stands_for_itself(path):
        return [path]
    folder = Path(path)
    files = sorted(one for one in folder.iterdir() if one.is_file() and one.name[0] != ".")
    if not files:
        inner = subfolders(path)
        remedy = f"only folders ({', '.join(inner)}); give these" if inner else "give another"
        raise InputError(f"{path}: the folder holds no files{', ' if inner else '; '}{remedy}")
    return [*map(str, files)]


def subfolders(path: str) -> list[str]:
    """List the folders in a folder but hidden ones, which `files_in` does not look into."""
    if _stands_for_itself(path):
        return []
    return sorted(one.name for one in Path(path).iterdir() if one.is_dir() and one.name[0] != ".")


def _stands_for_itself(path: str) -> bool:
    own = (Path(path) / name for name in ("spectra.nc", "model.json"))
    return not is_folder(path) or any(file.exists() for file in own)


def read_any(
    path: str, *, energy: int | str | None = None, mu: int | str | None = None
) -> list[Spectrum]:
    """Read the spectra of a file, of ``FILE::NAME``, or of the sites of a dataset.

    The columns are those of `nearedge.files.read_spectra`.
    """
    # Datasets that ship have no ending; what reads datasets takes a while to import.
    if not is_folder(path) and ("." in path or not datasets.ships(path)):
        return read_spectra(path, energy=energy, mu=mu)
    data = datasets.load_dataset(path)
    columns = {by: data.groups(by) for by in data.group_names if by != "atom"}
    spectra = []
    for row, (name, intensities) in enumerate(zip(data.names, data.mu, strict=True)):
        words = {by: str(column[row]) for by, column in columns.items()}
        edge = Edge(words["absorber"], str(data.attributes.get("edge", "K")))
        identity = replace(data.identity, edge=edge)
        spectra.append(Spectrum(name, data.energy, intensities, path, identity, metadata=words))
    return spectra


def choose_ready(spectrum: Spectrum) -> tuple[Model | Library, str]:
    """Load the model that ships for a spectrum's absorber and edge, else the first one.

    The first one refuses a spectrum of another edge, and names it.
    """
    edge = spectrum.edge or guess_edge(spectrum)
    ready = ready_model(edge if edge in {model.edge for model in ready_models()} else None)
    return load_any(ready.folder), ready.name


def find_library(spectrum: Spectrum, folder: str | Path | None = None) -> Library:
    """Load a library, make one of a dataset, or take the one that ships for a spectrum's edge.

    Raises
    ------
    InputError
        If none ships for this edge, or the folder is of a model without references.
    """
    if folder is not None and not (Path(folder) / "model.json").is_file():
        from nearedge.matching import build_library

        return build_library(datasets.load_dataset(folder))
    model = choose_ready(spectrum)[0] if folder is None else load_any(Path(folder))
    if not isinstance(model, Library):
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: no library of {spectrum.edge or 'its'} edge "
            "spectra ships; give a dataset of computed ones with --dataset"
            if folder is None
            else f"{folder}: is not a library; make one with: nearedge train library DATASET"
        )
    return model


@cache
def load_any(folder: Path) -> Model | Library:
    """Load a model's folder, or a library's."""
    return load_library(folder) if is_library(folder) else load_model(folder)


def answer_files(
    choose: Choose,
    paths: Sequence[str],
    request: Request | None = None,
    *,
    energy: int | str | None = None,
    mu: int | str | None = None,
) -> Iterator[tuple[str, list[Answer | Failure]]]:
    """Answer for the spectra of files, file by file; for merged scans under the first one.

    Those of each channel are merged by themselves: transmission and fluorescence of one sample
    differ. The paths are those of `read_any`, and so are the columns.
    """
    titles = tell_apart(path if is_folder(path) else path.partition(MARK)[0] for path in paths)
    for path, told in _answer_files(choose, paths, request or Request(), energy, mu):
        yield (
            path,
            [
                replace(one, title=titles.get(one.file, "")) if isinstance(one, Answer) else one
                for one in told
            ],
        )


def _answer_files(
    choose: Choose,
    paths: Sequence[str],
    request: Request,
    energy: int | str | None,
    mu: int | str | None,
) -> Iterator[tuple[str, list[Answer | Failure]]]:
    scans: dict[Channel, list[Spectrum]] = {}
    for path in paths:
        try:
            spectra = read_any(path, energy=energy, mu=mu)
        except NearEdgeError as error:
            yield path, [Failure(path, str(error))]
            continue
        if request.merge:
            own: list[Spectrum] = []
            for spectrum in spectra:
                aligned = request.aligns(spectrum, choose(spectrum)[0])
                together = scans.setdefault(spectrum.channel, []) if aligned else own
                together.append(spectrum)
            spectra = own
        yield path, _each(choose, spectra, request)
    for channel, alike in scans.items():
        source = alike[0].source
        try:
            merged = merge_scans(alike)
        except NearEdgeError as error:
            yield source, [Failure(source, str(error))]
            continue
        name = f"{merged.name} {channel}" if len(scans) > 1 else merged.name
        yield source, _each(choose, [merged.renamed(name)], request)


def _each(choose: Choose, spectra: Sequence[Spectrum], request: Request) -> list[Answer | Failure]:
    """Answer for all spectra of a model together, or, if one of them fails, for each alone."""

    def told(model: Model | Library, name: str, spectra: list[Spectrum]) -> list[Answer | Failure]:
        try:
            return [*answer(model, spectra, request, name=name)]
        except NearEdgeError as error:
            if len(spectra) == 1:
                return [Failure(f"{spectra[0].source}::{spectra[0].name}", str(error))]
        return [found for spectrum in spectra for found in told(model, name, [spectrum])]

    groups = groupby(spectra, choose)
    return [found for chosen, group in groups for found in told(*chosen, list(group))]

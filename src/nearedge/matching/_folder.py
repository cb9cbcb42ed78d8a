"""A library as a folder: ``weights.safetensors`` beside ``model.json`` and ``card.md``."""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

from nearedge.errors import InputError
from nearedge.matching._card import card
from nearedge.matching._library import Library
from nearedge.records import pack, read_json, replacing, unpack

FORMAT = "nearedge-library"
VERSION = 3


def save_library(library: Library, path: str | Path, *, force: bool = False) -> None:
    """Write a library as a folder, whole or not at all."""
    from safetensors.numpy import save_file

    plain, arrays = pack(library)
    about = {"format": FORMAT, "version": VERSION, "nearedge": version("nearedge")}
    text = json.dumps(about | {"library": plain}, allow_nan=False) + "\n"
    with replacing(path, force=force) as folder:
        folder.mkdir()
        (folder / "model.json").write_text(text, encoding="utf-8")
        (folder / "card.md").write_text(card(library), encoding="utf-8")
        weights = folder / "weights.safetensors"
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, weights)
        # safetensors lets nobody else read its files.
        weights.chmod((folder / "model.json").stat().st_mode)


def is_library(path: str | Path) -> bool:
    """Whether a model folder is a library."""
    file = Path(path) / "model.json"
    return file.is_file() and read_json(file).get("format") == FORMAT


def load_library(path: str | Path) -> Library:
    """Read a library's folder.

    Raises
    ------
    InputError
        If it is damaged, or of another version.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = Path(path)
    about = read_json(path / "model.json")
    if about.get("format") != FORMAT or about.get("version") != VERSION:
        raise InputError(
            f"{path}: is not a library of version {VERSION}; make it again: nearedge train library "
            f"DATASET -o {path} --force"
        )
    try:
        arrays = load_file(path / "weights.safetensors")
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: its weights cannot be read ({error}); train it again") from None
    return unpack(Library, about.get("library", {}), arrays, source=str(path))

"""The folder of a model: ``weights.safetensors`` and ``model.json``, read without pickle."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from nearedge.errors import InputError
from nearedge.learning.networks import MultilayerPerceptron
from nearedge.records import replacing

FORMAT = "nearedge-model"
VERSION = 1
"""Version of the folder's format; a reader refuses newer ones."""

REMEDY = "train it again with 'nearedge train'"

KEPT = "kept."
"""What the names of arrays begin with that are kept for somebody else."""

Tensors = dict[str, np.ndarray]


def write_folder(
    path: str | Path, description: dict[str, Any], tensors: Tensors, *, force: bool
) -> None:
    """Write both files, whole or not at all.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "software": {name: version(name) for name in ("nearedge", "jax", "scikit-learn")},
        **description,
    }
    text = json.dumps(whole, indent=1, allow_nan=False)
    with replacing(path, force=force) as folder:
        folder.mkdir()
        (folder / "model.json").write_text(text + "\n", encoding="utf-8")
        save_file(
            {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()},
            folder / "weights.safetensors",
        )
        # safetensors lets nobody else read its files.
        (folder / "weights.safetensors").chmod((folder / "model.json").stat().st_mode)


def read_folder(path: str | Path) -> tuple[dict[str, Any], Tensors]:
    """Read both files and check that they are what `write_folder` writes.

    Raises
    ------
    InputError
        If something is missing, damaged or of another kind.
    """
    path = Path(path)
    if not path.is_dir():
        raise InputError(
            f"{path}: there is no such model folder; give one that 'nearedge train' wrote"
        )
    file = path / "model.json"
    try:
        description = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(
            f"{path}: no readable model.json in it, so this is not a model of nearedge; give a "
            "folder that 'nearedge train' wrote"
        ) from None
    except ValueError as error:
        raise InputError(f"{file}: not valid JSON ({error}); {REMEDY}") from None
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise InputError(
            f"{file}: its 'format' is not '{FORMAT}', so this is not a model of nearedge; give a "
            "folder that 'nearedge train' wrote"
        )
    if description.get("version") != VERSION:
        raise InputError(
            f"{file}: version {description.get('version')!r} of the format, this nearedge reads "
            f"{VERSION}; use the nearedge that wrote it, or {REMEDY}"
        )
    weights = path / "weights.safetensors"
    try:
        tensors = load_file(weights)
    except OSError as error:
        raise InputError(f"{weights}: cannot be read ({error}); {REMEDY}") from None
    except SafetensorError as error:
        raise InputError(f"{weights}: not a safetensors file ({error}); {REMEDY}") from None
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise InputError(f"{weights}: '{name}' holds NaN or infinite numbers; {REMEDY}")
    return description, tensors


@contextmanager
def damage_named(path: str | Path) -> Iterator[None]:
    """Turn whatever goes wrong while a folder's content is taken into an error that names it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{path}: model.json lacks something or holds something else ({error!r}); {REMEDY}"
        ) from None


def network_tensors(networks: list[MultilayerPerceptron]) -> Tensors:
    """Name every weight and bias of an ensemble."""
    tensors = {}
    for i, network in enumerate(networks):
        for k, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            tensors[f"network.{i}.weight.{k}"] = np.asarray(weight)
            tensors[f"network.{i}.bias.{k}"] = np.asarray(bias)
    return tensors


def take_networks(
    tensors: Tensors, count: int, sizes: tuple[int, ...]
) -> list[MultilayerPerceptron]:
    """Undo `network_tensors`, with a check of every shape."""
    return [
        MultilayerPerceptron(
            weights=tuple(
                take(tensors, f"network.{i}.weight.{k}", (outputs, inputs))
                for k, (inputs, outputs) in enumerate(pairwise(sizes))
            ),
            biases=tuple(
                take(tensors, f"network.{i}.bias.{k}", (outputs,))
                for k, outputs in enumerate(sizes[1:])
            ),
        )
        for i in range(count)
    ]


def take(tensors: Tensors, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Look up a tensor that must be there with this shape.

    Raises
    ------
    InputError
        If it is not.
    """
    if name not in tensors:
        raise InputError(f"weights.safetensors: '{name}' is missing; {REMEDY}")
    if tensors[name].shape != shape:
        raise InputError(
            f"weights.safetensors: '{name}' has shape {tensors[name].shape}, model.json says "
            f"{shape}; {REMEDY}"
        )
    return tensors[name]

"""A model: an estimator, what it reads and predicts, and what is known of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, make_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.learning.features import Feature
from nearedge.models._card import card
from nearedge.models._record import Record
from nearedge.models._registry import ready_model
from nearedge.models.inference import Inference
from nearedge.records import Kept, pack, read_json, replacing, unpack
from nearedge.spectra import Identity, Window
from nearedge.targets import AnyTarget
from nearedge.trust import Novelty

Kind = Literal["classifier", "regressor"]
FORMAT = "nearedge-model"
VERSION = 2
"""Version of the folder's format; no other is read."""

if TYPE_CHECKING:
    from nearedge.learning.estimators import AnyEstimator
else:
    # Estimators take scikit-learn with them, which reading a measured spectrum does not need.
    AnyEstimator = Kept


@dataclass(frozen=True, kw_only=True, eq=False)
class _WithoutEstimator:
    identity: Identity  # what the training spectra were of
    target: AnyTarget  # what it tells
    window: Window  # the energies it sees
    record: Record  # what it was trained on, how good it is, and how its error bars are made
    novelty: Novelty  # tells spectra to which the model does not apply
    seen: Float[np.ndarray, "site point"]  # by what training spectra are known again: their prints
    inference: Inference | None = None  # what it knows of measured spectra
    features: tuple[Feature, ...] = ()  # what it is told beside a spectrum


@dataclass(frozen=True, kw_only=True, eq=False)
class Model(_WithoutEstimator):
    """A trained estimator with all that is needed to use and to judge it.

    Made by `nearedge.train` or `nearedge.load_model`.
    """

    estimator: AnyEstimator

    def __getattr__(self, name: str) -> Any:
        """Make the estimator of a loaded model when it is first used."""
        stored = self.__dict__.get("_stored") if name == "estimator" else None
        if stored is None:
            raise AttributeError(f"a model has no '{name}'")
        from nearedge.learning import estimators

        plain, arrays, source = stored
        fitted = make_dataclass("Fitted", [("estimator", estimators.AnyEstimator)])
        made = unpack(fitted, {"estimator": plain}, arrays, source=source).estimator
        inputs = self.window.points + sum(map(len, self.features))
        if made.n_features_in_ != inputs:
            raise InputError(
                f"{source}: has an estimator of {made.n_features_in_} inputs, but states {inputs}; "
                "train the model again"
            )
        self.__dict__["estimator"] = made
        return made

    @property
    def kind(self) -> Kind:
        """Whether it predicts a class or a number."""
        return "classifier" if self.target.of_classes else "regressor"

    @property
    def absorber(self) -> str:
        """Element whose spectra it reads, or ``"any"`` of several."""
        return "any" if self.identity.edge is None else self.identity.edge.absorber

    def __repr__(self) -> str:
        """Return in one line what it predicts, from which spectra."""
        return (
            f"<Model: {self.target.name} from {self.identity.edge or 'several edges'}, "
            f"{self.record.training.sites} sites, {self.record.training.recipe}>"
        )

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the model as a folder: ``weights.safetensors``, ``model.json`` and ``card.md``.

        Raises
        ------
        InputError
            If `path` exists and `force` is false.
        """
        from safetensors.numpy import save_file

        plain, arrays = pack(self)
        about = {
            "format": FORMAT,
            "version": VERSION,
            "software": {name: version(name) for name in ("nearedge", "jax", "scikit-learn")},
            "model": plain,
        }
        words = card(
            self.identity, self.target, self.window, self.record, self.novelty, self.features
        )
        text = json.dumps(about, indent=1, allow_nan=False) + "\n"
        with replacing(path, force=force) as folder:
            folder.mkdir()
            (folder / "model.json").write_text(text, encoding="utf-8")
            (folder / "card.md").write_text(words, encoding="utf-8")
            weights = folder / "weights.safetensors"
            save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, weights)
            # safetensors lets nobody else read its files.
            weights.chmod((folder / "model.json").stat().st_mode)


def load_model(path: str | Path | None = None) -> Model:
    """Read a model folder.

    Parameters
    ----------
    path : str or Path, optional
        A folder that `Model.save` or ``nearedge train`` wrote; by default the ready model.

    Raises
    ------
    InputError
        If the folder is missing, damaged, not a model of nearedge, or of another version.

    Examples
    --------
    >>> load_model().target.name
    'coordination'
    """
    path = Path(path or ready_model().folder)
    if not path.is_dir():
        raise InputError(f"{path}: no such model folder; 'nearedge train' makes one")
    file = path / "model.json"
    if not file.is_file():
        raise InputError(
            f"{path}: is not a model of nearedge, it holds no model.json; 'nearedge train' makes "
            "one"
        )
    with _damaged():
        about = read_json(file)
    if about.get("format") != FORMAT:
        raise InputError(
            f"{file}: is not a model of nearedge, its 'format' is not '{FORMAT}'; 'nearedge train' "
            "makes one"
        )
    if about.get("version") != VERSION:
        kind = "classifier" if "Classifier" in str(about.get("kind")) else "regressor"
        raise InputError(
            f"{file}: is of version {about.get('version')!r}, this nearedge reads {VERSION}; train "
            f"it anew: nearedge train {kind} DATASET -o {path} --force"
        )
    with _damaged():
        arrays = _read_weights(path / "weights.safetensors")
        plain = dict(about.get("model", {}))
        if "estimator" not in plain:
            raise InputError(f"{path}: holds no estimator")
        stored = (plain.pop("estimator"), arrays, str(path))
        rest = unpack(_WithoutEstimator, plain, arrays, source=str(path))
        energies = len(rest.novelty.likeness.energy)
        if rest.window.points != energies:
            points = rest.window.points
            raise InputError(f"{path}: states both {points} and {energies} energies")
    model = object.__new__(Model)
    model.__dict__.update(vars(rest), _stored=stored)
    return model


@contextmanager
def _damaged() -> Iterator[None]:
    """Say what to do about a folder that cannot be read."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{error}; train the model again") from None


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: cannot be read ({error})") from None
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise InputError(f"{path}: '{name}' holds NaN or infinite numbers")
    return arrays

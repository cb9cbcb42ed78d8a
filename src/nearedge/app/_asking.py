"""A model's answer to a spectrum, as a person set it up on the page."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from nearedge import answers, datasets, models
from nearedge.answers import Answer, Failure, Request, explanation
from nearedge.app._opening import Columns
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError, NearEdgeError
from nearedge.models import Model
from nearedge.spectra import Spectrum

READY = "the ready one for its edge"


@dataclass(frozen=True)
class Choice:
    """Which columns are read, which model is to answer, and whether also where it does not apply.

    The columns are those of `nearedge.files.read_spectra`.
    """

    model: str = READY
    force: bool = False
    energy: str | None = None
    mu: str | None = None

    @property
    def columns(self) -> Columns:
        """Those of energy and absorption; None where labels tell."""
        return self.energy, self.mu


def model_names() -> list[str]:
    """List what a person can choose: the ready one by edge, or each that ships."""
    return [READY, *dict.fromkeys(model.name for model in models.ready_models())]


def ask(spectrum: Spectrum, choice: Choice) -> Answer | Failure:
    """Answer for a spectrum, or say why nothing can be answered."""
    try:
        if choice.model == READY:
            model, name = answers.choose_ready(spectrum)
        else:
            model, name = answers.load_any(_folder(choice.model)), choice.model
        (told,) = answers.answer(model, spectrum, Request(force=choice.force), name=name)
        return told
    except NearEdgeError as error:
        return Failure(f"{spectrum.source}::{spectrum.name}", str(error))


def _folder(name: str) -> Path:
    for model in models.ready_models():
        if model.name == name:
            return model.folder
    folder = Path(name).expanduser()
    if not (folder / "model.json").is_file():
        raise InputError(f"{name}: is not a model folder; make one with nearedge train")
    return folder


@cache
def dataset(name: str) -> SiteSpectra:
    """Load a dataset that ships, or a folder."""
    return datasets.load_dataset(name)


def explain(told: Answer) -> "explanation.SpectrumExplanation | None":
    """Find the energies that decide, where a network that ships answered."""
    evidence = told.evidence
    if evidence is None:
        return None
    model = answers.load_any(_folder(told.model))
    if not isinstance(model, Model):
        return None
    training = explanation.shipped_training(model)
    energy, mu = np.asarray(evidence.fit.energy), np.asarray(evidence.fit.window)
    return explanation.explain_spectrum(model, energy, mu, training, name=told.name)

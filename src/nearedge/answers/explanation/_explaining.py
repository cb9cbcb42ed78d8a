"""Explaining a prediction for one spectrum, and what decides in the spectra of each class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from nearedge.answers._answer import Answer
from nearedge.answers._answering import Request, answer
from nearedge.answers.explanation._attribution import (
    Attribution,
    attribute,
    mean_attribution,
    scores,
)
from nearedge.answers.explanation._sites import Site, Training, nearest_spectra
from nearedge.datasets import SiteSpectra
from nearedge.drawing.style import class_title
from nearedge.errors import InputError
from nearedge.models import Model, trained_on
from nearedge.spectra import Spectrum, cut_window

MOST = 200
"""Most spectra of a class that are explained, drawn at random."""


@dataclass(frozen=True)
class Setting:
    """What is explained: log-odds if the target is a class, else the number itself.

    The baseline is the mean training spectrum of the class to compare with, or of all.
    """

    model: Model
    against: str | None
    baseline: Float[np.ndarray, " energy"]

    def attribute(
        self, spectra: Float[np.ndarray, "example energy"], targets: Sequence[str], width: float
    ) -> list[Attribution]:
        """Explain the score of each spectrum for its target."""
        asked, grid = scores(self.model.estimator, targets, self.against), self.model.window.grid
        return attribute(asked, spectra, grid, self.baseline, width=width)

    def title(self, name: str) -> str:
        """Name a class."""
        return class_title(name, self.model.target.neighbour or "")

    def words_of(self, site: Site) -> str:
        """Describe what is known of a site."""
        target = self.model.target
        value = site.data.labels(target)[site.row]
        return self.title(str(value)) if target.of_classes else target.text(float(value))

    def score(self, target: str | None) -> str:
        """Name what is explained."""
        if target is None or not self.model.target.of_classes:
            return self.model.target.name.replace("_", " ")
        against = "" if self.against is None else f" against {self.title(self.against)}"
        return f"log-odds of {self.title(target)}{against}"

    @property
    def baseline_name(self) -> str:
        """Name the baseline."""
        of = "" if self.against is None else f" of {self.title(self.against)}"
        return f"mean training spectrum{of}"


@dataclass(frozen=True)
class SpectrumExplanation:
    """Why a model gives its answer for one spectrum, at the energies of its window.

    It has the class in question (None for a regressor), the nearest training sites, the usual
    distance of a training spectrum from its nearest, and the spectrum's own site, if known.
    """

    setting: Setting
    spectrum: Float[np.ndarray, " energy"]
    prediction: Answer
    target: str | None
    attribution: Attribution
    nearest: tuple[Site, ...]
    usual: float
    site: Site | None

    def answer_words(self) -> str:
        """Return the answer that is explained."""
        asked = self.setting.model.target
        value = self.prediction.values[asked.name]
        if not asked.of_classes:
            return f"{asked.text(value.value)} ({asked.words()})"
        chance = max((value.probabilities or {}).values())
        return f"{self.setting.title(str(value.value))}, probability {chance:.2f}"


@dataclass(frozen=True)
class ClassAttribution:
    """What decides for a class, as the mean over its correctly predicted spectra.

    Whole numbers are right within a half, others within half a standard deviation. The spectrum is
    a mean, too; the single agreement is the median agreement of both methods on single spectra.
    """

    sites: int
    right: int
    spectrum: Float[np.ndarray, " energy"]
    attribution: Attribution
    single_agreement: float


@dataclass(frozen=True)
class ClassExplanation:
    """What decides in the spectra of each class, on unseen sites or on all training sites.

    For classes without a correct prediction only the number of sites is known.
    """

    setting: Setting
    unseen: bool
    classes: dict[str, ClassAttribution]
    never_right: dict[str, int]


def explain_spectrum(
    model: Model,
    energy: Float[np.ndarray, " energy"],
    mu: Float[np.ndarray, " energy"],
    training: Training,
    *,
    name: str = "spectrum",
    target: str | None = None,
    against: str | None = None,
    width: float = 1.0,
    nearest: int = 5,
    site: Site | None = None,
) -> SpectrumExplanation:
    """Find the energies that decide a model's answer for a spectrum, and similar training spectra.

    For a classifier they decide for a target class, by default the predicted one. Against another
    class the baseline is the mean training spectrum of that class, not of all, and the score the
    log-odds between the two. The spectrum's own site, if it is known, is not its own neighbour. For
    the width see `attribute`.
    """
    classifier = model.target.of_classes
    if model.features:
        raise InputError(
            f"the model reads {model.features[0].name} besides the spectrum; only models of the "
            "spectrum alone are explained"
        )
    if target is not None and not classifier:
        raise InputError(
            f"class '{target}' was given, but the model predicts numbers; leave out the "
            "target, or use a classifier"
        )
    single = 1 if site is not None and not classifier else None
    request = Request(align="none", atoms_averaged=single, force=True)
    (prediction,) = answer(model, Spectrum(name, energy, mu, name), request)
    if classifier and target is None:
        target = str(prediction.values[model.target.name].value)
    if target is not None and target == against:
        raise InputError(f"class '{target}' is compared with itself; choose another class")
    spectrum = cut_window(energy, mu[None], model.window, name)
    setting = Setting(model, against, training.baseline(against))
    (attribution,) = setting.attribute(spectrum, [target or ""], width)
    data = training.data
    own = (data.snapshot == site.snapshot) & (data.atom == site.atom) if site else False
    rows, distances, usual = nearest_spectra(
        spectrum[0],
        training.inputs,
        data.groups("atom"),
        count=nearest,
        allowed=np.broadcast_to(np.logical_not(own), len(data)),
    )
    near = zip(rows.tolist(), distances.tolist(), strict=True)
    sites = tuple(Site(data, row, distance) for row, distance in near)
    return SpectrumExplanation(
        setting, spectrum[0], prediction, target, attribution, sites, usual, site
    )


def explain_classes(
    model: Model,
    data: SiteSpectra,
    training: Training,
    *,
    against: str | None = None,
    width: float = 1.0,
) -> ClassExplanation:
    """Find the energies that decide for each class, on sites the model was not trained on.

    If it was trained on all of them, they are not left out. The options are those of
    `explain_spectrum`; for a classifier, the class to compare with is not explained.
    """
    if data.targets.get(model.target.name) != model.target:
        raise InputError(
            f"{data.source}: is not labelled by the {model.target.words()}, the model's target; "
            "relabel the dataset or train on it"
        )
    seen = trained_on(model.record.training, data)
    seen &= data.identity.origin == model.identity.origin
    unseen = not seen.all()
    tested = data.select(~seen) if unseen else data
    inputs = tested.inputs(model.window)
    setting = Setting(model, against, training.baseline(against))
    rng = np.random.default_rng(0)
    counts, right = tested.counts(), _right(model, inputs, tested)
    by_class = {
        name: np.flatnonzero(right & (tested.environment == name))
        for name in counts
        if not (model.target.of_classes and name == against)
    }
    rows = {
        name: np.sort(rng.permutation(own)[:MOST]) for name, own in by_class.items() if len(own)
    }
    if not rows:
        raise InputError(
            f"{tested.source}: no spectrum is predicted right, so there is nothing to explain; use "
            "spectra like those the model was trained on"
        )
    every = np.concatenate(list(rows.values()))
    parts = iter(setting.attribute(inputs[every], tested.environment[every].tolist(), width))
    classes = {}
    for name, chosen in rows.items():
        members = [next(parts) for _ in chosen]
        classes[name] = ClassAttribution(
            counts[name],
            len(by_class[name]),
            inputs[chosen].mean(axis=0),
            mean_attribution(members),
            float(np.median([part.agreement for part in members])),
        )
    never_right = {name: counts[name] for name in by_class if name not in rows}
    return ClassExplanation(setting, unseen, classes, never_right)


def _right(
    model: Model, inputs: Float[np.ndarray, "site energy"], data: SiteSpectra
) -> Bool[np.ndarray, " site"]:
    predicted = np.asarray(model.estimator.predict(inputs))
    truth = data.labels(model.target)
    if model.target.of_classes:
        return predicted.astype(str) == truth
    return np.abs(predicted - truth) < 0.5 * (1 if model.target.discrete else np.nanstd(truth))

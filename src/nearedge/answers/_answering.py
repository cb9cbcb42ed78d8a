"""A model applied to spectra: one path for a site, an average and a measured sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from nearedge.answers._answer import Answer, Value
from nearedge.answers._check import check, edge_range, is_relative
from nearedge.answers._evidence import Evidence
from nearedge.answers._references import FORCED, answer_by_references
from nearedge.errors import InputError
from nearedge.learning.features import RISE, with_features
from nearedge.matching import Library
from nearedge.models import Model
from nearedge.models.inference import Inference, Zero
from nearedge.spectra import (
    Preparation,
    Spectrum,
    cut_window,
    edge_energy,
    find_rises,
    prepare,
)
from nearedge.trust import LEVEL, OtherEdge, OutsideEdge, Reason

COARSE = 0.7
"""Step, eV, on which a peak as wide as a core hole's level is a point or two."""

ABOUT = -25.0, 15.0
"""Where, eV from the steepest rise, K-edges of transition metals have such peaks."""

Align = Literal["auto", "none"]


@dataclass(frozen=True)
class Request:
    """How to read spectra.

    With align ``"auto"`` the position of the model's zero on the energy axis is searched, with
    ``"none"`` the axis is used unchanged; by default it is searched if the energies are absolute,
    that is, begin above the model's window. `zero` is what is known of its position: it is not
    searched elsewhere. Measured spectra are prepared first; with merging, all are scans of one
    sample. Each computed spectrum is an average over `atoms_averaged` atoms, 1 for single sites; if
    unknown, a regressor gives the widest intervals. With `force` a model answers even if it does
    not apply. `features` are values of categorical features that the files do not state.
    """

    align: Align | None = None
    zero: Zero | None = None
    preparation: Preparation = field(default_factory=Preparation)
    merge: bool = False
    atoms_averaged: int | None = None
    force: bool = False
    features: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.align == "none" and self.zero is not None:
            raise InputError("E0 and --align none exclude each other; leave out one of them")
        if self.atoms_averaged is not None and self.atoms_averaged < 1:
            raise InputError(
                f"{self.atoms_averaged} averaged atoms; an average needs at least one atom"
            )

    def aligns(self, spectrum: Spectrum, model: Model | Library) -> bool:
        """Whether the zero of a spectrum is to be found, instead of being that of its axis."""
        if self.align is not None or self.zero is not None:
            return self.align != "none"
        return not is_relative(model, spectrum)


def answer(
    model: Model | Library,
    spectra: Spectrum | Sequence[Spectrum],
    request: Request | None = None,
    *,
    name: str = "model",
) -> list[Answer]:
    """Predict the structure behind spectra.

    Element, edge and unit are compared with the model first; if it does not apply, nothing is
    computed unless `Request.force` asks for it. For measured spectra the position of the zero, the
    extra broadening, the unit and a straight background need not be known. Nothing is assumed about
    the composition of a sample. The answers, in the order of the spectra, call the model by its
    `name`.

    Raises
    ------
    InputError
        If a spectrum is too short, or a model cannot read measured spectra.
    """
    request = request or Request()
    several = [spectra] if isinstance(spectra, Spectrum) else list(spectra)
    if strange := [each for each in several if not isinstance(each, Spectrum)]:
        raise InputError(
            f"'{spectra if isinstance(spectra, str) else strange[0]}' is no Spectrum; "
            "nearedge.read_spectra reads those of a file"
        )
    if isinstance(model, Library):
        if request.preparation.glitches:
            several = [without_glitches(spectrum) for spectrum in several]
        told = answer_by_references(model, several, name=name, force=request.force)
        return [replace(one, remarks=(*one.remarks, *_unused(request))) for one in told]
    answers: dict[int, Answer] = {}
    computed: dict[bytes, list[tuple[int, Spectrum, tuple[Reason, ...]]]] = {}
    for place, spectrum in enumerate(several):
        reasons = tuple(check(model, spectrum, request.zero))
        if reasons and not request.force:
            rises = [r.e0 for r in reasons if isinstance(r, OtherEdge | OutsideEdge)]
            answers[place] = _answer(model, name, spectrum, reasons, e0=next(iter(rises), None))
        elif request.aligns(spectrum, model):
            answers[place] = _measured(model, spectrum, request, name, reasons)
        else:
            same = computed.setdefault(spectrum.energy.tobytes(), [])
            same.append((place, spectrum, reasons))
    for group in computed.values():
        places, group_spectra, against = zip(*group, strict=True)
        found = _computed(model, group_spectra, against, request, name)
        answers |= zip(places, found, strict=True)
    return [answers[place] for place in range(len(several))]


def without_glitches(spectrum: Spectrum) -> Spectrum:
    """Replace glitches and say so; one in the near edge makes a spectrum unlike any reference.

    On steps of more than `COARSE` eV a peak about the edge may be a single point: all stay.
    """
    prepared = prepare(spectrum, Preparation("none"))
    if not prepared.replaced.any():
        return spectrum
    off = spectrum.energy - edge_energy(spectrum.energy, spectrum.mu)
    near = (off > ABOUT[0]) & (off < ABOUT[1]) & (np.gradient(spectrum.energy) > COARSE)
    if (prepared.replaced & near).any():
        return spectrum
    return replace(prepared.spectrum, notes=prepared.steps[:-1])


def _unused(request: Request) -> list[str]:
    """Say what was asked for that makes no difference where spectra are compared."""
    asked = {
        "the position of the zero (--e0)": request.zero is not None,
        "the number of averaged atoms": request.atoms_averaged is not None,
        "features": bool(request.features),
    }
    names = [name for name, given in asked.items() if given]
    return [f"not used by a library of references: {', '.join(names)}"] if names else []


def known_inference(model: Model, source: str) -> Inference:
    """Return what a model knows of measured spectra, such as those of the source."""
    if model.kind == "classifier":
        raise InputError(
            f"{source}: a measured spectrum is an average over many atoms, but a classifier "
            "reads single sites; use a regressor (nearedge train regressor)"
        )
    if model.inference is None:
        raise InputError(
            f"{source}: the model cannot read measured spectra: recipe "
            f"'{model.record.training.recipe}' does not train on them, or no unseen sites "
            "were left for calibration; train a regressor with --recipe best on several snapshots"
        )
    return model.inference


def _answer(
    model: Model,
    name: str,
    spectrum: Spectrum,
    reasons: tuple[Reason, ...],
    remarks: Sequence[str] = (),
    **told: Any,
) -> Answer:
    return Answer(
        spectrum.source,
        spectrum.name,
        edge=spectrum.edge or (None if reasons else model.identity.edge),
        model=name,
        rung=model.record.estimate.rung,
        reasons=reasons,
        remarks=(*spectrum.notes, *remarks),
        **told,
    )


def _measured(
    model: Model, spectrum: Spectrum, request: Request, name: str, against: tuple[Reason, ...]
) -> Answer:
    """Read a spectrum whose zero, unit and background are unknown."""
    source = f"{spectrum.source}::{spectrum.name}"
    inference = known_inference(model, source)
    prepared = prepare(spectrum, request.preparation)
    within = (-np.inf, np.inf) if against else edge_range(model, spectrum)
    zero = request.zero or Zero(within=within)
    energy, mu = prepared.spectrum.energy, prepared.spectrum.mu
    posterior, fit = inference.infer(energy, mu, zero, source=source)
    reasons = (*against, *fit.reasons())
    mean = posterior.expected.tolist()
    (low, high), *shares = posterior.interval().tolist()
    values = {
        model.target.name: Value(mean[0], low, high, LEVEL),
        "environment": _shares(inference.classes, mean[1:], shares),
    }
    told = request.force or not reasons
    forced = [FORCED] if reasons and request.force else []
    return _answer(
        model,
        name,
        spectrum,
        reasons,
        (*prepared.steps[len(spectrum.notes) :], *posterior.remarks(), *forced),
        e0=posterior.zero,
        values=values if told else {},
        basis=f"{_meaning(model)}; intervals contain the truth for {LEVEL:.0%} of simulated "
        f"measurements of unseen sites in any composition, rung {model.record.estimate.rung}",
        evidence=Evidence(prepared, posterior, fit, str(model.identity.unit).split(" (")[0]),
    )


def _meaning(model: Model) -> str:
    return f"{model.target.name.replace('_', ' ')}: {model.target.words()} of {model.absorber}"


def _shares(
    classes: Sequence[str], shares: Sequence[float], ends: Sequence[Sequence[float]] | None
) -> Value:
    likeliest, chances = classes[int(np.argmax(shares))], dict(zip(classes, shares, strict=True))
    if ends is None:
        return Value(likeliest, probabilities=chances)
    intervals = {name: (low, high) for name, (low, high) in zip(classes, ends, strict=True)}
    return Value(likeliest, level=LEVEL, probabilities=chances, intervals=intervals)


def _word(feature: str, spectrum: Spectrum, request: Request) -> str:
    """Give the value of a feature: as it was asked for, or as the file or its edge tells."""
    stated = {"absorber": spectrum.edge.absorber} if spectrum.edge else {}
    stated |= {**spectrum.metadata, **request.features}
    if feature not in stated:
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: its {feature} is not stated, but the model "
            f"needs it; give it with --feature {feature}=VALUE"
        )
    return stated[feature]


def _computed(
    model: Model,
    spectra: Sequence[Spectrum],
    against: Sequence[tuple[Reason, ...]],
    request: Request,
    name: str,
) -> list[Answer]:
    """Use the estimator on spectra of the same energies, whose zero and unit are the model's."""
    classifier, atoms = model.kind == "classifier", request.atoms_averaged
    if atoms is not None and classifier:
        raise InputError(
            "the sets of a classifier are calibrated on single sites; leave out the number of "
            "averaged atoms, or use a regressor"
        )
    energy, source = spectra[0].energy, spectra[0].source
    mu = np.array([spectrum.mu for spectrum in spectra])
    seen = cut_window(energy, mu, model.window, source)
    words = {
        feature.name: np.array([_word(feature.name, spectrum, request) for spectrum in spectra])
        for feature in model.features
        if feature.values
    }
    if model.window.aligned:
        words[RISE] = find_rises(energy, mu, source)
    inputs = with_features(seen, model.features, words, source)
    told = _classes(model, inputs) if classifier else _numbers(model, inputs, atoms)
    rung, basis = model.record.estimate.rung, "not calibrated, as no unseen sites were left"
    if rung:
        basis = f"intervals and sets contain the truth for {LEVEL:.0%} of unseen sites, rung {rung}"
        if not classifier and atoms is None:
            basis += ", for any number of averaged atoms (--atoms-averaged N narrows the intervals)"
    return [
        _answer(
            model,
            name,
            spectrum,
            (*before, *reasons),
            (*_set_remarks(values), *([FORCED] if before else [])),
            e0=0.0,
            values=values,
            basis=f"{_meaning(model)}; {basis}",
        )
        for spectrum, before, values, reasons in zip(
            spectra, against, told, model.novelty.reasons(seen), strict=True
        )
    ]


def _set_remarks(values: dict[str, Value]) -> list[str]:
    """Explain a set whose classes have together a small probability."""
    environment = values.get("environment")
    if environment is None or environment.set is None or environment.probabilities is None:
        return []
    inside = sum(environment.probabilities[name] for name in environment.set)
    if inside >= 0.5:
        return []
    return [
        f"the set has a probability of only {inside:.0%}: the network is unsure, but almost "
        "every unseen site of the other classes got a higher probability for its own class"
    ]


def _classes(model: Model, inputs: Float[np.ndarray, "spectrum energy"]) -> list[dict[str, Value]]:
    from nearedge.learning.estimators import Classifier

    assert isinstance(model.estimator, Classifier)
    probability = np.asarray(model.estimator.predict_proba(inputs), float)
    names = np.array(model.estimator.classes_, str)
    sets = model.record.calibration.sets
    members = [None] * len(inputs) if sets is None else sets.members(probability)
    return [
        {
            "environment": Value(
                str(names[row.argmax()]),
                level=sets and sets.level,
                set=None if held is None else tuple(names[held].tolist()),
                probabilities=dict(zip(names.tolist(), row.tolist(), strict=True)),
            )
        }
        for row, held in zip(probability, members, strict=True)
    ]


def _numbers(
    model: Model, inputs: Float[np.ndarray, "spectrum energy"], atoms: int | None
) -> list[dict[str, Value]]:
    from nearedge.learning.estimators import Classifier, fraction_classes, outputs

    assert not isinstance(model.estimator, Classifier)
    classes = fraction_classes(model.estimator)
    predicted = outputs(model.estimator, inputs, classes)
    ends = _ends(model, predicted, atoms)
    answers = []
    for place, (mean, *shares) in enumerate(predicted.tolist()):
        own = None if ends is None else ends[place].tolist()
        low, high = own[0] if own else (None, None)
        answers.append({model.target.name: Value(mean, low, high, own and LEVEL)})
        if classes:
            answers[-1]["environment"] = _shares(classes, shares, own and own[1:])
    return answers


def _ends(
    model: Model, predicted: Float[np.ndarray, "spectrum output"], atoms: int | None
) -> Float[np.ndarray, "spectrum output 2"] | None:
    """Ends of intervals that suppose nothing of the composition; None without a calibration."""
    calibration = model.record.calibration
    if calibration.intervals is None:
        return None
    several = [calibration.intervals.bounds(predicted, atoms)]
    if calibration.sites is not None and atoms in (None, 1):
        ends = several[0].copy()
        ends[:, 0] = calibration.sites.bounds(predicted[:, 0])
        several = [ends] if atoms == 1 else [*several, ends]
    if atoms != 1 and calibration.uneven is not None:
        several.append(calibration.uneven.bounds(predicted, atoms))
    low, high = np.moveaxis(np.array(several), -1, 0)
    highest = [np.inf, *[1.0] * (predicted.shape[1] - 1)]
    return np.stack([low.min(axis=0), high.max(axis=0)], axis=-1).clip(0.0, np.c_[highest])

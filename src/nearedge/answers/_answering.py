"""A model meets spectra: one path for a site, an average and a measured sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from nearedge.answers._answer import Answer, Evidence, Value
from nearedge.answers._check import check, edge_range, is_relative
from nearedge.answers._references import FORCED, answer_by_references
from nearedge.errors import InputError
from nearedge.learning.features import RISE, with_features
from nearedge.matching import Library
from nearedge.models import Model
from nearedge.models.inference import Inference, Zero
from nearedge.spectra import Preparation, Spectrum, cut_window, find_rises, prepare
from nearedge.trust import LEVEL, OtherEdge, OutsideEdge, Reason

Align = Literal["auto", "none"]


@dataclass(frozen=True)
class Request:
    """How spectra are to be looked at.

    Attributes
    ----------
    align : {"auto", "none"}, optional
        ``"auto"`` searches the place of the model's zero on the energy axis, ``"none"`` takes the
        axis as it is. By default it is searched in spectra of absolute energies, which begin above
        the model's window.
    zero : Zero, optional
        What is known of its place; then it is not searched elsewhere.
    preparation : Preparation
        What is done to measured spectra first.
    merge : bool
        Whether all measured spectra are scans of one sample.
    atoms_averaged : int, optional
        Number of atoms whose spectra each computed spectrum is the average of, for the intervals
        of a regressor; 1 for single sites. If unknown, the widest intervals are given.
    force : bool
        Whether a model answers that does not apply.
    features : mapping of str to str
        Values of a model's categorical features that the files do not tell.
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
            raise InputError("E0 is given, and --align none: leave out one of them")
        if self.atoms_averaged is not None and self.atoms_averaged < 1:
            raise InputError(
                f"{self.atoms_averaged} averaged atoms; an average needs at least one atom"
            )

    def aligns(self, spectrum: Spectrum, model: Model | Library) -> bool:
        """Tell whether the zero of a spectrum is to be found, instead of being that of its axis."""
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
    """Tell what is behind spectra.

    What the spectra are of is compared with the model first; where it does not apply, nothing is
    computed unless `Request.force` asks for it. Of measured spectra the place of the zero, the
    extra broadening, the unit and a straight background need not be known. Nothing is supposed of
    the composition of a sample.

    Parameters
    ----------
    model : Model or Library
    spectra : Spectrum or sequence of Spectrum
    request : Request, optional
    name : str
        What the answers call the model.

    Returns
    -------
    list of Answer
        In the order of the spectra.

    Raises
    ------
    InputError
        If a spectrum is too short, or a model does not know measured spectra.
    """
    request = request or Request()
    several = [spectra] if isinstance(spectra, Spectrum) else list(spectra)
    if isinstance(model, Library):
        return answer_by_references(model, several, name=name, force=request.force)
    answers: dict[int, Answer] = {}
    against = [tuple(check(model, spectrum, request.zero)) for spectrum in several]
    computed: dict[bytes, list[int]] = {}
    for place, (spectrum, reasons) in enumerate(zip(several, against, strict=True)):
        if reasons and not request.force:
            rises = [r.e0 for r in reasons if isinstance(r, OtherEdge | OutsideEdge)]
            answers[place] = _answer(model, name, spectrum, reasons, e0=next(iter(rises), None))
        elif request.aligns(spectrum, model):
            answers[place] = _measured(model, spectrum, request, name, reasons)
        else:
            computed.setdefault(spectrum.energy.tobytes(), []).append(place)
    for places in computed.values():
        group = [(several[place], against[place]) for place in places]
        answers |= zip(places, _computed(model, group, request, name), strict=True)
    return [answers[place] for place in range(len(several))]


def known_inference(model: Model, source: str) -> Inference:
    """Give what a model knows of measured spectra, such as those of the source."""
    if model.kind == "classifier":
        raise InputError(
            f"{source}: a measured spectrum is an average over many atoms, a classifier tells "
            "those of single sites; use a regressor (nearedge train regressor)"
        )
    if model.inference is None:
        raise InputError(
            f"{source}: the model does not know measured spectra, as recipe "
            f"'{model.record.training.recipe}' teaches none or no unseen sites were left to "
            "calibrate on; train a regressor with --recipe best on several snapshots"
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
    mean = posterior.expected.tolist()
    (low, high), *shares = posterior.interval().tolist()
    forced = [FORCED] if against else []
    return _answer(
        model,
        name,
        spectrum,
        (*against, *fit.reasons()),
        (*prepared.steps[len(spectrum.notes) :], *posterior.remarks(), *forced),
        e0=posterior.zero,
        values={
            model.target.name: Value(mean[0], low, high, LEVEL),
            "environment": _shares(inference.classes, mean[1:], shares),
        },
        basis=f"{_meaning(model)}; intervals hold {LEVEL:.0%} of simulated measurements of unseen "
        f"sites in any composition, rung {model.record.estimate.rung}",
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
            f"{spectrum.source}::{spectrum.name}: does not say its {feature}, which the model "
            f"needs; give it with --feature {feature}=VALUE"
        )
    return stated[feature]


def _computed(
    model: Model,
    spectra: Sequence[tuple[Spectrum, tuple[Reason, ...]]],
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
    first, _ = spectra[0]
    mu = np.array([spectrum.mu for spectrum, _ in spectra])
    seen = cut_window(first.energy, mu, model.window, first.source)
    words = {
        feature.name: np.array([_word(feature.name, one, request) for one, _ in spectra])
        for feature in model.features
        if feature.values
    }
    if model.window.aligned:
        words[RISE] = find_rises(first.energy, mu, first.source)
    inputs = with_features(seen, model.features, words, first.source)
    told = _classes(model, inputs) if classifier else _numbers(model, inputs, atoms)
    rung = model.record.estimate.rung
    basis = f"{_meaning(model)}; "
    if rung:
        basis += f"intervals and sets hold {LEVEL:.0%} of unseen sites, rung {rung}"
        if not classifier and atoms is None:
            basis += ", for any number of averaged atoms (--atoms-averaged N narrows the intervals)"
    else:
        basis += "there were no unseen sites to calibrate on"
    return [
        _answer(
            model,
            name,
            spectrum,
            (*against, *reasons),
            (*_set_remarks(values), *([FORCED] if against else [])),
            e0=0.0,
            values=values,
            basis=basis,
        )
        for (spectrum, against), values, reasons in zip(
            spectra, told, model.novelty.reasons(seen), strict=True
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
        f"the set has a probability of only {inside:.0%}: the network is unsure, but hardly any "
        "unseen site of the other classes got so low a probability of its own class"
    ]


def _classes(model: Model, inputs: Float[np.ndarray, "spectrum energy"]) -> list[dict[str, Value]]:
    from nearedge.learning.estimators import Classifier

    assert isinstance(model.estimator, Classifier)
    probability = np.asarray(model.estimator.predict_proba(inputs), float)
    names = [str(name) for name in model.estimator.classes_]
    sets = model.record.calibration.sets
    members = None if sets is None else sets.members(probability)
    return [
        {
            "environment": Value(
                names[int(row.argmax())],
                level=None if sets is None else sets.level,
                set=None if members is None else tuple(np.array(names)[members[place]].tolist()),
                probabilities=dict(zip(names, row.tolist(), strict=True)),
            )
        }
        for place, row in enumerate(probability)
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
    for place, row in enumerate(predicted.tolist()):
        own = None if ends is None else ends[place].tolist()
        low, high = own[0] if own else (None, None)
        values = {model.target.name: Value(row[0], low, high, own and LEVEL)}
        if classes:
            values["environment"] = _shares(classes, row[1:], own and own[1:])
        answers.append(values)
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

"""The rung ``measured``: a model on measured spectra of known structure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nearedge.answers._answer import Answer, Value
from nearedge.answers._answering import Request, answer
from nearedge.answers._files import Choose
from nearedge.answers._measured_scores import (
    MeasuredScore,
    MixtureScore,
    Reliability,
    Told,
    confusion,
    mixtures,
    reliability,
    score,
)
from nearedge.answers._references import moved_by
from nearedge.errors import InputError, NearEdgeError
from nearedge.matching import (
    GOOD,
    GRID,
    MIXED,
    REFERENCE,
    Aligned,
    Judgement,
    Library,
    Standard,
    akin,
    align,
    match,
    standards_library,
)
from nearedge.models import Model
from nearedge.records import Json, as_json

MOVED, DRAWS = 3.0, 10
"""Largest shift of spectra in eV, and how many: absolute energies cannot be trusted."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class MeasuredEvaluation:
    """Scores on measured standards.

    Attributes
    ----------
    rung : str
        Always ``measured``.
    score : MeasuredScore
        Of the model as it is. For a library with measured standards, those of the same elements are
        left out.
    without_own : MeasuredScore or None
        For a library, without the crystals that consist of the elements of the measured compound.
    moved : MeasuredScore
        The same spectra, shifted by up to ± 3 eV, ten times each.
    by_element, by_element_without_own : dict of str to MeasuredScore
    baselines : dict of str to MeasuredScore
        Always the commonest, and, for a library, the nearest reference without any forward model, a
        random forest trained on the references, and the nearest other measured standard.
    reasons : dict of str to int
        Reasons why spectra were not answered, and how many.
    confusion : dict
        ``classes`` and ``matrix``: true (rows) and predicted coordination numbers (columns).
    reliability : list of Reliability
        How often numbers predicted with such a probability are right.
    mixtures : MixtureScore or None
        Mean number of neighbours for grade B: several or uncertain sites.
    """

    rung: str
    score: MeasuredScore
    without_own: MeasuredScore | None
    moved: MeasuredScore
    by_element: dict[str, MeasuredScore]
    by_element_without_own: dict[str, MeasuredScore]
    baselines: dict[str, MeasuredScore]
    reasons: dict[str, int]
    confusion: Json
    reliability: list[Reliability]
    mixtures: MixtureScore | None

    def to_json(self) -> Json:
        """Return it ready for JSON, the main scores at the top."""
        return {**as_json(self.score), **as_json(self)}

    def to_rung(self) -> Json:
        """Return it like a rung of the ladder: baselines as accuracies only."""
        accuracies = {name: score.accuracy for name, score in self.baselines.items()}
        return {**self.to_json(), "baselines": accuracies, "spread": None}


def evaluate_measured(
    choose: Choose,
    standards: Sequence[Standard],
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> MeasuredEvaluation:
    """Score a model on measured spectra of one certain coordination number.

    Parameters
    ----------
    choose : callable
        Gives the model for a spectrum, as `choose_ready` does.
    standards : sequence of Standard
        Those of grade A are scored, those of grade B by their mean number; others are left out.
    seed : int
        Seed of the shifts of spectra and of the random forest.
    progress : callable, optional
        Receives what is being done and the fraction that is done.

    Raises
    ------
    InputError
        If no standard is left.
    """
    tell = progress or (lambda _text, _part: None)
    good = [s for s in standards if s.grade in GOOD and np.isfinite(s.coordination)]
    if not good:
        raise InputError("no measured spectrum of grade A is left to score")
    rng = np.random.default_rng(seed)
    plain: list[Told] = []
    without: list[Told] = []
    moved: list[Told] = []
    libraries: dict[int, Library] = {}
    for done, standard in enumerate(good):
        tell("answering", done / len(good))
        model, name = choose(standard.spectrum)
        if isinstance(model, Library):
            libraries[id(model)] = model
            related = akin(model, standard)
            without.append(_told(standard, *_ask(standard, model.select(~related), name)))
            # A library that was taught the very compound by measurement would score itself.
            model = model.select(~(related & model.measured))
        asked, reason = _ask(standard, model, name)
        plain.append(_told(standard, asked, reason))
        base = _base(standard) if isinstance(model, Library) else None
        for shift in rng.uniform(-MOVED, MOVED, DRAWS):
            energy = standard.spectrum.energy + shift
            there = replace(standard, spectrum=replace(standard.spectrum, energy=energy))
            same = base is not None and _as_before(base, there)
            # Nothing is fitted again, but the energies tell the oxidation state.
            shifted = (asked and moved_by(asked, shift), reason) if same else None
            moved.append(_told(standard, *(shifted or _ask(there, model, name))))
    tell("baselines", 1.0)
    baselines = {"always the commonest": _commonest(good)}
    if len(libraries) == 1:
        (library,) = libraries.values()
        baselines |= _baselines(library, good, seed)
    elements = [standard.edge.absorber for standard in good]
    return MeasuredEvaluation(
        "measured",
        score(plain),
        score(without) if without else None,
        score(moved),
        _by_element(plain, elements),
        _by_element(without, elements) if len(without) == len(good) else {},
        {name: score(several) for name, several in baselines.items()},
        dict(Counter(told.reason for told in plain if told.reason)),
        confusion(plain),
        reliability(plain),
        mixtures(_mixed(choose, standards)),
    )


def _mixed(choose: Choose, standards: Sequence[Standard]) -> list[tuple[float, Value | None]]:
    """Give the mean number of neighbours of grade B, and what is told of it."""
    rows = []
    for standard in standards:
        if standard.grade == MIXED and np.isfinite(standard.coordination):
            told, _ = _ask(standard, *choose(standard.spectrum))
            rows.append((standard.coordination, told and told.values.get("coordination")))
    return rows


def _by_element(told: Sequence[Told], elements: Sequence[str]) -> dict[str, MeasuredScore]:
    groups: dict[str, list[Told]] = {}
    for element, one in zip(elements, told, strict=True):
        groups.setdefault(element, []).append(one)
    return {element: score(members) for element, members in groups.items()}


def judgements(result: MeasuredEvaluation) -> tuple[Judgement, ...]:
    """Summarise for a library's record: all elements together, then each of them."""

    def judgement(
        absorber: str | None, score: MeasuredScore, new: MeasuredScore | None
    ) -> Judgement:
        return Judgement(
            absorber,
            score.n,
            score.answered,
            score.accuracy,
            score.balanced_accuracy,
            new and new.accuracy,
            score.oxidation_state,
        )

    return (
        judgement(None, result.score, result.without_own),
        *(
            judgement(name, score, result.by_element_without_own.get(name))
            for name, score in result.by_element.items()
        ),
    )


def _ask(standard: Standard, model: Model | Library, name: str) -> tuple[Answer | None, str]:
    """Answer for a standard, or say why that cannot be."""
    try:
        (told,) = answer(model, standard.spectrum, Request(), name=name)
    except NearEdgeError as error:
        return None, str(error).partition("::")[2].partition(": ")[2]
    return (told, "") if told.applies else (None, type(told.reasons[0]).__name__)


def _told(standard: Standard, told: Answer | None, reason: str) -> Told:
    truth, state = round(standard.coordination), standard.oxidation_state
    if told is None:
        return Told(truth, reason=reason, true_state=state)
    return _beside(told, truth, state)


def _beside(told: Answer, truth: int, state: float) -> Told:
    value = told.values.get("coordination") or told.values.get("environment")
    number = _number(value)
    members = tuple(
        round(float(n)) for n in (value.set if value and value.set else ()) if n[:1].isdigit()
    )
    oxidation = told.values.get("oxidation_state")
    ends = None
    if oxidation and oxidation.low is not None and oxidation.high is not None:
        ends = oxidation.low, oxidation.high
    probability = None
    if value is not None and value.probabilities:
        said = value.value if isinstance(value.value, str) else f"{value.value:g}"
        probability = value.probabilities.get(said)
    state_told = oxidation and float(oxidation.value)
    return Told(truth, number, members, state_told, ends, state, probability=probability)


def _number(value: Value | None) -> int | None:
    if value is None:
        return None
    text = value.value
    if isinstance(text, str):
        return int(text) if text.isdigit() else None
    return round(text)


def _base(standard: Standard) -> Aligned | None:
    """Align a spectrum whose file says its edge; None if it cannot be, or lies off its edge."""
    try:
        aligned = align(standard.spectrum)
    except InputError:
        return None
    named = standard.spectrum.edge is not None and standard.edge.holds(aligned.rise)
    return aligned if named else None


def _as_before(base: Aligned, moved: Standard) -> bool:
    """Tell whether moving a spectrum changes nothing of what a library compares."""
    there = _base(moved)
    if there is None or len(there.mu) != len(base.mu):
        return False
    return bool(np.allclose(base.mu, there.mu, atol=1e-4))


def _commonest(standards: Sequence[Standard]) -> list[Told]:
    numbers = [round(standard.coordination) for standard in standards]
    commonest = Counter(numbers).most_common(1)[0][0]
    states = [standard.oxidation_state for standard in standards]
    usual = Counter(round(state) for state in states if np.isfinite(state)).most_common(1)
    state = float(usual[0][0]) if usual else None
    return [
        Told(n, commonest, (), state, None, true) for n, true in zip(numbers, states, strict=True)
    ]


def _baselines(library: Library, standards: Sequence[Standard], seed: int) -> dict[str, list[Told]]:
    from sklearn.ensemble import RandomForestClassifier

    from nearedge.learning import baselines

    number, state = library.value("coordination"), library.value("oxidation_state")
    computed = ~library.measured & np.isfinite(number)
    grid = np.isin(REFERENCE, GRID)
    forests = {
        element: RandomForestClassifier(baselines.CLASS_TREES, random_state=seed).fit(
            library.curves[rows][:, grid], number[rows].astype(int)
        )
        for element in dict.fromkeys(library.absorber)
        if (rows := computed & (np.array(library.absorber) == element)).any()
    }
    others = standards_library(standards, "the standards")
    told: dict[str, list[Told]] = {"1-nn": [], "random-forest": [], "nearest standard": []}
    for standard in standards:
        truth, true_state = round(standard.coordination), standard.oxidation_state
        silent = Told(truth, true_state=true_state)
        element = standard.edge.absorber
        try:
            aligned = align(standard.spectrum)
        except InputError:
            aligned = None
        if aligned is None or element not in forests:
            for rows in told.values():
                rows.append(silent)
            continue
        curve = aligned.whole()[grid]
        rows = np.flatnonzero(computed & (np.array(library.absorber) == element))
        apart = ((library.curves[rows][:, grid] - curve) ** 2).sum(axis=1)
        nearest = rows[apart.argmin()]
        told["1-nn"].append(
            Told(truth, int(number[nearest]), (), float(state[nearest]), None, true_state)
        )
        guess = int(forests[element].predict(curve[None])[0])
        told["random-forest"].append(Told(truth, guess, true_state=true_state))
        foreign = others.select(~akin(others, standard))
        nearest = int(match(foreign, aligned, element).order[0])
        told["nearest standard"].append(
            Told(
                truth,
                round(float(foreign.value("coordination")[nearest])),
                (),
                float(foreign.value("oxidation_state")[nearest]),
                None,
                true_state,
            )
        )
    return told

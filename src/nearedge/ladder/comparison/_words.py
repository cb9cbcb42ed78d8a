"""What a comparison says, in plain words: every sentence is made from the measured numbers."""

import numpy as np

from nearedge.ladder.comparison._comparing import Comparison
from nearedge.targets import DIMER

ALIKE = 0.15
"""Relative distance below which aligned spectra are called alike."""

AMBIGUOUS = 1.15
"""A rival alignment whose residual is below so many times the best's makes it ambiguous."""

_STRONG, _WEAK = 0.7, 0.4


def plain_words(result: Comparison) -> list[str]:
    """Say what the first engine gets wrong, measured against the second.

    Returns
    -------
    list of str
        One finding each.
    """
    found = [_alignment(result), _unpaired(result)]
    if len(result.classes) > 1:
        found.append(_class_shifts(result))
    found += [
        _definitions(result),
        _distance(result),
        _weights(result),
        _without(result),
        _peaks(result),
    ]
    found += [_retrieval(result), _classes(result)]
    return [text for text in found if text]


def _moved(result: Comparison) -> tuple[str, str]:
    first, second = result.engines
    return (first, second) if result.moved == "first" else (second, first)


def _alignment(result: Comparison) -> str:
    mover, still = _moved(result)
    fit = result.alignment
    text = (
        f"{mover}'s spectra of the same {len(result.environment)} atoms lie best on {still}'s when "
        f"moved by {fit.alignment.shift:+.2f} eV, broadened by {fit.alignment.broadening:.2f} eV "
        f"(standard deviation) and scaled: the relative distance falls from {fit.before:.0%} to "
        f"{fit.residual:.0%}."
    )
    if fit.at_bound:
        text += " The shift stopped at its bound; a better one may lie beyond."
    if fit.rival and fit.rival_residual and fit.rival_residual < AMBIGUOUS * fit.residual:
        text += f" It is ambiguous: {fit.rival.shift:+.2f} eV leaves {fit.rival_residual:.0%} too."
    if fit.residual > ALIKE:
        return text + " No shift, factor and broadening makes the two engines' spectra alike."
    return text + " Aligned, the two engines' spectra are alike."


def _unpaired(result: Comparison) -> str:
    fit, best = result.unpaired, result.alignment.alignment
    text = (
        f"Without pairs, by mean and spread of the spectra alone, the shift comes out as "
        f"{fit.alignment.shift:+.2f} eV, {abs(fit.alignment.shift - best.shift):.2f} eV from that "
        "of the pairs"
    )
    if fit.rival and fit.rival_residual and fit.rival_residual < AMBIGUOUS * fit.residual:
        text += f"; {fit.rival.shift:+.2f} eV would do nearly as well, so it is ambiguous"
    return text + "."


def _class_shifts(result: Comparison) -> str:
    shifts = {name: fit.alignment.alignment.shift for name, fit in result.classes.items()}
    low, high = min(shifts, key=lambda n: shifts[n]), max(shifts, key=lambda n: shifts[n])
    apart = shifts[high] - shifts[low]
    verdict = (
        "no single shift serves all"
        if apart > 0.5
        else "one shift serves all within half an electronvolt"
    )
    left = {name: fit.alignment.residual for name, fit in result.classes.items()}
    worst = max(left, key=lambda name: left[name])
    return (
        f"Class by class the best shift runs from {shifts[low]:+.2f} eV ({_title(result, low)}) to "
        f"{shifts[high]:+.2f} eV ({_title(result, high)}): {verdict}. "
        f"{_title(result, worst).capitalize()} fits worst: its own alignment leaves "
        f"{left[worst]:.0%}."
    )


def _definitions(result: Comparison) -> str:
    """What the next findings speak of."""
    parts = [
        f"{one.start:.1f} to {one.valley:.1f} eV in {name}, the main peak of the mean spectrum at "
        f"{one.main:.1f} eV"
        for name, one in zip(result.engines, result.landmarks, strict=True)
    ]
    return (
        f"Pre-edge, from each engine's own zero: {parts[0]}; {parts[1]}. Its share is that of the "
        "area from its start to the main peak."
    )


def _distance(result: Comparison) -> str:
    kept = result.peaked & result.counted
    if not kept.any():
        return ""
    first, second = (float((one.peak - one.centre)[kept].mean()) for one in result.measures)
    ours, theirs = result.engines
    more = "farther from" if first > second else "nearer to"
    return (
        f"{ours} puts the pre-edge's centre {first:.1f} eV below the main peak, {theirs} "
        f"{second:.1f} eV: in {ours} it is {abs(first - second):.1f} eV {more} the main peak."
    )


def _weights(result: Comparison) -> str:
    found = result.weight_correlations
    ours, theirs = (found[side]["spearman"] for side in ("first", "second"))
    between = found["between"]["spearman"]
    if ours is None or theirs is None or between is None:
        return ""
    what = f"with the number of {result.neighbour}"
    text = (
        f"The pre-edge's share of the area grows {what} {_strength(ours)} in {result.engines[0]} "
        f"(Spearman {ours:+.2f}) and {_strength(theirs)} in {result.engines[1]} ({theirs:+.2f}); "
        f"the two engines' shares agree {_strength(between)} ({between:+.2f}), dimers left out."
    )
    if ours - theirs > 0.2:
        text += (
            f" In {result.engines[0]} the pre-edge tells the count more plainly than in "
            f"{result.engines[1]}: what is learnt from it there is too easy."
        )
    elif theirs - ours > 0.2:
        text += f" {result.engines[0]} hides in the pre-edge what {result.engines[1]} shows."
    return text


def _without(result: Comparison) -> str:
    """The class whose pre-edge weights differ most."""
    means = {name: result.class_means(name)["pre_edge_weight"] for name in result.classes}
    name = max(means, key=lambda one: abs(means[one][0] - means[one][1]))
    first, second = means[name]
    if abs(first - second) < 0.05:
        return ""
    word = "too small" if first < second else "too large"
    if name == "0":
        who = f"Absorbers without {result.neighbour}"
    else:
        who = f"Absorbers of the class {_title(result, name)}"
    return (
        f"{who} differ most: the pre-edge holds {first:.0%} of the area in {result.engines[0]}, "
        f"{second:.0%} in {result.engines[1]}; against it {result.engines[0]}'s is {word}."
    )


def _peaks(result: Comparison) -> str:
    found = result.peak_offsets
    mean, spread, pearson = found["mean"], found["spread"], found["pearson"]
    if mean is None or spread is None or pearson is None:
        return ""
    return (
        f"{result.engines[1]}'s main peak stands {mean:+.2f} ± {spread:.2f} eV from "
        f"{result.engines[0]}'s (mean and spread over {found['n']} atoms, each on its own zero); "
        f"which atom's peak stands higher they agree on {_strength(pearson)} (Pearson "
        f"{pearson:+.2f})."
        + (
            f" {found['without_peak']} atoms have no main peak by one of them."
            if found["without_peak"]
            else ""
        )
    )


def _retrieval(result: Comparison) -> str:
    one = result.centred
    return (
        f"Less each engine's mean spectrum, the two spectra of one atom correlate by "
        f"{one.same:+.2f}, those of different atoms by {one.different:+.2f}. The most alike of "
        f"all is the atom's own in {one.first:.0%} (chance {one.chance_first:.0%}; median rank "
        f"{one.median_rank:.0f} of {len(result.environment)}), and of its class in "
        f"{one.same_class:.0%} (chance {one.chance_class:.0%})."
    )


def _classes(result: Comparison) -> str:
    names = list(result.classes)
    if len(names) < 2:
        return ""
    best = [names[place] for place in np.asarray(result.class_matrix).argmax(axis=1)]
    wrong = [
        f"{_title(result, name)} like {_title(result, other)}"
        for name, other in zip(names, best, strict=True)
        if name != other
    ]
    if not wrong:
        return (
            f"Each class's mean in {result.engines[0]} is most like the same class's in "
            f"{result.engines[1]}."
        )
    return (
        f"Class means: {len(names) - len(wrong)} of {len(names)} in {result.engines[0]} are most "
        f"like the same class in {result.engines[1]}; not so {_listed(wrong)}."
    )


def _listed(texts: list[str]) -> str:
    return ", ".join(texts[:-1]) + (" and " if len(texts) > 1 else "") + texts[-1]


def _title(result: Comparison, name: str) -> str:
    return name if name == DIMER else f"{name} {result.neighbour}"


def _strength(value: float) -> str:
    steps = ((_STRONG, "strongly"), (_WEAK, "moderately"), (0.15, "weakly"))
    for least, word in steps:
        if value >= least:
            return word
    return "not at all" if value > -0.15 else "the wrong way round"

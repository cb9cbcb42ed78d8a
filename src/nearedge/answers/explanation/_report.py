"""Results of an explanation: in words made from the numbers, as JSON, and as files."""

from collections import Counter
from pathlib import Path

import numpy as np
from ase.io import write

from nearedge.answers.explanation._attribution import Attribution, stretches
from nearedge.answers.explanation._explaining import ClassExplanation, SpectrumExplanation
from nearedge.answers.explanation._figures import draw_class_explanation, draw_spectrum_explanation
from nearedge.answers.explanation._sites import RADIUS, Site
from nearedge.drawing.style import figure_style, save_figure
from nearedge.records import Json, as_json, replacing, write_json

Explanation = SpectrumExplanation | ClassExplanation

AGREE, MAINLY = 0.8, 0.5
"""Rank correlations from which both methods are said to agree, or to mostly agree."""

_SHOWN, _LEAST = 3, 0.02
"""Stretches that are told, and the least of them as a share of the weightiest."""


def findings(result: Explanation) -> list[str]:
    """List the findings in words."""
    return _of_spectrum(result) if isinstance(result, SpectrumExplanation) else _of_classes(result)


def agreement_words(value: float) -> str:
    """Describe how well two methods that rank energies agree.

    Examples
    --------
    >>> agreement_words(0.93)
    'integrated gradients and occlusion agree (rank correlation 0.93)'
    """
    verdict = "do not agree, so do not rely on either alone"
    if value >= MAINLY:
        verdict = "agree" if value >= AGREE else "mostly agree"
    return f"integrated gradients and occlusion {verdict} (rank correlation {value:.2f})"


def _of_spectrum(result: SpectrumExplanation) -> list[str]:
    setting, attribution = result.setting, result.attribution
    label = "" if result.site is None else f"; its label is {setting.words_of(result.site)}"
    texts = [f"predicted: {result.answer_words()}{label}."]
    if not result.prediction.applies:
        why = "; ".join(str(reason) for reason in result.prediction.reasons)
        texts.append(
            f"The model does not apply to this spectrum ({why}): neither its "
            "prediction nor the reasons for it mean anything."
        )
    texts += [
        f"From the {setting.baseline_name} to this one the {setting.score(result.target)} goes "
        f"from {attribution.baseline_score:.1f} to {attribution.score:.1f}; of that:",
        *(f"{text}." for text in _weighty(attribution)),
        f"Over the energies {agreement_words(attribution.agreement)}.",
        _noise(attribution),
    ]
    if result.nearest:
        classes = Counter(site.environment for site in result.nearest).most_common()
        counts = ", ".join(f"{count} of {setting.title(name)}" for name, count in classes)
        nearest = result.nearest[0]
        texts.append(
            f"The nearest training spectra: {counts}. The nearest, {nearest.name}, is "
            f"{nearest.distance:.2f} training standard deviations away (root mean square over the "
            f"energies); usual among training spectra is {result.usual:.2f}."
        )
    return texts


def _weighty(attribution: Attribution) -> list[str]:
    """Describe the stretches that are worth a word."""
    pieces = stretches(attribution)
    least = _LEAST * abs(pieces[0].amount)
    return [
        f"{piece.low:.1f} to {piece.high:.1f} eV: {piece.amount:+.2f}"
        + (f" ± {piece.spread:.2f}" if piece.spread else "")
        + ("" if abs(piece.amount) > 2 * piece.spread else ", which may be noise")
        + ("" if piece.confirmed else ", not confirmed by occlusion")
        for piece in pieces[:_SHOWN]
        if abs(piece.amount) >= least
    ]


def _noise(attribution: Attribution) -> str:
    summed = attribution.summed
    if len(summed) == 1:
        return "No ensemble: how much of this is chance is unknown."
    clear = np.abs(summed.mean(axis=0)) > 2 * summed.std(axis=0)
    return (
        f"At {clear.sum()} of {len(clear)} energies it is more than twice the standard deviation "
        "between the networks."
    )


def _of_classes(result: ClassExplanation) -> list[str]:
    setting = result.setting
    learnt = (
        "The model was trained on all of these sites: it may have memorised them. "
        "Train with --hold-out and explain the sites that were held out."
    )
    return [
        *([] if result.unseen else [learnt]),
        f"Baseline: the {setting.baseline_name}. Only right predictions are counted.",
        *(
            f"{setting.title(name)} ({explained.right} right of {explained.sites}): the "
            f"{setting.score(name)} goes from {explained.attribution.baseline_score:.1f} to "
            f"{explained.attribution.score:.1f}, of that "
            f"{'; '.join(_weighty(explained.attribution))}; "
            f"{agreement_words(explained.attribution.agreement)}."
            for name, explained in result.classes.items()
        ),
        *(
            f"{setting.title(name)}: none of {count} is predicted right, so it is not explained."
            for name, count in result.never_right.items()
        ),
    ]


def report(result: Explanation) -> Json:
    """Return all numbers and the findings in words, ready for JSON."""
    setting = result.setting
    common: Json = {
        "asked": setting.model.target.name,
        "against": setting.against,
        "baseline": {"what": setting.baseline_name, "mu": setting.baseline},
        "energy_zero": str(setting.model.identity.zero),
        "mu_unit": str(setting.model.identity.unit),
        "findings": findings(result),
    }
    if isinstance(result, SpectrumExplanation):
        own: Json = {
            "spectrum": result.prediction.label,
            "target": result.target,
            "score": setting.score(result.target),
            "prediction": result.prediction.to_json(),
            "site": result.site and result.site.to_json(),
            "mu": result.spectrum,
            "attribution": _attribution(result.attribution),
            "nearest": [{**site.to_json(), "file": f} for f, site in _files(result).items()],
            "usual_distance": result.usual,
        }
    else:
        own = {
            "unseen": result.unseen,
            "classes": {
                name: {
                    "sites": explained.sites,
                    "right": explained.right,
                    "score": setting.score(name),
                    "mu": explained.spectrum,
                    "attribution": _attribution(explained.attribution),
                    "single_agreement": explained.single_agreement,
                }
                for name, explained in result.classes.items()
            },
            "never_right": result.never_right,
        }
    return as_json({**common, **own})


def _attribution(attribution: Attribution) -> Json:
    """Mean and spread over the networks of each method, and what was made of them."""
    curves = {
        "integrated_gradients": attribution.gradients,
        "integrated_gradients_summed": attribution.summed,
        "occlusion": attribution.occluded,
    }
    return {
        "energy": attribution.energy,
        "width": attribution.width,
        "networks": len(attribution.gradients),
        "score": attribution.score,
        "baseline_score": attribution.baseline_score,
        "completeness_gap": attribution.gap,
        "agreement": attribution.agreement,
        **{
            name: {"mean": values.mean(axis=0), "spread": values.std(axis=0)}
            for name, values in curves.items()
        },
        "stretches": stretches(attribution),
    }


def write_explanation(path: str | Path, result: Explanation, *, force: bool = False) -> None:
    """Write a folder with ``explanation.json``, the figure, and the clusters of similar sites.

    The clusters are extended XYZ files in ``nearest/``, the absorber first and at the origin.
    """
    with replacing(path, force=force) as folder, figure_style():
        folder.mkdir(parents=True)
        if isinstance(result, SpectrumExplanation):
            figure = draw_spectrum_explanation(result)
            (folder / "nearest").mkdir()
            for file, site in _files(result).items():
                # All that count are in it, whatever the cutoff.
                cluster = site.cluster(max(RADIUS, site.cutoff))
                cluster.info = {k: v for k, v in site.to_json().items() if k != "neighbours"}
                write(folder / file, cluster, format="extxyz")
        else:
            figure = draw_class_explanation(result)
        save_figure(figure, folder / "explanation", ("png", "svg", "pdf"))
        write_json(folder / "explanation.json", report(result))


def _files(result: SpectrumExplanation) -> dict[str, Site]:
    """Name the files of the near sites' clusters."""
    named = {}
    for number, site in enumerate(result.nearest, start=1):
        plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in site.snapshot)
        named[f"nearest/{number:02d}-{plain}-{site.atom}.extxyz"] = site
    return named

"""Writing an explanation: the numbers as JSON, the figure as files, the clusters as structures."""

from pathlib import Path

from ase.io import write

from nearedge.answers.explanation._attribution import Attribution, stretches
from nearedge.answers.explanation._explaining import ClassExplanation, SpectrumExplanation
from nearedge.answers.explanation._figures import draw_class_explanation, draw_spectrum_explanation
from nearedge.answers.explanation._findings import findings
from nearedge.answers.explanation._sites import RADIUS, Site
from nearedge.drawing.style import figure_style, save_figure
from nearedge.records import Json, as_json, replacing, write_json

Explanation = SpectrumExplanation | ClassExplanation


def write_explanation(path: str | Path, result: Explanation, *, force: bool = False) -> None:
    """Write a folder with ``explanation.json``, the figure, and the clusters of near sites.

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
                cluster.info = {**site.about(), "distance": site.distance}
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


def report(result: Explanation) -> Json:
    """Give every number and the findings in words, ready for JSON."""
    setting = result.setting
    common: Json = {
        "asked": setting.asked.name,
        "against": setting.against,
        "baseline": {"what": setting.baseline_name, "mu": setting.baseline},
        "energy_zero": setting.zero,
        "mu_unit": setting.unit,
        "findings": findings(result),
    }
    if isinstance(result, SpectrumExplanation):
        own: Json = {
            "spectrum": result.name,
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

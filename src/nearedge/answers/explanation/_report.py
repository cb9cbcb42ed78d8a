"""Writing an explanation: the numbers as JSON, the figure as files, the clusters as structures."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nearedge.answers.explanation._attribution import Attribution
from nearedge.answers.explanation._classes import ClassExplanation
from nearedge.answers.explanation._figures import draw_class_explanation, draw_spectrum_explanation
from nearedge.answers.explanation._sites import Site
from nearedge.answers.explanation._spectrum import SpectrumExplanation
from nearedge.answers.explanation._stretches import stretches
from nearedge.answers.explanation._words import baseline_name, plain_words, score_name
from nearedge.drawing.style import figure_style
from nearedge.records import replacing

FORMATS = ("png", "svg", "pdf")

Explanation = SpectrumExplanation | ClassExplanation


def write_explanation(path: str | Path, result: Explanation, *, force: bool = False) -> Path:
    """Write a folder with ``explanation.json``, the figure, and the clusters of near sites.

    Parameters
    ----------
    path : str or Path
        The folder to make, whole or not at all.
    result : SpectrumExplanation or ClassExplanation
        What to write.
    force : bool
        Whether an existing folder may be replaced.

    Returns
    -------
    Path
        The folder. Of a spectrum it has ``nearest/``, one extended XYZ file for each near training
        site, the absorber first and at the origin.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    with replacing(path, force=force) as folder, figure_style():
        folder.mkdir(parents=True)
        if isinstance(result, SpectrumExplanation):
            figure = draw_spectrum_explanation(result)
            (folder / "nearest").mkdir()
            for number, site in enumerate(result.nearest, start=1):
                site.write_cluster(folder / "nearest" / cluster_name(number, site))
        else:
            figure = draw_class_explanation(result)
        for kind in FORMATS:
            # No date inside: the same numbers give the same files.
            about: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
            figure.savefig(folder / f"explanation.{kind}", metadata=about.get(kind))
        (folder / "explanation.json").write_text(
            json.dumps(report(result), indent=1, allow_nan=False) + "\n", encoding="utf-8"
        )
    return Path(path)


def cluster_name(number: int, site: Site) -> str:
    """Name the file of a near site's cluster."""
    plain = "".join(one if one.isalnum() or one in "-_." else "_" for one in site.snapshot)
    return f"{number:02d}-{plain}-{site.atom}.extxyz"


def report(result: Explanation) -> dict[str, Any]:
    """Give every number and the findings in words, ready for JSON."""
    common = {
        "kind": result.kind,
        "against": result.against,
        "baseline": {
            "what": baseline_name(result.against, result.neighbour),
            "mu": result.baseline.tolist(),
        },
        "energy_zero": result.zero,
        "mu_unit": result.unit,
    }
    if isinstance(result, SpectrumExplanation):
        return {
            "spectrum": result.name,
            **common,
            "target": result.target,
            "score": score_name(result.kind, result.target, result.against, result.neighbour),
            "prediction": result.prediction,
            "site": None if result.site is None else result.site.to_dict(),
            "mu": result.spectrum.tolist(),
            "attribution": _attribution(result.attribution),
            "nearest": [
                {**site.to_dict(), "file": f"nearest/{cluster_name(number, site)}"}
                for number, site in enumerate(result.nearest, start=1)
            ],
            "usual_distance": result.usual,
            "findings": plain_words(result),
        }
    return {
        **common,
        "unseen": result.unseen,
        "classes": {
            name: {
                "sites": one.sites,
                "right": one.right,
                "score": score_name(result.kind, name, result.against, result.neighbour),
                "mu": one.spectrum.tolist(),
                "attribution": _attribution(one.attribution),
                "single_agreement": one.single,
            }
            for name, one in result.classes.items()
        },
        "never_right": result.never_right,
        "findings": plain_words(result),
    }


def _attribution(one: Attribution) -> dict[str, Any]:
    """Mean and spread over the networks of each method, and what was made of them."""
    curves = {
        "integrated_gradients": one.gradients,
        "integrated_gradients_summed": one.summed,
        "occlusion": one.occluded,
        "occlusion_given_the_rest": one.unique,
    }
    return {
        "energy": one.energy.tolist(),
        "width": one.width,
        "networks": len(one.gradients),
        "score": one.score,
        "baseline_score": one.baseline_score,
        "completeness_gap": one.gap,
        "agreement": one.agreement,
        **{
            name: {
                "mean": values.mean(axis=0).tolist(),
                "spread": np.std(values, axis=0).tolist(),
            }
            for name, values in curves.items()
        },
        "stretches": [asdict(piece) for piece in stretches(one)],
    }

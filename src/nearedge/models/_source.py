"""What is kept of the model that another continues from, and which sites it had seen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.models._model import Kind, Model
from nearedge.spectra import Window

_KEPT = ("sites", "recipe", "seed", "fingerprint", "snapshots", "trajectories", "atoms")


def check_source(source: Model, kind: Kind, data: SiteSpectra, window: Window | None) -> None:
    """Refuse a source that the new model cannot continue from.

    Raises
    ------
    InputError
        If it predicts something else, from other energies or of another absorber.
    """
    if source.kind != kind:
        raise InputError(f"the source model is a {source.kind}; give a {kind} to continue from")
    if window is not None and window != source.window:
        raise InputError(
            f"the source model sees {source.window}, the new one shall see {window}; leave the "
            "window to the source, or train without one"
        )
    if data.rule.absorber != source.rule.absorber:
        raise InputError(
            f"{data.source}: holds {data.rule.absorber} spectra, the source model learnt from "
            f"{source.rule.absorber}; give a model of the same absorber"
        )


def check_unseen(source: Model, held: SiteSpectra) -> None:
    """Refuse a source that was trained on sites which are to be held out.

    Raises
    ------
    InputError
        If it was.
    """
    seen = trained_on(trainings(source.record), held)
    if seen.any():
        raise InputError(
            f"{held.source}: the source model was trained on {int(seen.sum())} of the sites to be "
            f"held out, '{held.snapshot[seen][0]}' among them; give a source that holds them out "
            "too"
        )


def describe_source(source: Model, data: SiteSpectra) -> dict[str, Any]:
    """Write down where a model comes from, with what itself had come from.

    Parameters
    ----------
    source : Model
        What is continued from.
    data : SiteSpectra
        The sites that the new model is trained on; ``shared`` counts those the source had seen.
    """
    record, rule = source.record, source.rule
    return {
        **{key: record["training"][key] for key in _KEPT},
        "engine": record["spectra"]["engine"],
        "neighbour": rule.neighbour,
        "cutoff": rule.cutoff,
        "shared": int(trained_on(trainings(record), data).sum()),
        "source": record.get("source"),
    }


def trainings(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List what a model was trained on, and before it its source, the source's source ..."""
    found: list[Mapping[str, Any]] = [{**record["training"], "engine": record["spectra"]["engine"]}]
    source = record.get("source")
    while source is not None:
        found.append(source)
        source = source["source"]
    return found


def trained_on(found: Sequence[Mapping[str, Any]], data: SiteSpectra) -> Bool[np.ndarray, " site"]:
    """Tell which sites one of the trainings has seen, by their names and whatever the engine."""
    atoms = data.groups("atom")
    seen = np.zeros(len(data), bool)
    for one in found:
        seen |= np.isin(data.snapshot, one["snapshots"]) & np.isin(atoms, one["atoms"])
    return seen

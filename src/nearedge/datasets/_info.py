"""What a dataset is summed up to, for JSON and in words."""

from collections import Counter

import numpy as np

from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets._table import ATTRIBUTES
from nearedge.records import Json, as_json

_LISTED = 30  # compositions that are named in words


def summary(data: SiteSpectra) -> Json:
    """Give sites, groups, labels, energies and provenance, ready for JSON; None where is none."""
    energy, attributes, rule = data.energy, data.attributes, data.rule
    numbers = data.table.coords.get("coordination")
    plain = {
        "sites": len(data),
        "absorbers": data.absorbers,
        "edge": str(attributes.get("edge", "K")),
        "snapshots": len(set(data.snapshot)),
        "trajectories": len(set(data.trajectory)),
        "snapshot_names": list(dict.fromkeys(data.snapshot.tolist())),
        "trajectory_names": list(dict.fromkeys(data.trajectory.tolist())),
        "temperatures": sorted({float(t) for t in data.temperature if np.isfinite(t)}),
        "compositions": dict(sorted(Counter(data.groups("composition").tolist()).items())),
        "classes": data.counts(),
        "targets": {name: target.words() for name, target in data.targets.items()},
        "absorber": next(iter(data.absorbers)) if len(data.absorbers) == 1 else None,
        "neighbour": rule and rule.neighbour,
        "cutoff": rule and rule.cutoff,
        "dimer": rule and rule.dimer,
        "mean_coordination": None if numbers is None else float(numbers.mean()),
        "engine": str(attributes["engine"]),
        "energy": {
            "min": float(energy[0]),
            "max": float(energy[-1]),
            "n": len(energy),
            "zero": str(attributes["energy_zero"]),
        },
        "mu_unit": str(attributes["mu_unit"]),
        "version": str(attributes.get("nearedge_version", "")),
        "fingerprint": data.fingerprint(),
        "provenance": {
            key: value
            for key, value in attributes.items()
            if key not in (*ATTRIBUTES, "nearedge_version")
        },
    }
    return as_json(plain)


def facts(data: SiteSpectra) -> dict[str, str]:
    """Sum a dataset up in words."""
    info = summary(data)
    sites = ", ".join(f"{count} {element}" for element, count in info["absorbers"].items())
    words = {
        "sites": f"{info['sites']} ({sites} {info['edge']}-edge)",
        "snapshots": f"{info['snapshots']} of {info['trajectories']} trajectories",
        "compositions": _listed(info["compositions"]),
        "temperatures": ", ".join(f"{t:g} K" for t in info["temperatures"]) or "not stated",
        "classes": ", ".join(f"{name}: {count}" for name, count in info["classes"].items()),
        **info["targets"],
        "energies": "{n} from {min:g} to {max:g} eV".format(**info["energy"]),
        "energy zero": info["energy"]["zero"],
        "unit of mu": info["mu_unit"],
        "engine": info["engine"],
        **{key: str(value) for key, value in info["provenance"].items()},
        "fingerprint": info["fingerprint"],
    }
    return {name.replace("_", " "): text for name, text in words.items()}


def _listed(counts: dict[str, int]) -> str:
    """Name compositions with their numbers of sites, or where there are many the first ones."""
    shown = [f"{name}: {count}" for name, count in list(counts.items())[:_LISTED]]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more (--json lists all)" if more > 0 else "")

"""Measure what FEFF's settings and shared potentials do to spectra, and what a spectrum costs.

Three studies, with the package's own engine:

- ``reuse``: ordinary sites of all classes with a self-consistent field (SCF) of their own, against
  the reference potentials that all ordinary sites of a dataset share.
- ``convergence``: one setting at a time, on one site of each class.
- ``cost``: CPU time of a plain run per site, as one would do by hand, against the settings here.

Run it with::

    python benchmarks/feff.py STRUCTURES... --potentials FOLDER -o FOLDER

where STRUCTURES are files of structures or datasets. Every result is a file in the output folder:
a run that was ended goes on where it was. All three take more than an hour of CPU time; ``--quick``
takes 2 sites. ``results.json`` holds every number, stdout the tables in Markdown.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from feff_runs import Result, Site, Task, all_sites, choose, run
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import accuracy_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nearedge.edges import Edge
from nearedge.engines import FeffSettings
from nearedge.learning.baselines import classifier_baselines
from nearedge.records import replacing
from nearedge.targets import DIMER, class_order

GRID = np.linspace(-1.2, 11.5, 128)
"""The window that models see in eV, at every 0.1 eV."""

SHIFTS = np.linspace(-1.8, 1.8, 181)
"""Energy shifts tried in eV."""

PRE_EDGE = 3.0
"""End of the pre-edge in eV; it starts with the window."""

DEFAULT_TOLERANCE = (1e-3, 1e-3, 2e-4)
"""What FEFF10 takes without TOLSCF, as its pot.inp shows."""

SPECTRUM_CHANGES: tuple[dict[str, Any], ...] = (
    *({"fms_radius": radius} for radius in (4.0, 4.4, 5.5, 6.0)),
    *({"cluster_radius": radius} for radius in (6.0, 8.0)),
    *({"energy_step": step} for step in (0.1, 0.4)),
    {"energy_min": -6.0},
    {"energy_max": 20.0},
)
SCF_CHANGES: tuple[dict[str, Any], ...] = (
    {"cluster_radius": 8.0},
    {"scf_radius": 3.5},
    {"lmax": 3},
    {"scf_tolerance": DEFAULT_TOLERANCE},
    {"scf_radius": 4.5},
)


def on_grid(result: Result, shift: float = 0.0) -> np.ndarray:
    """Interpolate a spectrum, moved by so many eV, on the window; constant beyond its ends."""
    return np.interp(GRID - shift, result["energy"], result["mu"])


def compare(result: Result, truth: Result) -> dict[str, float]:
    """Relative L2 distance: as they are, after the best shift, after the best shift and factor."""
    other = on_grid(truth)
    moved = np.array([on_grid(result, shift) for shift in SHIFTS])
    factor = (moved @ other) / (moved**2).sum(axis=1)
    shifted = np.linalg.norm(moved - other, axis=1)
    fitted = np.linalg.norm(factor[:, None] * moved - other, axis=1)
    found = {
        "raw": np.linalg.norm(on_grid(result) - other),
        "shifted": shifted.min(),
        "fitted": fitted.min(),
    }
    relative = {name: float(value / np.linalg.norm(other)) for name, value in found.items()}
    return {**relative, "shift": float(SHIFTS[shifted.argmin()])}


def cost(result: Result) -> float:
    """CPU seconds of a spectrum, with those of its own SCF if it has one."""
    return result["cpu"] + result.get("scf_cpu", 0.0)


def fisher(x: np.ndarray, y: np.ndarray) -> float:
    """Variance between classes over variance within them, summed over energies."""
    within = np.sum([((x[y == name] - x[y == name].mean(0)) ** 2).sum() for name in np.unique(y)])
    return float(((x - x.mean(0)) ** 2).sum() / within - 1)


def reuse(sites: Sequence[Site], own: Sequence[Result], shared: Sequence[Result]) -> pd.DataFrame:
    """Compare spectra of the sites' own SCF with those of the reference potentials."""
    return pd.DataFrame(
        {
            "site": f"{site.snapshot} {site.atom}",
            "class": site.environment,
            "Fermi level of the own SCF (eV)": full["fermi_level"],
            "the reference's (eV)": one["fermi_level"],
            "SCF iterations": full["scf_iterations"],
            **compare(one, full),
            "CPU s, own SCF": cost(full),
            "CPU s, reference": cost(one),
            "load": full["load"],
        }
        for site, full, one in zip(sites, own, shared, strict=True)
    )


def separability(
    sites: Sequence[Site], own: Sequence[Result], shared: Sequence[Result], seed: int
) -> pd.DataFrame:
    """How well spectra of each kind of potentials tell the classes apart, on the same sites."""
    zero = shared[0]["fermi_level"]
    spectra = {
        "own SCF": np.array([on_grid(one) for one in own]),
        "own SCF, one energy zero": np.array(
            [on_grid(one, one["fermi_level"] - zero) for one in own]
        ),
        "reference potentials": np.array([on_grid(one) for one in shared]),
    }
    y = np.array([site.environment for site in sites])
    groups = np.array([site.trajectory for site in sites])
    counts = np.array([site.coordination for site in sites])
    same, pair = y[:, None] == y[None], np.triu(np.ones((len(y), len(y)), bool), 1)
    models = classifier_baselines(seed)
    methods = {name: models[name] for name in ("1-nn", "logistic", "svm")}
    analysis = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    methods["linear discriminants"] = make_pipeline(StandardScaler(), analysis)
    random = np.random.default_rng(seed)
    of_class = [np.flatnonzero(y == name) for name in np.unique(y)]
    draws = [np.concatenate([random.choice(at, len(at)) for at in of_class]) for _ in range(1000)]
    table: dict[str, dict[str, float]] = {}
    for name, x in spectra.items():
        apart = np.linalg.norm(x[:, None] - x[None], axis=2) / np.linalg.norm(x, axis=1).mean()
        weight = x[:, GRID <= PRE_EDGE].sum(axis=1)
        gain = [fisher(x[at], y[at]) / fisher(spectra["own SCF"][at], y[at]) for at in draws]
        table[name] = {
            "median relative L2 of two sites of one class": float(np.median(apart[pair & same])),
            "median relative L2 of two classes' sites": float(np.median(apart[pair & ~same])),
            "Fisher ratio": fisher(x, y),
            "Fisher ratio over own SCF's, 5th percentile": float(np.percentile(gain, 5)),
            "Fisher ratio over own SCF's, 95th percentile": float(np.percentile(gain, 95)),
            "correlation of pre-edge and Fe count": float(np.corrcoef(weight, counts)[0, 1]),
        }
        for title, method in methods.items():
            guess = cross_val_predict(method, x, y, groups=groups, cv=LeaveOneGroupOut())
            right = accuracy_score(y, np.asarray(guess))
            table[name][f"accuracy on unseen trajectories, {title}"] = float(right)
    return pd.DataFrame(table)


def variation(
    sites: Sequence[Site], change: Result, scf: bool, options: argparse.Namespace
) -> list[Result]:
    """Compute the sites with one setting changed, the SCF too if it depends on that setting."""
    usual = FeffSettings.for_edge(Edge("O"))
    settings = replace(usual, **change)
    tasks = [
        Task(site, settings, scf=settings if scf else usual)
        if scf or site.environment == DIMER
        else Task(site, settings, options.potentials)
        for site in sites
    ]
    return run(tasks, options.output, options.workers, label(change) or "production")


def convergence(sites: Sequence[Site], options: argparse.Namespace) -> pd.DataFrame:
    """Change one setting at a time and compare with the settings as they are."""
    rows: list[Result] = []
    for scf, changes in ((False, SPECTRUM_CHANGES), (True, SCF_CHANGES)):
        usual = variation(sites, {}, scf, options)
        parts = ("cpu", "scf_cpu") if scf else ("cpu",)
        for change in changes[:2] if options.quick else changes:
            for site, one, base in zip(
                sites, variation(sites, change, scf, options), usual, strict=True
            ):
                row: Result = {"changed": label(change) + (", own SCF" if scf else "")}
                row["class"] = site.environment
                if "mu" in one and "mu" in base:
                    row |= compare(one, base)
                    row["CPU s"] = sum(one[part] for part in parts)
                    row["production CPU s"] = sum(base[part] for part in parts)
                    row["Fermi level change"] = one["fermi_level"] - base["fermi_level"]
                else:
                    row["failure"] = one.get("failure", base.get("failure"))
                rows.append(row)
    return pd.DataFrame(rows)


def costs(sites: Sequence[Site], options: argparse.Namespace) -> pd.DataFrame:
    """Compare plain runs, each with its own SCF, with the settings and potentials here."""
    rows = []
    usual = variation(sites, {}, False, options)
    for radius in (5.0, FeffSettings().cluster_radius):
        change = {"cluster_radius": radius, "lmax": 3, "scf_tolerance": DEFAULT_TOLERANCE}
        for site, plain, ours in zip(
            sites, variation(sites, change, True, options), usual, strict=True
        ):
            if "mu" in plain and "mu" in ours:
                row = {"class": site.environment, "plain run's cluster (Å)": radius}
                row |= {"CPU s": cost(plain), "of that, SCF": plain["scf_cpu"]}
                row |= {"production CPU s": ours["cpu"], "ratio": cost(plain) / ours["cpu"]}
                rows.append(row | {"load": plain["load"], "production load": ours["load"]})
    return pd.DataFrame(rows)


def label(change: Result) -> str:
    return ", ".join(f"{name} {value}" for name, value in change.items())


def show(title: str, frame: pd.DataFrame, digits: int = 3) -> None:
    """Print a table in Markdown."""
    print(f"\n{title}\n\n| | {' | '.join(map(str, frame.columns))} |")
    print("|---" * (len(frame.columns) + 1) + "|")
    for name, row in frame.iterrows():
        cells = [one if isinstance(one, str) else f"{one:.{digits}f}" for one in row]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    studies = ("reuse", "convergence", "cost")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("structures", nargs="+", type=Path, help="structures, or datasets")
    parser.add_argument("--potentials", type=Path, required=True, help="reference potentials")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the results")
    parser.add_argument("--only", nargs="+", choices=studies, default=studies)
    parser.add_argument("--per-class", type=int, default=8, help="sites of each class for reuse")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="2 sites, few settings")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    chosen = choose(all_sites(options.structures), options.per_class, options.seed)
    names = class_order(site.environment for site in chosen)
    first = [next(site for site in chosen if site.environment == name) for name in names]
    ordinary = [site for site in chosen if site.environment != DIMER]
    if options.quick:
        first, ordinary = first[:2], ordinary[:2]
    tables: dict[str, pd.DataFrame] = {}
    if "reuse" in options.only:
        where = (options.output, options.workers)
        own = run([Task(site) for site in ordinary], *where, "own SCF")
        shared = run([Task(s, potentials=options.potentials) for s in ordinary], *where, "shared")
        good = [n for n in range(len(own)) if "mu" in own[n] and "mu" in shared[n]]
        for site, one, other in zip(ordinary, own, shared, strict=True):
            if reason := one.get("failure", other.get("failure")):
                print(f"left out: {site.snapshot} {site.atom}: {reason}")
        ordinary = [ordinary[n] for n in good]
        own, shared = [own[n] for n in good], [shared[n] for n in good]
        tables["reuse"] = table = reuse(ordinary, own, shared)
        spread = table.describe(percentiles=[0.1, 0.5, 0.9]).T.drop(columns="count")
        show(f"Reference potentials against own SCF, {len(good)} sites", spread)
        if not options.quick:
            tables["separability"] = separability(ordinary, own, shared, options.seed)
            show("Separability", tables["separability"])
    if "convergence" in options.only:
        table = tables["convergence"] = convergence(first, options)
        for part in ("raw", "fitted", "CPU s", "production CPU s"):
            by = table.pivot_table(part, "changed", "class", sort=False)
            show(part, by.loc[:, class_order(by.columns)])
    if "cost" in options.only:
        table = tables["cost"] = costs(first[1:4:2] or first[:1], options)
        show("Cost", table.set_index("class"), 1)
    found = {
        name: table.astype(object).where(table.notna(), None).to_dict(orient="split")
        for name, table in tables.items()
    }
    with replacing(options.output / "results.json", force=True) as temporary:
        temporary.write_text(json.dumps(found, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()

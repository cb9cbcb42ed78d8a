"""How far computed K-edges are from measured ones, and what a forward model between them brings.

Every computed site gives a bank of curves: shifted, the energy scale stretched, convolved with a
Gaussian whose standard deviation may grow over the first 20 eV above the rise (half of the edge
step, where both are aligned). Its misfit is that of the curve nearest to a measured one, amplitude
free: the root mean square from -12 to 35 eV about the rise, of an edge step of one. Run it with::

    nearedge simulate crystals/*.cif --absorber Fe -o fe    # and other elements
    nearedge dataset merge fe ti ... -o DATASET
    python benchmarks/measured.py DATASET MEASURED [--figure pairs.png] [--json]

MEASURED is a folder with ``truth.tsv`` (file, absorber, edge, compound, structure, coordination,
grade) and the files it names; those of grade A are judged. The library are the sites on whose first
shell both rules agree: where they do not, the dataset (extra: crystals) states no coordination.

149 sites of Ti to Zn by FEFF10 (FMS 5, SCF 3 Å), 83 spectra. Median misfits of the pairs with the
own crystal; how often it is the first or among the first five sites of its element in %; and what
model D asks of the pairs (median factor by which FEFF's energies are stretched, widths in eV)::

                        all    Ti     V    Cr    Mn    Fe    Co    Ni    Cu    Zn first 1 first 5
    pairs                60     9     5     4    12    15     1     3     5     6
    A shift, amplitude .117  .117  .113  .094  .147  .113  .181  .129  .106  .128      23      48
    B + stretch        .105  .098  .102  .093  .133  .101  .180  .118  .100  .122      20      45
    C + constant width .068  .072  .086  .057  .077  .060  .121  .043  .055  .122      28      63
    D + growing width  .055  .056  .068  .046  .060  .040  .091  .037  .038  .104      35      72
    E + line           .045  .043  .052  .039  .050  .036  .080  .032  .035  .099      33      70
    stretch            1.03  1.14  1.10  0.99  1.03  1.00  0.94  0.97  0.97  1.02
    width               1.2   2.0   1.2   2.0   1.6   1.2   2.0   2.8   2.0   0.0
    growth              4.5   1.5   6.0   2.2   4.5   4.5   6.0   1.5   3.0   2.2

Coordination right in %, and the mean over the classes 4, 5 and 6 (13, 2 and 65 spectra), by the
nearest site of the element and by the posterior, its sigma chosen on other compounds; with the
measured compound in the library, and with all of its set of elements taken out::

                         own in, nearest  own in, posterior  own out, nearest  own out, posterior
    A shift, amplitude       89.2  91.8         89.2  94.4         80.7  89.2          80.7  87.2
    B + stretch              89.2  92.3         89.2  94.4         80.7  89.2          79.5  86.7
    C + constant width       89.2  91.8         91.6  91.3         80.7  89.2          85.5  89.2
    D + growing width        88.0  89.2         90.4  91.3         78.3  86.2          85.5  89.2
    E + line                 86.7  90.3         92.8  91.8         78.3  83.6          84.3  88.7
    always 6                 78.3  33.3

Moved by 3 eV either way, no answer changes. So the forward model halves the misfit, and finds the
own crystal more often; coordination it tells no better by the nearest site, and by the posterior by
a few spectra of 83 (an error of 3 to 4 %). Five cannot be right with their elements taken out: no
V of 6 and no Cu of 2 neighbours is left. What stays far off is computed wrong: carbonates (misfits
of MnCO3 0.24, ZnCO3 0.16, FeCO3 0.14; in the first two the second peak is as high as the white line
or higher, measured much lower), ZnO 0.17, Ca2ZnSi2O7 0.14, spessartine 0.13. Where oscillations are
computed at the wrong place, a growing width smears them away (LiCoO2, MnO2).

What did not help: slopes instead of curves (D: 87 and 77 % by the nearest site, the own crystal
first in 25 %), or beside them; curves to 20 eV only (D: 78 and 68 %); to 50 eV (81 spectra: 86 and
79 %, but the own crystal first in 40 %); leaving the pre-edge out (from -5 eV; D: 88 and 77 %, A:
74 and 68 %); dividing the posterior by the number of sites of a class, or by its root.
"""

import argparse
import csv
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from ase.data import atomic_numbers
from ase.formula import Formula
from matplotlib.figure import Figure

from nearedge import load_dataset, normalise, read_spectra
from nearedge.datasets import SiteSpectra
from nearedge.drawing.style import BLACK, SKY, VERMILION, figure_style
from nearedge.errors import NearEdgeError
from nearedge.spectra import convolved

GRID = np.arange(-12.0, 35.01, 0.5)
"""Energies in eV from the rise on which curves are compared."""

WIDTH = np.array([0.0, 1.2, 2.0, 2.8])
GROWTH = np.array([0.0, 1.5, 3.0, 4.5, 6.0])
STRETCH = np.array([0.94, 0.97, 1.0, 1.03, 1.065, 1.10, 1.14, 1.19, 1.25])
SHIFT = np.arange(-4.0, 4.01, 0.5)
"""Standard deviation at the rise and what it grows by in eV, factor of FEFF's energies, eV."""

AMPLITUDE, HOLD = (0.8, 1.25), 0.003
"""Range of the amplitude; how the line, of a slope of 0.4 over 35 eV at most, is held to none."""

MODELS: dict[str, tuple[tuple[slice, slice, slice], bool]] = {
    "A shift, amplitude": (np.s_[:1, :1, 2:3], False),
    "B + stretch": (np.s_[:1, :1, :], False),
    "C + constant width": (np.s_[:, :1, :], False),
    "D + growing width": (np.s_[:, :, :], False),
    "E + line": (np.s_[:, :, :], True),
}
"""The widths, growths and stretches a model is free to take, and whether it has the line."""

SHAPE = (len(WIDTH), len(GROWTH), len(STRETCH), len(SHIFT))
CURVES = [np.arange(np.prod(SHAPE)).reshape(SHAPE)[part].ravel() for part, _ in MODELS.values()]
PLAIN, DRAWN = 0, 3
SIGMA = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2)
BALANCED = (4, 5, 6)


class Standard(NamedTuple):
    """A measured spectrum on the grid, and what it is of."""

    absorber: str
    compound: str
    structure: str
    coordination: int
    curve: np.ndarray


def find_rise(energy: np.ndarray, mu: np.ndarray) -> float:
    """Find where a normalised curve crosses a half to stay above it for 8 eV."""
    grid = np.arange(max(energy[0], -30.0), min(energy[-1], 60.0), 0.1)
    smooth = convolved(energy, mu[None], grid, 0.7)[0]
    stays = np.lib.stride_tricks.sliding_window_view(smooth > 0.5, 80).all(axis=1)
    first = int(stays.argmax())
    if first == 0:
        raise ValueError("it has no rise")
    below, above = smooth[first - 1 : first + 1]
    return float(grid[first] - 0.1 * (above - 0.5) / (above - below))


def read_standards(folder: Path, absorbers: Sequence[str], moved: float = 0.0) -> list[Standard]:
    """Read, normalise and align the spectra to judge, their energies moved by some eV."""
    found = []
    with (folder / "truth.tsv").open() as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["grade"] == "A"]
    for row in rows:
        if row["edge"] != "K" or row["absorber"] not in absorbers:
            continue
        spectrum = read_spectra(folder / row["file"])[0]
        try:
            made = normalise(replace(spectrum, energy=spectrum.energy + moved))
            energy, mu = made.spectrum.energy - made.e0, made.spectrum.mu
            energy = energy - find_rise(energy, mu)
            if energy[0] > GRID[0] or energy[-1] < GRID[-1] - 1:
                raise ValueError(f"it has {energy[0]:.0f} to {energy[-1]:.0f} eV only")
        except (NearEdgeError, ValueError) as error:
            print(f"{row['file']}: left out, {error}", file=sys.stderr)
            continue
        names = row["absorber"], row["compound"], row["structure"]
        number = round(float(row["coordination"]))
        found.append(Standard(*names, number, np.interp(GRID, energy, mu)))
    return found


def make_bank(energy: np.ndarray, mu: np.ndarray) -> np.ndarray:
    """Make all curves of a site on the grid."""
    fine = np.arange(energy[0], energy[-1] + 0.01, 0.25)
    curve = np.interp(fine, energy, mu)
    curve /= curve[fine > fine[-1] - 30].mean()
    rise = find_rise(fine, curve)
    asked = rise + (GRID - SHIFT[:, None]) / STRETCH[:, None, None]
    bank = np.empty((*SHAPE, len(GRID)))
    for w, g in np.ndindex(SHAPE[:2]):
        sigma = np.maximum(WIDTH[w] + GROWTH[g] * np.clip((fine - rise) / 20, 0, 1), 0.05)
        kernel = np.exp(-0.5 * ((fine[:, None] - fine) / sigma[:, None]) ** 2)
        bank[w, g] = np.interp(asked, fine, kernel @ curve / kernel.sum(axis=1))
    return bank.reshape(-1, len(GRID))


def fit(bank: np.ndarray, curves: np.ndarray, line: bool) -> tuple[np.ndarray, np.ndarray]:
    """Fit every curve of a bank to every measured one: misfits and amplitudes."""
    tilted = bank * (GRID / 35)
    aa, ab = (bank**2).sum(axis=1), (bank * tilted).sum(axis=1)
    bb = (tilted**2).sum(axis=1) + len(GRID) * (HOLD if line else 1e9)
    p, q = curves @ bank.T, curves @ tilted.T
    amplitude = np.clip((bb * p - ab * q) / (aa * bb - ab**2), *AMPLITUDE)
    slope = np.clip((q - amplitude * ab) / bb, -0.4, 0.4)
    square = (curves**2).sum(axis=1)[:, None] - 2 * amplitude * p - 2 * slope * q
    square += amplitude**2 * aa + 2 * amplitude * slope * ab + slope**2 * bb
    return np.sqrt(np.maximum(square, 0) / len(GRID)), amplitude


def fit_all(data: SiteSpectra, standards: Sequence[Standard]) -> tuple[np.ndarray, np.ndarray]:
    """Give misfits (infinite for other elements) and best curves by model, standard and site."""
    misfit = np.full((len(MODELS), len(standards), len(data)), np.inf)
    place = np.zeros(misfit.shape, int)
    for site, element in enumerate(data.table["absorber"].values):
        rows = [i for i, one in enumerate(standards) if one.absorber == element]
        if not rows:
            continue
        bank = make_bank(data.energy, data.mu[site])
        curves = np.array([standards[i].curve for i in rows])
        by_line = [fit(bank, curves, line)[0] for line in (False, True)]
        for model, (_, line) in enumerate(MODELS.values()):
            mine = by_line[line][:, CURVES[model]]
            misfit[model, rows, site] = mine.min(axis=1)
            place[model, rows, site] = CURVES[model][mine.argmin(axis=1)]
    return misfit, place


def composition(text: str) -> str:
    """Reduce a formula, water of crystallisation included, to one without H; "" if it is none."""
    try:
        count = Formula(text.replace(".", "+")).count()
    except ValueError:
        return ""
    count.pop("H", None)
    return Formula.from_dict(count).reduce()[0].format("hill")


def elements(text: str) -> set[str]:
    """Elements of a compound, H left out."""
    return set(re.findall("[A-Z][a-z]?", text)) - {"H"}


def kinship(data: SiteSpectra, standards: Sequence[Standard]) -> tuple[np.ndarray, np.ndarray]:
    """Tell which sites are of a standard's own crystal, and which of the same set of elements.

    Of several crystals of its formula those that bear the name of its structure are its own.
    """
    formulas = [str(data.structures[name].symbols.formula) for name in data.snapshot]
    own, akin = np.zeros((2, len(standards), len(data)), bool)
    for row, one in enumerate(standards):
        akin[row] = [elements(one.compound) == elements(text) for text in formulas]
        own[row] = [composition(one.compound) == composition(text) for text in formulas]
        words = re.findall("[a-z]{4,}", one.structure.lower())
        named = [any(word in name.lower() for word in words) for name in data.snapshot]
        if (own[row] & named).any():
            own[row] &= named
    return own, akin


def answer(
    misfit: np.ndarray, classes: np.ndarray, truth: np.ndarray, compound: np.ndarray
) -> dict[str, np.ndarray]:
    """Give the class of the nearest site, and the likeliest at the sigma best for the others."""
    best = misfit.min(axis=1, keepdims=True)
    answered, names = np.isfinite(best[:, 0]), np.unique(classes)
    best[~answered] = 0
    likely, score = [], []
    for sigma in SIGMA:
        weight = np.exp((best**2 - misfit**2) / sigma**2)
        share = np.stack([weight[:, classes == name].sum(axis=1) for name in names], axis=1)
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
        likely.append(names[share.argmax(axis=1)])
        score.append(np.log(np.maximum((share * (names == truth[:, None])).sum(axis=1), 1e-3)))
    posterior = np.zeros(len(truth), int)
    for name in np.unique(compound):
        others = [answered & (compound != name) & (truth == n) for n in BALANCED]
        total = sum(np.array(score)[:, rows].mean(axis=1) for rows in others if rows.any())
        posterior[compound == name] = likely[int(np.argmax(total))][compound == name]
    nearest = classes[misfit.argmin(axis=1)]
    return {"nearest": nearest * answered, "posterior": posterior * answered}


def judge(said: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Score answers in percent; 0 is none."""
    right = said == truth
    by_class = {n: right[(said > 0) & (truth == n)] for n in BALANCED}
    return {
        "n": int((said > 0).sum()),
        "accuracy": 100 * float(right[said > 0].mean()),
        "balanced": 100 * float(np.mean([each.mean() for each in by_class.values() if each.size])),
        "by class": {str(n): f"{each.sum()}/{each.size}" for n, each in by_class.items()},
    }


def study(data: SiteSpectra, folder: Path, figure: Path | None) -> dict[str, Any]:
    """Measure everything."""
    absorbers = sorted(data.absorbers, key=lambda symbol: atomic_numbers[symbol])
    standards = read_standards(folder, absorbers)
    number = data.table["coordination"].values.astype(float)
    usable = np.isfinite(number)
    classes = np.where(usable, number, 0).astype(int)
    truth = np.array([one.coordination for one in standards])
    element, compound = (np.array([one[k] for one in standards]) for k in (0, 1))
    own, akin = kinship(data, standards)

    def answers(misfit: np.ndarray) -> list[dict[str, np.ndarray]]:
        said = []
        for each in misfit:
            libraries = {"own in": usable, "own out": usable & ~akin}
            near = {k: np.where(there, each, np.inf) for k, there in libraries.items()}
            rules = {k: answer(those, classes, truth, compound) for k, those in near.items()}
            said.append({f"{k}, {rule}": v for k in rules for rule, v in rules[k].items()})
        return said

    def by_element(values: np.ndarray) -> dict[str, float]:
        groups = {"all": values} | {e: values[element[paired] == e] for e in shown}
        return {name: float(np.median(each)) for name, each in groups.items()}

    misfit, place = fit_all(data, standards)
    said = answers(misfit)
    pairs, others = (np.where(usable & those, misfit, np.inf) for those in (own, ~own))
    best, site = pairs.min(axis=2), pairs[DRAWN].argmin(axis=1)
    paired = np.flatnonzero(np.isfinite(best[DRAWN]))
    shown = [e for e in absorbers if e in element[paired]]
    nearer = (others < best[:, :, None]).sum(axis=2)[:, paired]
    w, g, s, _ = np.unravel_index(place[DRAWN, paired, site[paired]], SHAPE)
    if figure:
        order = paired[np.argsort(best[DRAWN, paired])]
        mine = [order[element[order] == e] for e in shown]
        middle = [rows[(len(rows) - 1) // 2] for rows in mine]
        draw([(standards[row], int(site[row])) for row in middle], data, figure)
    changed = {}
    for moved in (-3.0, 3.0):
        again = fit_all(data, read_standards(folder, absorbers, moved))[0]
        both = zip(answers(again), said, strict=True)
        finite = np.isfinite(misfit)
        changed[f"{moved:+g} eV"] = {
            "answers": int(sum((new[key] != old[key]).sum() for new, old in both for key in old)),
            "misfit": float(np.abs(again[finite] - misfit[finite]).max()),
        }
    asked = {"stretch": STRETCH[s], "width": WIDTH[w], "growth": GROWTH[g]}
    return {
        "spectra": len(standards),
        "sites": int(usable.sum()),
        "sites left out": int((~usable).sum()),
        "pairs": {"all": len(paired)} | {e: int((element[paired] == e).sum()) for e in shown},
        "misfit": {
            name: by_element(best[m, paired])
            | {f"first {n}": 100 * float((nearer[m] < n).mean()) for n in (1, 5)}
            for m, name in enumerate(MODELS)
        },
        "asked": {name: by_element(values) for name, values in asked.items()},
        "right": {
            name: {key: judge(found, truth) for key, found in each.items()}
            for name, each in zip(MODELS, said, strict=True)
        },
        "always 6": judge(np.full(len(truth), 6), truth),
        "changed": changed,
    }


def draw(pairs: Sequence[tuple[Standard, int]], data: SiteSpectra, path: Path) -> None:
    """Draw measured spectra over the best curves of their own crystals."""
    with figure_style():
        rows = -(-len(pairs) // 3)
        figure = Figure(figsize=(7.5, 2.2 * rows + 0.5), layout="constrained")
        axes = figure.subplots(rows, 3, sharex=True, sharey=True, squeeze=False).ravel()
        for axis, (one, site) in zip(axes, pairs, strict=False):
            bank = make_bank(data.energy, data.mu[site])
            misfit, amplitude = (each[0] for each in fit(bank, one.curve[None], False))
            moved, best = (CURVES[k][misfit[CURVES[k]].argmin()] for k in (PLAIN, DRAWN))
            axis.plot(GRID, one.curve, color=BLACK)
            axis.plot(GRID, amplitude[moved] * bank[moved], color=SKY, linewidth=1.0, zorder=1)
            axis.plot(GRID, amplitude[best] * bank[best], color=VERMILION, linewidth=1.2)
            w, g, s, d = np.unravel_index(best, SHAPE)
            text = (
                f"misfit {misfit[best]:.3f}\nshift {SHIFT[d]:+.1f} eV, stretch {STRETCH[s]:.2f}\n"
                f"width {WIDTH[w]:.1f} to {WIDTH[w] + GROWTH[g]:.1f} eV"
            )
            axis.text(35, 0.02, text.replace("-", "\N{MINUS SIGN}"), ha="right", fontsize=7.5)
            formula = re.sub(r"(\d+)", r"$_{\1}$", one.compound)
            axis.set_title(f"{one.absorber} in {formula}, {one.structure}", fontsize=8.5)
            axis.set_xticks(range(-10, 31, 10))
        for axis in axes[len(pairs) :]:
            axis.set_axis_off()
        names = ("measured", "computed, moved and scaled", "stretched and broadened too")
        figure.legend(axes[0].lines, names, loc="outside upper center", ncols=3)
        figure.supxlabel("energy from the rise, eV", fontsize=9)
        figure.supylabel("normalised absorption", fontsize=9)
        figure.savefig(path)


def show(found: dict[str, Any]) -> None:
    """Print the tables."""
    print("{spectra} spectra, {sites} sites, {sites left out} left out".format_map(found))
    heads = next(iter(found["misfit"].values()))
    print(f"\n{'':19}" + "".join(f"{name:>8}" for name in heads))
    print(f"{'pairs':19}" + "".join(f"{n:8}" for n in found["pairs"].values()))
    for name, row in (found["misfit"] | found["asked"]).items():
        cells = (f"{v:8.0f}" if k[:5] == "first" else f"{v:8.3f}" for k, v in row.items())
        print(f"{name:19}" + "".join(cells))
    heads = next(iter(found["right"].values()))
    print(f"\n{'right, balanced, n':19}" + "".join(f"{name:>20}" for name in heads))
    for name, row in (found["right"] | {"always 6": {"": found["always 6"]}}).items():
        cells = (f"{v['accuracy']:10.1f}{v['balanced']:6.1f}{v['n']:4}" for v in row.values())
        print(f"{name:19}" + "".join(cells))
    for moved, change in found["changed"].items():
        answers, misfit = change["answers"], change["misfit"]
        print(f"moved by {moved}: {answers} answers differ, misfits by {misfit:.0e} at most")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("dataset", type=Path, help="3d K-edge sites of crystals")
    parser.add_argument("measured", type=Path, help="folder with truth.tsv and its spectra")
    parser.add_argument("--figure", type=Path, help="draw the middle pair of each element here")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    found = study(load_dataset(given.dataset), given.measured, given.figure)
    if given.json:
        print(json.dumps(found, indent=1))
    else:
        show(found)


if __name__ == "__main__":
    main()

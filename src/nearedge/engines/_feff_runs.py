"""Reading what FEFF wrote: one ``xmu.dat``, or a folder of runs made elsewhere."""

import re
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers, chemical_symbols
from jaxtyping import Float

from nearedge.engines._columns import read_columns, read_text
from nearedge.engines._protocol import RunSpectra
from nearedge.errors import InputError

# FEFF's cross sections are in Å^2 = 1e-16 cm^2; 1 Mb = 1e-18 cm^2.
MEGABARN = 100.0
ENERGY_ZERO = "Fermi level of the self-consistent potentials"
MU_UNIT = "Mb (absolute cross section of one absorber)"


def read_xmu(
    path: Path,
) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, " energy"], float]:
    """Read FEFF's ``xmu.dat``: eV from the Fermi level, cross sections in Mb, Fermi level in eV.

    Energies are column ``e`` minus ``Mu`` of the header; cross sections column ``mu`` times the
    header's value at the edge + 50 eV, by which FEFF normalises unless told ``ABSOLUTE``.
    """
    table, lines = read_columns(path)
    header = "\n".join(lines)
    level = re.search(r"Mu=\s*(\S+?)\s*eV", header)
    edge = re.search(r"used to normalize mu\s+(\S+)", header)
    if table.shape[1] != 6 or level is None or edge is None:
        raise InputError(
            f"{path}: is not an xmu.dat of FEFF (six columns under a header with Mu= and the "
            "normalisation); give the file as FEFF wrote it"
        )
    fermi_level = float(level[1])
    return table[:, 1] - fermi_level, table[:, 3] * float(edge[1]) * MEGABARN, fermi_level


def read_feff_run(folder: str | Path, element: str) -> RunSpectra:
    """Read FEFF runs made elsewhere, in Mb.

    There is a subfolder per absorber with ``xmu.dat`` and ``feff.inp``, gzipped or not; its name
    ends in the rank of the absorber among the atoms of its element, counted from 1 as OCEAN does:
    ``O_0001``, ``s7``. FEFF centres its cluster, so nothing else tells which atom it was.
    """
    folder = Path(folder)
    runs: dict[int, tuple[Path, np.ndarray, np.ndarray]] = {}
    cards, elements = "", set[str]()
    for run in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(run.iterdir(), reverse=True)  # what is not gzipped comes last and counts
        there = {path.name.removesuffix(".gz"): path for path in files}
        missing = [name for name in ("xmu.dat", "feff.inp") if name not in there]
        if len(missing) == 2:
            continue
        if missing:
            raise InputError(f"{run}: holds no {missing[0]}; finish this run or remove its folder")
        spectrum, given = there["xmu.dat"], there["feff.inp"]
        text = read_text(given)
        potentials = _potentials(text, given)
        if potentials[0] != atomic_numbers[element]:
            continue
        elements |= {name for name in chemical_symbols if atomic_numbers[name] in potentials}
        number = re.search(r"(\d+)$", run.name)
        if number is None or int(number[1]) < 1:
            raise InputError(
                f"{run}: its name must end in the rank of the absorber among the {element} atoms, "
                f"from 1, e.g. {element}_0001; rename it"
            )
        rank = int(number[1]) - 1
        if rank in runs:
            raise InputError(
                f"{run}: is the second run of {element} atom {rank + 1} beside "
                f"{runs[rank][0].name}; remove one"
            )
        cards = cards or _cards(text)
        energy, mu, _ = read_xmu(spectrum)
        if not (np.diff(energy) > 0).all():
            raise InputError(f"{spectrum}: energies do not increase; compute the spectrum again")
        runs[rank] = (run, energy, mu)
    if not runs:
        raise InputError(
            f"{folder}: holds no FEFF run of {element}; give a folder with one subfolder per "
            f"absorber ({element}_0001 ...), each with feff.inp and xmu.dat"
        )
    ranks = sorted(runs)
    energy = _shared_energies([runs[rank][1] for rank in ranks], folder)
    mu = np.array([np.interp(energy, *runs[rank][1:]) for rank in ranks])
    attributes = {"engine": "FEFF", "energy_zero": ENERGY_ZERO, "mu_unit": MU_UNIT}
    attributes["parameters"] = cards
    return RunSpectra(np.array(ranks), energy, mu, attributes, frozenset(elements))


def _potentials(text: str, path: Path) -> list[int]:
    """Atomic numbers of the potentials in a feff.inp, the absorber's first."""
    listing = re.search(r"^\s*POT\w*[^\n]*\n(.*?)(?=^\s*[A-Za-z]|\Z)", text, re.M | re.S | re.I)
    lines = [line.split() for line in listing[1].splitlines()] if listing else []
    pairs = (words[:2] for words in lines if len(words) >= 2)
    numbers = {int(one): int(z) for one, z in pairs if one.isdigit() and z.isdigit()}
    if numbers.get(0, 0) > 0:
        return [number for _, number in sorted(numbers.items())]
    raise InputError(f"{path}: its POTENTIALS give no absorber (0); give the feff.inp of this run")


def _cards(text: str) -> str:
    """Return the cards of a feff.inp above the potentials, which are alike for all sites."""
    head = re.split(r"^\s*POT", text, maxsplit=1, flags=re.M | re.I)[0]
    lines = (" ".join(line.split()) for line in head.splitlines())
    return "; ".join(line for line in lines if line and not line.startswith(("*", "TITLE")))


def _shared_energies(grids: list[np.ndarray], folder: Path) -> np.ndarray:
    """Give the range that all share, in as many uniform steps as the first has there."""
    first = grids[0]
    # FEFF's header rounds the Fermi level to 0.01 eV.
    if all(len(grid) == len(first) and np.abs(grid - first).max() < 0.011 for grid in grids):
        return first
    low, high = max(grid[0] for grid in grids), min(grid[-1] for grid in grids)
    points = int(((first >= low) & (first <= high)).sum())
    if points < 2:
        raise InputError(f"{folder}: the runs have no common energies; compute them over one range")
    return np.linspace(low, high, points)

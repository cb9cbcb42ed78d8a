"""Reading what FEFF wrote: one ``xmu.dat``, or a folder of runs made elsewhere."""

import re
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_numbers
from jaxtyping import Float, Int

from nearedge.engines._columns import read_columns, read_text
from nearedge.errors import InputError

# FEFF's cross sections are in Å^2 = 1e-16 cm^2; 1 Mb = 1e-18 cm^2.
MEGABARN = 100.0
ENERGY_ZERO = "Fermi level of the self-consistent potentials"
MU_UNIT = "Mb (absolute cross section of one absorber)"


def read_xmu(
    path: Path,
) -> tuple[Float[np.ndarray, " energy"], Float[np.ndarray, " energy"], float]:
    """Read FEFF's ``xmu.dat``.

    Parameters
    ----------
    path : Path
        The file, gzipped or not.

    Returns
    -------
    energy : float array, shape (energy,)
        In eV from the Fermi level (column ``e`` minus ``Mu`` of the header).
    mu : float array, shape (energy,)
        Absolute cross section in Mb: column ``mu`` times the header's value at the edge + 50 eV, by
        which FEFF normalises unless told ``ABSOLUTE``.
    fermi_level : float
        ``Mu`` of the header in eV.

    Raises
    ------
    InputError
        If the file is damaged or does not say its ``Mu`` and normalisation.
    """
    table, header = read_columns(path)
    said = "\n".join(header)
    level = re.search(r"Mu=\s*(\S+?)\s*eV", said)
    edge = re.search(r"used to normalize mu\s+(\S+)", said)
    if table.shape[1] != 6 or level is None or edge is None:
        raise InputError(
            f"{path}: is not an xmu.dat of FEFF (six columns under a header with Mu= and the "
            "normalisation); give the file as FEFF wrote it"
        )
    fermi_level = float(level[1])
    return table[:, 1] - fermi_level, table[:, 3] * float(edge[1]) * MEGABARN, fermi_level


def read_feff_run(
    folder: str | Path, element: str
) -> tuple[
    Int[np.ndarray, " site"],
    Float[np.ndarray, " energy"],
    Float[np.ndarray, "site energy"],
    dict[str, Any],
]:
    """Read FEFF runs made elsewhere: one subfolder per absorber.

    A subfolder holds ``xmu.dat`` and ``feff.inp``, gzipped or not; its name ends in the rank of
    the absorber among the atoms of its element, counted from 1 as OCEAN does: ``O_0001``, ``s7``.
    FEFF centres its cluster, so nothing else tells which atom of the structure it was.

    Parameters
    ----------
    folder : str or Path
        The folder of these subfolders.
    element : str
        The absorber's element; subfolders of other absorbers are left out.

    Returns
    -------
    rank : int array, shape (site,)
        Rank of each site among the atoms of the element, from 0.
    energy : float array, shape (energy,)
        In eV from the Fermi level. Where the runs' energies differ, the range they share, in as
        many uniform steps as the first run has there.
    mu : float array, shape (site, energy)
        Absolute cross section in Mb.
    attributes : dict
        ``engine``, ``energy_zero``, ``mu_unit``, ``parameters``.

    Raises
    ------
    InputError
        If there is no run of the element, a run is damaged, a rank is missing from a name or
        occurs twice, or the runs share no energies.
    """
    folder = Path(folder)
    found: dict[int, tuple[Path, np.ndarray, np.ndarray]] = {}
    cards = ""
    for run in sorted(path for path in folder.iterdir() if path.is_dir()):
        spectrum, given = _beside(run, "xmu.dat"), _beside(run, "feff.inp")
        if spectrum is None and given is None:
            continue
        if spectrum is None or given is None:
            missing = "xmu.dat" if spectrum is None else "feff.inp"
            raise InputError(f"{run}: holds no {missing}; finish this run or remove its folder")
        text = read_text(given)
        if _absorber(text, given) != atomic_numbers[element]:
            continue
        number = re.search(r"(\d+)$", run.name)
        if number is None or int(number[1]) < 1:
            raise InputError(
                f"{run}: its name must end in the rank of the absorber among the {element} atoms, "
                f"from 1, e.g. {element}_0001; rename it"
            )
        rank = int(number[1]) - 1
        if rank in found:
            raise InputError(
                f"{run}: is the second run of {element} atom {rank + 1} beside "
                f"{found[rank][0].name}; remove one"
            )
        cards = cards or _cards(text)
        energy, mu, _ = read_xmu(spectrum)
        if not (np.diff(energy) > 0).all():
            raise InputError(f"{spectrum}: energies do not increase; compute the spectrum again")
        found[rank] = (run, energy, mu)
    if not found:
        raise InputError(
            f"{folder}: holds no FEFF run of {element}; give a folder with one subfolder per "
            f"absorber ({element}_0001 ...), each with feff.inp and xmu.dat"
        )
    ranks = sorted(found)
    energy = _shared_energies([found[rank][1] for rank in ranks], folder)
    mu = np.array([np.interp(energy, found[rank][1], found[rank][2]) for rank in ranks])
    attributes = {
        "engine": "FEFF",
        "energy_zero": ENERGY_ZERO,
        "mu_unit": MU_UNIT,
        "parameters": cards,
    }
    return np.array(ranks), energy, mu, attributes


def _beside(run: Path, name: str) -> Path | None:
    return next((path for path in (run / name, run / f"{name}.gz") if path.is_file()), None)


def _absorber(text: str, path: Path) -> int:
    """Atomic number of potential 0 in a feff.inp."""
    listing = re.search(r"^\s*POT\w*[^\n]*\n(.*?)(?=^\s*[A-Za-z]|\Z)", text, re.M | re.S | re.I)
    for line in listing[1].splitlines() if listing else ():
        words = line.split()
        if len(words) >= 2 and words[0] == "0" and words[1].isdigit():
            return int(words[1])
    raise InputError(f"{path}: its POTENTIALS give no absorber (0); give the feff.inp of this run")


def _cards(text: str) -> str:
    """Return the cards of a feff.inp above the potentials, which are alike for all sites."""
    head = re.split(r"^\s*POT", text, maxsplit=1, flags=re.M | re.I)[0]
    lines = (" ".join(line.split()) for line in head.splitlines())
    return "; ".join(line for line in lines if line and not line.startswith(("*", "TITLE")))


def _shared_energies(grids: list[np.ndarray], folder: Path) -> np.ndarray:
    first = grids[0]
    # FEFF's header rounds the Fermi level to 0.01 eV.
    if all(len(grid) == len(first) and np.abs(grid - first).max() < 0.011 for grid in grids):
        return first
    low, high = max(grid[0] for grid in grids), min(grid[-1] for grid in grids)
    points = int(((first >= low) & (first <= high)).sum())
    if points < 2:
        raise InputError(f"{folder}: its runs share no energies; compute them over one range")
    return np.linspace(low, high, points)

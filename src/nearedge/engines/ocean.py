"""OCEAN (Bethe-Salpeter equation): reading the spectra of runs made elsewhere."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from nearedge.engines._columns import read_columns, read_text
from nearedge.errors import InputError

ENERGY_ZERO = "Kohn-Sham conduction band minimum (CBM)"
MU_UNIT = "as OCEAN prints it (third column of absspct)"

# absspct_O_.0001_1s_01: element padded with _, rank among its atoms, edge, photon.
_NAME = re.compile(
    r"absspct_(?P<element>[A-Z][a-z_]?)_?\.(?P<rank>\d+)_(?P<edge>\d[spdf])_(?P<photon>\d+)(\.gz)?"
)
# From version 3 on the cross sections stand beside the spectrum.
_OLD_COLUMNS = 5


@dataclass(frozen=True)
class PhotonSpectrum:
    """The spectrum of one absorber for one photon, as an ``absspct`` file has it.

    Attributes
    ----------
    energy : float array, shape (energy,)
        In eV, from OCEAN's own zero.
    mu : float array, shape (energy,)
        The third column.
    iterations : int or None
        Haydock iterations behind it; None if the file does not say (GMRES).
    columns : int
        How many the file has: 5 in old versions, 9 in new ones.
    """

    energy: Float[np.ndarray, " energy"]
    mu: Float[np.ndarray, " energy"]
    iterations: int | None
    columns: int


def read_absspct(path: str | Path) -> PhotonSpectrum:
    """Read one ``absspct`` file of OCEAN, of any version and solver, gzipped or not.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    PhotonSpectrum

    Raises
    ------
    InputError
        If the file is damaged, has fewer than three columns, or its energies do not increase.
    """
    path = Path(path)
    table, header = read_columns(path)
    columns = table.shape[1]
    if columns < 3 or len(table) < 2:
        raise InputError(
            f"{path}: has {len(table)} rows of {columns} columns; OCEAN writes the spectrum in the "
            "third of at least five columns, give the absspct file itself"
        )
    if not (np.diff(table[:, 0]) > 0).all():
        raise InputError(f"{path}: energies do not increase; compute the spectrum again")
    iterations = re.search(r"iter=\s*(\d+)", "\n".join(header))
    return PhotonSpectrum(
        table[:, 0], table[:, 2], int(iterations[1]) if iterations else None, columns
    )


def read_ocean_run(
    folder: str | Path, element: str, edge: str | None = None
) -> tuple[
    Int[np.ndarray, " site"],
    Float[np.ndarray, " energy"],
    Float[np.ndarray, "site energy"],
    dict[str, Any],
]:
    """Read the isotropic spectra of an OCEAN run: the mean over the photons of each site.

    Energies are from the conduction band minimum. OCEAN writes them so, except with core offsets
    (``bse.screen.core_offset.enable``): then its axis is absolute and ``bse.cbm`` is subtracted.

    Parameters
    ----------
    folder : str or Path
        The run's directory, the one that holds ``CNBSE``.
    element : str
        The absorber's element.
    edge : str, optional
        Which edge, as file names have it: ``1s``; needed only if the run has several.

    Returns
    -------
    rank : int array, shape (site,)
        Rank of each site among the atoms of the element, from 0.
    energy : float array, shape (energy,)
        In eV from the conduction band minimum.
    mu : float array, shape (site, energy)
        As OCEAN prints it.
    attributes : dict
        ``engine``, ``energy_zero``, ``mu_unit``, ``parameters``.

    Raises
    ------
    InputError
        If the run was not finished, or its files are missing, damaged or do not fit together.
    """
    folder = Path(folder)
    spectra = folder / "CNBSE"
    if not spectra.is_dir():
        raise InputError(f"{folder}: holds no CNBSE directory; give the directory of an OCEAN run")
    files = _files(spectra, element, edge)
    sites = {
        rank: _read_site(photons, spectra, element, rank) for rank, photons in sorted(files.items())
    }
    run = _read_record(spectra, next(iter(sites.values())).columns)
    _check_present(folder, files, element, run)
    first = next(iter(sites))
    energy = sites[first].energy
    for rank, site in sites.items():
        if not _same_grid(site.energy, energy):
            raise InputError(
                f"{spectra}: the energies of {element} atom {rank} differ from those of atom "
                f"{first}; compute all sites with one bse.core.plot range"
            )
    bse = run.get("bse", {})
    offset = bool(_within(bse, "screen", "core_offset", "enable"))
    if offset:
        energy = energy - _cbm(bse, spectra)
    counted = {len(photons) for photons in files.values()}
    attributes = {
        "engine": "OCEAN",
        "energy_zero": ENERGY_ZERO,
        "mu_unit": MU_UNIT,
        "parameters": json.dumps(
            {
                "photons": max(counted),
                "haydock_iterations": sorted({one.iterations for one in sites.values()}, key=str),
                "core_offset": offset,
                "cbm": bse.get("cbm"),
                "broadening": _within(bse, "core", "broaden"),
                "bands": bse.get("nbands"),
                "kmesh": bse.get("kmesh"),
                "xmesh": bse.get("xmesh"),
                "epsilon": bse.get("epsilon"),
            }
        ),
    }
    ranks = np.array(sorted(sites)) - 1
    return ranks, energy, np.array([sites[rank + 1].mu for rank in ranks]), attributes


def _files(spectra: Path, element: str, edge: str | None) -> dict[int, dict[int, Path]]:
    """Files of the element's spectra: rank to photon to path."""
    found: dict[str, dict[int, dict[int, Path]]] = defaultdict(lambda: defaultdict(dict))
    others = set()
    for path in sorted(spectra.glob("absspct_*")):
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        if name["element"].rstrip("_") != element:
            others.add(name["element"].rstrip("_"))
            continue
        photons = found[name["edge"]][int(name["rank"])]
        if int(name["photon"]) in photons:
            raise InputError(f"{path}: stands beside its gzipped copy; remove one of the two")
        photons[int(name["photon"])] = path
    edges = sorted(found)
    if not edges or (edge is not None and edge not in edges):
        there = f"edges {', '.join(edges)}" if edges else f"elements {', '.join(sorted(others))}"
        raise InputError(
            f"{spectra}: holds no absspct file of {element}{f' {edge}' if edge else ''}"
            + (f", only of {there}" if edges or others else "")
            + "; give the directory of a finished run of that absorber"
        )
    if edge is None and len(edges) > 1:
        raise InputError(
            f"{spectra}: holds several edges of {element} ({', '.join(edges)}); leave one in place"
        )
    return found[edge or edges[0]]


def _read_site(photons: dict[int, Path], spectra: Path, element: str, rank: int) -> PhotonSpectrum:
    """Average the photons of one site."""
    site = f"{spectra}: {element} atom {rank}"
    if sorted(photons) != list(range(1, len(photons) + 1)):
        missing = sorted(set(range(1, max(photons) + 1)) - set(photons))
        raise InputError(
            f"{site} lacks the file of photon {', '.join(map(str, missing))}; finish the run"
        )
    read = [read_absspct(photons[photon]) for photon in sorted(photons)]
    iterations = {one.iterations for one in read}
    if len(iterations) > 1:
        counts = ", ".join(str(one.iterations) for one in read)
        raise InputError(
            f"{site} has photons of different numbers of Haydock iterations ({counts}): one is "
            "stale or was interrupted; finish the run"
        )
    if not all(_same_grid(one.energy, read[0].energy) for one in read):
        points = ", ".join(str(len(one.energy)) for one in read)
        raise InputError(
            f"{site} has photons on different energies ({points} points): one file is stale or "
            "cut off; finish the run"
        )
    mean = np.mean([one.mu for one in read], axis=0)
    return PhotonSpectrum(read[0].energy, mean, read[0].iterations, read[0].columns)


def _read_record(spectra: Path, columns: int) -> dict[str, Any]:
    """Read ``bse.json`` and check that the run is complete."""
    path = next(
        (one for one in (spectra / "bse.json", spectra / "bse.json.gz") if one.is_file()), None
    )
    if path is None:
        if columns <= _OLD_COLUMNS:  # versions before 3 wrote none
            return {}
        raise InputError(
            f"{spectra}: holds no bse.json, which says whether the run is complete and where its "
            "zero is; copy the whole CNBSE directory"
        )
    try:
        run = json.loads(read_text(path))
        complete = run["bse"]["complete"]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{path}: does not say bse.complete; finish the run or copy the file again"
        ) from None
    if complete is not True:
        raise InputError(f"{path}: bse.complete is {json.dumps(complete)}; finish the OCEAN run")
    return run


def _check_present(
    folder: Path, files: dict[int, dict[int, Path]], element: str, run: dict[str, Any]
) -> None:
    """Check that the photons and the sites that the run was to compute are there."""
    spectra = folder / "CNBSE"
    asked = len([path for path in folder.iterdir() if re.fullmatch(r"photon\d+", path.name)])
    expected = asked or max(len(photons) for photons in files.values())
    for rank, photons in sorted(files.items()):
        if len(photons) != expected:
            raise InputError(
                f"{spectra}: {element} atom {rank} has files of {len(photons)} photons, "
                f"{expected} are wanted; finish the run"
            )
    missing = sorted(_sites_asked(run, element) - set(files))
    if missing:
        raise InputError(
            f"{spectra}: lacks the files of {element} atoms {', '.join(map(str, missing))}, which "
            "the run was to compute; finish the run or copy the whole CNBSE directory"
        )


def _sites_asked(run: dict[str, Any], element: str) -> set[int]:
    """Ranks of the element's sites among the edges that ``bse.json`` lists."""
    calc = run.get("calc", {})
    ranks = set()
    for edge in calc.get("edges", []):
        atom = int(str(edge).split()[0])
        if 1 <= atom <= len(calc.get("sitelist", [])):
            name, _, rank = calc["sitelist"][atom - 1]
            if str(name).rstrip("_") == element:
                ranks.add(int(rank))
    return ranks


def _cbm(bse: dict[str, Any], spectra: Path) -> float:
    cbm = bse.get("cbm")
    if not isinstance(cbm, int | float) or not np.isfinite(cbm):
        raise InputError(
            f"{spectra / 'bse.json'}: core offsets are on, so energies are absolute, but bse.cbm "
            f"is {json.dumps(cbm)}; the zero is unknown, finish the run"
        )
    return float(cbm)


def _within(tree: dict[str, Any], *names: str) -> Any:
    for name in names:
        tree = tree.get(name, {}) if isinstance(tree, dict) else {}
    return tree or None


def _same_grid(one: np.ndarray, other: np.ndarray) -> bool:
    return len(one) == len(other) and bool(np.allclose(one, other, rtol=0, atol=1e-6))

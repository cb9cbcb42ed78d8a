"""Reading the spectra of an OCEAN run."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from nearedge.engines._columns import read_columns, read_text
from nearedge.engines._protocol import RunSpectra
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
    """The spectrum of one absorber for one photon, as an ``absspct`` file has it."""

    energy: Float[np.ndarray, " energy"]  # eV, from OCEAN's own zero
    mu: Float[np.ndarray, " energy"]  # the third column
    iterations: int | None  # of Haydock; None if the file does not say (GMRES)
    columns: int  # of the file: 5 in old versions, 9 in new ones


@dataclass(frozen=True)
class _Run:
    """What ``bse.json`` says of a run; versions before 3 wrote none."""

    core_offset: bool = False  # then energies are absolute
    cbm: float | None = None  # eV
    broadening: Any = None
    bands: Any = None
    kmesh: Any = None
    xmesh: Any = None
    epsilon: Any = None
    ranks: tuple[int, ...] = ()  # of the element's sites that were to be computed


def read_absspct(path: str | Path) -> PhotonSpectrum:
    """Read one ``absspct`` file of OCEAN, of any version and solver, gzipped or not."""
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


def read_ocean_run(folder: str | Path, element: str) -> RunSpectra:
    """Read a run's isotropic spectra, in OCEAN's unit.

    They are means over the photons of each site; energies are from the conduction band minimum.
    OCEAN writes them so, except with core offsets (``bse.screen.core_offset.enable``): then its
    axis is absolute and ``bse.cbm`` is subtracted.
    """
    folder = Path(folder)
    spectra = folder / "CNBSE"
    if not spectra.is_dir():
        raise InputError(f"{folder}: holds no CNBSE directory; give the directory of an OCEAN run")
    orbital, files = _files(spectra, element)
    sites = {
        rank: _read_site(photons, spectra, element, rank) for rank, photons in sorted(files.items())
    }
    first = next(iter(sites))
    run = _read_run(spectra, element, sites[first].columns)
    photons = _check_present(folder, files, element, run)
    energy = sites[first].energy
    for rank, site in sites.items():
        if not _same_grid(site.energy, energy):
            raise InputError(
                f"{spectra}: the energies of {element} atom {rank} differ from those of atom "
                f"{first}; compute all sites with one bse.core.plot range"
            )
    if run.core_offset:
        if run.cbm is None or not np.isfinite(run.cbm):
            raise InputError(
                f"{spectra / 'bse.json'}: core offsets are on, so energies are absolute, but "
                f"bse.cbm is {json.dumps(run.cbm)}; the zero is unknown, finish the run"
            )
        energy = energy - run.cbm
    iterations = sorted({site.iterations for site in sites.values()}, key=str)
    parameters = {"photons": photons, "haydock_iterations": iterations, **vars(run)}
    del parameters["ranks"]
    attributes = {
        "engine": "OCEAN",
        "energy_zero": ENERGY_ZERO,
        "mu_unit": MU_UNIT,
        "parameters": json.dumps(parameters),
    }
    if orbital != "1s":  # K-edges go without saying
        attributes["edge"] = f"{'KLMNOP'[int(orbital[0]) - 1]}{2 * 'spdf'.index(orbital[1]) + 1}"
    mu = np.array([site.mu for site in sites.values()])
    return RunSpectra(np.array(list(sites)) - 1, energy, mu, attributes)


def _files(spectra: Path, element: str) -> tuple[str, dict[int, dict[int, Path]]]:
    """Core level and files of the element's spectra: rank to photon to path."""
    edges: dict[str, dict[int, dict[int, Path]]] = defaultdict(lambda: defaultdict(dict))
    others = set()
    for path in sorted(spectra.glob("absspct_*")):
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        if name["element"].rstrip("_") != element:
            others.add(name["element"].rstrip("_"))
            continue
        photons = edges[name["edge"]][int(name["rank"])]
        if int(name["photon"]) in photons:
            raise InputError(f"{path}: stands beside its gzipped copy; remove one of the two")
        photons[int(name["photon"])] = path
    if not edges:
        there = f", only of elements {', '.join(sorted(others))}" if others else ""
        raise InputError(
            f"{spectra}: holds no absspct file of {element}{there}; give the directory of a "
            "finished run of that absorber"
        )
    if len(edges) > 1:
        raise InputError(
            f"{spectra}: holds several edges of {element} ({', '.join(sorted(edges))}); leave one "
            "in place"
        )
    return next(iter(edges.items()))


def _read_site(photons: dict[int, Path], spectra: Path, element: str, rank: int) -> PhotonSpectrum:
    """Average the photons of one site."""
    site = f"{spectra}: {element} atom {rank}"
    if missing := sorted(set(range(1, max(photons) + 1)) - set(photons)):
        raise InputError(
            f"{site} lacks the file of photon {', '.join(map(str, missing))}; finish the run"
        )
    read = [read_absspct(photons[photon]) for photon in sorted(photons)]
    if len({photon.iterations for photon in read}) > 1:
        counts = ", ".join(str(photon.iterations) for photon in read)
        raise InputError(
            f"{site} has photons of different numbers of Haydock iterations ({counts}): one is "
            "stale or was interrupted; finish the run"
        )
    if not all(_same_grid(photon.energy, read[0].energy) for photon in read):
        points = ", ".join(str(len(photon.energy)) for photon in read)
        raise InputError(
            f"{site} has photons on different energies ({points} points): one file is stale or "
            "cut off; finish the run"
        )
    mean = np.mean([photon.mu for photon in read], axis=0)
    return PhotonSpectrum(read[0].energy, mean, read[0].iterations, read[0].columns)


def _read_run(spectra: Path, element: str, columns: int) -> _Run:
    """Read ``bse.json`` and check that the run is complete."""
    names = (spectra / "bse.json", spectra / "bse.json.gz")
    path = next((name for name in names if name.is_file()), None)
    if path is None:
        if columns <= _OLD_COLUMNS:
            return _Run()
        raise InputError(
            f"{spectra}: holds no bse.json, which says whether the run is complete and where its "
            "zero is; copy the whole CNBSE directory"
        )
    try:
        record = json.loads(read_text(path))
        complete = record["bse"]["complete"]
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{path}: does not say bse.complete; finish the run or copy the file again"
        ) from None
    if complete is not True:
        raise InputError(f"{path}: bse.complete is {json.dumps(complete)}; finish the OCEAN run")
    bse, calc = record["bse"], record.get("calc", {})
    sites = calc.get("sitelist", [])
    atoms = [int(str(edge).split()[0]) for edge in calc.get("edges", [])]
    asked = [sites[atom - 1] for atom in atoms if 1 <= atom <= len(sites)]
    cbm = bse.get("cbm")
    return _Run(
        cbm=float(cbm) if isinstance(cbm, int | float) else None,
        core_offset=bool(_within(bse, "screen", "core_offset", "enable")),
        broadening=_within(bse, "core", "broaden"),
        bands=bse.get("nbands"),
        kmesh=bse.get("kmesh"),
        xmesh=bse.get("xmesh"),
        epsilon=bse.get("epsilon"),
        ranks=tuple(int(rank) for name, _, rank in asked if str(name).rstrip("_") == element),
    )


def _check_present(folder: Path, files: dict[int, dict[int, Path]], element: str, run: _Run) -> int:
    """Check that photons and sites that the run was to compute are there; count the photons."""
    spectra = folder / "CNBSE"
    asked = len([path for path in folder.iterdir() if re.fullmatch(r"photon\d+", path.name)])
    expected = asked or max(len(photons) for photons in files.values())
    for rank, photons in sorted(files.items()):
        if len(photons) != expected:
            raise InputError(
                f"{spectra}: {element} atom {rank} has files of {len(photons)} photons, "
                f"{expected} are wanted; finish the run"
            )
    if missing := sorted(set(run.ranks) - set(files)):
        raise InputError(
            f"{spectra}: lacks the files of {element} atoms {', '.join(map(str, missing))}, which "
            "the run was to compute; finish the run or copy the whole CNBSE directory"
        )
    return expected


def _within(tree: Any, *names: str) -> Any:
    for name in names:
        tree = tree.get(name, {}) if isinstance(tree, dict) else {}
    return tree or None


def _same_grid(energy: np.ndarray, other: np.ndarray) -> bool:
    return len(energy) == len(other) and bool(np.allclose(energy, other, rtol=0, atol=1e-6))

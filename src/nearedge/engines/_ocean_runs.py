"""Reading the spectra of an OCEAN run."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.units import Bohr
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
    iterations = re.search(r"iter=\s*(\d{1,9})", "\n".join(header))
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
    sites = {rank: _read_site(files[rank], f"{spectra}: {element} atom {rank}") for rank in files}
    first = next(iter(sites))
    energy = sites[first].energy
    run, wanted, structure = _read_run(spectra, element, old=sites[first].columns <= _OLD_COLUMNS)
    asked = [path for path in folder.iterdir() if re.fullmatch(r"photon\d+", path.name)]
    photons = len(asked) or max(map(len, files.values()))
    for rank, paths in files.items():
        if len(paths) != photons:
            raise InputError(
                f"{spectra}: {element} atom {rank} has files of {len(paths)} photons, "
                f"{photons} are wanted; finish the run"
            )
    if missing := sorted(wanted - {*files}):
        raise InputError(
            f"{spectra}: lacks the files of {element} atoms {', '.join(map(str, missing))}, which "
            "the run was to compute; finish the run or copy the whole CNBSE directory"
        )
    for rank, site in sites.items():
        if not _same_grid(site.energy, energy):
            raise InputError(
                f"{spectra}: the energies of {element} atom {rank} differ from those of atom "
                f"{first}; compute all sites with one bse.core.plot range"
            )
    if run["core_offset"]:
        if run["cbm"] is None or not np.isfinite(run["cbm"]):
            raise InputError(
                f"{spectra / 'bse.json'}: core offsets are on, so energies are absolute, but "
                f"bse.cbm is {json.dumps(run['cbm'])}; the zero is unknown, finish the run"
            )
        energy = energy - run["cbm"]
    iterations = sorted({site.iterations for site in sites.values()}, key=str)
    parameters = {"photons": photons, "haydock_iterations": iterations, **run}
    attributes = {
        "engine": "OCEAN",
        "energy_zero": ENERGY_ZERO,
        "mu_unit": MU_UNIT,
        "parameters": json.dumps(parameters),
    }
    if orbital != "1s":  # K-edges go without saying
        attributes["edge"] = f"{'KLMNOP'[int(orbital[0]) - 1]}{2 * 'spdf'.index(orbital[1]) + 1}"
    mu = np.array([site.mu for site in sites.values()])
    elements = frozenset(structure.symbols) if structure else frozenset()
    return RunSpectra(np.array(list(sites)) - 1, energy, mu, attributes, elements, structure)


def _files(spectra: Path, element: str) -> tuple[str, dict[int, dict[int, Path]]]:
    """Core level and files of the element's spectra: rank to photon to path."""
    edges: dict[str, dict[int, dict[int, Path]]] = defaultdict(lambda: defaultdict(dict))
    others = set()
    for path in sorted(spectra.glob("absspct_*")):
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        symbol, photon = name["element"].rstrip("_"), int(name["photon"])
        if symbol != element:
            others.add(symbol)
            continue
        photons = edges[name["edge"]][int(name["rank"])]
        if photon in photons:
            raise InputError(f"{path}: exists also as a gzipped copy; remove one of the two")
        photons[photon] = path
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
    ((orbital, files),) = edges.items()
    return orbital, dict(sorted(files.items()))


def _read_site(photons: dict[int, Path], site: str) -> PhotonSpectrum:
    """Average the photons of one site."""
    if missing := sorted({*range(1, max(photons) + 1)} - {*photons}):
        raise InputError(
            f"{site} lacks the file of photon {', '.join(map(str, missing))}; finish the run"
        )
    read = [read_absspct(path) for _, path in sorted(photons.items())]
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
    return replace(read[0], mu=np.mean([photon.mu for photon in read], axis=0))


def _read_run(
    spectra: Path, element: str, *, old: bool
) -> tuple[dict[str, Any], set[int], Atoms | None]:
    """Read ``bse.json`` of a complete run: what was computed, the ranks of which sites, of what.

    Versions before 3 wrote none: nothing is known of these, their energies are from the CBM.
    """
    names = (spectra / "bse.json", spectra / "bse.json.gz")
    path = next((name for name in names if name.is_file()), None)
    bse, calc = {}, {}
    if path is not None:
        try:
            record = json.loads(read_text(path))
            bse, calc = record["bse"], record.get("calc", {})
            complete = bse["complete"]
        except (ValueError, KeyError, TypeError):
            raise InputError(
                f"{path}: does not say bse.complete; finish the run or copy the file again"
            ) from None
        if complete is not True:
            raise InputError(
                f"{path}: bse.complete is {json.dumps(complete)}; finish the OCEAN run"
            )
    elif not old:
        raise InputError(
            f"{spectra}: holds no bse.json, which says whether the run is complete and where its "
            "zero is; copy the whole CNBSE directory"
        )
    cbm, sites = bse.get("cbm"), calc.get("sitelist", [])
    atoms = [int(str(edge).split()[0]) for edge in calc.get("edges", [])]
    asked = [sites[atom - 1] for atom in atoms if 1 <= atom <= len(sites)]
    run = {
        "core_offset": bool(_within(bse, "screen", "core_offset", "enable")),
        "cbm": float(cbm) if isinstance(cbm, int | float) else None,
        "broadening": _within(bse, "core", "broaden"),
        "bands": bse.get("nbands"),
        **{name: bse.get(name) for name in ("kmesh", "xmesh", "epsilon")},
    }
    ranks = {int(rank) for name, _, rank in asked if str(name).rstrip("_") == element}
    return run, ranks, _structure(bse)


def _structure(bse: dict[str, Any]) -> Atoms | None:
    """Crystal that was computed, in Å; None where the run does not say it whole."""
    try:
        numbers = [bse["znucl"][number - 1] for number in bse["typat"]]
        cell = np.array(bse["avecs"], float) * Bohr
        return Atoms(numbers, scaled_positions=bse["xred"], cell=cell, pbc=True)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _within(tree: Any, *names: str) -> Any:
    for name in names:
        tree = tree.get(name, {}) if isinstance(tree, dict) else {}
    return tree or None


def _same_grid(energy: np.ndarray, other: np.ndarray) -> bool:
    return len(energy) == len(other) and bool(np.allclose(energy, other, rtol=0, atol=1e-6))

"""Making a dataset of spectra that were computed elsewhere and the structure they belong to."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from ase import Atoms

from nearedge.datasets._assembly import assemble
from nearedge.datasets._sites import SiteSpectra
from nearedge.datasets._table import SITE_COORDINATES
from nearedge.datasets.matching import same_structure
from nearedge.engines import RunSpectra, read_feff_run, read_ocean_run, read_table
from nearedge.errors import InputError
from nearedge.learning.features import RISE
from nearedge.spectra import Window, covered
from nearedge.structures import read_snapshots, reduced_formula
from nearedge.targets import TARGETS, EnvironmentRule, absorbers

MANY = 20  # energies that a spectrum needs at least

Format = Literal["matrix", "ocean", "feff"]


def import_dataset(
    structure: str | Path,
    spectra: str | Path,
    rule: EnvironmentRule,
    *,
    format: Format | None = None,
    snapshot: str | None = None,
    trajectory: str | None = None,
    temperature: float | None = None,
    energies: tuple[float, float, float] | None = None,
    attributes: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
) -> SiteSpectra:
    """Make a dataset of one structure and the spectra of its absorbers.

    Parameters
    ----------
    structure : str or Path
        A file of one structure, in any format ASE reads.
    spectra : str or Path
        A table of spectra (``matrix``), the directory of an OCEAN run (``ocean``) or of FEFF runs
        (``feff``).
    rule : EnvironmentRule
        Absorber, neighbour, cutoff and dimer distance.
    format : {"matrix", "ocean", "feff"}, optional
        Told from `spectra` by default: a file is a matrix, a directory with ``CNBSE`` is OCEAN's,
        any other FEFF's.
    snapshot, trajectory : str, optional
        Names. The snapshot's default is the structure file's name; a trajectory that is not named
        is the snapshot's own.
    temperature : float, optional
        In K.
    energies : tuple of float, optional
        Least and greatest energy and step, eV from the engine's zero, to which spectra are
        interpolated; those of the spectra by default.
    attributes : dict, optional
        What to say of the spectra (``engine``, ``energy_zero``, ``mu_unit``, ``licence`` ...) over
        what the files say.
    columns : mapping of str to str, optional
        Further words on the sites, of which models can be told: a space group, a defect type.

    Returns
    -------
    SiteSpectra

    Raises
    ------
    InputError
        If a file cannot be used, spectra and absorbers differ in number, or a run says that it was
        of another structure.
    """
    if taken := sorted({*SITE_COORDINATES, *TARGETS, RISE} & {*(columns or {})}):
        raise InputError(f"column '{taken[0]}' has a meaning of its own; choose another name")
    spectra = Path(spectra)
    frames = read_snapshots(structure)
    if len(frames) != 1:
        raise InputError(
            f"{structure}: holds {len(frames)} structures; spectra belong to one, give that frame"
        )
    name = snapshot or frames[0].name
    frame = replace(frames[0], name=name, trajectory=trajectory or name)
    if temperature is not None:
        frame = replace(frame, temperature=temperature)
    atoms = absorbers(frame.atoms, rule.absorber)
    read = READERS[format or guess_format(spectra)]
    run = read(spectra, rule.absorber)
    _check_structure(run, frame.atoms, str(spectra), str(structure))
    rank, energy, mu, origin = run[:4]
    if energies is not None:
        low, high, step = energies
        grid = low + step * np.arange(round((high - low) / step) + 1 if step > 0 else 0)
        if len(grid) < 2 or grid[0] < energy[0] - 1e-3 or grid[-1] > energy[-1] + 1e-3:
            raise InputError(
                f"{spectra}: has energies from {energy[0]:g} to {energy[-1]:g} eV, which do not "
                f"cover {low:g} to {high:g} eV in steps of {step:g} eV; ask for others"
            )
        energy, mu = grid, np.array([np.interp(grid, energy, spectrum) for spectrum in mu])
    if len(rank) and rank.max() >= len(atoms):
        raise InputError(
            f"{spectra}: has a spectrum of {rule.absorber} atom {rank.max() + 1}, but {structure} "
            f"holds {len(atoms)} {rule.absorber} atoms; give the structure the spectra belong to"
        )
    if read is _read_matrix and len(rank) != len(atoms):
        raise InputError(
            f"{spectra}: holds {len(rank)} spectra, but {structure} holds {len(atoms)} "
            f"{rule.absorber} atoms; give one spectrum per atom, in the order of the structure"
        )
    least = Window()
    if not covered(energy, least.grid).all() or len(energy) < MANY:
        raise InputError(
            f"{spectra}: {len(energy)} energies from {energy[0]:g} to {energy[-1]:g} eV are too "
            f"short a table: models read at least {least.minimum:g} to {least.maximum:g} eV from "
            "the zero; compute a wider range"
        )
    return assemble(
        [frame],
        [(0, int(atoms[number])) for number in rank],
        energy,
        mu,
        rule,
        {**origin, **(attributes or {}), "structure_file": Path(structure).name},
        extra={key: np.full(len(rank), word) for key, word in (columns or {}).items()},
        source=str(spectra),
    )


def _check_structure(run: RunSpectra, atoms: Atoms, spectra: str, structure: str) -> None:
    """Refuse spectra of a run of another structure, as far as the run says what it was of."""
    if foreign := sorted(run.elements - {*atoms.symbols}):
        raise InputError(
            f"{spectra}: is a run with {', '.join(foreign)}, which {structure} "
            f"({reduced_formula(atoms)}) does not hold; give the structure the spectra belong to"
        )
    if run.structure is None:
        return
    # Sites are counted within their element, in whatever order the elements are listed.
    computed, given = (
        each[np.argsort(each.numbers, kind="stable")] for each in (run.structure, atoms)
    )
    if not same_structure(computed, given, drift=True):
        raise InputError(
            f"{spectra}: is a run of another structure ({_words(run.structure)}) than {structure} "
            f"({_words(atoms)}), or of its atoms in another order or cell; give the structure the "
            "spectra belong to"
        )


def _words(atoms: Atoms) -> str:
    edges = " x ".join(f"{length:.3f}" for length in atoms.cell.lengths())
    return f"{atoms.get_chemical_formula()}, cell {edges} Å"


def guess_format(spectra: Path) -> Format:
    """Tell the format of spectra from what the path is."""
    if not spectra.exists():
        raise InputError(f"{spectra}: no such file or directory; give the spectra to import")
    if spectra.is_file():
        return "matrix"
    return "ocean" if (spectra / "CNBSE").is_dir() else "feff"


def _read_matrix(spectra: Path, _absorber: str) -> RunSpectra:
    energy, mu = read_table(spectra)
    unknown = "as in the imported table"
    origin = {"engine": "unknown", "energy_zero": unknown, "mu_unit": unknown}
    return RunSpectra(np.arange(len(mu)), energy, mu, {**origin, "spectra_file": spectra.name})


READERS: dict[Format, Callable[[Path, str], RunSpectra]] = {
    "matrix": _read_matrix,
    "ocean": read_ocean_run,
    "feff": read_feff_run,
}

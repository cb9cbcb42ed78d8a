"""What OCEAN 3 is asked to compute: settings, ``ocean.in``, photons and pseudopotentials."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.units import Bohr, Rydberg
from jaxtyping import Float
from scipy.fft import next_fast_len

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.structures import equivalent_atoms

INPUT = "ocean.in"
# With core offsets OCEAN's energies are absolute. The conduction band minimum, known after the run
# only, is looked for between -15 and 30 eV.
_BELOW, _ABOVE = 15.0, 30.0
# Valence electrons of a 3d metal in OCEAN's own pseudopotentials, 3s and 3p among them: of Fe.
_VALENCE = 16.0
_Z_VALENCE = re.compile(r'z_valence\s*=\s*"\s*([\d.]+(?:[Ee][+-]?\d+)?)|([\d.]+)\s+Z valence')


# Spin moments of 3d ions of high spin, in Bohr magnetons.
_HIGH_SPIN = {"V": 3.0, "Cr": 4.0, "Mn": 5.0, "Fe": 5.0, "Co": 4.0, "Ni": 2.0}


@dataclass(frozen=True)
class OceanSettings:
    """What OCEAN 3 computes and how.

    Spacings and ranges give MgO the meshes (4, 6, 2 and 8 points) and bands (24 and 80) of a
    recorded run of OCEAN 3.2.1, and the other values are that run's. They are not converged: test
    your own. Empty bands are counted as of free electrons, V / (6 pi^2) (2 m E / hbar^2)^(3/2).
    """

    ecut: float = 84.0  # of plane waves, Ry; PseudoDojo recommends 84 for O and Mg, 90 for Fe
    density_spacing: float = 0.7  # largest distance of k-points of the SCF, 1/Å
    spectrum_spacing: float = 0.45  # of those of the spectrum
    screening_spacing: float = 1.4  # of those of the screening
    grid_spacing: float = 0.4  # of the spectrum's wave functions, Å
    spectrum_range: float = 52.0  # how far empty bands reach above the occupied ones, eV
    screening_range: float = 142.0  # the same for the screening
    screening_radius: float = 4.0  # in which the core hole's screening is computed, bohr
    epsilon: float = 3.0  # electronic dielectric constant (MgO's); oxides of 3d metals have 5 to 7
    broadening: float = 0.5  # Lorentzian half width, eV
    iterations: int = 100  # of the Haydock recursion
    energy_min: float = -10.0  # eV from the conduction band minimum
    energy_max: float = 40.0
    points: int = 1001  # steps between them
    # Spin moments that elements begin with, all parallel, in Bohr magnetons: 3d ions of high spin.
    # Structures without such elements are computed without spin.
    moments: dict[str, float] = field(default_factory=_HIGH_SPIN.copy)
    metal: bool = False  # whether structures without spin are metals too
    smearing: float = 0.01  # of the occupation where there is spin or a metal, Ry
    # Further keywords of ocean.in, or other values of those written; an empty text leaves one out.
    keywords: dict[str, str] = field(default_factory=dict)
    timeout: float = 7 * 86400.0  # longest time of a run, s

    def __post_init__(self) -> None:
        fields: dict[str, Any] = vars(self)
        for name, value in fields.items():
            if isinstance(value, bool | dict) or name in ("energy_min", "energy_max"):
                continue
            if not 0 < value < np.inf:
                raise InputError(f"OCEAN setting {name} is {value}; must be positive")
        if not self.energy_min < 0 < self.energy_max:
            raise InputError(
                f"OCEAN energies from {self.energy_min} to {self.energy_max} eV do not enclose the "
                "conduction band minimum at 0"
            )

    @property
    def energy(self) -> Float[np.ndarray, " energy"]:
        """Energies in eV from the conduction band minimum."""
        return np.linspace(self.energy_min, self.energy_max, self.points + 1)


@dataclass(frozen=True)
class OceanInput:
    """Writes the input of one run for the chosen sites of a structure.

    OCEAN computes L2 and L3 together, and so M4 and M5.

    Examples
    --------
    >>> from ase.build import bulk
    >>> keywords = OceanInput(Edge("O")).keywords(bulk("MgO", "rocksalt", a=4.2117), [1])
    >>> keywords["calc.edges"], keywords["bse.kmesh"], keywords["bse.nbands"]
    ('2 1 0', '6 6 6', '-16')
    """

    edge: Edge
    settings: OceanSettings = field(default_factory=OceanSettings)
    pseudopotentials: Path | None = None  # folder of UPF files, Mg-sp.UPF; OCEAN's if None
    mpi: str = ""  # how programs are started in parallel; OCEAN's default if empty

    def write(self, atoms: Atoms, sites: Sequence[int], folder: Path) -> None:
        """Write all that OCEAN reads to a folder."""
        lines = [
            f"{name} {value if len(value.split()) == 1 or value[0] == '{' else f'{{ {value} }}'}\n"
            for name, value in self.keywords(atoms, sites).items()
        ]
        (folder / INPUT).write_text("".join(lines))
        for number, axis in enumerate(("1 0 0", "0 1 0", "0 0 1"), start=1):
            # Dipole transitions do not depend on the photon's direction, the second one.
            (folder / f"photon{number}").write_text(
                f"dipole\ncartesian {axis}\nend\ncartesian 0 0 1\nend\n{self.edge.energy:g}\n"
            )
        for path in self._files(atoms).values():
            shutil.copy(path, folder / path.name)

    def keywords(self, atoms: Atoms, sites: Sequence[int]) -> dict[str, str]:
        """Give the keywords of ``ocean.in`` and their values; refuse what OCEAN cannot compute."""
        settings = self.settings
        if not atoms.pbc.all():
            raise InputError("is not periodic in three directions; OCEAN computes crystals only")
        files = self._files(atoms)
        elements = list(dict.fromkeys(atoms.symbols))
        valence = {element: _valence(path) for element, path in files.items()}
        electrons = sum(valence.get(symbol, 0.0) for symbol in atoms.symbols)
        moment = sum(settings.moments.get(symbol, 0.0) for symbol in atoms.symbols)
        partial = bool(moment or settings.metal or electrons % 2)
        # Quantum Espresso wants shares of the valence electrons.
        magnetisation = ", ".join(
            f"starting_magnetization({number}) = {share / valence.get(element, _VALENCE):.3f}"
            for number, element in enumerate(elements, start=1)
            if (share := settings.moments.get(element))
        )
        # Bands of the majority spin; a negative number counts from half the electrons.
        sign, occupied = (1 if files else -1), ceil((electrons + moment) / 2)
        bands = [
            sign * (occupied + ceil(density * (reach / Rydberg) ** 1.5))
            for density in [atoms.get_volume() / (6 * np.pi**2 * Bohr**3)]
            for reach in (settings.spectrum_range, settings.screening_range)
        ]
        inequivalent = len(set(equivalent_atoms(atoms)[list(sites)].tolist())) > 1
        below, above = (_BELOW, _ABOVE) if inequivalent else (0.0, 0.0)
        low, high = settings.energy_min - below, settings.energy_max + above
        step = (settings.energy_max - settings.energy_min) / settings.points
        reciprocal = 2 * np.pi * np.linalg.norm(atoms.cell.reciprocal(), axis=1)
        shell = "KLMNOPQ".index(self.edge.name[0]) + 1
        orbital = int(self.edge.name[1:] or 1) // 2
        keywords = {
            "computer.para_prefix": self.mpi and f"{{ {self.mpi} }}",
            "dft.program": "qe",
            "opf.program": "hamann",
            "psp.source": "manual" if files else "",
            "psp.pp_list": " ".join(path.name for path in files.values()),
            "dft.ecut": f"{settings.ecut:g}",
            "structure.rscale": "1.0 1.0 1.0",
            "structure.rprim": _rows(atoms.cell.array / Bohr),
            "structure.znucl": " ".join(str(atomic_numbers[element]) for element in elements),
            "structure.typat": " ".join(str(elements.index(name) + 1) for name in atoms.symbols),
            "structure.xred": _rows(atoms.get_scaled_positions()),
            "structure.epsilon": f"{settings.epsilon:g}",
            "dft.epsilon.method": "input",
            "dft.den.kmesh": _mesh(reciprocal, settings.density_spacing),
            "bse.nbands": str(bands[0]),
            "bse.kmesh": _mesh(reciprocal, settings.spectrum_spacing),
            "bse.xmesh": _mesh(atoms.cell.lengths(), settings.grid_spacing, fast=True),
            "screen.kmesh": _mesh(reciprocal, settings.screening_spacing),
            "screen.nbands": str(bands[1]),
            "screen.shells": f"{{ {settings.screening_radius:.1f} }}",
            "bse.core.screen_radius": f"{settings.screening_radius:.1f}",
            "bse.core.broaden": f"{settings.broadening:g}",
            "bse.core.haydock.niter": str(settings.iterations),
            "bse.core.plot.range": f"{low:g} {high:g}",
            "bse.core.plot.points": str(round((high - low) / step)),
            "calc.mode": "xas",
            "calc.edges": "\n".join(f"{site + 1} {shell} {orbital}" for site in sites),
            "dft.nspin": "2" if moment else "",
            "dft.smag": magnetisation,
            "dft.occopt": "3" if partial else "",
            "dft.degauss": f"{settings.smearing:g}" if partial else "",
            "structure.metal": "true" if partial else "",
            "screen.core_offset.enable": "true" if inequivalent else "",
        }
        return {name: text for name, text in (keywords | settings.keywords).items() if text}

    def _files(self, atoms: Atoms) -> dict[str, Path]:
        """Find the pseudopotential of each element; none where they are OCEAN's own."""
        folder, chosen = self.pseudopotentials, {}
        if folder is None:
            return chosen
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; give one that holds pseudopotentials")
        for element in dict.fromkeys(atoms.symbols):
            name = re.compile(rf"{element}(?![a-z]).*\.upf", re.IGNORECASE)
            paths = sorted(path for path in folder.iterdir() if name.fullmatch(path.name))
            if len(paths) != 1:
                there = ", ".join(path.name for path in paths) or "none"
                raise InputError(
                    f"{folder}: must hold one pseudopotential of {element}, as {element}.UPF, and "
                    f"holds {there}; put one there"
                )
            chosen[element] = paths[0]
        return chosen


@cache
def _valence(path: Path) -> float:
    """Valence electrons of a pseudopotential."""
    number = _Z_VALENCE.search(path.read_text(errors="replace"))
    if number is None:
        raise InputError(f"{path}: does not say z_valence; give a pseudopotential in UPF")
    return float(number[1] or number[2])


def _mesh(lengths: np.ndarray, spacing: float, *, fast: bool = False) -> str:
    """Points along three axes; `fast`: numbers of small factors."""
    counts = [max(1, ceil(length / spacing - 1e-6)) for length in lengths]
    return " ".join(str(next_fast_len(count, real=True) if fast else count) for count in counts)


def _rows(table: np.ndarray) -> str:
    return "\n".join(" ".join(f"{value:.10f}" for value in row) for row in table)

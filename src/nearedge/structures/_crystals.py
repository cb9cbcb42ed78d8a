"""Ordered crystals: chosen by their elements, one of each, written with where they come from."""

import csv
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from nearedge.errors import InputError
from nearedge.records import replacing
from nearedge.structures._symmetry import equivalent_atoms, primitive_cell, space_group

MAX_ATOMS = 80
"""Largest primitive cell taken unless told otherwise."""

# Volumes of one formula and space group that differ by less are one crystal, measured twice.
_SAME_VOLUME = 0.03
# Atoms nearer than this fraction of the sum of their covalent radii share a site by turns.
_CLOSEST = 0.6


@dataclass(frozen=True)
class Crystal:
    """A crystal and where it comes from.

    Parameters
    ----------
    name : str
        Of the mineral or the structure type.
    code : str
        By which its source knows it: ``amcsd0001737``, ``table``, the name of a file.
    publication : str
        Who determined it.
    atoms : ase.Atoms
        One cell.
    objection : str or None
        Why it cannot be used, None if its source sees no reason.
    """

    name: str
    code: str
    publication: str
    atoms: Atoms
    objection: str | None = None

    @property
    def formula(self) -> str:
        """Reduced formula, hydrogen included."""
        return self.atoms.symbols.formula.reduce()[0].format("hill")

    @property
    def file_name(self) -> str:
        """Name of its CIF: formula, name and code."""
        words = (self.formula, self.name, self.code)
        return (
            "_".join(re.sub(r"[^A-Za-z0-9.+-]+", "-", word).strip("-") for word in words) + ".cif"
        )

    def sites(self, absorbers: Sequence[str]) -> dict[int, int]:
        """Find the symmetry-unique atoms of some elements, and how many atoms each stands for."""
        first, count = np.unique(equivalent_atoms(self.atoms), return_counts=True)
        symbols = self.atoms.symbols
        return {
            int(i): int(n) for i, n in zip(first, count, strict=True) if symbols[i] in absorbers
        }

    def cif(self) -> str:
        """Write it as the text of a CIF, all atoms of the cell in space group P1."""
        lengths, angles = np.split(self.atoms.cell.cellpar(), 2)
        lines = [
            f"data_{Path(self.file_name).stem}",
            f"_chemical_name_mineral {_quoted(self.name)}",
            f"_database_code {_quoted(self.code)}",
            f"_publ_section_title {_quoted(self.publication)}",
            f"_chemical_formula_sum {_quoted(self.atoms.symbols.formula.format('hill'))}",
            *(
                f"_cell_length_{axis} {value:.6f}"
                for axis, value in zip("abc", lengths, strict=True)
            ),
            *(
                f"_cell_angle_{name} {value:.6f}"
                for name, value in zip(("alpha", "beta", "gamma"), angles, strict=True)
            ),
            "_symmetry_space_group_name_H-M 'P 1'",
            "_symmetry_Int_Tables_number 1",
            "loop_",
            *(f"_atom_site_{column}" for column in ("label", "type_symbol", "fract_x", "fract_y")),
            "_atom_site_fract_z",
        ]
        lines += [
            f"{symbol}{place} {symbol} {x:.7f} {y:.7f} {z:.7f}"
            for place, (symbol, (x, y, z)) in enumerate(
                zip(self.atoms.symbols, self.atoms.get_scaled_positions(), strict=True)
            )
        ]
        return "\n".join([*lines, ""])


@dataclass(frozen=True)
class Rejection:
    """A crystal that was left out, and why."""

    crystal: Crystal
    reason: str


def select_crystals(
    candidates: Iterable[Crystal],
    absorbers: Sequence[str],
    *,
    max_atoms: int = MAX_ATOMS,
    limit: int | None = None,
) -> tuple[list[Crystal], list[Rejection]]:
    """Choose ordered crystals that hold an absorber, one per formula, space group and volume.

    Parameters
    ----------
    candidates : iterable of Crystal
        Of several alike, the first is taken.
    absorbers : sequence of str
        Elements; a crystal must hold one of them.
    max_atoms : int
        Largest primitive cell.
    limit : int or None
        How many to take at most, small cells first.

    Returns
    -------
    chosen : list of Crystal
        Primitive cells, ordered by their number of atoms, formula and code.
    rejected : list of Rejection
        Those that hold an absorber but cannot be used.
    """
    chosen: list[Crystal] = []
    rejected: list[Rejection] = []
    volumes: dict[tuple[str, int], list[float]] = {}
    for crystal in candidates:
        if not set(absorbers) & set(crystal.atoms.symbols):
            continue
        reason = crystal.objection or _crowding(crystal.atoms)
        if reason is None:
            crystal = replace(crystal, atoms=primitive_cell(crystal.atoms))
            reason = _repeated(crystal.atoms, volumes)
        if reason is None and len(crystal.atoms) > max_atoms:
            reason = f"its primitive cell holds {len(crystal.atoms)} atoms, more than {max_atoms}"
        if reason is None:
            chosen.append(crystal)
        else:
            rejected.append(Rejection(crystal, reason))
    chosen.sort(key=lambda crystal: (len(crystal.atoms), crystal.formula, crystal.code))
    return chosen[:limit], rejected


def write_crystals(
    folder: str | Path,
    chosen: Sequence[Crystal],
    rejected: Sequence[Rejection] = (),
    *,
    force: bool = False,
) -> None:
    """Write a CIF for each crystal, and ``rejected.tsv`` with those left out.

    Raises
    ------
    InputError
        If `folder` exists and `force` is false.
    """
    with replacing(folder, force=force) as temporary:
        temporary.mkdir()
        for crystal in chosen:
            (temporary / crystal.file_name).write_text(crystal.cif())
        with (temporary / "rejected.tsv").open("w", newline="") as table:
            rows = csv.writer(table, delimiter="\t")
            rows.writerow(("name", "code", "formula", "reason"))
            rows.writerows(
                (c.name, c.code, c.formula, r.reason) for r in rejected for c in [r.crystal]
            )


def read_crystals(folder: str | Path) -> Iterator[Crystal]:
    """Read the CIFs of a folder, in the order of their names.

    Yields
    ------
    Crystal
        With an objection where sites are partly or jointly occupied.

    Raises
    ------
    InputError
        If the folder holds no CIF, or one that ASE cannot read.
    """
    paths = sorted(Path(folder).glob("*.cif"))
    if not paths:
        raise InputError(f"{folder}: holds no *.cif; give a folder of crystals")
    for path in paths:
        try:
            with warnings.catch_warnings(action="ignore"):
                frames = ase.io.read(path, index=":", store_tags=True, fractional_occupancies=True)
        except Exception as error:  # ASE's readers raise whatever their parsers do
            raise InputError(
                f"{path}: ASE cannot read it ({' '.join(str(error).split())}); mend or remove it"
            ) from None
        for atoms in frames if isinstance(frames, list) else [frames]:
            yield _from_tags(path, atoms)


def structure_types(absorbers: Sequence[str]) -> Iterator[Crystal]:
    """Build the structure types that minerals lack, from the table that ships.

    The table holds space group, cell and asymmetric unit of each, with the source.

    Parameters
    ----------
    absorbers : sequence of str
        Elements; what holds none of them is not built.

    Yields
    ------
    Crystal
        In the order of the table.
    """
    from ase.spacegroup import crystal

    with files("nearedge.structures").joinpath("structure_types.tsv").open() as table:
        for row in csv.DictReader(
            (line for line in table if not line.startswith("#")), delimiter="\t"
        ):
            sites = [site.split() for site in row["sites"].split(";")]
            if not {site[0] for site in sites} & set(absorbers):
                continue
            atoms = crystal(
                [site[0] for site in sites],
                [[_fraction(word) for word in site[1:]] for site in sites],
                spacegroup=int(row["space_group"]),
                setting=int(row["setting"] or 1),
                cellpar=[float(word) for word in row["cell"].split()],
            )
            plain = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)
            yield Crystal(row["name"], "table", row["source"], plain)


def _fraction(word: str) -> float:
    top, _, bottom = word.partition("/")
    return float(top) / float(bottom or 1)


def _from_tags(path: Path, atoms: Atoms) -> Crystal:
    tags = atoms.info
    name = tags.get("_chemical_name_mineral") or tags.get("_chemical_name_common") or path.stem
    code = tags.get("_database_code_amcsd") or tags.get("_database_code") or path.stem
    occupied = tags.get("occupancy", {}).values()
    partly = any(len(site) > 1 or min(site.values()) < 0.999 for site in occupied)
    return Crystal(
        str(name), str(code), str(tags.get("_publ_section_title", "")),
        Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True),
        "its sites are partly or jointly occupied" if partly else None,
    )  # fmt: skip


def _crowding(atoms: Atoms) -> str | None:
    """Say which atoms are too near to be there at the same time."""
    radii = covalent_radii[atoms.numbers]
    first, second, distance = neighbor_list("ijd", atoms, float(2 * _CLOSEST * radii.max()))
    ratio = distance / (radii[first] + radii[second])
    if not len(ratio) or ratio.min() >= _CLOSEST:
        return None
    worst = int(ratio.argmin())
    pair = f"{atoms.symbols[first[worst]]} and {atoms.symbols[second[worst]]}"
    return f"{pair} are {distance[worst]:.2f} Å apart: they cannot be there at the same time"


def _repeated(cell: Atoms, volumes: dict[tuple[str, int], list[float]]) -> str | None:
    """Say that a crystal was taken before, or note that it is taken now."""
    before = volumes.setdefault((_without_hydrogen(cell), space_group(cell)), [])
    # Per atom, so that the choice of the cell does not matter.
    volume = float(cell.get_volume()) / int((cell.numbers != 1).sum())
    if any(abs(volume / other - 1) < _SAME_VOLUME for other in before):
        return "another of its formula, space group and volume was taken"
    before.append(volume)
    return None


def _without_hydrogen(atoms: Atoms) -> str:
    heavy = atoms[atoms.numbers != 1]
    assert isinstance(heavy, Atoms)
    return heavy.symbols.formula.reduce()[0].format("hill")


def _quoted(text: str) -> str:
    return "'" + " ".join(text.replace("'", "").split()) + "'"

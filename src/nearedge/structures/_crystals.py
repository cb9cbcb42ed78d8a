"""Ordered crystals: chosen by their elements, one of each, written with where they come from."""

import csv
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import ase.io
from ase import Atoms

from nearedge.errors import InputError
from nearedge.records import replacing
from nearedge.structures._formula import reduced_formula
from nearedge.structures._sanity import closest_pair
from nearedge.structures._symmetry import equivalent_atoms, primitive_cell, space_group

MAX_ATOMS = 80
"""Largest primitive cell taken unless told otherwise."""

# Volumes of one formula and space group that differ by less are one crystal, measured twice.
_SAME_VOLUME = 0.03
# Atoms nearer than this fraction of the sum of their covalent radii share a site by turns.
_CLOSEST = 0.6


@dataclass(frozen=True)
class Crystal:
    """One cell of a crystal and where it comes from."""

    name: str  # of the mineral or the structure type
    code: str  # by which its source knows it: amcsd0001737, table, the name of a file
    publication: str
    atoms: Atoms
    objection: str | None = None  # why it cannot be used, if its source sees a reason

    @property
    def formula(self) -> str:
        """Reduced formula, hydrogen included."""
        return reduced_formula(self.atoms)

    @property
    def file_name(self) -> str:
        """Name of its CIF: formula, name and code."""
        words = (self.formula, self.name, self.code)
        plain = (re.sub(r"[^A-Za-z0-9.+-]+", "-", word).strip("-") for word in words)
        return f"{'_'.join(plain)}.cif"

    def sites(self, absorbers: Sequence[str]) -> dict[int, int]:
        """Find the symmetry-unique atoms of some elements, and how many atoms each stands for."""
        count = Counter(equivalent_atoms(self.atoms).tolist())
        return {i: count[i] for i in sorted(count) if self.atoms.symbols[i] in absorbers}

    def cif(self) -> str:
        """Write it as the text of a CIF, all atoms of the cell in space group P1."""
        texts = {
            "chemical_name_mineral": self.name,
            "database_code": self.code,
            "publ_section_title": self.publication,
            "chemical_formula_sum": self.atoms.symbols.formula.format("hill"),
            "symmetry_space_group_name_H-M": "P 1",
        }
        quoted = {tag: text.replace("'", "").split() for tag, text in texts.items()}
        cell = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
        columns = ("label", "type_symbol", "fract_x", "fract_y", "fract_z")
        sites = zip(self.atoms.symbols, self.atoms.get_scaled_positions(), strict=True)
        lines = [
            f"data_{Path(self.file_name).stem}",
            *(f"_{tag} '{' '.join(words)}'" for tag, words in quoted.items()),
            "_symmetry_Int_Tables_number 1",
            *(f"_cell_{n} {v:.6f}" for n, v in zip(cell, self.atoms.cell.cellpar(), strict=True)),
            "loop_",
            *(f"_atom_site_{column}" for column in columns),
            *(f"{s}{i} {s} {x:.7f} {y:.7f} {z:.7f}" for i, (s, (x, y, z)) in enumerate(sites)),
        ]
        return "\n".join([*lines, ""])


class Rejection(NamedTuple):
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
    """Choose ordered crystals that hold an absorber, the first per formula, space group and volume.

    Given are their primitive cells, small ones first, and those that cannot be used.
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
    """Write a CIF for each crystal, and ``rejected.tsv`` with those left out."""
    with replacing(folder, force=force) as temporary:
        temporary.mkdir()
        for crystal in chosen:
            (temporary / crystal.file_name).write_text(crystal.cif())
        with (temporary / "rejected.tsv").open("w", newline="") as table:
            rows = [(one.name, one.code, one.formula, reason) for one, reason in rejected]
            head = ("name", "code", "formula", "reason")
            csv.writer(table, delimiter="\t").writerows([head, *rows])


def read_crystals(folder: str | Path) -> Iterator[Crystal]:
    """Read the CIFs of a folder, in the order of their names."""
    paths = sorted(Path(folder).glob("*.cif"))
    if not paths:
        raise InputError(f"{folder}: holds no *.cif; give a folder of crystals")
    for path in paths:
        try:
            with warnings.catch_warnings(action="ignore"):
                frames = ase.io.read(path, index=":", store_tags=True, fractional_occupancies=True)
        except Exception as error:  # ASE's readers raise whatever their parsers do
            raise InputError(
                f"{path}: ASE cannot read it ({' '.join(str(error).split())}); repair or remove it"
            ) from None
        for atoms in frames if isinstance(frames, list) else [frames]:
            yield _from_tags(path, atoms)


def structure_types(absorbers: Sequence[str]) -> Iterator[Crystal]:
    """Build the structure types that minerals lack, from the table that ships with their sources.

    It holds space group, cell and asymmetric unit; what has none of the absorbers is not built.
    """
    from ase.spacegroup import crystal

    with files("nearedge.structures").joinpath("structure_types.tsv").open() as table:
        lines = (line for line in table if not line.startswith("#"))
        for row in csv.DictReader(lines, delimiter="\t"):
            sites = [site.split() for site in row["sites"].split(";")]
            if not {site[0] for site in sites} & set(absorbers):
                continue
            atoms = crystal(
                [site[0] for site in sites],
                [[float(Fraction(word)) for word in site[1:]] for site in sites],
                spacegroup=int(row["space_group"]),
                setting=int(row["setting"] or 1),
                cellpar=[float(word) for word in row["cell"].split()],
            )
            yield Crystal(row["name"], "table", row["source"], _plain(atoms))


def _plain(atoms: Atoms) -> Atoms:
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=True)


def _from_tags(path: Path, atoms: Atoms) -> Crystal:
    tags = atoms.info
    name = tags.get("_chemical_name_mineral") or tags.get("_chemical_name_common") or path.stem
    code = tags.get("_database_code_amcsd") or tags.get("_database_code") or path.stem
    publication = str(tags.get("_publ_section_title", ""))
    occupied = tags.get("occupancy", {}).values()
    partly = any(len(site) > 1 or min(site.values()) < 0.999 for site in occupied)
    objection = "its sites are partly or jointly occupied" if partly else None
    return Crystal(str(name), str(code), publication, _plain(atoms), objection)


def _crowding(atoms: Atoms) -> str | None:
    """Say which atoms are too near to be there at the same time."""
    if (pair := closest_pair(atoms, _CLOSEST)) is None:
        return None
    i, j, distance = pair
    apart = f"{atoms.symbols[i]} and {atoms.symbols[j]} are {distance:.2f} Å apart"
    return f"{apart}: both cannot be occupied at once"


def _repeated(cell: Atoms, volumes: dict[tuple[str, int], list[float]]) -> str | None:
    """Say that a crystal was taken before, or note that it is taken now."""
    heavy = cell.numbers[cell.numbers != 1]
    formula = Atoms(heavy).symbols.formula.reduce()[0].format("hill")
    before = volumes.setdefault((formula, space_group(cell)), [])
    # Per atom, so that the choice of the cell does not matter.
    volume = float(cell.get_volume()) / len(heavy)
    if any(abs(volume / other - 1) < _SAME_VOLUME for other in before):
        return "a crystal of the same formula, space group and volume is already in"
    before.append(volume)
    return None

"""The American Mineralogist Crystal Structure Database, as larixite's wheel carries it.

R. T. Downs and M. Hall-Wallace, American Mineralogist 88, 247 (2003).
"""

import json
import re
import sqlite3
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.spacegroup.spacegroup import parse_sitesym
from jaxtyping import Float

from nearedge.errors import InputError
from nearedge.structures._crystals import Crystal

# Coordinates of older publications were guessed rather than refined.
_EARLIEST = 1950
# Images of one site this near, Å, are one atom on a special position, its coordinates rounded.
_SAME_SITE = 0.15
# How far the fractions of atoms in the sites may be from those of the formula.
_COMPOSITION = 0.1
# The database packs coordinates as integers of this part of the cell's edge.
_PACKED = 4e6

_QUERY = """
select cif.id, minerals.name as mineral, formula, pub_title, a, b, c, alpha, beta, gamma,
       atoms_sites, atoms_x, atoms_y, atoms_z, atoms_occupancy, symmetry_xyz,
       journalname, volume, year, page_first, publication_id
from cif join minerals on minerals.id = mineral_id
     join spacegroups on spacegroups.id = spacegroup_id
     join publications on publications.id = publication_id
where cif.id in (select cif_id from cif_elements where element in ({}))
order by pub_title like '%P = %', publications.year desc, cif.id
"""
_AUTHORS = """
select name from authors join publication_authors on authors.id = author_id
where publication_id = ? order by publication_authors.rowid
"""


def read_amcsd(absorbers: Sequence[str]) -> Iterator[Crystal]:
    """Read the crystals that hold one of some elements, the latest publications first."""
    # larixite is not imported: it needs a gigabyte of other packages, its database none.
    package = find_spec("larixite")
    path = Path(package.origin or "").with_name("amcsd_cif1.db") if package else None
    if path is None or not path.is_file():
        raise InputError(
            "the mineral database AMCSD is missing; get it with: "
            "pip install --no-deps larixite, or give a folder of CIFs with --from"
        )
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        marks = ", ".join("?" * len(absorbers))
        for row in database.execute(_QUERY.format(marks), tuple(absorbers)).fetchall():
            names = [name for (name,) in database.execute(_AUTHORS, (row["publication_id"],))]
            yield _crystal(row, ", ".join(names))


def _crystal(row: sqlite3.Row, authors: str) -> Crystal:
    title = " ".join(str(row["pub_title"]).split())
    publication = (
        f"{authors}: {title}, {row['journalname']} {row['volume'] or ''}, {row['page_first'] or ''}"
        f" ({row['year']})"
    )
    name = str(row["mineral"]).replace("<missing>", "unnamed")
    # Enough of it to be listed among those left out.
    atoms, objection = Atoms(_elements(row["formula"])), None
    if row["atoms_occupancy"] != "0" and _unpacked(row["atoms_occupancy"]).min() < 0.999:
        objection = "its sites are partly occupied"
    elif row["year"] < _EARLIEST:
        objection = f"published in {row['year']}: positions were rarely refined before {_EARLIEST}"
    else:
        try:
            atoms = _cell(row)
            objection = _mismatch(row, atoms)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            objection = f"its entry is damaged: {error}"
    return Crystal(name, f"amcsd{row['id']:07d}", publication, atoms, objection)


def _mismatch(row: sqlite3.Row, atoms: Atoms) -> str | None:
    wanted = _elements(row["formula"])
    # Many X-ray structures lack their hydrogen.
    sites = Counter(symbol for symbol in atoms.symbols if symbol != "H")
    here, there = sites.total(), sum(wanted.values())
    apart = [sites[e] / here - wanted.get(e, 0) / there for e in {*sites, *wanted}]
    if max(map(abs, apart)) > _COMPOSITION:
        return f"its sites give {atoms.symbols.formula.reduce()[0]}, its formula {row['formula']}"
    return None


def _cell(row: sqlite3.Row) -> Atoms:
    """Build the cell: every site at all images that the symmetry operations make of it."""
    wanted = {*_elements(row["formula"]), "H"}
    edges = [row[edge] for edge in ("a", "b", "c", "alpha", "beta", "gamma")]
    cell = Atoms(cell=[float(edge.split("(")[0].replace(",", ".")) for edge in edges])
    rotations, shifts = parse_sitesym(json.loads(row["symmetry_xyz"]))
    coordinates = np.array([_unpacked(row[f"atoms_{axis}"]) for axis in "xyz"]).T
    labels = json.loads(row["atoms_sites"])
    if len(coordinates) != len(labels) or (coordinates >= 2).any():
        raise ValueError("coordinates are missing")
    symbols, positions = [], []
    for label, site in zip(labels, coordinates, strict=True):
        images = (rotations @ site + shifts) % 1.0
        apart = images[:, None] - images
        distance = np.linalg.norm((apart - np.round(apart)) @ cell.cell.array, axis=-1)
        # Each image but those that are an earlier one.
        distinct = images[~np.tril(distance < _SAME_SITE, -1).any(axis=1)]
        symbols += [_element(label, wanted)] * len(distinct)
        positions.append(distinct)
    return Atoms(symbols, scaled_positions=np.vstack(positions), cell=cell.cell, pbc=True)


def _element(label: str, wanted: set[str]) -> str:
    """Read the element out of a label such as FeM1, OH, O-H2 or Wat: one that the formula has."""
    if label.startswith(("Wat", "Ow")):
        return "O"
    word = re.match(r"[A-Z][a-z]?", label)
    for symbol in [word[0], word[0][0]] if word else []:
        if symbol in wanted or symbol == "D":
            return "H" if symbol == "D" else symbol
    raise ValueError(f"site {label} is of no element of its formula")


def _elements(formula: str) -> dict[str, float]:
    """Read a formula such as ``(Pb.997 Fe.003) Cr O4``, hydrogen left out."""
    from xraydb import chemparse

    counted = chemparse(re.sub(r"\s+", "", formula))
    heavy = atomic_numbers.keys() & counted.keys() - {"H", "D"}
    return {element: float(counted[element]) for element in counted if element in heavy}


def _unpacked(text: str) -> Float[np.ndarray, " site"]:
    return np.frombuffer(b64decode(text), dtype="<i4") / _PACKED

"""Measured spectra of known structure: a folder with ``truth.tsv`` and the files it names."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase.formula import Formula
from jaxtyping import Bool

from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.files import read_spectra
from nearedge.matching._library import MEAN, TARGETS, Library, elements_of
from nearedge.matching._matching import Aligned, align
from nearedge.spectra import Spectrum

TRUTH = "truth.tsv"
COLUMNS = ("file", "absorber", "edge", "compound", "coordination")
"""Required columns; ``structure``, ``oxidation_state`` and ``grade`` are optional."""

GOOD = ("", "A")
"""Grades of the spectra that are scored, of one certain coordination number."""

MIXED = "B"
"""Grade of several sites of known mean number, or of slightly uncertain ones."""


@dataclass(frozen=True, eq=False)
class Standard:
    """A measured spectrum and what is known of its absorber; NaN if unknown."""

    spectrum: Spectrum
    edge: Edge
    compound: str
    structure: str
    coordination: float
    oxidation_state: float
    grade: str


def read_standards(folder: str | Path) -> list[Standard]:
    """Read a folder of measured standards.

    ``truth.tsv`` is a tab-separated table with the columns ``file``, ``absorber``, ``edge``,
    ``compound`` and ``coordination``, and, if known, ``structure``, ``oxidation_state`` and
    ``grade`` (A: one certain coordination number). The files are those that `read_spectra` reads.

    Raises
    ------
    InputError
        If the table is missing, lacks a column, or has an impossible value.
    """
    path = Path(folder) / TRUTH
    if not path.is_file():
        raise InputError(f"{folder}: holds no {TRUTH}, the table that says what each file is")
    with path.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    if missing := [name for name in COLUMNS if not rows or name not in rows[0]]:
        raise InputError(
            f"{path}: lacks the column {', '.join(missing)}, or is not a tab-separated table"
        )
    standards = []
    for line, row in enumerate(rows, start=2):
        try:
            edge = Edge(row["absorber"], row["edge"])
            number, state = (float(row.get(name) or "nan") for name in TARGETS[:2])
        except ValueError as error:
            raise InputError(f"{path}, line {line}: {error}") from None
        spectrum = read_spectra(Path(folder) / row["file"])[0]
        structure, grade = row.get("structure") or "", row.get("grade") or ""
        standards.append(Standard(spectrum, edge, row["compound"], structure, number, state, grade))
    return standards


def standards_library(standards: Sequence[Standard], source: str) -> Library:
    """Make a library from measured standards of one certain coordination number.

    Raises
    ------
    InputError
        If none of them can be used, or they are of several kinds of edge.
    """
    usable: list[tuple[Standard, Aligned]] = []
    for standard in standards:
        if standard.grade in GOOD and np.isfinite(standard.coordination):
            try:
                usable.append((standard, align(standard.spectrum)))
            except InputError:
                continue
    names = {standard.edge.name for standard, _ in usable}
    if len(names) != 1:
        raise InputError(
            f"{source}: holds usable spectra of {len(names)} kinds of edge ({', '.join(names)}); "
            "one is needed"
        )
    values = [(one.coordination, one.oxidation_state, np.nan) for one, _ in usable]
    return Library(
        edge=names.pop(),
        absorber=tuple(one.edge.absorber for one, _ in usable),
        crystal=tuple(f"{one.compound} {one.structure} (measured)" for one, _ in usable),
        formula=tuple(one.compound for one, _ in usable),
        atom=np.full(len(usable), MEAN),
        measured=np.ones(len(usable), bool),
        curves=np.array([aligned.whole() for _, aligned in usable], np.float32),
        values=np.array(values, np.float32),
        source=source,
        origin="measured",
    )


def akin(library: Library, standard: Standard) -> Bool[np.ndarray, " reference"]:
    """Mask of the references that consist of the elements of a standard, except hydrogen."""
    own = elements_of(standard.compound)
    return np.array([elements == own for elements in library.elements])


def own(library: Library, standard: Standard) -> Bool[np.ndarray, " reference"]:
    """Mask of the references that are a standard's own crystal.

    Of several crystals of its formula, those with the name of its structure are its own.
    """
    formula = composition(standard.compound)
    same = np.array([formula == composition(other) for other in library.formula])
    words = re.findall("[a-z]{4,}", standard.structure.lower())
    named = np.array([any(w in name.lower() for w in words) for name in library.crystal])
    return same & named if (same & named).any() else same


def composition(text: str) -> str:
    """Reduce a formula, water of crystallisation included, to one without hydrogen.

    Examples
    --------
    >>> composition("FeSO4.7H2O"), composition("Fe2O3"), composition("unknown")
    ('FeO11S', 'Fe2O3', '')
    """
    try:
        count = Formula(text.replace(".", "+")).count()
    except ValueError:
        return ""
    count.pop("H", None)
    return Formula.from_dict(count).reduce()[0].format("hill")

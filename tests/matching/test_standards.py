"""Standards: the table is read or refused by its line, and kin are known by their formulas."""

from pathlib import Path

import numpy as np
import pytest

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.matching import akin, build_library, own, read_standards, standards_library
from nearedge.matching._standards import composition


def test_a_folder_is_read(standards_folder: Path) -> None:
    standards = read_standards(standards_folder)
    assert len(standards) == 8
    assert [one.edge.absorber for one in standards[:2]] == ["Fe", "Mn"]
    assert {one.coordination for one in standards} == {4.0, 6.0}
    assert standards[-1].grade == "B"


def test_only_certain_ones_join_a_library(standards_folder: Path) -> None:
    standards = read_standards(standards_folder)
    assert len(standards_library(standards, "here")) == 7
    with pytest.raises(InputError, match="usable spectra of 0 kinds of edge"):
        standards_library([one for one in standards if one.grade == "B"], "here")


def test_kin_consist_of_the_same_elements(
    standards_folder: Path, crystal_dataset: SiteSpectra
) -> None:
    library = build_library(crystal_dataset)
    oxide = next(s for s in read_standards(standards_folder) if s.compound == "FeO")
    assert {library.formula[row] for row in np.flatnonzero(akin(library, oxide))} == {"FeO"}
    assert (own(library, oxide) == akin(library, oxide)).all()


def test_water_is_no_part_of_a_composition() -> None:
    assert composition("FeSO4.7H2O") == composition("FeSO11")
    assert composition("KFe3(SO4)2(OH)6") == composition("H6KFe3S2O14")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x.dat\tXx\tK\tFeO\t6", "line 2: 'Xx' is not a chemical element"),
        ("x.dat\tFe\tK\tFeO\tsix", "line 2: could not convert string to float: 'six'"),
        ("absent.dat\tFe\tK\tFeO\t6", "no such file"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "truth.tsv").write_text(f"file\tabsorber\tedge\tcompound\tcoordination\n{line}\n")
    with pytest.raises(InputError, match=reason):
        read_standards(tmp_path)


def test_no_table_or_another_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no truth\.tsv"):
        read_standards(tmp_path)
    (tmp_path / "truth.tsv").write_text("file,absorber\na,b\n")
    with pytest.raises(InputError, match="lacks the column file, absorber"):
        read_standards(tmp_path)

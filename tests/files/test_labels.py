import numpy as np
import pytest

from nearedge.files._labels import parse_label, read_header
from nearedge.files._scan import Label


@pytest.mark.parametrize(
    ("word", "text", "unit"),
    [
        ("energy", "energy", ""),
        ("Energy (keV)", "Energy", "keV"),
        ("Energy [eV]", "Energy", "eV"),
        ("energy_keV", "energy", "keV"),
        ('"Photon energy / eV"', "Photon energy", "eV"),
        ("intensity, a.u.", "intensity", "a.u."),
        ("mu(E)", "mu(E)", ""),
        ("TEY/I0", "TEY/I0", ""),
        ("Counter 1 (TEY)", "Counter 1 (TEY)", ""),
    ],
)
def test_units_are_parted_from_labels(word: str, text: str, unit: str) -> None:
    assert parse_label(word) == Label(text, unit)


def labels(*header: str, width: int = 3, separator: str | None = None) -> list[tuple[str, str]]:
    return [
        (one.text, one.unit) for one in read_header(header, np.zeros((3, width)), separator).labels
    ]


def test_labels_near_the_table_win() -> None:
    assert labels("# energy i0 it", "# Energy mu norm") == [
        ("Energy", ""),
        ("mu", ""),
        ("norm", ""),
    ]
    # A ruler, an empty comment and a sentence do not hide them.
    assert labels("# energy i0 it", "#-----", "#", "# measured in vacuum today") == [
        ("energy", ""),
        ("i0", ""),
        ("it", ""),
    ]


def test_labels_with_blanks() -> None:
    assert labels("#L Mono Energy  Sample Current  I0") == [
        ("Mono Energy", ""),
        ("Sample Current", ""),
        ("I0", ""),
    ]
    assert labels("# Energy (eV) Absorption (a.u.) I0") == [
        ("Energy", "eV"),
        ("Absorption", "a.u."),
        ("I0", ""),
    ]
    assert labels("Photon Energy;Sample;I0 [nA]", separator=";") == [
        ("Photon Energy", ""),
        ("Sample", ""),
        ("I0", "nA"),
    ]


def test_units_on_a_line_of_their_own() -> None:
    assert labels("Energy\tmu\tI0", "keV\ta.u.\tcounts", separator="\t") == [
        ("Energy", "keV"),
        ("mu", "a.u."),
        ("I0", "counts"),
    ]


def test_labels_given_column_by_column() -> None:
    header = ["# Column.1: energy eV", "# Column.3: mutrans || a.u.", "# a b c"]
    assert labels(*header) == [("energy", "eV"), ("", ""), ("mutrans", "")]
    fio = [" Col 1 ENERGY DOUBLE", " Col 2 I0 DOUBLE", " Col 3 SAMPLE_1 DOUBLE"]
    assert [text for text, _ in labels(*fio)] == ["ENERGY", "I0", "SAMPLE_1"]


def test_remarks_are_no_labels() -> None:
    assert labels("# three small words") == []
    assert labels("# 1 2 3") == []
    assert labels("# energy mu") == []


def test_facts() -> None:
    header = ["# Element.symbol: Fe", "# edge = K", "# Sample.name: foil\x07", "# other: thing"]
    assert read_header(header, np.zeros((3, 2)), None).facts == {
        "element": "Fe",
        "edge": "K",
        "sample": "foil",
    }

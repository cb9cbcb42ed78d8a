"""What notebooks show: whole HTML, every text as it is, quickly."""

import base64
import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree

import numpy as np
import pytest

from nearedge import load_dataset, normalise
from nearedge.answers import Answer, Value, answer_files
from nearedge.datasets import SiteSpectra
from nearedge.edges import Edge
from nearedge.ladder import Ladder, Step
from nearedge.models import Model
from nearedge.spectra import Spectrum
from nearedge.trust import OtherEdge

EVIL = r'<script>alert("$\q$")</script> & _a'


class Rich(Protocol):
    """Anything that a notebook shows as HTML."""

    def _repr_html_(self) -> str: ...


def shown(one: Rich, *, pictures: int = 1) -> str:
    """Words of the HTML, which is well formed, runs nothing and holds as many whole pictures."""
    root = ElementTree.fromstring(one._repr_html_())
    assert {tag.tag for tag in root.iter()} <= {"div", "strong", "img", "dl", "dt", "dd"}
    images = [tag.attrib["src"].partition(",") for tag in root.iter("img")]
    assert len(images) == pictures
    for kind, _, data in images:
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data).startswith(b"\x89PNG")
    return " ".join(root.itertext())


@pytest.fixture
def spectrum() -> Spectrum:
    energy = np.arange(8900.0, 9100.0, 0.5)
    mu = 2 - 1e-3 * (energy - 8900) + np.arctan(energy - 8987.2)
    return Spectrum(EVIL, energy, mu, EVIL, notes=(EVIL,))


def test_a_spectrum_and_what_it_is_normalised_to(spectrum: Spectrum) -> None:
    words = shown(spectrum)
    assert words.count(EVIL) == 3
    assert "400 from 8900 to 9099.5 eV" in words
    words = shown(normalise(spectrum))
    assert EVIL in words
    assert "8987.2" in words


def test_a_dataset(telling_dataset: SiteSpectra) -> None:
    table = telling_dataset.table
    names = np.where(telling_dataset.environment == "dimer", EVIL, telling_dataset.environment)
    table = table.assign_coords(environment=("site", names))
    words = shown(SiteSpectra(table, telling_dataset.structures, EVIL))
    assert f"{EVIL}: {telling_dataset.counts()['dimer']}" in words
    assert f"{len(telling_dataset)} in 6 snapshots of 3 trajectories" in words


def test_thousands_of_sites_are_shown_at_once() -> None:
    data = load_dataset("3d-k-edges")
    table = data.table.isel(site=np.tile(np.arange(len(data)), 5))
    copies = [f"{name}-{copy}" for copy in range(5) for name in data.snapshot]
    structures = {name: data.structures[name[:-2]] for name in copies}
    table = table.assign_coords(snapshot=("site", copies))
    data = SiteSpectra(table, structures, "thousands")
    shown(data)  # imports what draws
    started = time.process_time()
    assert str(len(data)) in shown(data)
    assert time.process_time() - started < 2  # seconds


def test_an_answer_for_a_measured_spectrum(measured_model: Model, tmp_path: Path) -> None:
    energy = np.arange(525.0, 560.0, 0.2)
    file = tmp_path / "a&b.dat"
    np.savetxt(file, np.column_stack([energy, 1 + np.arctan(energy - 535)]))
    ((_, (one,)),) = answer_files(lambda _: (measured_model, "model"), [str(file)])
    assert isinstance(one, Answer)
    words = shown(one)
    assert "a&b.dat" in words
    assert all(value.text() in words for value in one.values.values())
    assert ("the model does not apply" in words) != one.applies


def test_an_answer_for_a_computed_spectrum() -> None:
    number = Answer("o.dat", EVIL, None, None, "model", "trajectory")
    number = replace(number, values={"coordination": Value(1.42, 1.1, 1.77)})
    words = shown(number, pictures=0)
    assert EVIL in words
    assert "1.42 (1.10 to 1.77)" in words
    assert "model, rung trajectory" in words
    refused = replace(number, reasons=(OtherEdge(Edge("Fe"), EVIL),))
    assert str(refused.reasons[0]) in shown(refused, pictures=0)
    classes = Value("2", set=("2", "3"), probabilities={"2": 0.7, EVIL: 0.3})
    assert "2 (2, 3)" in shown(replace(number, values={"environment": classes}))


def test_a_ladder() -> None:
    plain = {"majority": 0.3, "1-nn": 0.8, "svm": 0.85}
    step = Step("", 0.9, 0.01, (0.9, 0.91), 0.9, plain, dict.fromkeys(plain, 0.0), 77, {})
    ladder = Ladder("paper", 0, 2, {"trajectory": step}, {}, {}, {"engine": EVIL})
    words = shown(ladder)
    assert "accuracy 0.900 ± 0.010; svm 0.850; majority 0.300; 77 spectra" in words
    assert EVIL in words

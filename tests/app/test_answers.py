"""What the page shows of an answer: words, rows, figures, files to take along."""

import io
import json
import zipfile
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from nearedge.answers import Answer, Failure
from nearedge.app import _downloads, _figures, _words
from nearedge.app._asking import READY, Choice, ask, dataset, explain, model_names
from nearedge.app._deciding import decide
from nearedge.app._examples import EXAMPLES
from nearedge.app._opening import open_given
from nearedge.edges import Edge
from nearedge.spectra import Identity, Spectrum, normalise

IRON, OXYGEN = "Fe K of hematite", "O K of Li₃FeO₃.₅"


def traces(figure: go.Figure) -> Any:
    """What a figure draws; its types are made when it is."""
    return figure.data


@cache
def spectrum(example: str) -> Spectrum:
    (given,) = EXAMPLES[example]()
    return open_given(given).spectra[0]


@cache
def answer(example: str) -> Answer:
    told = ask(spectrum(example), Choice())
    assert isinstance(told, Answer)
    return told


def refused() -> Answer:
    energy = np.arange(6660.0, 6800.0, 0.5)
    identity = Identity(Edge("Sm", "L3"))
    told = ask(Spectrum("mu", energy, np.arctan(energy - 6716), "sm.dat", identity), Choice())
    assert isinstance(told, Answer)
    return told


def test_a_refusal_is_loud_and_names_the_edge() -> None:
    told = refused()
    assert _words.refusal(told).startswith("The model does not apply: this is an Sm L3-edge")
    assert _words.rows([told])[0]["why not"]
    assert _words.tiles(told) == []


def test_iron_of_hematite_has_six_neighbours() -> None:
    told = answer(IRON)
    assert _words.heading(told).startswith("Fe has 6 neighbours, oxidation state 3")
    assert [tile[0] for tile in _words.tiles(told)] == [
        "coordination", "oxidation state", "bond length"
    ]  # fmt: skip
    deciding = decide(told.match) if told.match else None
    assert deciding is not None
    assert deciding.number == 6 != deciding.rival
    # All shares together are the whole difference.
    assert deciding.share.sum() == pytest.approx(1)


def test_a_network_that_ships_is_explained_and_a_library_is_not() -> None:
    assert explain(answer(IRON)) is None
    explained = explain(answer(OXYGEN))
    assert explained is not None
    figure = _figures.draw_attribution(explained)
    assert len(traces(figure)) == 2
    assert explained.nearest


def test_a_chosen_model_is_asked_instead_of_the_ready_one() -> None:
    assert READY in model_names()
    told = ask(spectrum(IRON), Choice("li-fe-o"))
    assert isinstance(told, Answer)
    assert not told.applies
    failure = ask(spectrum(IRON), Choice("/no/such/model"))
    assert isinstance(failure, Failure)
    assert "is not a model folder" in failure.reason


def test_words_of_files_are_no_markup() -> None:
    assert _words.plain("<b>*x* [y](z) $a$ `c` :red[d]") == (
        r"\<b\>\*x\* \[y\]\(z\) \$a\$ \`c\` \:red\[d\]"
    )


def test_figures_hold_what_they_should() -> None:
    made = normalise(spectrum(IRON))
    raw = _figures.draw_raw(spectrum(IRON), made)
    assert [trace.name for trace in traces(raw)] == ["as read", "before the edge", "after the edge"]
    assert len(traces(_figures.draw_raw(spectrum(IRON), None))) == 1
    assert traces(_figures.draw_normalised(made))[0].y[-1] == pytest.approx(1, abs=0.3)
    for example in (IRON, OXYGEN):
        fit, chances = _figures.draw_fit(answer(example)), _figures.draw_chances(answer(example))
        assert fit is not None
        assert traces(fit)[-1].name == "measured"
        assert chances is not None
        assert sum(traces(chances)[0].y) == pytest.approx(1, abs=0.05)
    assert _figures.draw_fit(refused()) is None
    many = [(str(n), made) for n in range(_figures.MANY + 1)]
    assert not _figures.draw_all(many, absolute=False).layout.showlegend


def test_the_surroundings_of_a_reference_have_its_neighbours() -> None:
    match = answer(IRON).match
    assert match is not None
    data = dataset(match.library.source)
    # Of some references no coordination is stated.
    best = next(one for one in match.first(10) if one.coordination and one.atom is not None)
    cluster = _figures.surroundings(data, best)
    assert cluster is not None
    assert cluster.get_chemical_symbols()[0] == "Fe"
    near = np.linalg.norm(cluster.positions, axis=1) < (best.bond_length or 0) * 1.2
    assert near.sum() - 1 == best.coordination
    names = [trace.name for trace in traces(_figures.draw_structure(cluster))]
    assert names[1] == "Fe (absorbs)"


def test_downloads_are_those_of_the_command_line() -> None:
    told = [answer(IRON), refused(), Failure("bad.dat", "bad.dat: is empty")]
    assert _downloads.as_csv(told).decode().splitlines()[0].startswith("file,label,absorber")
    plain = json.loads(_downloads.as_json(told))
    assert [one["applies"] for one in plain["answers"]] == [True, False]
    assert plain["failed"] == [{"file": "bad.dat", "reason": "bad.dat: is empty"}]
    with zipfile.ZipFile(io.BytesIO(_downloads.as_figures(told))) as archive:
        (name,) = archive.namelist()
        assert archive.read(name).startswith(b"\x89PNG")

"""A library of references applied to measured spectra."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nearedge.answers._answer import Answer, Value
from nearedge.answers._check import check, other_edge
from nearedge.edges import Edge
from nearedge.errors import InputError
from nearedge.matching import LEVEL, Library, Match, align, coordination, match, mute, number
from nearedge.spectra import Spectrum, guess_edge
from nearedge.trust import Reason, Structureless, Unlike, Unstated

DOUBTFUL = 0.8
"""Share of an element's measured spectra that are right below which an answer says so."""

FORCED = "answered all the same, as --force asks"


def answer_by_references(
    library: Library, spectra: Sequence[Spectrum], *, name: str, force: bool = False
) -> list[Answer]:
    """Predict coordination, oxidation state and bond length from the most similar references.

    Neither energy zero nor resolution need be known.
    """
    return [_answer(library, spectrum, name, force) for spectrum in spectra]


def absorber_of(library: Library, spectrum: Spectrum) -> Edge:
    """Find the edge of a spectrum: what its file says, else what its energies say."""
    edge = spectrum.edge or guess_edge(spectrum)
    if edge is None and len(library.edges) == 1:
        return library.edges[0]
    if edge is None:
        raise InputError(
            f"{spectrum.source}::{spectrum.name}: neither the file nor the energies say which "
            f"element absorbs; the model reads {_edges(library)}"
        )
    return edge


def own_references(library: Library, spectrum: Spectrum) -> Library:
    """Select the references of a spectrum's own element and edge.

    Raises
    ------
    InputError
        If there are none.
    """
    edge = absorber_of(library, spectrum)
    if edge not in library.edges:
        raise InputError(f"{spectrum.source}::{spectrum.name}: {other_edge(edge, _edges(library))}")
    return library.near(edge.absorber)


def _edges(library: Library) -> str:
    return ", ".join(map(str, library.edges))


def _answer(library: Library, spectrum: Spectrum, name: str, force: bool) -> Answer:
    edge = absorber_of(library, spectrum)
    judged = next((one for one in library.judged if one.absorber == edge.absorber), None)
    answer = Answer(
        spectrum.source,
        spectrum.name,
        edge,
        None,
        name,
        "measured" if judged else None,
        remarks=spectrum.notes,
    )
    if edge not in library.edges:
        return replace(answer, reasons=(other_edge(edge, _edges(library)),))
    against = tuple(check(library.of(edge.absorber), spectrum))
    if against and not force:
        return replace(answer, reasons=against)
    matched = match(library.near(edge.absorber), align(spectrum), edge.absorber)
    reasons = (*against, *_reasons(matched))
    values, doubts = ({}, []) if reasons and not force else _values(matched)
    forced = [FORCED] if reasons and force else []
    if judged and judged.n >= 4 and judged.accuracy is not None and judged.accuracy < DOUBTFUL:
        right = round(judged.accuracy * judged.answered)
        doubts = [
            f"of {judged.answered} measured spectra of {edge.absorber} only {right} were right",
            *doubts,
        ]
    return replace(
        answer,
        e0=matched.aligned.rise,
        reasons=reasons,
        values=values,
        remarks=(*spectrum.notes, *doubts, *forced),
        basis=_basis(library, edge.absorber),
        match=matched,
    )


def moved_by(answer: Answer, shift: float) -> Answer:
    """Give the answer of references to the same spectrum with energies that many eV higher."""
    if answer.match is None:
        return answer
    aligned = answer.match.aligned
    aligned = replace(aligned, rise=aligned.rise + shift)
    matched = replace(answer.match, aligned=aligned, rise=np.array(aligned.rise))
    return replace(answer, e0=aligned.rise, match=matched, values=_values(matched)[0])


def _reasons(matched: Match) -> list[Reason]:
    settings = matched.library.settings
    if matched.best > settings.limit:
        return [Unlike(matched.best, settings.limit, Edge(matched.absorber, matched.library.edge))]
    if matched.is_step:
        return [Structureless()]
    if mute(matched):
        library = matched.library
        silent = matched.own & (library.metallic | np.isnan(library.value("coordination")))
        return [Unstated(library.crystal[int(matched.weights(silent).argmax())])]
    return []


def _values(matched: Match) -> tuple[dict[str, Value], list[str]]:
    """Give the answers, and what is to be said against them."""
    values, doubts = {}, []
    if classes := coordination(matched):
        values["coordination"] = Value(
            float(classes.value),
            float(min(classes.set)),
            float(max(classes.set)),
            LEVEL,
            set=tuple(f"{n:g}" for n in classes.set),
            probabilities={f"{n:g}": share for n, share in classes.probabilities.items()},
        )
    for target in ("oxidation_state", "bond_length"):
        if told := number(matched, target):
            values[target] = Value(told.value, told.low, told.high, LEVEL)
            if told.by_shape is not None:
                doubts.append(
                    f"the oxidation state rests on the energy of the rise, "
                    f"{matched.aligned.rise:.1f} eV; by the shape alone it is {told.by_shape:.1f}: "
                    "check the calibration of the energies"
                )
    if matched.rise_known and not matched.rise_tells:
        doubts.append(
            f"no {Edge(matched.absorber, matched.library.edge)}-edge of a known oxidation state "
            f"rises at {matched.aligned.rise:.1f} eV: check the calibration of the energies"
        )
    return values, doubts


def _basis(library: Library, absorber: str) -> str:
    own = library.of(absorber)
    computed = int((~own.measured).sum())
    measured = len(own) - computed
    basis = f"coordination: neighbours of {absorber} in the first shell, as in the crystals that "
    basis += f"are like it, of {computed} spectra of sites, and means over sites, by "
    basis += library.origin.split(" (")[0]
    others = len(library.near(absorber)) - len(own)
    if others:
        basis += f" and {others} of its neighbours in the periodic table"
    if measured:
        basis += f" and {measured} measured standards"
    judged = next((one for one in library.judged if one.absorber is None), None)
    if judged and judged.accuracy is not None and judged.balanced_accuracy is not None:
        basis += (
            f"; of {judged.n} measured spectra of known structure, none of them in it, "
            f"{judged.accuracy:.0%} right (rung measured, mean of classes "
            f"{judged.balanced_accuracy:.0%})"
        )
    return f"{basis}; one oxidation state is assumed: a mixture may lie outside the interval"

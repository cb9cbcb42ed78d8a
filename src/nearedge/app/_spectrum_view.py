"""One spectrum on the page: the answer, then what it rests on."""

from functools import partial

import numpy as np
import streamlit as st

from nearedge.answers import Answer, Failure, explanation
from nearedge.app import _figures, _words
from nearedge.app._asking import Choice, ask, dataset, explain, model_names
from nearedge.app._deciding import decide
from nearedge.app._downloads import offer
from nearedge.app._memory import once
from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError, NearEdgeError
from nearedge.matching import Match
from nearedge.spectra import Normalised, Spectrum, fit_ranges, normalise

NEAREST = 6
"""Reference spectra that are named."""

OWN = "a folder of my own"


def ask_for_model() -> Choice:
    """Let a person choose the model, and the columns that are read."""
    with st.expander("Model and columns"):
        model = st.selectbox("Which model answers", [*model_names(), OWN], key="model")
        if model == OWN:
            model = st.text_input("Folder of the model", key="model folder") or model_names()[0]
        force = st.checkbox("Answer also where the model does not apply", key="force")
        energy = st.text_input("Column of the energies (number or label, if it is not found)")
        mu = st.text_input("Column of the absorption, or several: 4/2, ln(2/4)")
    return Choice(model, force, energy.strip() or None, mu.strip() or None)


def show_spectrum(key: str, spectrum: Spectrum, choice: Choice) -> None:
    """Show everything about a spectrum."""
    facts = " · ".join(f"{name}: **{_words.plain(said)}**" for name, said in _words.facts(spectrum))
    st.markdown(facts)
    told = once(key, choice, partial(ask, spectrum, choice))
    show_answer(told)
    _show_normalisation(key, spectrum)
    if isinstance(told, Answer):
        _show_reasons(key, told)
        if told.match is not None:
            _show_nearest(key, told.match)
        offer(key, [spectrum], [told], choice)


def show_answer(told: Answer | Failure) -> None:
    """Show the answer as a sentence and as numbers, or that there is none."""
    if isinstance(told, Failure):
        reason = told.reason.removeprefix(f"{told.file}: ")
        st.error(_words.plain(f"No answer: {reason}."), icon=":material/block:")
        return
    if not told.applies:
        st.error(f"**{_words.plain(_words.refusal(told))}**", icon=":material/block:")
    if told.values:
        st.subheader(_words.plain(_words.heading(told)), anchor=False)
        with st.container(horizontal=True):
            for name, number, ends in _words.tiles(told):
                st.metric(name, number, ends or None, delta_color="off", delta_arrow="off")
            if told.e0 is not None:
                st.metric("edge at", f"{told.e0:.1f} eV")
    if told.basis:
        st.caption(_words.plain(told.basis))
    for remark in told.remarks:
        st.caption(_words.plain(remark))


def _show_normalisation(key: str, spectrum: Spectrum) -> None:
    st.subheader("The spectrum", anchor=False)
    made: Normalised | None = None
    controls, raw, right = st.container(), *st.columns(2)
    try:
        start = normalise(spectrum)
    except InputError as error:
        start = None
        st.warning(_words.plain(str(error)))
    if start is not None:
        with controls.expander("E0, and the lines before and after the edge"):
            e0, before, after = _ask_for_lines(key, spectrum, start.e0)
        try:
            made = normalise(spectrum, e0, before=before, after=after)
        except InputError as error:
            st.warning(_words.plain(str(error)))
    raw.plotly_chart(_figures.draw_raw(spectrum, made), key=f"raw {key}", alt="as read")
    if made is not None:
        figure = _figures.draw_normalised(made)
        right.plotly_chart(figure, key=f"normalised {key}", alt="normalised")


def _ask_for_lines(
    key: str, spectrum: Spectrum, e0: float
) -> tuple[float, tuple[float, float], tuple[float, float]]:
    low, high = float(spectrum.energy[0]), float(spectrum.energy[-1])
    chosen = st.number_input(
        "E0 (eV)", low, high, round(e0, 2), step=0.1, format="%.2f", key=f"e0 {key}"
    )
    before, after = fit_ranges(spectrum, e0)
    ends = float(np.floor(low - e0)), float(np.ceil(high - e0))
    lower = st.slider(
        "Before the edge (eV from E0)", ends[0], 0.0, before, 0.5, key=f"before {key}"
    )
    upper = st.slider("After the edge (eV from E0)", 0.0, ends[1], after, 0.5, key=f"after {key}")
    st.caption(
        "Drawn at once. The answer finds energies and scale by itself, whatever is set here."
    )
    return chosen, lower, upper


def _show_reasons(key: str, told: Answer) -> None:
    fit, chances = _figures.draw_fit(told), _figures.draw_chances(told)
    if fit is not None:
        st.subheader("The best fit", anchor=False)
        left, right = st.columns((2, 1))
        left.plotly_chart(fit, key=f"fit {key}", alt="the model's spectra over the measured one")
        if chances is not None:
            right.plotly_chart(chances, key=f"chances {key}", alt="probabilities")
    deciding = None if told.match is None else decide(told.match)
    if deciding is not None:
        st.subheader("Why", anchor=False)
        st.write(deciding.words())
        st.plotly_chart(
            _figures.draw_deciding(deciding), key=f"why {key}", alt="energies that decide"
        )
    if told.evidence is not None:
        st.subheader("Why", anchor=False)
        if st.toggle("Work out which energies decide", key=f"explain {key}"):
            _show_explanation(key, told)


def _show_explanation(key: str, told: Answer) -> None:
    try:
        with st.spinner("Integrated gradients and occlusion ..."):
            explained = once(key, ("explained", told.model), partial(explain, told))
    except NearEdgeError as error:
        st.warning(_words.plain(str(error)))
        return
    if explained is None:
        return
    st.plotly_chart(
        _figures.draw_attribution(explained), key=f"why {key}", alt="energies that decide"
    )
    for text in explanation.findings(explained):
        st.markdown(f"- {_words.plain(text)}")
    if explained.nearest:
        st.subheader("The nearest spectra it knows", anchor=False)
        names = [f"{site.name} ({site.environment})" for site in explained.nearest]
        name = st.selectbox("Structure", names, key=f"nearest {key}")
        site = explained.nearest[names.index(name)]
        figure = _figures.draw_structure(site.cluster(_figures.RADIUS))
        st.plotly_chart(figure, key=f"structure {key}", alt=name)


def _show_nearest(key: str, match: Match) -> None:
    st.subheader("The nearest spectra it knows", anchor=False)
    nearest = match.first(NEAREST)
    names = [_words.reference(one) for one in nearest]
    left, right = st.columns(2)
    name = left.radio("Turn its structure with the mouse or a finger", names, key=f"nearest {key}")
    chosen = nearest[names.index(name)]
    cluster = None
    try:
        data: SiteSpectra = dataset(match.library.source)
        cluster = _figures.surroundings(data, chosen)
    except NearEdgeError as error:
        right.caption(_words.plain(str(error)))
    if cluster is None:
        right.caption("Measured, or of a dataset that is not here: no structure to show.")
        return
    right.plotly_chart(_figures.draw_structure(cluster), key=f"structure {key}", alt=name)

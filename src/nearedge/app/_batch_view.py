"""Many spectra on the page: a table that sorts, a figure of all, and each at a click."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from nearedge.answers import Answer, Failure
from nearedge.app import _figures, _words
from nearedge.app._asking import Choice, ask
from nearedge.app._downloads import offer
from nearedge.app._memory import each_once, once
from nearedge.app._opening import Opened
from nearedge.app._spectrum_view import show_spectrum
from nearedge.errors import InputError
from nearedge.spectra import Normalised, Spectrum, normalise


def show_batch(
    several: Sequence[tuple[str, Spectrum]], choice: Choice, *, faults: Sequence[Opened]
) -> None:
    """Answer for many spectra, and show one of them in full if a person wants it."""
    told = each_once(
        [(key, choice, partial(ask, spectrum, choice)) for key, spectrum in several],
        "spectra answered",
    )
    applies = sum(isinstance(one, Answer) and one.applies for one in told)
    st.subheader(f"{len(told)} spectra, {applies} to which the model applies", anchor=False)
    rows = _words.rows(told)
    table = pd.DataFrame(rows).round(2)
    event = st.dataframe(
        table, hide_index=True, on_select="rerun", selection_mode="single-row", key="table"
    )
    absolute = st.toggle("Use the energies of the file", key="absolute")
    figure = _figures.draw_all(_normalised(several), absolute=absolute)
    st.plotly_chart(figure, key="all", alt="all spectra, normalised")
    failed = [Failure(one.given.name, one.fault) for one in faults]
    offer("batch", [spectrum for _, spectrum in several], [*told, *failed], choice)
    chosen = event.selection.rows
    names = [f"{row['file']} {row['label']}" for row in rows]
    st.divider()
    place = st.selectbox(
        "One of them in full (or click its row)",
        range(len(names)),
        index=chosen[0] if chosen else None,
        format_func=names.__getitem__,
        # A click on another row begins anew.
        key=f"one {chosen}",
    )
    if place is not None:
        show_spectrum(*several[place], choice)


def _normalised(several: Sequence[tuple[str, Spectrum]]) -> list[tuple[str, Normalised]]:
    """Normalise what can be, once in a session."""
    made = [
        (_words.name(spectrum), once(key, "normalised", partial(_try, spectrum)))
        for key, spectrum in several
    ]
    return [(name, one) for name, one in made if one is not None]


def _try(spectrum: Spectrum) -> Normalised | None:
    try:
        return normalise(spectrum)
    except InputError:
        return None

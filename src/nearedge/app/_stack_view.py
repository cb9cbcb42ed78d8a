"""A stack of images on the page: maps, and the spectrum of the pixel that is clicked."""

import shlex
from functools import partial

import numpy as np
import streamlit as st

from nearedge.answers import Answer
from nearedge.app import _figures, _words
from nearedge.app._mapping import Mapped, draw_map, draw_pixel, make_maps, pixel, read_energies
from nearedge.app._memory import once
from nearedge.app._opening import Given
from nearedge.app._spectrum_view import show_answer
from nearedge.errors import NearEdgeError


def show_stack(given: Given) -> None:
    """Show the maps of a stack."""
    st.subheader(_words.plain(f"Maps of {given.name}"), anchor=False)
    with st.expander("Energies, where the stack holds none"):
        text = st.text_area("In eV, one on each line", key=f"energies {given.key}")
    try:
        energies = read_energies(text) if text.strip() else None
        mapped = _maps(given, energies)
    except NearEdgeError as error:
        st.error(_words.plain(str(error)))
        return
    for remark in mapped.remarks:
        st.caption(_words.plain(remark))
    name = st.selectbox(
        "Map", list(mapped.titles), format_func=mapped.titles.__getitem__, key=f"map {given.key}"
    )
    image = mapped.maps[name]
    left, right = st.columns(2)
    with left:
        place = _chosen(given, image)
        figure = draw_map(image, mapped.titles[name], place)
        st.plotly_chart(
            figure, on_select="rerun", selection_mode="points", key=f"pixels {given.key}",
            alt="map; click a pixel, or give its row and column",
        )  # fmt: skip
    with right:
        spectrum, told = pixel(given, energies, *place, mapped)
        st.markdown(f"**{_words.plain(spectrum.name)}**: {image[place]:.3g}")
        fit = _figures.draw_fit(told) if isinstance(told, Answer) else None
        st.plotly_chart(fit or draw_pixel(spectrum), key=f"pixel {given.key}", alt="pixel")
        show_answer(told)
    st.download_button(
        "Maps (HDF5, PNG)", mapped.packed, "maps.zip", "application/zip", on_click="ignore"
    )
    words = shlex.join(["nearedge", "map", given.name, "-o", "maps"])
    st.code(words, language="bash", wrap_lines=True)


def _maps(given: Given, energies: np.ndarray | None) -> Mapped:
    what = ("maps", None if energies is None else energies.tobytes())
    with st.spinner("Reading the stack and mapping it ..."):
        return once(given.key, what, partial(make_maps, given, energies))


def _chosen(given: Given, image: np.ndarray) -> tuple[int, int]:
    """Tell which pixel is looked at: the last one that was clicked, or typed."""
    clicked = st.session_state.get(f"pixels {given.key}")
    row, column = f"row {given.key}", f"column {given.key}"
    points = clicked.selection.points if clicked else []
    last = (points[0]["y"], points[0]["x"]) if points else None
    if last is not None and st.session_state.get(f"last {given.key}") != last:
        st.session_state[f"last {given.key}"] = last
        st.session_state[row], st.session_state[column] = map(int, last)
    st.session_state.setdefault(row, image.shape[0] // 2)
    st.session_state.setdefault(column, image.shape[1] // 2)
    with st.container(horizontal=True):
        return (
            int(st.number_input("Row", 0, image.shape[0] - 1, key=row)),
            int(st.number_input("Column", 0, image.shape[1] - 1, key=column)),
        )

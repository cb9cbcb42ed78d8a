"""The page itself: what is given, then a part for each kind of file."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from nearedge.app import _words
from nearedge.app._batch_view import show_batch
from nearedge.app._examples import EXAMPLES
from nearedge.app._memory import each_once, forget_all_but
from nearedge.app._opening import Columns, Given, Opened, given_path, open_given
from nearedge.app._spectrum_view import ask_for_model, show_spectrum
from nearedge.app._stack_view import show_stack
from nearedge.app._structure_view import show_structure
from nearedge.errors import NearEdgeError

SHOWN = 20
"""Faults that are told; a folder may hold thousands of files that are none."""


def show() -> None:
    """Show the page to one visitor; what is kept of his is in his session alone."""
    st.set_page_config(page_title="nearedge", layout="wide")
    st.title("nearedge", anchor=False)
    st.caption(
        "Atomic structure from X-ray absorption near-edge spectra. Everything runs on this"
        " machine, and nothing that you drop here is kept after you leave."
    )
    given = _given()
    forget_all_but({one.key for one in given})
    if not given:
        st.info("Drop a file above, or open an example to see the result.")
        return
    choice = ask_for_model()
    opened = _open(given, choice.columns)
    faults = [one.fault for one in opened if one.kind == "fault"]
    for fault in faults[:SHOWN]:
        st.error(_words.plain(fault))
    if any("--energy" in fault for fault in faults):
        st.caption("Columns can be named above, under Model and columns.")
    if len(faults) > SHOWN:
        st.error(f"and {len(faults) - SHOWN} more files that cannot be used")
    spectra = [(one.given.key, one) for one in opened if one.kind == "spectra"]
    if spectra:
        several = [
            (f"{key}/{choice.columns}/{s.name}", s) for key, one in spectra for s in one.spectra
        ]
        if len(several) == 1:
            show_spectrum(*several[0], choice)
        else:
            show_batch(several, choice, faults=[o for o in opened if o.kind == "fault"])
    for one in opened:
        if one.kind == "stack":
            show_stack(one.given)
        elif one.kind == "structure":
            show_structure(one)


def _given() -> list[Given]:
    """Ask for files: dropped, by their path, or examples."""
    uploads = st.file_uploader(
        "Spectra, a stack of images, or structures (CIF, POSCAR)",
        accept_multiple_files=True,
        key="uploads",
    )
    given = [Given(file.name, file.file_id, file.getvalue()) for file in uploads]
    added: list[Given] = st.session_state.setdefault("added", [])
    with st.expander("A path of this machine, or an example", expanded=not (given or added)):
        path = st.text_input("File or folder", key="path", placeholder="/data/run12/scan_001.xdi")
        with st.container(horizontal=True):
            for name, make in EXAMPLES.items():
                st.button(name, key=f"example {name}", on_click=_take, args=(make,))
        st.caption("The examples are computed by FEFF10 and made to look measured.")
    if path:
        try:
            given += given_path(path)
        except NearEdgeError as error:
            st.error(_words.plain(str(error)))
        except OSError as error:
            st.error(_words.plain(f"{path}: {error.strerror or error}"))
    if added and st.button("Close the example"):
        added.clear()
        st.rerun()
    return [*given, *added]


def _take(make: Callable[[], list[Given]]) -> None:
    st.session_state["added"] = make()


def _open(given: Sequence[Given], columns: Columns) -> list[Opened]:
    """Open what is new."""
    unique = {one.key: one for one in given}
    what = ("opened", columns)
    return each_once(
        [(key, what, partial(open_given, one, columns)) for key, one in unique.items()],
        "files read",
    )

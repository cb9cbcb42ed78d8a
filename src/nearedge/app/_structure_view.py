"""A structure on the page: the spectra that FEFF gives for it."""

from functools import partial

import streamlit as st

from nearedge.app import _figures, _words
from nearedge.app._memory import once, remembers
from nearedge.app._opening import Opened
from nearedge.app._simulating import Work, absorbers, columns, compute, plan
from nearedge.datasets import SiteSpectra
from nearedge.errors import NearEdgeError


def show_structure(one: Opened) -> None:
    """Offer to compute the spectra of a structure, and show them."""
    key, snapshots = one.given.key, one.snapshots
    formulas = ", ".join(dict.fromkeys(s.atoms.get_chemical_formula() for s in snapshots))
    st.subheader(_words.plain(f"{one.given.name}: {formulas}"), anchor=False)
    absorber = st.selectbox("Element that absorbs (K-edge)", absorbers(snapshots), key=f"abs {key}")
    try:
        work = plan(snapshots, absorber)
        st.caption(
            f"Sites that no symmetry makes equal: {work.sites}; FEFF10 takes some 10 to 100 s for"
            " each on one core."
        )
        known = remembers(key, absorber)
        if known or st.button("Compute", key=f"compute {key}", type="primary"):
            _show(key, once(key, absorber, partial(_compute, work)))
    except NearEdgeError as error:
        st.error(_words.plain(str(error)))


def _compute(work: Work) -> SiteSpectra:
    bar = st.progress(0.0, "FEFF10 begins")
    for part in compute(work):
        if isinstance(part, SiteSpectra):
            bar.empty()
            return part
        bar.progress(part, f"{part:.0%} of the tasks are done")
    raise AssertionError("the spectra come last")


def _show(key: str, data: SiteSpectra) -> None:
    unit = str(data.identity.unit).split(" (")[0]
    figure = _figures.draw_sites(data.energy, data.mu, data.names, data.multiplicity, unit)
    st.plotly_chart(figure, key=f"sites {key}", alt="computed spectra")
    st.caption(_words.plain(f"0 eV: {data.identity.zero}; computed by {data.identity.origin}"))
    st.download_button("Spectra (text)", columns(data), "spectra.dat", on_click="ignore")

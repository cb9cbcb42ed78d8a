"""What a visitor's session remembers of the files that lie on the page, and of no others."""

from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any, TypeVar

import streamlit as st

Made = TypeVar("Made")


def _kept() -> dict[tuple[str, Hashable], Any]:
    return st.session_state.setdefault("kept", {})


def once(key: str, what: Hashable, make: Callable[[], Made]) -> Made:
    """Make something of a file, or of a spectrum in it, unless the session remembers it."""
    kept = _kept()
    if (key, what) not in kept:
        kept[key, what] = make()
    return kept[key, what]


def remembers(key: str, what: Hashable) -> bool:
    """Tell whether `once` would make nothing."""
    return (key, what) in _kept()


def each_once(makers: Sequence[tuple[str, Hashable, Callable[[], Made]]], done: str) -> list[Made]:
    """Make each as `once` does; a bar says how many are ``done``, unless all are remembered."""
    bar = None if all(remembers(key, what) for key, what, _ in makers) else st.progress(0.0)
    made = []
    for key, what, make in makers:
        made.append(once(key, what, make))
        if bar is not None:
            bar.progress(len(made) / len(makers), f"{len(made)} of {len(makers)} {done}")
    if bar is not None:
        bar.empty()
    return made


def forget_all_but(keys: Collection[str]) -> None:
    """Forget what was made of files that are no longer there; keys of spectra begin with theirs."""
    kept = _kept()
    starts = tuple(keys)
    for key, what in [one for one in kept if not one[0].startswith(starts)]:
        del kept[key, what]

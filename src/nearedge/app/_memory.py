"""What a visitor's session remembers of the files that lie on the page, and of no others."""

from collections.abc import Callable, Collection, Hashable
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


def forget_all_but(keys: Collection[str]) -> None:
    """Forget what was made of files that are no longer there; keys of spectra begin with theirs."""
    kept = _kept()
    starts = tuple(keys)
    for key, what in [one for one in kept if not one[0].startswith(starts)]:
        del kept[key, what]

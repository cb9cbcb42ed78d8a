"""Answers as files to take along: a table, JSON, figures, and the command that does the same."""

import io
import json
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from nearedge import answers
from nearedge.answers import Answer, Failure
from nearedge.app import _words
from nearedge.app._asking import Choice
from nearedge.spectra import Spectrum


def as_csv(told: Sequence[Answer | Failure]) -> bytes:
    """Write the table that ``nearedge predict --csv`` writes."""
    with TemporaryDirectory(prefix="nearedge-") as folder:
        path = Path(folder, "answers.csv")
        answers.write_csv(path, [one for one in told if isinstance(one, Answer)])
        return path.read_bytes()


def as_json(told: Sequence[Answer | Failure]) -> bytes:
    """Write what ``nearedge predict --json`` prints."""
    return json.dumps(answers.answers_json(told), indent=2, allow_nan=False).encode()


def as_figures(told: Sequence[Answer | Failure]) -> bytes:
    """Draw the figures of ``nearedge predict --plot`` into an archive."""
    with TemporaryDirectory(prefix="nearedge-") as folder:
        for number, one in enumerate(told, start=1):
            if isinstance(one, Answer) and (one.evidence or one.match):
                path = Path(folder, f"{number}-{answers.plot_name(one)}")
                answers.write_figure(path, partial(answers.draw, one))
        return packed(Path(folder))


def packed(folder: Path) -> bytes:
    """Put the files of a folder into an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return content.getvalue()


def offer(
    key: str, spectra: Sequence[Spectrum], told: Sequence[Answer | Failure], choice: Choice
) -> None:
    """Show the buttons, and the command."""
    st.subheader("Take along", anchor=False)
    with st.container(horizontal=True):
        for name, make, file, kind in (
            ("CSV", as_csv, "answers.csv", "text/csv"),
            ("JSON", as_json, "answers.json", "application/json"),
            ("Figures (PNG)", as_figures, "figures.zip", "application/zip"),
        ):
            # Made when the button is pressed.
            st.download_button(
                name, partial(make, told), file, kind, key=f"{name} {key}", on_click="ignore"
            )
    st.caption("The same on the command line:")
    st.code(
        _words.command([spectrum.source for spectrum in spectra], choice),
        language="bash",
        wrap_lines=True,
    )

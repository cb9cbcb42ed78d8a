"""What every reader makes of a file: scans of labelled columns, and names fit to be printed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float

from nearedge.files._roles import Role, role

Named = TypeVar("Named", bound=Any)


@dataclass(frozen=True)
class Label:
    """What a file calls a column, its unit, and its meaning where no label says it."""

    text: str
    unit: str = ""
    meaning: Role | None = None

    @property
    def role(self) -> Role | None:
        """What the column is; None if that is not understood."""
        meaning = self.meaning or role(self.text)
        return "energy" if meaning is None and self.scale is not None else meaning

    @property
    def scale(self) -> float | None:
        """What turns the column into eV; None if its unit is no energy or not said."""
        return {"ev": 1.0, "kev": 1000.0}.get(self.unit.lower())


@dataclass(frozen=True)
class Scan:
    """Columns that were recorded together, NaN where a cell holds no number.

    The `facts` are what the file says beside: element, edge, sample, d_spacing ...; the `notes`
    what was done in reading; `zero` is what 0 eV is, where the format says so.
    """

    values: Float[np.ndarray, "row column"]
    labels: tuple[Label, ...] = ()
    name: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    zero: str | None = None

    def label(self, column: int) -> str:
        """Text of a column's label; its number if it has none."""
        text = self.labels[column].text if self.labels else ""
        return text or f"column {column + 1}"


def printable(text: str, longest: int = 80) -> str:
    """Make a text of a file fit for a line of output: no control characters, not too long."""
    start = text[: 4 * longest]
    clean = "".join(character if character.isprintable() else " " for character in start)
    return " ".join(clean.split())[:longest].strip()


def quoted(names: Sequence[str]) -> str:
    """Put names in quotes and together, the last with "and"."""
    marked = [f"'{name}'" for name in names[:20]]
    if len(names) > len(marked):
        marked.append(f"{len(names) - len(marked)} more")
    return " and ".join([", ".join(marked[:-1]), marked[-1]] if len(marked) > 1 else marked)


def unique(names: Sequence[str]) -> list[str]:
    """Number names that occur before."""
    taken, counts, made = {*names}, Counter[str](), []
    for name in names:
        counts[name] += 1
        tries = (f"{name} ({number})" for number in count(counts[name]))
        made.append(name if counts[name] == 1 else next(one for one in tries if one not in taken))
        taken.add(made[-1])
    return made


def with_unique_names(things: Iterable[Named]) -> list[Named]:
    """Number the names of signals or spectra that occur before."""
    things = list(things)
    names = unique([thing.name for thing in things])
    return [replace(thing, name=name) for name, thing in zip(names, things, strict=True)]

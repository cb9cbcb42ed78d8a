"""What every reader makes of a file: scans of labelled columns, before anything is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from nearedge.files._roles import Role, role

_SCALES = {"ev": 1.0, "kev": 1000.0}


@dataclass(frozen=True)
class Label:
    """The label of one column.

    Attributes
    ----------
    text : str
        As the file has it, without quotes and unit.
    unit : str
        As the file has it; empty if it says none.
    meaning : Role or None
        What the column is, if the file says so by other means than the label.
    """

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
        """What turns the column into eV; None if its unit is no energy or not said.

        Examples
        --------
        >>> Label("energy", "keV").scale, Label("energy").scale
        (1000.0, None)
        """
        return _SCALES.get(self.unit.lower())


@dataclass(frozen=True)
class Scan:
    """Columns that were recorded together.

    Attributes
    ----------
    values : float array, shape (row, column)
        NaN where a cell holds no number.
    labels : tuple of Label
        One for each column; empty if the file has none.
    name : str
        Of the scan, where a file holds several; the spectra of a record are named by it alone.
    facts : mapping of str to str
        What is said beside: element, edge, sample, d_spacing ...
    notes : tuple of str
        What was done in reading.
    zero : str or None
        What 0 eV is, where the format says so.
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

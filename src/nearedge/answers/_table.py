"""Predictions as a table that spreadsheets read: one row for each spectrum."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nearedge.answers._files import Answer
from nearedge.records import replacing


def write_csv(path: str | Path, answers: Iterable[Answer], *, force: bool = False) -> None:
    """Write predictions as comma-separated values under a line of names.

    Parameters
    ----------
    path : str or Path
        The file.
    answers : iterable of Answer
    force : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError
        If `path` exists and `force` is false.
    """
    rows = [flat(answer.to_dict()) for answer in answers]
    # Computed and measured spectra have different columns.
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (
        replacing(path, force=force) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def flat(result: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested results names with dots: pairs become low and high, other lists one text.

    Examples
    --------
    >>> flat({"interval": [1.2, 1.8], "novelty": {"score": 0.9}, "set": ["0", "1", "2"]})
    {'interval.low': 1.2, 'interval.high': 1.8, 'novelty.score': 0.9, 'set': '0; 1; 2'}
    """
    row: dict[str, Any] = {}
    for name, value in result.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict):
            row |= flat(value, f"{key}.")
        elif isinstance(value, list) and len(value) == 2 and isinstance(value[0], float):
            row[f"{key}.low"], row[f"{key}.high"] = value
        elif isinstance(value, list):
            row[key] = "; ".join(_words(one) for one in value)
        else:
            row[key] = value
    return row


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={one:.3g}" for name, one in value.items())
    return str(value)

"""The public names of the room and where they live; each is imported when it is first used."""

from ._comparing import ClassFit as ClassFit, Comparison as Comparison, compare as compare
from ._report import (
    findings as findings,
    report as report,
    write_comparison as write_comparison,
)

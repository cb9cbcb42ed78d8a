"""A model's answer for one spectrum: as JSON, as a sentence, and as a row of a table."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nearedge.answers._evidence import Evidence
from nearedge.drawing.card import card
from nearedge.edges import Edge
from nearedge.matching import Match
from nearedge.records import Json, as_json, replacing
from nearedge.targets import TARGETS
from nearedge.trust import Reason

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Value:
    """The answer for one target: a number with its interval, or the likeliest class.

    For classes it has the set of those not ruled out, and probabilities; for a sample of many sites
    these are fractions, with intervals. Interval and set contain the truth with probability
    `level`, see `Answer.basis`.
    """

    value: float | str
    low: float | None = None
    high: float | None = None
    level: float | None = None
    set: tuple[str, ...] | None = None
    probabilities: Mapping[str, float] | None = None
    intervals: Mapping[str, tuple[float, float]] | None = None

    def text(self) -> str:
        """Print the value with its interval or set.

        Examples
        --------
        >>> Value(1.42, 1.1, 1.77).text()
        '1.42 (1.10 to 1.77)'
        >>> Value("3", set=("2", "3")).text()
        '3 (2, 3)'
        """
        if self.set is not None:
            text = self.value if isinstance(self.value, str) else f"{self.value:g}"
            return f"{text} ({', '.join(self.set)})"
        text = self.value if isinstance(self.value, str) else f"{self.value:.2f}"
        if self.low is None or self.high is None:
            return text
        return f"{text} ({self.low:.2f} to {self.high:.2f})"

    def to_json(self) -> Json:
        """Return what is known, ready for JSON."""
        return {name: entry for name, entry in as_json(self).items() if entry is not None}


@dataclass(frozen=True, eq=False)
class Answer:
    """A model's answer for one spectrum: of a site, an average, a sample or a pixel.

    The spectrum is named by its label in the file, and this by its title among others, without
    folders if that is empty; the edge is that of the file or of the model.
    `e0`, in eV, is the position of the model's zero on the energies of the file. The `rung` says
    what the sites of the model's score did not share with the training. `reasons` say why the model
    does not apply (none if it does); `values` are by target (none without an answer); `remarks` say
    what reading and preparation did, and what else matters. The basis says what is predicted, and
    how often intervals and sets contain the truth. Evidence is for a measured spectrum; a match has
    the references behind the answer.
    """

    file: str
    label: str
    edge: Edge | None
    e0: float | None
    model: str
    rung: str | None
    reasons: tuple[Reason, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    basis: str = ""
    evidence: Evidence | None = None
    match: Match | None = None
    title: str = ""

    def __repr__(self) -> str:
        return f"<Answer: {self.sentence()}>"

    @property
    def applies(self) -> bool:
        """Whether the model may be believed."""
        return not self.reasons

    @property
    def file_name(self) -> str:
        """File without its folder, unless another one has this name."""
        return self.title or Path(self.file).name

    @property
    def name(self) -> str:
        """File and spectrum, as tables and figures call them."""
        return f"{self.file_name} {self.label}"

    def sentence(self) -> str:
        """Return the answer as a sentence."""
        told = ", ".join(
            f"{target.replace('_', ' ')} {value.text()}{_unit(target, ' {}')}"
            for target, value in self.values.items()
        )
        if self.applies:
            return f"{self.name}: {told}"
        why = "; ".join(map(str, self.reasons))
        return f"{self.name}: the model does not apply, {why}" + (f" ({told})" if told else "")

    def _repr_html_(self) -> str:
        """Show values and the spectrum with its best fit, in a notebook."""
        facts = {
            target.replace("_", " "): value.text() + _unit(target, " {}")
            for target, value in self.values.items()
        }
        if not self.applies:
            facts = {"the model does not apply": "; ".join(map(str, self.reasons)), **facts}
        if self.e0 is not None:
            facts["E0"] = f"{self.e0:.1f} eV"
        facts["model"] = self.model if self.rung is None else f"{self.model}, rung {self.rung}"
        facts |= {"basis": self.basis} if self.basis else {}
        facts |= {"remarks": "; ".join(self.remarks)} if self.remarks else {}
        return card(self.name, facts, self._draw if self._drawable else None)

    @property
    def _drawable(self) -> bool:
        return bool(self.match or self.evidence or self._probabilities)

    @property
    def _probabilities(self) -> Mapping[str, float]:
        known = (value.probabilities for value in self.values.values() if value.probabilities)
        return next(known, {})

    def _draw(self, axes: "Axes") -> None:
        if self.match is not None:
            from nearedge.answers._match_figure import draw_curves

            draw_curves(axes, self.match, 1)
        elif self.evidence is not None:
            from nearedge.answers._panels import draw_normalised

            draw_normalised(axes, self.evidence)
        else:
            from nearedge.drawing.style import plain

            axes.bar([*map(plain, self._probabilities)], [*self._probabilities.values()])
            axes.set(ylabel="probability", ylim=(0, 1))

    def _origin(self) -> dict[str, str | float | bool | None]:
        """What the answer is to, who gives it, and whether it applies."""
        return {
            "file": self.file,
            "label": self.label,
            "absorber": self.edge and self.edge.absorber,
            "edge": self.edge and self.edge.name,
            "e0": self.e0,
            "model": self.model,
            "rung": self.rung,
            "applies": self.applies,
        }

    def to_json(self) -> Json:
        """Return everything, ready for JSON."""
        plain: Json = {
            **self._origin(),
            "reasons": list(map(str, self.reasons)),
            "values": {target: value.to_json() for target, value in self.values.items()},
            "remarks": list(self.remarks),
            "basis": self.basis,
        }
        if self.evidence is not None:
            posterior, fit = self.evidence.posterior, self.evidence.fit
            plain["zero"] = {
                "interval": list(posterior.zero_interval()),
                "modes": [mode._asdict() for mode in posterior.modes()],
            }
            plain |= {"broadening": posterior.width, "noise": fit.noise, "novelty": fit.score}
        if self.match is not None:
            plain["nearest"] = [resemblance.to_json() for resemblance in self.match.first(5)]
        return plain

    def row(self) -> dict[str, str | float | bool | None]:
        """Return a row of a table, by column."""
        row = {**self._origin(), "reasons": "; ".join(map(str, self.reasons))}
        for target, value in self.values.items():
            row[target] = value.value
            if value.low is not None:
                row |= {f"{target}.low": value.low, f"{target}.high": value.high}
            if value.set is not None:
                row[f"{target}.set"] = "; ".join(value.set)
            row |= {f"{target}.{name}": p for name, p in (value.probabilities or {}).items()}
        return {**row, "remarks": "; ".join(self.remarks)}


def write_csv(path: str | Path, answers: Iterable[Answer], *, force: bool = False) -> None:
    """Write answers as comma-separated values under a line of column names."""
    rows = [answer.row() for answer in answers]
    # Models and kinds of spectra have different columns.
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (
        replacing(path, force=force) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def answer_table(answers: Sequence[Answer]) -> tuple[list[str], list[list[str]]]:
    """Tabulate the answers: heads, and a row for each spectrum, with a column for each target."""
    targets = list(dict.fromkeys(target for answer in answers for target in answer.values))
    heads = [target.replace("_", " ") + _unit(target, ", {}") for target in targets]
    rows = [
        [
            answer.name,
            *(_cell(answer.values.get(target)) for target in targets),
            "-" if answer.e0 is None else f"{answer.e0:.1f}",
            "yes" if answer.applies else "no",
        ]
        for answer in answers
    ]
    return ["spectrum", *heads, "E0, eV", "applies"], rows


def _cell(value: Value | None) -> str:
    if value is None:
        return "-"
    if value.intervals is not None and value.probabilities is not None:
        return ", ".join(f"{name}: {share:.0%}" for name, share in value.probabilities.items())
    return value.text()


def _unit(target: str, form: str) -> str:
    unit = TARGETS[target].unit if target in TARGETS else ""
    return form.format(unit) if unit else ""

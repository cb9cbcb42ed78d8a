"""What a model answers for one spectrum, and its JSON, its sentence and its row of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nearedge.edges import Edge
from nearedge.matching import Match
from nearedge.models.inference import Fit, Posterior
from nearedge.records import Json, as_json
from nearedge.spectra import Prepared
from nearedge.targets import TARGETS
from nearedge.trust import Reason


@dataclass(frozen=True)
class Value:
    """The answer for one target: a number with its interval, or the likeliest class.

    Of classes there are the set of those that are not ruled out, and the probabilities; of a sample
    of many sites these are shares, with intervals. Interval and set hold a share `level` of the
    truths, see `Answer.basis`.
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
        if self.low is not None and self.high is not None:
            text += f" ({self.low:.2f} to {self.high:.2f})"
        return text

    def to_json(self) -> Json:
        """Give what is known, ready for JSON."""
        return {name: entry for name, entry in as_json(self).items() if entry is not None}


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the answer for a measured spectrum was made of; the unit is the training spectra's."""

    prepared: Prepared
    posterior: Posterior
    fit: Fit
    unit: str


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model answers for one spectrum: of a site, an average, a sample or a pixel.

    Attributes
    ----------
    file, label : str
        Where the spectrum comes from.
    edge : Edge or None
        Absorber and edge, of the file or of the model.
    e0 : float or None
        Where the model's zero lies on the energies of the file, eV.
    model : str
        Who answers.
    rung : str or None
        What the sites that the model was judged on have not in common with the training.
    reasons : tuple of Reason
        Why the model may not be believed; none if it may.
    values : dict of str to Value
        By the name of the target; none where the model does not answer.
    remarks : tuple of str
        What the reader and the preparation did, and what else a person must know.
    basis : str
        What is told, and what the intervals and sets hold, in words.
    evidence : Evidence or None
        Of a measured spectrum.
    match : Match or None
        The references that the answer was made of, where it was.
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

    def __repr__(self) -> str:
        return f"<Answer: {self.sentence()}>"

    @property
    def applies(self) -> bool:
        """Whether the model may be believed."""
        return not self.reasons

    @property
    def name(self) -> str:
        """File without its folder, and spectrum."""
        return f"{Path(self.file).name} {self.label}"

    def sentence(self) -> str:
        """Say the answer in one sentence."""
        told = ", ".join(
            f"{target.replace('_', ' ')} {value.text()}{_unit(target, ' {}')}"
            for target, value in self.values.items()
        )
        if self.applies:
            return f"{self.name}: {told}"
        why = "; ".join(map(str, self.reasons))
        return f"{self.name}: the model does not apply, {why}" + (f" ({told})" if told else "")

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
        """Give everything, ready for JSON."""
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
        """Give what a table holds, by column."""
        row = {**self._origin(), "reasons": "; ".join(map(str, self.reasons))}
        for target, value in self.values.items():
            row[target] = value.value
            if value.low is not None:
                row |= {f"{target}.low": value.low, f"{target}.high": value.high}
            if value.set is not None:
                row[f"{target}.set"] = "; ".join(value.set)
            for name, share in (value.probabilities or {}).items():
                row[f"{target}.{name}"] = share
        return {**row, "remarks": "; ".join(self.remarks)}


def heading(target: str) -> str:
    """Name a target with its unit.

    Examples
    --------
    >>> heading("bond_length"), heading("coordination")
    ('bond length, Å', 'coordination')
    """
    return target.replace("_", " ") + _unit(target, ", {}")


def _unit(target: str, form: str) -> str:
    unit = TARGETS[target].unit if target in TARGETS else ""
    return form.format(unit) if unit else ""

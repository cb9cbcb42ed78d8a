"""What the page says: a heading for an answer, facts of a spectrum, and the command that does it.

Files say what they like: their words are shown as they are, never as markup.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from nearedge.answers import Answer, Failure, Value
from nearedge.app._asking import READY, Choice
from nearedge.matching import Resemblance
from nearedge.spectra import Spectrum
from nearedge.targets import TARGETS

NAMED = 10
"""Files that a command names one by one."""

Row = dict[str, str | float | bool | None]


def plain(text: str) -> str:
    r"""Write text so that Markdown shows it as it is.

    Examples
    --------
    >>> print(plain("a*b_c"))
    a\*b\_c
    """
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$:-])", r"\\\1", " ".join(text.split()))


def heading(told: Answer) -> str:
    """Say an answer in a sentence.

    Examples
    --------
    >>> from nearedge.edges import Edge
    >>> values = {"coordination": Value(6.0, 6.0, 6.0, 0.9, ("6",)),
    ...           "oxidation_state": Value(2.96, 2.84, 3.07, 0.9),
    ...           "bond_length": Value(2.02, 1.99, 2.05, 0.9)}
    >>> heading(Answer("fe.dat", "mu", Edge("Fe"), 7124.0, "ready", "measured", values=values))
    'Fe has 6 neighbours, oxidation state 3.0 (2.8 to 3.1) and bonds of 2.02 Å (1.99 to 2.05).'
    """
    parts = [_part(told, target, value) for target, value in told.values.items()]
    absorber = told.edge.absorber if told.edge else "The absorber"
    if not parts:
        return f"{absorber}: no value is given."
    listed = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]
    return f"{absorber} has {listed}."


def _part(told: Answer, target: str, value: Value) -> str:
    ends = ""
    if value.low is not None and value.high is not None and value.set is None:
        digits = 1 if target == "oxidation_state" else 2
        ends = f" ({value.low:.{digits}f} to {value.high:.{digits}f})"
    if isinstance(value.value, str):
        shares = value.probabilities or {}
        share = f" ({shares[value.value]:.0%})" if value.value in shares else ""
        return f"'{value.value}' as its most common environment{share}"
    if target == "coordination" and value.set is not None:
        others = [name for name in value.set if name != f"{value.value:g}"]
        perhaps = f" (or {', '.join(others)})" if others else ""
        return f"{value.value:g} neighbours{perhaps}"
    if target == "coordination":
        return f"a mean coordination number of {value.value:.2f}{ends}"
    if target == "oxidation_state":
        return f"oxidation state {value.value:.1f}{ends}"
    if target == "bond_length":
        return f"bonds of {value.value:.2f} Å{ends}"
    return f"{target.replace('_', ' ')} {value.text()}"


def tiles(told: Answer) -> list[tuple[str, str, str]]:
    """List name, value, and interval or set, of each target that is a number."""
    listed = []
    for target, value in told.values.items():
        if isinstance(value.value, str):
            continue
        unit = TARGETS[target].unit if target in TARGETS else ""
        if value.set is not None:
            number, ends = f"{value.value:g}", f"set: {', '.join(value.set)}"
        else:
            number = f"{value.value:.2f} {unit}".strip()
            ends = "" if value.low is None else f"{value.low:.2f} to {value.high:.2f}"
        listed.append((target.replace("_", " "), number, ends))
    return listed


def name(spectrum: Spectrum) -> str:
    """Name a spectrum by its file, without the folder, and its label."""
    return f"{Path(spectrum.source).name} {spectrum.name}"


def reference(one: Resemblance) -> str:
    """Describe a reference in a line."""
    number = "" if one.coordination is None else f", {one.coordination:g} neighbours"
    length = "" if one.bond_length is None else f" at {one.bond_length:.2f} Å"
    crystal = one.crystal.replace("_", " ")
    return f"{one.rank}. {plain(crystal)}{number}{length}, misfit {one.misfit:.3f}"


def refusal(told: Answer) -> str:
    """Say why a model does not apply."""
    return f"The model does not apply: {'; and '.join(map(str, told.reasons))}."


def facts(spectrum: Spectrum) -> list[tuple[str, str]]:
    """List what is known of a spectrum before anything is asked."""
    return [
        ("file", Path(spectrum.source).name),
        ("label", spectrum.name),
        ("edge", f"{spectrum.edge}-edge" if spectrum.edge else "not known"),
        ("energies", f"{spectrum.energy[0]:.1f} to {spectrum.energy[-1]:.1f} eV"),
        ("points", str(len(spectrum.energy))),
        ("channel", spectrum.channel),
    ]


def rows(told: Iterable[Answer | Failure]) -> list[Row]:
    """Make a table's rows of answers: first what a person sorts by."""
    listed: list[Row] = []
    for one in told:
        if isinstance(one, Failure):
            file, _, label = one.file.partition("::")
            row: Row = {"file": Path(file).name, "label": label, "applies": False}
            listed.append({**row, "why not": one.reason.removeprefix(f"{one.file}: ")})
            continue
        row = {"file": Path(one.file).name, "label": one.label}
        row |= {"edge": str(one.edge or "?"), "applies": one.applies}
        if one.reasons:
            row["why not"] = "; ".join(map(str, one.reasons))
        for target, value in one.values.items():
            name = target.replace("_", " ")
            row[name] = value.value
            if value.set is not None:
                row[f"{name} set"] = ", ".join(value.set)
            elif value.low is not None:
                row |= {f"{name} low": value.low, f"{name} high": value.high}
        row["E0, eV"] = one.e0
        listed.append(row)
    return listed


def command(files: Sequence[str], choice: Choice) -> str:
    """Write the command that answers the same.

    Examples
    --------
    >>> command(["a b.dat", "c.dat"], Choice())
    "nearedge predict 'a b.dat' c.dat --csv answers.csv --plot figures"
    >>> command([f"my run/{n}.dat" for n in range(99)], Choice(force=True, mu="4/2"))
    "nearedge predict 'my run'/*.dat --mu 4/2 --force --csv answers.csv --plot figures"
    """
    given = [] if choice.model == READY else [choice.model]
    options = ["--energy", choice.energy] if choice.energy else []
    options += ["--mu", choice.mu] if choice.mu else []
    options += ["--force"] if choice.force else []
    named = list(dict.fromkeys(files))
    words = [shlex.quote(file) for file in named]
    if len(named) > NAMED:
        # All of a folder that end alike, as a shell finds them.
        kinds = dict.fromkeys((Path(file).parent, Path(file).suffix) for file in named)
        words = [_all_like(where, ending) for where, ending in kinds]
    before = shlex.join(["nearedge", "predict", *given])
    after = shlex.join([*options, "--csv", "answers.csv", "--plot", "figures"])
    return " ".join([before, *words, after])


def _all_like(folder: Path, ending: str) -> str:
    """Write a pattern for the files of a folder that end alike."""
    where = "" if folder == Path() else f"{shlex.quote(str(folder))}/"
    return f"{where}*{shlex.quote(ending) if ending else ''}"

"""What climbing the ladder measures, as plain records."""

from dataclasses import asdict, dataclass
from typing import Any

from nearedge.ladder._numbers import Explained
from nearedge.trust import SetCoverage


@dataclass(frozen=True)
class Step:
    """The classifier on one rung.

    Attributes
    ----------
    meaning : str
        What is kept apart.
    accuracy, spread : float
        Mean and standard deviation over the seeds; each seed has its own fold and its own start.
    accuracies : tuple of float
        One for each seed.
    balanced_accuracy : float
        Mean over the classes of the share found; mean over the seeds.
    baselines, baseline_spreads : dict of str to float
        Mean and standard deviation of the accuracy of the plain methods.
    n : int
        Number of different spectra that were scored.
    unlearnt : dict of str to int
        Test spectra, over all seeds, whose class the training side could not teach; they count as
        errors.
    raw_parents, raw_parents_spread : float or None
        Only on the rung ``paper``: accuracy of the same networks on the raw parents.
    remark : str or None
        Where the dataset makes the rung equal to another; of other engines, which.
    alignment : dict or None
        Only on the rung ``engine-aligned``: which side was ``moved``, the mean ``shift`` (eV),
        ``scale``, ``broadening`` (eV) and residuals, how many ``silent_energies`` were left out,
        whether it was ``transductive``, and the
        single ``fits``.
    sets : SetCoverage or None
        What prediction sets hold, each seed's calibrated on the other seeds' test sites.
    """

    meaning: str
    accuracy: float
    spread: float
    accuracies: tuple[float, ...]
    balanced_accuracy: float
    baselines: dict[str, float]
    baseline_spreads: dict[str, float]
    n: int
    unlearnt: dict[str, int]
    raw_parents: float | None = None
    raw_parents_spread: float | None = None
    remark: str | None = None
    alignment: dict[str, Any] | None = None
    sets: SetCoverage | None = None


@dataclass(frozen=True)
class Errors:
    """How far predicted mean coordination numbers are off.

    Attributes
    ----------
    mae, mse : float
        Mean absolute and mean squared error, mean over the seeds.
    mae_spread, mse_spread : float
        Standard deviation over the seeds.
    """

    mae: float
    mse: float
    mae_spread: float
    mse_spread: float


@dataclass(frozen=True)
class Contest:
    """The regressor and its baselines on the same examples.

    Attributes
    ----------
    regressor : Errors
        Of the recipe's network.
    baselines : dict of str to Errors
        ``constant``, the mean of the training labels, and ``ridge``.
    n : int
        Number of examples over all seeds.
    """

    regressor: Errors
    baselines: dict[str, Errors]
    n: int


@dataclass(frozen=True)
class Level:
    """The regressor on one rung.

    Attributes
    ----------
    meaning : str
        What is kept apart.
    mixtures : Contest
        On mixtures of held-out sites; on the rung ``paper`` of the same sites as in training.
    snapshots : Contest or None
        On the averages of all sites of each held-out snapshot, where whole snapshots are held out.
    remark : str or None
        Where the dataset makes the rung equal to another.
    """

    meaning: str
    mixtures: Contest
    snapshots: Contest | None
    remark: str | None = None


@dataclass(frozen=True)
class Ladder:
    """Every rung a dataset can carry.

    Attributes
    ----------
    recipe : str
        How the networks were trained.
    seed, seeds : int
        The first seed, and how many.
    rungs : dict of str to Step
        The classifier, by rung, from the easiest to the hardest.
    regression : dict of str to Level
        The regressor, likewise.
    targets : dict of str to dict of str to Explained
        By target and rung, how much of single sites' numbers the recipe's kernel machines explain;
        empty if it has none.
    not_climbed : dict of str to str
        Rungs left out, and why.
    """

    recipe: str
    seed: int
    seeds: int
    rungs: dict[str, Step]
    regression: dict[str, Level]
    targets: dict[str, dict[str, Explained]]
    not_climbed: dict[str, str]

    def __repr__(self) -> str:
        """Say in one line which rungs were climbed."""
        rungs = ", ".join(f"{name} {step.accuracy:.3f}" for name, step in self.rungs.items())
        return f"<Ladder: recipe {self.recipe}, {self.seeds} seeds; {rungs}>"

    def to_dict(self) -> dict[str, Any]:
        """Give every number, ready for JSON; the regressor's own errors stand beside `n`."""
        regression = {
            name: {
                "meaning": level.meaning,
                "remark": level.remark,
                "mixtures": _flat(level.mixtures),
                "snapshots": level.snapshots and _flat(level.snapshots),
            }
            for name, level in self.regression.items()
        }
        return {**asdict(self), "regression": regression}


def _flat(trial: Contest) -> dict[str, Any]:
    baselines = {name: asdict(errors) for name, errors in trial.baselines.items()}
    return {**asdict(trial.regressor), "baselines": baselines, "n": trial.n}

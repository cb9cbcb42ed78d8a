"""Results of climbing the ladder, as plain records."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nearedge.drawing.card import card
from nearedge.spectra.alignment import AlignmentFit
from nearedge.trust import SetCoverage

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class EngineAlignment:
    """How two engines' spectra were aligned, without labels: all fits, and their mean numbers."""

    moved: Literal["test", "training"]
    silent_energies: int  # energies left out, as the training spectra hardly vary there
    transductive: bool  # whether it was learnt on the very spectra that are tested
    shift: float
    scale: float
    broadening: float
    residual_before: float
    residual: float
    fits: tuple[AlignmentFit, ...]


@dataclass(frozen=True)
class Step:
    """The classifier on one rung: means and standard deviations over the seeds."""

    meaning: str
    accuracy: float
    spread: float
    accuracies: tuple[float, ...]
    balanced_accuracy: float  # mean over the classes of the share found
    baselines: dict[str, float]  # accuracies of the plain methods
    baseline_spreads: dict[str, float]
    n: int  # number of different spectra that were scored
    unlearnt: dict[str, int]
    """Test spectra, over all seeds, of classes that training could not teach: errors."""
    raw_parents: float | None = None
    """Only on the rung ``paper``: accuracy of the same networks on the raw parents."""
    raw_parents_spread: float | None = None
    remark: str | None = None
    """Which other rung the dataset makes it equal to; of other engines, which engine."""
    alignment: EngineAlignment | None = None
    sets: SetCoverage | None = None
    """Coverage of prediction sets, each seed's calibrated on the other seeds' test sites."""

    @property
    def best_baseline(self) -> str:
        """Name of the baseline that is right most often."""
        return max(self.baselines, key=lambda name: self.baselines[name])


@dataclass(frozen=True)
class Errors:
    """How far mean coordination numbers are off: means and standard deviations over the seeds."""

    mae: float
    mse: float
    mae_spread: float
    mse_spread: float


@dataclass(frozen=True)
class Contest(Errors):
    """Errors of the recipe's network, and of baselines on the same examples."""

    baselines: dict[str, Errors]  # constant, the mean of the training labels, and ridge
    n: int


@dataclass(frozen=True)
class Level:
    """The regressor on one rung."""

    meaning: str
    mixtures: Contest
    """On mixtures of held-out sites; on the rung ``paper`` of the same sites as in training."""
    snapshots: Contest | None
    """On the averages of all sites of each held-out snapshot, if whole ones are held out."""
    remark: str | None = None


@dataclass(frozen=True)
class Explained:
    """A number of single sites, predicted from their raw spectra."""

    meaning: str
    unit: str
    r2: float  # explained variance of unseen sites, mean over the seeds
    spread: float
    mae: float
    baselines: dict[str, float]  # explained variance by plain methods
    baseline_mae: dict[str, float]
    n: int


@dataclass(frozen=True)
class Ladder:
    """Every rung a dataset allows, from the easiest to the hardest."""

    recipe: str
    seed: int
    seeds: int
    rungs: dict[str, Step]
    regression: dict[str, Level]
    targets: dict[str, dict[str, Explained]]
    """By target and rung, what the recipe's kernel machines explain; empty if it has none."""
    not_climbed: dict[str, str]

    def __repr__(self) -> str:
        """Return in one line which rungs were climbed."""
        rungs = ", ".join(f"{name} {step.accuracy:.3f}" for name, step in self.rungs.items())
        return f"<Ladder: recipe {self.recipe}, {self.seeds} seeds; {rungs}>"

    def _repr_html_(self) -> str:
        """Show every rung's accuracy and the baselines, in a notebook."""
        facts = {}
        for name, step in self.rungs.items():
            rival = step.best_baseline
            spread = f" ± {step.spread:.3f}" if self.seeds > 1 else ""
            facts[f"rung {name}"] = (
                f"accuracy {step.accuracy:.3f}{spread}; {rival} {step.baselines[rival]:.3f}; "
                f"majority {step.baselines['majority']:.3f}; {step.n} spectra"
            )
        facts |= {f"not climbed: {name}": why for name, why in self.not_climbed.items()}
        return card(f"ladder of recipe {self.recipe}, {self.seeds} seeds", facts, self._draw)

    def _draw(self, axes: "Axes") -> None:
        steps = self.rungs.values()
        scores, spreads = [step.accuracy for step in steps], [step.spread for step in steps]
        axes.errorbar(range(len(steps)), scores, spreads, fmt="o", label="network")
        best = [step.baselines[step.best_baseline] for step in steps]
        axes.plot(best, "s", mfc="none", label="best plain method")
        axes.plot([step.baselines["majority"] for step in steps], "_", label="majority")
        axes.set_xticks(range(len(steps)), list(self.rungs), rotation=20)
        axes.set(ylabel="accuracy", ylim=(0, 1.04))
        axes.legend()

"""What is known of a model: training data, accuracy, and coverage of its error bars."""

from dataclasses import dataclass

from nearedge.trust import ClassCoverage, ClassSets, Coverage, Intervals, SetCoverage, SiteIntervals


@dataclass(frozen=True)
class Training:
    """What a model was trained on: names, and sites of each class; `mean` is the target's.

    Snapshots, trajectories and compositions that are `held_out` were not used; the fingerprint
    excludes them.
    """

    sites: int
    classes: dict[str, int]
    snapshots: tuple[str, ...]
    trajectories: tuple[str, ...]
    atoms: tuple[str, ...]
    mean: float | None
    held_out: tuple[str, ...]
    recipe: str
    seed: int
    fingerprint: str
    compositions: tuple[str, ...] = ()  # reduced formulas; older models name none


@dataclass(frozen=True)
class Estimate:
    """How good a model is on sites it has not seen.

    The rung says what they do not share with the training, `reason` why nothing is known; `value`
    and `spread` are mean and standard deviation of the score over the folds.
    """

    rung: str | None
    meaning: str | None
    reason: str | None
    score: str
    value: float | None = None
    spread: float | None = None
    baselines: dict[str, float] | None = None
    n: int = 0


@dataclass(frozen=True)
class AverageCoverage(Coverage):
    """Coverage of intervals for averages over this many atoms, and for each fraction."""

    atoms: int
    fractions: dict[str, float]


@dataclass(frozen=True)
class Calibration:
    """How sets and intervals are made, from `n` unseen sites; the rest is missing if unknown.

    A classifier has sets; a regressor has intervals of its `outputs` (``mean``, and fractions of
    classes) by averaged atoms, for averages of any composition (`uneven`), and for single sites of
    whole numbers. The coverages are for sites that the calibration did not see.
    """

    n: int = 0
    sets: ClassSets | None = None
    outputs: tuple[str, ...] = ()
    sites: SiteIntervals | None = None
    intervals: Intervals | None = None
    uneven: Intervals | None = None
    set_coverage: SetCoverage | None = None
    coverage: tuple[AverageCoverage, ...] = ()
    per_class: dict[str, ClassCoverage] | None = None

    @property
    def level(self) -> float | None:
        """Fraction of truths that sets and intervals are meant to contain."""
        made = self.sets or self.intervals
        return None if made is None else made.level


@dataclass(frozen=True)
class Conditions:
    """Distortions of simulated measurements besides the unknown zero, random within limits.

    Broadening is a full width at half maximum in eV, signal to noise the highest intensity over the
    noise's standard deviation; the largest constant background, and slope, are fractions of that.
    """

    broadening: tuple[float, float] = (0.0, 1.0)
    signal_to_noise: tuple[float, float] = (30.0, 500.0)
    background: float = 0.5
    slope: float = 0.5


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors on `n` simulated measurements of unseen sites, of any composition.

    The zero's is in eV; `coverage` is the fraction of intervals that contain the target's mean.
    """

    n: int
    mae: float
    baseline_mae: float
    coverage: float
    fraction_mae: float
    zero_error: float


@dataclass(frozen=True)
class Measured:
    """How good a model is on measured spectra, according to simulations, and of which kind."""

    conditions: Conditions
    errors: Errors


@dataclass(frozen=True)
class Record:
    """All that is known of a model."""

    training: Training
    estimate: Estimate
    calibration: Calibration
    measured: Measured | None = None

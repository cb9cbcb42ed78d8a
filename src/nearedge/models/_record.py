"""What is known of a model: what it learnt from, how good it is, and what its error bars hold."""

from dataclasses import dataclass

from nearedge.trust import ClassCoverage, ClassSets, Coverage, Intervals, SetCoverage, SiteIntervals


@dataclass(frozen=True)
class Training:
    """What a model was trained on: names, and sites of each class; `mean` is the target's.

    Snapshots, trajectories and compositions that are `held_out` were not used; the fingerprint is
    without them.
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

    The rung says what those have not in common with the training, `reason` why nothing is known;
    `value` and `spread` are mean and standard deviation of the score over the folds.
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
    """How often intervals of averages over so many atoms held the truth, and of each fraction."""

    atoms: int
    fractions: dict[str, float]


@dataclass(frozen=True)
class Calibration:
    """What sets and intervals are made by, from `n` unseen sites; the rest is missing if unknown.

    A classifier has sets; a regressor intervals of its `outputs` (``mean``, and fractions of
    classes) by averaged atoms, for averages of any composition (`uneven`), and for single sites of
    whole numbers. The coverages are those of sites that the calibration did not see.
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
        """Share of truths that sets and intervals are meant to hold."""
        made = self.sets or self.intervals
        return None if made is None else made.level


@dataclass(frozen=True)
class Conditions:
    """Distortions of simulated measurements besides the unknown zero, random within limits.

    Broadening is a full width at half maximum in eV, signal to noise the highest intensity over the
    noise's standard deviation; the largest constant background, and slope, are shares of that.
    """

    broadening: tuple[float, float] = (0.0, 1.0)
    signal_to_noise: tuple[float, float] = (30.0, 500.0)
    background: float = 0.5
    slope: float = 0.5


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors on `n` simulated measurements of unseen sites, of any composition.

    The zero's is in eV; `coverage` is the share of intervals that held the target's mean.
    """

    n: int
    mae: float
    baseline_mae: float
    coverage: float
    fraction_mae: float
    zero_error: float


@dataclass(frozen=True)
class Measured:
    """How good a model is on measured spectra, as far as simulations tell, and of what."""

    conditions: Conditions
    errors: Errors


@dataclass(frozen=True)
class Record:
    """All that is known of a model."""

    training: Training
    estimate: Estimate
    calibration: Calibration
    measured: Measured | None = None

"""What is known of a model: what it learnt from, how good it is, and what its error bars hold."""

from dataclasses import dataclass

from nearedge.trust import ClassCoverage, ClassSets, Coverage, Intervals, SetCoverage, SiteIntervals


@dataclass(frozen=True)
class Training:
    """What a model was trained on.

    Attributes
    ----------
    sites : int
        Number of sites.
    classes : dict of str to int
        Sites of each class.
    snapshots, trajectories, atoms : tuple of str
        Their names.
    mean : float or None
        Mean of the target, where it is a number.
    held_out : tuple of str
        Snapshots and trajectories that were not used in any way.
    recipe, seed
        How it was trained.
    fingerprint : str
        Of the dataset without what was held out.
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


@dataclass(frozen=True)
class Estimate:
    """How good a model is on sites it has not seen.

    Attributes
    ----------
    rung, meaning : str or None
        What those sites have not in common with the training, and that in words.
    reason : str or None
        Why nothing is known of unseen sites.
    score : str
        What is measured.
    value, spread : float or None
        Mean and standard deviation over the folds.
    baselines : dict of str to float
        The same score of plain methods.
    n : int
        Number of sites.
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
    """What sets and intervals are made by; all but `n` is missing where nothing is known.

    Attributes
    ----------
    n : int
        Number of unseen sites it was made on.
    sets : ClassSets or None
        Of a classifier.
    outputs : tuple of str
        Names of a regressor's outputs: ``mean``, and classes whose fractions it tells.
    sites : SiteIntervals or None
        Intervals of single sites, of a number that is whole.
    intervals, uneven : Intervals or None
        Intervals of all outputs, by averaged atoms; of averages of any composition.
    set_coverage, coverage, per_class
        What sets, intervals by averaged atoms, and intervals of single sites by class hold of sites
        that the calibration did not see.
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
    """What simulated measurements suffer beside the unknown zero, each at random between limits.

    Attributes
    ----------
    broadening : tuple of float
        Full widths at half maximum, in eV, of a Gaussian that spectra are convolved with.
    signal_to_noise : tuple of float
        Highest intensity over the standard deviation of the noise; the logarithm is uniform.
    background : float
        Largest constant under a spectrum, as a share of its highest intensity.
    slope : float
        Largest rise or fall of the background from the first to the last energy, in the same unit.
    """

    broadening: tuple[float, float] = (0.0, 1.0)
    signal_to_noise: tuple[float, float] = (30.0, 500.0)
    background: float = 0.5
    slope: float = 0.5


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors on `n` simulated measurements of unseen sites, of any composition.

    They are those of the target's mean, of always its training mean, of the fractions and of the
    zero (eV). `coverage` is the share of intervals that held it, each fold's made without it.
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

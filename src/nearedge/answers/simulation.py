"""A simulated measurement of a known sample: computed sites, averaged and distorted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from nearedge.datasets import SiteSpectra
from nearedge.errors import InputError
from nearedge.records import Json, replacing
from nearedge.spectra import Spectrum, broadened, recorded, resample


@dataclass(frozen=True)
class Beamline:
    """How a simulated measurement is made; energies, the computed zero included, in eV.

    The broadening is an extra full width at half maximum. The highest intensity is given in counts,
    and signal to noise is its ratio to the standard deviation; the background and its slope, the
    rise from the first to the last energy, are fractions of it. There is no absorption in the range
    measured before the computed energies.
    """

    e0: float = 530.0
    broadening: float = 0.5
    signal_to_noise: float = 50.0
    background: float = 0.3
    slope: float = 0.2
    counts: float = 1000.0
    step: float = 0.1
    before: float = 10.0

    def __post_init__(self) -> None:
        positive = ("signal_to_noise", "counts", "step")
        for name, value in asdict(self).items():
            least = "positive" if name in positive else "not negative"
            wrong = value <= 0 if name in positive else value < 0 and name not in ("e0", "slope")
            if not np.isfinite(value) or wrong:
                raise InputError(f"{name} = {value} of a simulated measurement must be {least}")


def simulate_sample(
    data: SiteSpectra, beamline: Beamline, *, only: str | Sequence[str] = (), seed: int = 0
) -> tuple[Spectrum, Json]:
    """Simulate a measurement of a sample made of a dataset's sites, or of some snapshots only.

    The truth is returned with the spectrum, ready for JSON, with the beamline's settings.

    Examples
    --------
    >>> from nearedge.datasets import load_dataset, starter_path
    >>> data = load_dataset(starter_path())
    >>> spectrum, truth = simulate_sample(data, Beamline(), only=["rocksalt-1-000"])
    >>> round(truth["coordination"], 2), truth["e0"]
    (1.39, 530.0)

    Raises
    ------
    InputError
        If the sites are of several edges.
    """
    sample = data.select(data.names_mask(only)) if only else data
    if len(sample.absorbers) > 1:
        raise InputError(
            f"{data.source}: a sample has one edge, and these sites are of several "
            f"({', '.join(sample.absorbers)}): name crystals of one element with --only"
        )
    stated = "coordination" in sample.table.coords
    counts = np.asarray(sample.coordination if stated else np.nan, float)
    mean = broadened(data.energy, sample.mu.mean(axis=0, keepdims=True), beamline.broadening)
    first = np.floor(-beamline.before / beamline.step) * beamline.step + float(data.energy[0])
    energy = np.arange(first, float(data.energy[-1]) + 1e-9, beamline.step)
    inside = np.clip(energy, data.energy[0], data.energy[-1])
    mean = resample(data.energy, mean, inside, data.source)
    mu = recorded(
        mean * (beamline.counts / mean.max()),
        np.random.default_rng(seed),
        background=beamline.background + beamline.slope / 2,
        slope=beamline.slope,
        signal_to_noise=beamline.signal_to_noise,
    )[0]
    truth: Json = {
        # Nobody knows the mean of a sample some sites of which are of no clear number.
        "coordination": float(counts.mean()) if np.isfinite(counts).all() else None,
        "fractions": {name: count / len(sample) for name, count in sample.counts().items()},
        "sites": len(sample),
        **asdict(beamline),
    }
    return Spectrum("mu", energy + beamline.e0, mu, data.source), truth


def write_columns(
    path: str | Path, spectrum: Spectrum, comment: str, *, force: bool = False
) -> None:
    """Write a spectrum as two columns of text under a comment."""
    with replacing(path, force=force) as temporary:
        np.savetxt(
            temporary,
            np.column_stack([spectrum.energy, spectrum.mu]),
            fmt=("%.3f", "%.6g"),
            header=f"{comment}\nenergy {spectrum.name}",
            encoding="utf-8",
        )

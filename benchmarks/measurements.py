"""How well simulated measurements are read: zero, broadening, unit and background unknown.

A sample is an average over all sites of a trajectory that was held out (``alike``), or over 60 of
such sites in any composition (``any``). It is broadened by 0 to 0.8 eV (full width at half
maximum), lies on a sloping background, has a signal to noise of 50 and a zero that is off by up to
1.5 eV. Nothing of this is told. With ``--ocean`` models are trained on one of the co-author's
OCEAN snapshots and read the average over the other one's sites. Run::

    python benchmarks/measurements.py [--ocean FOLDER] [--foreign tests/trust/foreign.dat]

``constant`` always answers the mean of the training sites; ridge, 1-NN and a random forest learnt
from the same simulated profiles and are given the zero that was found; ``any comp.`` is the answer
that supposes nothing of the composition. MAE in neighbours, coverage of the 90 % intervals,
``zero`` the mean absolute error of the zero in eV; 3 folds by trajectory, seed 0::

                         n    MAE constant coverage width any comp.   held fractions zero novel
    FEFF10, alike      201  0.074    0.044    89.6%  0.48     0.187  97.5%     0.044 0.08  2.0%
                          ridge 0.221, 1-NN 0.200, random forest 0.146
    FEFF10, any        201  0.254    0.446    86.1%  1.31     0.194  98.5%     0.106 0.09  4.5%
                          ridge 0.202, 1-NN 0.326, random forest 0.209
    OCEAN, 0K on 15ps  100  0.077    0.061   100.0%  0.43     0.103 100.0%     0.020 0.21  2.0%
                          ridge 0.132, 1-NN 0.108, random forest 0.079
    OCEAN, 15ps on 0K  100  0.064    0.061   100.0%  0.34     0.230 100.0%     0.023 0.12  2.0%
                          ridge 0.212, 1-NN 0.069, random forest 0.082

Of 19 FEFF10 spectra of other crystals and edges the model that ships flags 17 (``--foreign``), all
but SiO2's and diamond's.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_array
from sklearn.ensemble import RandomForestRegressor
from sklearn.neighbors import KNeighborsRegressor

from nearedge.answers import predict_measured
from nearedge.datasets import SiteSpectra, load_dataset, starter_path
from nearedge.datasets.importing import import_dataset
from nearedge.datasets.splits import turns
from nearedge.files import read_table
from nearedge.learning.baselines import regressor_baselines
from nearedge.learning.examples import composition_weights, membership
from nearedge.models import Model, load_model, ready_model_path, train
from nearedge.models.inference import Conditions, simulate_measurements
from nearedge.spectra import cut_windows, profiles
from nearedge.targets import EnvironmentRule
from nearedge.trust import uneven_averages

CONDITIONS = Conditions(broadening=(0.0, 0.8), signal_to_noise=(50.0, 50.0))
OFFSET = 1.5
RANGE = (-15.0, 30.0)
"""Energies in eV that a measurement spans, where the computed spectra reach so far."""


SIMULATED = 4000
"""Simulated measurements that the plain methods learn from."""


class Row(NamedTuple):
    """What one measurement told, beside the truth."""

    error: float
    held: bool
    width: float
    constant: float
    free_error: float
    free_held: bool
    fraction_error: float
    zero_error: float
    novel: bool
    ridge: float
    neighbour: float
    forest: float


def plain_methods(model: Model, data: SiteSpectra, seed: int) -> list[Any]:
    """Teach ridge, 1-NN and a random forest the number from simulated measurements' profiles."""
    assert model.inference is not None
    rng = np.random.default_rng([seed, 4])
    weights = composition_weights(data.environment, examples=SIMULATED, seed=seed)
    mu = simulate_measurements(data.energy, data.mu, weights, Conditions(), rng)
    zeros = rng.normal(scale=0.05, size=len(mu))
    found, _ = profiles(cut_windows(data.energy, mu, model.inference.grid, zeros))
    numbers = weights @ data.coordination.astype(float)
    methods = (
        regressor_baselines()["ridge"],
        KNeighborsRegressor(1),
        RandomForestRegressor(200, n_jobs=1, random_state=seed),
    )
    return [method.fit(found, numbers) for method in methods]


def read(
    model: Model,
    train: SiteSpectra,
    data: SiteSpectra,
    weights: csr_array,
    rng: np.random.Generator,
    seed: int,
) -> Iterator[Row]:
    """Measure samples of a dataset's sites, and read them with a model.

    The plain methods are given the model's zero: they have none of their own.
    """
    assert model.inference is not None
    methods = plain_methods(model, train, seed)
    kept = (data.energy >= RANGE[0]) & (data.energy <= RANGE[1])
    energy = data.energy[kept]
    mu = simulate_measurements(energy, data.mu[:, kept], weights, CONDITIONS, rng)
    classes = model.record.training.classes
    own = membership(data.environment, list(classes))
    numbers, shares = weights @ data.coordination.astype(float), weights @ own
    constant = model.record.training.mean
    for one, number, share in zip(mu, numbers, shares, strict=True):
        offset = rng.uniform(-OFFSET, OFFSET)
        said = predict_measured(model, energy + 530 + offset, one).to_dict()
        low, high = said["interval"]
        free = said["interval_any_composition"]
        zero = np.array([said["offset"]["energy"]])
        window = cut_windows(energy + 530 + offset, one[None], model.inference.grid, zero)
        ridge, neighbour, forest = (
            abs(float(method.predict(profiles(window)[0])[0]) - float(number)) for method in methods
        )
        yield Row(
            abs(said["coordination"] - number),
            low <= number <= high,
            high - low,
            abs(constant - number),
            abs(said["coordination_any_composition"] - number),
            free[0] <= number <= free[1],
            float(np.abs(np.array([*said["fractions"].values()]) - share).mean()),
            abs(said["offset"]["energy"] - 530 - offset),
            not said["applies"],
            ridge,
            neighbour,
            forest,
        )


def report(title: str, rows: list[Row]) -> None:
    """Print one line."""
    mean = Row(*np.array(rows, float).mean(axis=0).tolist())
    print(
        f"{title:18}{len(rows):4}{mean.error:7.3f}{mean.constant:9.3f}{mean.held:9.1%}"
        f"{mean.width:6.2f}{mean.free_error:10.3f}{mean.free_held:7.1%}"
        f"{mean.fraction_error:10.3f}{mean.zero_error:5.2f}{mean.novel:6.1%}\n"
        f"{'':18}{'':4}ridge {mean.ridge:.3f}, 1-NN {mean.neighbour:.3f}, random forest "
        f"{mean.forest:.3f}",
        flush=True,
    )


def whole(names: np.ndarray, count: int) -> csr_array:
    """Average all sites of each name, the names in turn."""
    known = np.unique(names)
    rows = [(names == known[turn % len(known)]).astype(float) for turn in range(count)]
    return csr_array(np.array([row / row.sum() for row in rows]))


def shipped(samples: int, seed: int) -> None:
    """Hold out every trajectory of the dataset that ships once."""
    data = load_dataset(starter_path())
    kinds: dict[str, list[Row]] = {"alike": [], "any": []}
    for fold in turns(data, "trajectory", seeds=3, seed=seed):
        names = np.unique(data.trajectory[fold.test]).tolist()
        model = train(data, "regressor", hold_out=names, seed=seed)
        test = data.select(data.names_mask(names))
        rng = np.random.default_rng(seed)
        count = -(-samples // 3)
        uneven = uneven_averages(test.environment, (60,), examples=count, seed=seed)
        kept = data.select(~data.names_mask(names))
        kinds["alike"] += read(model, kept, test, whole(test.trajectory, count), rng, seed)
        kinds["any"] += read(model, kept, test, uneven.weights, rng, seed)
    for kind, rows in kinds.items():
        report(f"FEFF10, {kind}", rows)


def ocean(folder: Path, samples: int, seed: int) -> None:
    """Train on one OCEAN snapshot, read the other."""
    data = {
        name: import_dataset(
            folder / f"POSCAR_{name}",
            folder / f"{name}_Combo_O_all.dat.gz",
            EnvironmentRule("O", "Fe", 2.6, 1.7),
            format="matrix",
            snapshot=name,
            trajectory="aimd",
        )
        for name in ("0K", "15ps")
    }
    for one, other in (("0K", "15ps"), ("15ps", "0K")):
        model = train(data[one], "regressor", seed=seed)
        test = data[other]
        rng = np.random.default_rng(seed)
        rows = list(read(model, data[one], test, whole(test.snapshot, samples // 2), rng, seed))
        report(f"OCEAN, {one} on {other}", rows)


def foreign(table: Path) -> None:
    """Show spectra that are no sample's to the model that ships."""
    names = table.read_text(encoding="utf-8").splitlines()[1].split()[2:]
    energy, mu = read_table(table)
    model = load_model(ready_model_path())
    passed = [
        name
        for name, one in zip(names, mu, strict=True)
        if predict_measured(model, energy + 530, one).to_dict()["applies"]
    ]
    flagged = len(names) - len(passed)
    print(f"of {len(names)} foreign spectra {flagged} are flagged; not: {', '.join(passed)}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the reading of measured spectra.")
    parser.add_argument("--ocean", type=Path, help="folder of the OCEAN tables and POSCARs")
    parser.add_argument("--foreign", type=Path, help="table of other spectra, names above it")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(
        f"{'':18}{'n':>4}{'MAE':>7}{'constant':>9}{'coverage':>9}{'width':>6}{'any comp.':>10}"
        f"{'held':>7}{'fractions':>10}{'zero':>5}{'novel':>6}"
    )
    shipped(options.samples, options.seed)
    if options.foreign:
        foreign(options.foreign)
    if options.ocean:
        ocean(options.ocean, options.samples, options.seed)


if __name__ == "__main__":
    main()

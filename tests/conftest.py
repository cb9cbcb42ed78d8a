"""Small real things that several tests share."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from ase.build import bulk
from hypothesis import HealthCheck, settings
from threadpoolctl import threadpool_limits

from nearedge.answers import MeasuredEvaluation, evaluate_measured
from nearedge.campaigns import LI3FEO35
from nearedge.datasets import SiteSpectra, assemble, merge
from nearedge.datasets.importing import import_dataset
from nearedge.learning.recipes import BEST, PAPER, RECIPES, Examples
from nearedge.matching import build_library, read_standards
from nearedge.models import Model, _training, train
from nearedge.models.inference import _fitting
from nearedge.spectra import Window, convolved
from nearedge.structures import Snapshot, disordered_cell
from nearedge.targets import EnvironmentRule

# A quarter of hypothesis' usual number of examples; each test that needs more says so. Examples
# write the files of the one before anew, in the same folder.
settings.register_profile(
    "house",
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")

SMALL = {**BEST.regressor, "hidden": (16,), "n_networks": 2, "batch_size": 32}
"""A regressor of recipe `best` that is soon trained."""

SMALL_PAPER = replace(
    PAPER,
    averages=Examples(400, (2, 10)),
    mixtures=Examples(600, (20, 70)),
    classifier={**PAPER.classifier, "epochs": 20},
    regressor={**PAPER.regressor, "epochs": 20},
)
"""The paper's recipe, soon trained."""

CALIBRATION = _fitting.CALIBRATION


QUICK_COMPILATION = "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=1"
"""A training program compiles in less than half the time so, and runs as fast."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled training programs: each costs seconds, and processes and runs share them.

    More threads, of linear algebra or of XLA (NPROC), would only be in the way of other tests.
    """
    threadpool_limits(1)
    os.environ.setdefault("NPROC", "1")
    os.environ.setdefault("XLA_FLAGS", QUICK_COMPILATION)
    if not config.pluginmanager.has_plugin("cacheprovider"):
        return
    assert config.cache is not None
    folder = str(config.cache.mkdir("jax"))
    jax.config.update("jax_compilation_cache_dir", folder)
    # Of processes that tests start.
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)


@pytest.fixture(scope="session", autouse=True)
def _cheap_learning() -> Iterator[None]:
    """No test asks how good forests are or how often energies move, few how networks train at once.

    One at a time they share a compiled program, whatever their number: each costs seconds. How
    well measured spectra are read is asked of `teach_measured`'s models alone; the others are
    calibrated by a fifth of the simulated measurements.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nearedge.learning.baselines.CLASS_TREES", 20)
        patch.setattr("nearedge.learning.baselines.NUMBER_TREES", 20)
        patch.setattr("nearedge.answers.measured.DRAWS", 2)
        patch.setattr(_fitting, "CALIBRATION", CALIBRATION // 5)
        patch.setattr(_training, "CALIBRATION_FOLDS", 3)
        patch.setattr("nearedge.learning.training._schedule.NETWORKS_AT_ONCE", 1)
        yield


@pytest.fixture
def quick_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let recipe `best` learn two networks from few examples: what it learns is tested elsewhere.

    Its networks have the sizes of `measured_model`, so that they are compiled once.
    """
    quick = replace(
        BEST,
        averages=replace(BEST.averages, count=600),
        mixtures=replace(BEST.mixtures, count=600),
        regressor=SMALL,
    )
    monkeypatch.setattr(
        "nearedge.learning.recipes.RECIPES", {**RECIPES, "best": quick, "paper": SMALL_PAPER}
    )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real reference spectra that are no part of the project; tests skip without them."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("NEAREDGE_REFERENCE_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; NEAREDGE_REFERENCE_DATA names their folder")
    return folder


def telling_mu(energy: np.ndarray, count: int, name: str) -> np.ndarray:
    """Spectrum of a site of `telling_dataset`, without noise, at any energies from the zero."""

    def peak(centre: float, width: float) -> np.ndarray:
        return np.exp(-(((energy - centre) / width) ** 2))

    return peak(8, 3) + 0.3 * count * peak(1, 1) + 2.0 * (name == "dimer") * peak(4, 1)


@pytest.fixture(scope="session")
def telling_dataset() -> SiteSpectra:
    """Real disordered cells with made spectra that tell the coordination number plainly.

    Two snapshots of each of three trajectories; the pre-edge grows with the number of Fe, a dimer
    has a peak of its own, and noise is small: who learns well is nearly always right.
    """
    rng = np.random.default_rng(7)
    energy = np.linspace(-2, 12, 71)
    snapshots = []
    for run in range(3):
        atoms = disordered_cell(replace(LI3FEO35, dimers=1, rare_sites=1), seed=run)
        for number in range(2):
            moved = atoms.copy()
            moved.positions += rng.normal(scale=0.02, size=moved.positions.shape)
            name = f"run{run}-{number}"
            snapshots.append(Snapshot(name, f"run{run}", 300.0, 60.0 * number, moved))
    rule = EnvironmentRule("O", "Fe", 2.6, 1.7)
    sites, mu = [], []
    for number, snapshot in enumerate(snapshots):
        atoms = rule.sites(snapshot.atoms)
        counts, names = (
            target.of(snapshot.atoms, atoms) for target in (rule.coordination, rule.environment)
        )
        for atom, count, name in zip(atoms, counts, names, strict=True):
            sites.append((number, int(atom)))
            mu.append(telling_mu(energy, int(count), str(name)))
    spectra = np.array(mu) + rng.normal(scale=0.002, size=(len(mu), len(energy)))
    said = {"engine": "made", "energy_zero": "CBM", "mu_unit": "arbitrary"}
    return assemble(snapshots, sites, energy, spectra, rule, said)


def teach_measured(data: SiteSpectra, **options: Any) -> Model:
    """Train a small regressor that reads measured spectra, calibrated as those of users are."""
    recipe = replace(BEST, mixtures=replace(BEST.mixtures, count=600), regressor=SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_fitting, "CALIBRATION", CALIBRATION)
        return train(data, "regressor", recipe=recipe, seed=1, **options)


@pytest.fixture(scope="session")
def measuring_model(telling_dataset: SiteSpectra, _cheap_learning: None) -> Model:
    """A small regressor that reads measured spectra like those of `telling_dataset`."""
    return teach_measured(telling_dataset)


# The stored energies leave 3 eV to search the zero in when it is calibrated.
UNSEEN = {"hold_out": ["run2"], "window": Window(-1.2, 10.0, 40)}


@pytest.fixture(scope="session")
def measured_model(telling_dataset: SiteSpectra, _cheap_learning: None) -> Model:
    """A regressor that reads measured spectra of `telling_dataset`; it has not seen run2."""
    return teach_measured(telling_dataset, **UNSEEN)


@pytest.fixture(scope="session")
def measured_folder(measured_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a folder."""
    path = tmp_path_factory.mktemp("measured") / "model"
    measured_model.save(path)
    return path


@pytest.fixture(scope="session")
def unseen_mu(telling_dataset: SiteSpectra) -> Callable[[np.ndarray], np.ndarray]:
    """Spectra of the sites of run2, without noise, at any energies from the zero."""
    mine = telling_dataset.trajectory == "run2"
    count, name = telling_dataset.coordination[mine], telling_dataset.environment[mine]

    def at(energy: np.ndarray) -> np.ndarray:
        pairs = zip(count, name, strict=True)
        return np.array([telling_mu(energy, int(one), str(other)) for one, other in pairs])

    return at


@pytest.fixture(scope="session")
def ocean_dataset(shared_data: Path) -> SiteSpectra:
    """The authors' two OCEAN snapshots, 98 spectra of one trajectory."""
    folder = shared_data / "ocean-li3feo35"
    return merge(
        [
            import_dataset(
                folder / f"POSCAR_{name}",
                folder / f"{name}_Combo_O_all.dat.gz",
                EnvironmentRule("O", "Fe", 2.6, 1.7),
                format="matrix",
                snapshot=name,
                trajectory="aimd",
            )
            for name in ("0K", "15ps")
        ]
    )


@pytest.fixture
def recorded_ocean(shared_data: Path) -> Path:
    """A complete real OCEAN run of MgO."""
    return shared_data / "ocean-run-mgo"


@pytest.fixture
def stand_in_ocean(recorded_ocean: Path, tmp_path: Path) -> Path:
    """A program that stands in for OCEAN's ocean.pl and plays the recorded run back.

    It lies beside a folder ``upf`` of files that stand in for pseudopotentials; a file ``fault``
    there says how the run goes wrong.
    """
    folder = tmp_path / "stand-in"
    (folder / "upf").mkdir(parents=True)
    (folder / "recorded").write_text(str(recorded_ocean.resolve()))
    program = folder / "stand-in-ocean.pl"
    shutil.copy(Path(__file__).with_name("stand_in_ocean.py"), program)
    program.chmod(0o755)
    for name, electrons in (("Mg-sp.UPF", 10), ("O.UPF", 6)):
        (folder / "upf" / name).write_text(f'<PP_HEADER z_valence="{electrons:8.2f}"/>\n')
    return program


def edge_mu(energy: np.ndarray, number: int, crystal: float) -> np.ndarray:
    """K-edge of a site with so many neighbours, 7 eV above the zero; `crystal` tells it apart."""
    rise = np.arctan((energy - 7.0) / 0.8) / np.pi + 0.5
    white = (0.1 * number) * np.exp(-(((energy - 10 - 0.3 * number) / 3.0) ** 2))
    pre_edge = 0.08 * (6 - number) * np.exp(-(((energy - 0.5) / 0.9) ** 2))
    return rise + white + pre_edge + 0.06 * np.sin((energy - 7 - crystal) / 4.0) * rise


ONSET = {("Fe", 4): 7116.7, ("Fe", 6): 7112.6, ("Mn", 4): 6541.3, ("Mn", 6): 6537.8}
"""Where `edge_mu` has its zero in measured spectra: they rise where their oxidation states do."""


@pytest.fixture(scope="session")
def crystal_dataset() -> SiteSpectra:
    """Made Fe and Mn K-edges of crystals with 4 and 6 neighbours; of one crystal none is stated."""
    energy = np.arange(-20.0, 60.01, 0.5)
    cells = {
        f"{kind}{place}": (kind, place)
        for kind in ("Fe4", "Fe6", "Mn4", "Mn6")
        for place in range(4)
    }
    snapshots, mu = [], []
    for name, (kind, place) in cells.items():
        atoms = bulk(kind[:2] + "SO"[kind[2] == "6"], "rocksalt", a=4.3, cubic=True)
        atoms.rattle(0.1, seed=len(snapshots))
        snapshots.append(Snapshot(name, name, None, None, atoms))
        mu.append(edge_mu(energy, int(kind[2]), 2.0 * place + 0.7 * (kind[:2] == "Mn")))
    numbers = np.array([float(kind[2]) for kind, _ in cells.values()])
    extra = {
        "coordination": np.where(np.array(list(cells)) == "Mn63", np.nan, numbers),
        "oxidation_state": np.where(numbers == 4, 3.0, 2.0),
        "bond_length": np.where(numbers == 4, 1.86, 2.15),
        "crystal": np.array(list(cells)),
    }
    said = {"engine": "made", "energy_zero": "Fermi level", "mu_unit": "arbitrary"}
    sites = [(place, 0) for place in range(len(snapshots))]
    return assemble(snapshots, sites, energy, np.array(mu), None, said, extra=extra)


@pytest.fixture(scope="session")
def standards_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made measurements of known structure: other zeros, resolutions and backgrounds."""
    folder = tmp_path_factory.mktemp("standards")
    rng = np.random.default_rng(5)
    rows = ["file\tabsorber\tedge\tcompound\tstructure\tcoordination\toxidation_state\tgrade"]
    for place in range(8):
        element, number = ("Fe", "Mn")[place % 2], (4, 6)[place // 2 % 2]
        energy = np.arange(-60.0, 200.0, 0.5)
        # The stretch and the crystal are those of none of the references.
        mu = edge_mu(energy / 1.02, number, 1.0 + 2 * (place // 4))
        mu = 3.0 * convolved(energy, mu[None], energy, 1.0)[0] + 0.4 - 1e-3 * energy
        axis = energy + ONSET[element, number] + rng.uniform(-1, 1)
        name = f"{element}{number}-{place}.dat"
        head = f"Element.symbol: {element}\nElement.edge: K\nenergy mu"
        np.savetxt(folder / name, np.column_stack([axis, mu]), header=head)
        compound = element + {4: "2O3", 6: "O"}[number]
        grade = "B" if place == 7 else "A"
        state = {4: 3, 6: 2}[number]
        rows.append(f"{name}\t{element}\tK\t{compound}\tmade\t{number}\t{state}\t{grade}")
    (folder / "truth.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="session")
def measured_evaluation(
    crystal_dataset: SiteSpectra, standards_folder: Path, _cheap_learning: None
) -> MeasuredEvaluation:
    """What a library of the made K-edges says of the made measurements."""
    library = build_library(crystal_dataset)
    return evaluate_measured(lambda _: (library, "library"), read_standards(standards_folder))

"""A spectrum of something else is refused by name, before anything is computed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from nearedge.answers import Request, answer, check, edge_range, read_any
from nearedge.datasets import assemble, load_dataset, save_dataset, starter_path
from nearedge.edges import Edge
from nearedge.models import Model, load_model
from nearedge.models.inference import Zero
from nearedge.spectra import Identity, Spectrum
from nearedge.structures import Snapshot
from nearedge.trust import (
    Misnamed,
    NoEdge,
    OtherEdge,
    OtherOrigin,
    OtherSample,
    OutsideEdge,
    UpsideDown,
)

AXIS = np.arange(515.0, 555.0, 0.1)


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def mu() -> np.ndarray:
    """A mean spectrum of the material, its zero at 531 eV."""
    data = load_dataset(starter_path())
    mean = data.mu[data.trajectory == data.trajectory[0]].mean(axis=0)
    return np.interp(AXIS - 531, data.energy, mean, left=0)


def spectrum(energy: np.ndarray, mu: np.ndarray, edge: Edge | None = None) -> Spectrum:
    return Spectrum("mu", energy, mu, "scan.dat", Identity(edge))


def test_its_own_edge_may_be_answered_for(model: Model, mu: np.ndarray) -> None:
    assert check(model, spectrum(AXIS, mu)) == []
    assert check(model, spectrum(AXIS, 300 * mu + 7, Edge("O"))) == []
    # A beamline may be wrong by some eV.
    for shift in (-6.0, 10.0):
        assert check(model, spectrum(AXIS + shift, mu)) == []


def test_the_edge_that_the_file_names_decides(model: Model, mu: np.ndarray) -> None:
    titanium = spectrum(AXIS, mu, Edge("Ti"))
    assert check(model, titanium) == [OtherEdge(Edge("Ti"), Edge("O"), ready=True)]
    plain = "this is a Ti K-edge (4966 eV); the model reads O K"
    assert (
        str(check(model, titanium)[0]) == f"{plain}; a model that ships reads Ti K: name no model"
    )
    (sodium,) = check(model, spectrum(AXIS, mu, Edge("Na")))
    assert str(sodium).endswith("the model reads O K, and no model that ships reads Na K")


@pytest.mark.parametrize("name", ["SrTiO3 perovskite", "LiNixMnyCozO2", "film of Al2O3"])
def test_a_sample_of_other_elements_is_refused(model: Model, mu: np.ndarray, name: str) -> None:
    (reason,) = check(model, replace(spectrum(AXIS, mu), metadata={"sample": name}))
    assert isinstance(reason, OtherSample)
    assert "the model knows Fe, Li, O only" in str(reason)
    by_formula = replace(spectrum(AXIS, mu), metadata={"formula": name, "sample": "B 7"})
    assert check(model, by_formula) == [reason]


@pytest.mark.parametrize("name", ["Li5FeO4", "Fe2O3 on SiO2", "POS 3", "cathode", "Pt foil"])
def test_a_sample_that_may_be_its_own_is_not(model: Model, mu: np.ndarray, name: str) -> None:
    assert check(model, replace(spectrum(AXIS, mu), metadata={"sample": name})) == []


@pytest.mark.parametrize("name", ["Fe K", "Ti K", "Cu K", "Sm L3"])
def test_the_energies_decide_where_the_file_is_silent(model: Model, name: str) -> None:
    edge = Edge.parse(name)
    energy = np.arange(edge.energy - 60, edge.energy + 150, 1.0)
    rise = np.arctan((energy - edge.energy - 5) / 2) + 1.6
    white = 3 * np.exp(-(((energy - edge.energy - 5) / 3) ** 2)) if edge.name == "L3" else 0
    (reason,) = check(model, spectrum(energy, rise + white))
    assert isinstance(reason, OtherEdge)
    assert reason.spectrum == edge
    assert f"{name}-edge" in str(reason)


@pytest.mark.parametrize("shift", [-400.0, 181.0])
def test_a_spectrum_that_is_moved_far_is_refused(
    model: Model, mu: np.ndarray, shift: float
) -> None:
    (reason,) = check(model, spectrum(AXIS + shift, mu))
    assert isinstance(reason, OtherEdge | OutsideEdge)
    (reason,) = check(model, spectrum(AXIS, mu), Zero(531 + shift))
    assert reason == OutsideEdge(531 + shift, Edge("O"))
    assert "an O K-edge (about 531 eV)" in str(reason)


def shapes() -> dict[str, tuple[np.ndarray, str]]:
    rng, along = np.random.default_rng(0), AXIS - AXIS[0]
    return {
        "flat": (np.full(len(AXIS), 0.6), "flat"),
        "line": (0.1 * AXIS, "line"),
        "noise": (1 + rng.normal(size=len(AXIS)), "noise"),
        "sine": (np.sin(along), "no step"),
        "damped sine": (1 + np.exp(-along / 15) * np.sin(along), "no step"),
    }


@pytest.mark.parametrize("name", list(shapes()))
def test_what_has_no_edge_is_refused(model: Model, name: str) -> None:
    mu, shape = shapes()[name]
    (reason,) = check(model, spectrum(AXIS, mu))
    assert isinstance(reason, NoEdge)
    assert reason.shape == shape
    assert "no absorption edge" in str(reason)


@pytest.mark.parametrize("edge", [None, Edge("O")])
def test_transmission_is_no_other_edge(model: Model, mu: np.ndarray, edge: Edge | None) -> None:
    transmitted = 1e5 * np.exp(-0.2 * mu / mu.max())
    for wrong in (transmitted, -mu, -np.arctan(AXIS - 531)):
        (reason,) = check(model, spectrum(AXIS, wrong, edge))
        assert isinstance(reason, UpsideDown)
        assert reason.e0 == pytest.approx(531, abs=4)
        assert "where an O K-edge rises; give absorption, ln(I0/I1)" in str(reason)


def test_a_head_that_contradicts_the_energies_is_named(model: Model) -> None:
    energy = np.arange(7050.0, 7250.0)
    rise = 1 + np.arctan((energy - 7120) / 2) / np.pi
    (reason,) = check(model, spectrum(energy, rise, Edge("O")))
    assert reason == Misnamed(Edge("O"), Edge("Fe"), 7120.0)
    assert str(reason).startswith(
        "the file names O K (543 eV), but its energies are those of Fe K (7112 eV, by its rise at "
        "7120.0 eV): correct"
    )


def test_of_several_edges_in_one_scan_the_models_is_looked_at(model: Model, mu: np.ndarray) -> None:
    """Ti L3 at 456 eV lies before O K in one scan of a titanate."""
    energy = np.arange(440.0, 556.0, 0.2)
    both = np.interp(energy, AXIS, mu, left=0) / mu.max() + 0.5 * (energy > 456)
    scan = spectrum(energy, both)
    assert check(model, scan) == []
    low, high = edge_range(model, scan)
    assert 500 < low < 531 < high < 600
    (found,) = answer(model, scan)
    assert found.e0 is not None
    assert low <= found.e0 <= high


def test_computed_spectra_of_another_engine_are_refused(model: Model) -> None:
    data = load_dataset(starter_path())
    own = Spectrum("a", data.energy, data.mu[0], "data", data.identity)
    assert check(model, own) == []
    for what, wrong in (
        ("engine", Identity(Edge("O"), data.identity.zero, data.identity.unit, "OCEAN 3.2.1")),
        ("energy zero", Identity(Edge("O"), "CBM", data.identity.unit, data.identity.origin)),
        ("unit", Identity(Edge("O"), data.identity.zero, "arbitrary", data.identity.origin)),
    ):
        (reason,) = check(model, Spectrum("a", data.energy, data.mu[0], "data", wrong))
        assert isinstance(reason, OtherOrigin)
        assert reason.what == what


def test_nothing_is_computed_unless_it_is_forced(model: Model, mu: np.ndarray) -> None:
    far = spectrum(AXIS + 181, mu)
    (refused,) = answer(model, far)
    assert not refused.applies
    assert not refused.values
    assert refused.evidence is None
    (forced,) = answer(model, far, Request(force=True))
    assert not forced.applies
    assert forced.reasons[0] == refused.reasons[0]
    assert any("--force" in remark for remark in forced.remarks)
    (plain,) = answer(model, spectrum(AXIS, mu))
    assert plain.applies
    assert forced.values["coordination"].value == pytest.approx(
        plain.values["coordination"].value, abs=0.02
    )


def test_no_measured_spectrum_of_another_edge_applies(
    model: Model, shared_data: Callable[..., object]
) -> None:
    """129 files of beamlines: of the 127 of metals none applies, and each is named."""
    from pathlib import Path

    from nearedge.files import read_spectra

    folder = Path(str(shared_data)) / "measured"
    if not folder.is_dir():
        pytest.skip("the shared reference data hold no measured spectra")
    named = 0
    paths = [path for path in sorted(folder.glob("*.txt")) if "_O_K_" not in path.name]
    for path in paths:
        for measured in read_spectra(str(path)):
            (reason,) = check(model, measured)
            assert isinstance(reason, OtherEdge)
            named += reason.spectrum.absorber == path.name.split("_")[1]
    assert named >= 0.98 * len(paths)


def test_sites_of_a_dataset_of_other_elements_are_refused(
    model: Model, mu: np.ndarray, tmp_path: Path
) -> None:
    cell = bulk("MgO", "rocksalt", a=4.21)
    relative = np.interp(model.window.grid, AXIS - 531, mu)[None]
    said = {"engine": "FEFF10", "energy_zero": model.identity.zero, "mu_unit": model.identity.unit}
    snapshots = [Snapshot("magnesia", "magnesia", None, None, cell)]
    data = assemble(snapshots, [(0, 1)], model.window.grid, relative, None, said)
    save_dataset(data, tmp_path / "magnesia")
    (site,) = read_any(str(tmp_path / "magnesia"))
    (reason,) = check(model, site)
    assert str(reason) == (
        "the file names its sample MgO, which holds Mg; the model knows Fe, Li, O only"
    )

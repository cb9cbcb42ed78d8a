"""Structures on the page."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from nearedge.app import _simulating
from nearedge.datasets import SiteSpectra
from nearedge.engines import FeffEngine
from nearedge.structures import Snapshot

# First neighbours only: the page's own settings take ten times as long.
TINY = {"cluster_radius": 3.2, "scf_radius": 2.5, "fms_radius": 2.5, "energy_step": 0.5}
NIO = Snapshot.from_labelled(bulk("NiO", "rocksalt", a=4.177, cubic=True), "nio", "nio")


def test_equal_sites_are_planned_once() -> None:
    assert _simulating.absorbers([NIO]) == ["Ni", "O"]
    work = _simulating.plan([NIO], "Ni")
    assert (work.sites, work.tasks) == (1, 2)


@pytest.mark.engine
def test_a_structure_is_computed_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymatgen", reason="the first shells of a crystal: extra app")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    engine = _simulating._engine("Ni")
    tiny = FeffEngine(replace(engine.settings, **TINY))
    monkeypatch.setattr(_simulating, "_engine", lambda _: tiny)
    *shares, data = _simulating.compute(_simulating.plan([NIO], "Ni"))
    assert isinstance(data, SiteSpectra)
    assert shares[0] == 0
    assert data.multiplicity.tolist() == [4]
    table = np.loadtxt(_simulating.columns(data).decode().splitlines())
    assert table[:, 1] == pytest.approx(table[:, 2])
    assert not any(tmp_path.iterdir())


def test_who_stops_listening_ends_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    work = _simulating.compute(_simulating.plan([NIO], "Ni"))
    assert next(work) == 0
    work.close()
    assert not any(tmp_path.iterdir())

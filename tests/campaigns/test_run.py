import dataclasses
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from nearedge.campaigns import simulate
from nearedge.campaigns._state import CampaignState, FinishedSites
from nearedge.datasets import load_dataset
from nearedge.engines import FeffSettings
from nearedge.engines.feff import FeffEngine
from nearedge.errors import EngineError, InputError
from nearedge.structures import Snapshot, fingerprint, write_snapshots
from nearedge.targets import EnvironmentRule

RULE = EnvironmentRule("O", "Mg", 2.6, None)
TINY = FeffSettings(
    cluster_radius=3.2, scf_radius=2.5, fms_radius=2.5, lmax=1, energy_step=0.5, dimer=None
)


def snapshots(count: int = 2) -> list[Snapshot]:
    """Rattled MgO: 4 Mg and 4 O each, O at the odd indices."""
    found = []
    for number in range(count):
        atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True)
        atoms.rattle(0.05, seed=number)
        found.append(Snapshot(f"frame-{number}", "md", 300.0, 10.0 * number, atoms))
    return found


def test_finished_campaign_is_a_dataset(analytic: ModuleType, tmp_path: Path) -> None:
    data = simulate(snapshots(), analytic.AnalyticEngine(), RULE, tmp_path / "data", workers=2)
    assert len(data) == 8
    assert data.counts() == {"6": 8}
    loaded = load_dataset(tmp_path / "data")
    np.testing.assert_array_equal(loaded.mu, data.mu)
    assert loaded.atom.tolist() == [1, 3, 5, 7] * 2
    assert loaded.attributes["engine"] == "analytic"
    with pytest.raises(InputError, match="nothing to resume"):
        simulate(snapshots(), analytic.AnalyticEngine(), RULE, tmp_path / "data", resume=True)
    # Provenance that every site has is kept, site by site, and belongs to its site.
    assert loaded.table["computed_atom"].values.tolist() == loaded.atom.tolist()
    assert set(loaded.table["fermi_level"].values.tolist()) == {-12.0}
    expected = analytic.AnalyticEngine().spectrum(snapshots()[1].atoms, 5, tmp_path, tmp_path)
    np.testing.assert_allclose(loaded.mu[6], expected.mu, rtol=1e-6)
    assert not (tmp_path / "data.campaign").exists()


def test_failures_cost_their_own_site_and_are_listed(
    analytic: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = analytic.AnalyticEngine(refuse=(1,), crash=(3,), hang=(5,))
    data = simulate(snapshots(1), engine, RULE, tmp_path / "data", workers=2, timeout=8.0)
    assert data.atom.tolist() == [7]
    listed = json.loads((tmp_path / "data" / "failures.json").read_text())
    assert [one["atom"] for one in listed] == [1, 3, 5]
    assert listed[0]["reason"] == "the spectrum came out upside down"
    assert listed[1]["reason"] == "its worker process died (signal SIGABRT)"
    assert listed[2]["reason"] == "took longer than 8 s"
    said = capsys.readouterr().err
    assert "3 of 4 sites failed" in said
    assert "frame-0 atom 1: the spectrum came out upside down" in said
    # What failed is tried again; what was finished is not.
    notes = tmp_path / "calls"
    mended = analytic.AnalyticEngine(calls=notes)
    data = simulate(snapshots(1), mended, RULE, tmp_path / "data", workers=1, resume=True)
    assert len(data) == 4
    assert "spectrum 7" not in notes.read_text()
    assert not (tmp_path / "data" / "failures.json").exists()
    assert not (tmp_path / "data.campaign").exists()


def test_nothing_finished_is_an_error(analytic: ModuleType, tmp_path: Path) -> None:
    engine = analytic.AnalyticEngine(refuse=(1, 3, 5, 7))
    with pytest.raises(EngineError, match="none of 4 sites was finished"):
        simulate(snapshots(1), engine, RULE, tmp_path / "data", workers=1)
    assert not (tmp_path / "data").exists()


def test_atoms_that_overlap_are_named(analytic: ModuleType, tmp_path: Path) -> None:
    (frame,) = snapshots(1)
    frame.atoms.positions[1] = frame.atoms.positions[0] + [0.1, 0.0, 0.0]
    engine = analytic.AnalyticEngine(refuse=(1,))
    with pytest.raises(EngineError, match=r"upside down; Mg 0 and O 1 are 0\.10 Angstrom apart"):
        simulate([frame], engine, RULE, tmp_path / "data", sites=[1], workers=1)


def test_a_preparation_that_fails_costs_its_group(analytic: ModuleType, tmp_path: Path) -> None:
    engine = analytic.AnalyticEngine(diverge=True, size=2)
    data = simulate(snapshots(1), engine, RULE, tmp_path / "data", workers=1)
    assert data.atom.tolist() == [1, 3]
    listed = json.loads((tmp_path / "data" / "failures.json").read_text())
    reason = "preparation failed: the field did not converge"
    assert [(one["atom"], one["reason"]) for one in listed] == [(5, reason), (7, reason)]


def test_results_are_kept_by_structure_and_engine(analytic: ModuleType, tmp_path: Path) -> None:
    path, notes = tmp_path / "data", tmp_path / "calls"
    engine = analytic.AnalyticEngine(refuse=(1,))
    simulate(snapshots(1), engine, RULE, path, workers=1)
    with pytest.raises(InputError, match="already exists"):
        simulate(snapshots(1), engine, RULE, path, workers=1)
    other = analytic.AnalyticEngine(radius=4.0)
    with pytest.raises(InputError, match="started with other parameters;"):
        simulate(snapshots(1), other, RULE, path, workers=1, resume=True)
    # More structures, under other names and another rule: what is finished counts.
    renamed = [dataclasses.replace(one, name=f"again-{one.name}") for one in snapshots(2)[::-1]]
    wider = dataclasses.replace(RULE, cutoff=3.0)
    mended = analytic.AnalyticEngine(calls=notes)
    data = simulate(renamed, mended, wider, path, workers=1, resume=True)
    assert len(data) == 8
    computed = [line for line in notes.read_text().splitlines() if line.startswith("spectrum")]
    assert len(computed) == 5
    expected = engine.spectrum(snapshots(1)[0].atoms, 3, tmp_path, tmp_path)
    row = (data.snapshot == "again-frame-0") & (data.atom == 3)
    np.testing.assert_allclose(data.mu[row][0], expected.mu, rtol=1e-6)
    data = simulate(snapshots(1), other, RULE, path, workers=1, force=True)
    assert len(data) == 4


def test_a_folder_of_something_else_is_left_alone(analytic: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "data.campaign"
    folder.mkdir()
    (folder / "thesis.tex").write_text("precious")
    engine = analytic.AnalyticEngine()
    for force in (True, False):
        with pytest.raises(InputError, match="is not a campaign folder"):
            simulate(snapshots(1), engine, RULE, tmp_path / "data", force=force, resume=not force)
    assert (folder / "thesis.tex").read_text() == "precious"


def test_a_campaign_of_an_earlier_version_is_refused(analytic: ModuleType, tmp_path: Path) -> None:
    engine = analytic.AnalyticEngine(refuse=(1,))
    simulate(snapshots(1), engine, RULE, tmp_path / "data", workers=1)
    sites = tmp_path / "data.campaign" / "sites"
    sites.mkdir()
    with pytest.raises(InputError, match="sites: is of an earlier version of nearedge"):
        simulate(snapshots(1), engine, RULE, tmp_path / "data", resume=True)
    mended = analytic.AnalyticEngine()
    assert len(simulate(snapshots(1), mended, RULE, tmp_path / "data", force=True)) == 4


def test_equal_structures_are_computed_once(analytic: ModuleType, tmp_path: Path) -> None:
    frame, notes = snapshots(1)[0], tmp_path / "calls"
    same = dataclasses.replace(frame, name="same")
    engine = analytic.AnalyticEngine(calls=notes)
    data = simulate([frame, same], engine, RULE, tmp_path / "data", workers=1)
    assert len(notes.read_text().splitlines()) == 5
    np.testing.assert_array_equal(data.mu[:4], data.mu[4:])


def test_a_log_tells_what_happened(analytic: ModuleType, tmp_path: Path) -> None:
    engine = analytic.AnalyticEngine(refuse=(1,))
    simulate(snapshots(1), engine, RULE, tmp_path / "data", workers=1)
    log = (tmp_path / "data.campaign" / "campaign.log").read_text()
    assert "frame-0 atoms [1]: the spectrum came out upside down" in log
    assert "sites, 1 failed, 0 submitted: 3 of 4, 75 % done" in log.splitlines()[-1]


def test_two_runs_at_once_are_refused(analytic: ModuleType, tmp_path: Path) -> None:
    state = CampaignState(tmp_path / "data.campaign")
    state.folder.mkdir()
    with state.locked(), pytest.raises(InputError, match="another run is at work"):
        simulate(snapshots(1), analytic.AnalyticEngine(), RULE, tmp_path / "data", resume=True)


def test_every_and_sites(analytic: ModuleType, tmp_path: Path) -> None:
    frames = snapshots(3) + [
        dataclasses.replace(one, name=f"b{place}", trajectory="b")
        for place, one in enumerate(snapshots(2))
    ]
    data = simulate(
        frames, analytic.AnalyticEngine(), RULE, tmp_path / "data", every=2, sites=[7, 1], workers=1
    )
    assert data.snapshot.tolist() == ["frame-0"] * 2 + ["frame-2"] * 2 + ["b0"] * 2
    assert data.atom.tolist() == [1, 7] * 3
    with pytest.raises(InputError, match="lacks 14 of the 20 sites .*, b0 atom 3 first"):
        simulate(frames, analytic.AnalyticEngine(), RULE, tmp_path / "data", resume=True)
    with pytest.raises(InputError, match="nothing to resume"):
        simulate(
            frames, analytic.AnalyticEngine(), RULE, tmp_path / "data", sites=[7], every=2,
            resume=True,
        )  # fmt: skip


def test_crystals_need_no_rule(analytic: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("pymatgen")
    crystals = [
        Snapshot(name, name, None, None, bulk(name, "rocksalt", a=edge, cubic=True))
        for name, edge in (("MgO", 4.21), ("CaO", 4.81))
    ]
    engine = analytic.AnalyticEngine()
    data = simulate(crystals, engine, "O", tmp_path / "data", workers=1)
    # One O stands for all four of a cell.
    assert data.table["multiplicity"].values.tolist() == [4, 4]
    assert data.table["coordination"].values.tolist() == [6, 6]
    assert data.table["oxidation_state"].values.tolist() == [-2, -2]
    np.testing.assert_allclose(data.table["bond_length"], [2.105, 2.405])
    assert data.table["crystal"].values.tolist() == ["MgO", "CaO"]
    assert data.table["ligands"].values.tolist() == ["Mg", "Ca"]
    assert load_dataset(tmp_path / "data").atom.tolist() == data.atom.tolist()
    every = simulate(crystals, engine, "O", tmp_path / "all", workers=1, symmetry=False)
    assert len(every) == 8
    np.testing.assert_allclose(every.mu[:4], data.mu[[0] * 4], rtol=1e-6)


def test_bad_inputs_are_refused(analytic: ModuleType, tmp_path: Path) -> None:
    engine, path = analytic.AnalyticEngine(), tmp_path / "data"
    with pytest.raises(InputError, match="atoms 0, 99 are not O atoms"):
        simulate(snapshots(1), engine, RULE, path, sites=[0, 1, 99])
    with pytest.raises(InputError, match="every is 0"):
        simulate(snapshots(1), engine, RULE, path, every=0)
    with pytest.raises(InputError, match="no structures"):
        simulate([], engine, RULE, path)
    with pytest.raises(InputError, match="named frame-0"):
        simulate(snapshots(1) * 2, engine, RULE, path)
    with pytest.raises(InputError, match="frame-0: .* holds no Fe atom"):
        simulate(snapshots(1), engine, EnvironmentRule("O", "Fe", 2.6, 1.7), path)
    lonely = Snapshot("lonely", "lonely", None, None, Atoms("OMg", [[0, 0, 0], [50, 0, 0]]))
    with pytest.raises(InputError, match="lonely: atom 0 .* no neighbour"):
        simulate([lonely], FeffEngine(TINY), RULE, path)
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import sys
from pathlib import Path
from nearedge.campaigns import simulate
from nearedge.engines import FeffEngine, FeffSettings
from nearedge.targets import EnvironmentRule
from nearedge.structures import read_snapshots

if __name__ == "__main__":
    settings = FeffSettings(
        cluster_radius=3.2, scf_radius=2.5, fms_radius=2.5, lmax=1, energy_step=0.5, dimer=None
    )
    rule = EnvironmentRule("O", "Mg", 2.6, None)
    simulate(
        read_snapshots(sys.argv[1]), FeffEngine(settings), rule, sys.argv[2],
        workers=2, resume=len(sys.argv) > 3,
    )
"""


def _processes(word: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found


def _copy(campaign: Path, target: Path) -> FinishedSites:
    """What a campaign that may be running has finished: a copy, which disturbs nobody."""
    target.mkdir()
    for path in campaign.glob("sites.sqlite*"):
        shutil.copy(path, target)
    return FinishedSites(target / "sites.sqlite")


def _sites(finished: FinishedSites) -> list[tuple[str, int]]:
    return [(structure, atom) for structure, atoms in finished.sites().items() for atom in atoms]


@pytest.mark.engine
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks into /proc")
def test_killed_and_resumed_without_losing_or_repeating_a_site(tmp_path: Path) -> None:
    script, frames, path = tmp_path / "run.py", tmp_path / "frames.extxyz", tmp_path / "data"
    script.write_text(SCRIPT)
    write_snapshots(frames, snapshots())
    command = [sys.executable, str(script), str(frames), str(path)]
    campaign, copies = tmp_path / "data.campaign", itertools.count()

    first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    limit = time.monotonic() + 100
    while (
        not (campaign / "sites.sqlite-wal").exists()
        or len(_sites(_copy(campaign, tmp_path / f"copy{next(copies)}"))) < 2
    ):
        assert first.poll() is None, "ended before it was killed"
        assert time.monotonic() < limit
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    # FEFF's own processes have the folder in their arguments; none outlives the campaign for long.
    while _processes(str(tmp_path)):
        assert time.monotonic() < limit, _processes(str(tmp_path))
        time.sleep(0.05)
    assert not path.exists()
    before = _copy(campaign, tmp_path / "before")
    assert 2 <= len(_sites(before)) < 8

    second = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    assert f"{len(_sites(before))} of 8 sites were finished before" in second.stderr
    data = load_dataset(path)
    assert len(data) == 8
    for structure, atom in _sites(before):
        frame = next(one for one in snapshots() if fingerprint(one.atoms) == structure)
        row = (data.snapshot == frame.name) & (data.atom == atom)
        expected = before.spectrum(structure, atom).mu
        np.testing.assert_allclose(data.mu[row][0], expected, rtol=1e-6)
    assert not campaign.exists()

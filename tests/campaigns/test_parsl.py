"""Parsl on this machine; benchmarks/slurm runs it on a real Slurm."""

import os
import signal
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from ase.build import bulk

from nearedge.campaigns import CLUSTERS, Cluster, ParslExecutor, simulate
from nearedge.campaigns._parsl import limited
from nearedge.errors import EngineError, InputError, MissingExtraError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule

RULE = EnvironmentRule("O", "Mg", 2.6, None)

# Parsl leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


def rattled() -> Snapshot:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    atoms.rattle(0.05, seed=1)
    return Snapshot("frame", "md", 300.0, 0.0, atoms)


def test_a_campaign_goes_on_with_parsl_to_the_same_bits(
    analytic: ModuleType, tmp_path: Path
) -> None:
    pytest.importorskip("parsl")
    engine = analytic.AnalyticEngine()
    expected = simulate([rattled()], engine, RULE, tmp_path / "local", workers=1)
    # Begun by local processes, with two sites that fail; one is mended when Parsl goes on.
    path, file = tmp_path / "data", tmp_path / "here.py"
    broken = analytic.AnalyticEngine(refuse=(1, 3))
    simulate([rattled()], broken, RULE, path, workers=1)
    tests = Path(__file__).parent
    where = Cluster(cores=1, worker_init=f"export PYTHONPATH={tests}:$PYTHONPATH")
    file.write_text(where.configuration("local") + "config.strategy_period = 0.1\n")
    executor = ParslExecutor(file, tmp_path / "data.campaign" / "parsl", timeout=60.0)
    calls = tmp_path / "calls"
    mended = analytic.AnalyticEngine(refuse=(3,), calls=calls)
    data = simulate([rattled()], mended, RULE, path, executor=executor, resume=True)
    assert data.atom.tolist() == [1, 5, 7]
    assert "spectrum 5" not in calls.read_text()
    rows = np.isin(expected.atom, data.atom)
    np.testing.assert_array_equal(data.mu, expected.mu[rows])
    # Parsl's logs lie in the campaign's folder, and Parsl is started anew for the next run.
    assert (tmp_path / "data.campaign" / "parsl").is_dir()
    simulate([rattled()], engine, RULE, path, workers=1, resume=True)
    assert not (tmp_path / "data.campaign").exists()


@pytest.mark.parametrize("system", CLUSTERS)
@pytest.mark.parametrize("nodes", [1, 4])
def test_what_is_printed_for_a_cluster_is_a_configuration(system: Any, nodes: int) -> None:
    pytest.importorskip("parsl")
    asked = Cluster(nodes=nodes, jobs=3, cores=16, walltime="10:30:00", partition="short")
    names: dict[str, Any] = {}
    exec(asked.configuration(system), names)
    (executor,) = names["config"].executors
    provider = executor.provider
    assert (provider.nodes_per_block, provider.max_blocks) == (nodes, 3)
    assert executor.workers_per_node == 16
    if system != "local":
        assert provider.walltime == "10:30:00"
        # No site begins in the last tenth of a job.
        assert executor.drain_period == 34020
        assert "short" in {getattr(provider, "partition", ""), getattr(provider, "queue", "")}
    # Nodes find this installation.
    assert str(Path(sys.executable).parent) in provider.worker_init


def test_a_walltime_is_a_time() -> None:
    # Slurm's days.
    assert "walltime='26:30:00'" in Cluster(walltime="1-02:30:00").configuration("slurm")
    with pytest.raises(InputError, match="walltime 8h: is not a time; write e.g. 08:00:00"):
        Cluster(walltime="8h").configuration("slurm")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "cannot be read"),
        ("nodes = 4", "defines no parsl.Config of the name config"),
        ("config = parcel", "NameError: name 'parcel' is not defined"),
    ],
)
def test_a_configuration_that_is_none_is_named(
    text: str | None, reason: str, tmp_path: Path
) -> None:
    pytest.importorskip("parsl")
    file = tmp_path / "there.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=f"there.py: {reason}"):
        ParslExecutor(file, tmp_path)


def test_without_parsl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "parsl", None)
    with pytest.raises(MissingExtraError, match="'parsl', which is not installed: .*hpc"):
        ParslExecutor("slurm", tmp_path)


def test_no_scheduler_ends_the_campaign(
    analytic: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("parsl")
    monkeypatch.setenv("PATH", "/usr/bin")
    if (Path("/usr/bin") / "qsub").exists():
        pytest.skip("there is a PBS")
    file = tmp_path / "pbs.py"
    file.write_text(Cluster().configuration("pbs") + "config.strategy_period = 0.1\n")
    executor = ParslExecutor(file, tmp_path / "parsl", timeout=60.0)
    with pytest.raises(EngineError, match="Parsl cannot start workers: .*qsub"):
        simulate([rattled()], analytic.AnalyticEngine(), RULE, tmp_path / "a", executor=executor)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGALRM")
def test_a_task_that_takes_too_long_is_ended() -> None:
    before = signal.getsignal(signal.SIGALRM)
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        limited(0.2, time.sleep, 60)
    assert time.monotonic() - start < 30
    assert limited(60.0, divmod, 7, 3) == (2, 1)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

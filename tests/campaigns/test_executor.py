import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ase.build import bulk

from nearedge.campaigns import simulate
from nearedge.campaigns._executor import LocalExecutor, WorkerLostError, reason_of_failure
from nearedge.errors import EngineError
from nearedge.structures import Snapshot
from nearedge.targets import EnvironmentRule


def test_crash_hang_and_error_cost_their_own_task_alone() -> None:
    with LocalExecutor(2, timeout=1.0) as executor:
        futures = {
            "dies": executor.submit(os.abort),
            "exits": executor.submit(os._exit, 3),
            "hangs": executor.submit(time.sleep, 300),
            "wrong": executor.submit(int, "seven"),
            "fine": executor.submit(divmod, 7, 3),
        }
        reasons = {name: reason_of_failure(future, 1.0) for name, future in futures.items()}
        assert reasons["dies"] == "its worker process died (signal SIGABRT)"
        assert reasons["exits"] == "its worker process died (exit code 3)"
        assert reasons["hangs"] == "took longer than 1 s"
        assert reasons["wrong"] is not None
        assert reasons["wrong"].startswith("ValueError: invalid literal")
        assert reasons["fine"] is None
        assert futures["fine"].result() == (2, 1)
        # Workers still serve, with a thread each.
        assert executor.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"


def _refuse() -> None:
    raise EngineError("no convergence")


def test_what_our_own_errors_say_is_the_reason() -> None:
    with LocalExecutor(1) as executor:
        assert reason_of_failure(executor.submit(_refuse)) == "no convergence"


def test_workers_that_cannot_start_are_an_error(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from nearedge.campaigns._executor import LocalExecutor, reason_of_failure\n"
        "with LocalExecutor(1) as executor:\n"
        "    reason_of_failure(executor.submit(abs, -1))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert "EngineError: worker processes do not start" in done.stderr
    assert "if __name__ == '__main__':" in done.stderr


def test_an_executor_of_any_kind_will_do(analytic: ModuleType, tmp_path: Path) -> None:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    frame, rule = Snapshot("a", "a", None, None, atoms), EnvironmentRule("O", "Mg", 2.6, None)
    engine, path = analytic.AnalyticEngine(), tmp_path / "data"
    data = simulate([frame], engine, rule, path, symmetry=False, executor=ThreadPoolExecutor(2))
    assert data.atom.tolist() == [1, 3, 5, 7]


class LosingExecutor(Executor):
    """Loses the worker of each task so many times."""

    def __init__(self, times: int) -> None:
        self.times, self.calls = times, Counter[str]()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        task = f"{fn.__name__} {args[2]}"
        self.calls[task] += 1
        if self.calls[task] <= self.times:
            future.set_exception(WorkerLostError("node n7 is gone"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_tasks_of_lost_workers_are_done_by_others(analytic: ModuleType, tmp_path: Path) -> None:
    atoms = bulk("MgO", "rocksalt", a=4.21, cubic=True)
    frame, rule = Snapshot("a", "a", None, None, atoms), EnvironmentRule("O", "Mg", 2.6, None)
    engine, path = analytic.AnalyticEngine(), tmp_path / "data"
    executor = LosingExecutor(2)
    assert len(simulate([frame], engine, rule, path, executor=executor)) == 1
    assert set(executor.calls.values()) == {3}
    # Not for ever.
    with pytest.raises(EngineError, match="none of 1 sites was finished"):
        simulate([frame], engine, rule, tmp_path / "b", executor=LosingExecutor(9))
    failures = json.loads((tmp_path / "b.campaign" / "failures.json").read_text())
    assert "its worker was lost several times (node n7 is gone)" in failures[0]["reason"]

import operator
import os
import time
from functools import partial

import pytest

from nearedge.campaigns._workers import Outcome, WorkerPool
from nearedge.errors import EngineError


def collect(pool: WorkerPool) -> dict[object, Outcome]:
    found: dict[object, Outcome] = {}
    while pool.busy:
        found |= {outcome.key: outcome for outcome in pool.wait()}
    return found


def test_crash_hang_and_error_cost_their_own_task_alone() -> None:
    # operator.call calls the task.
    with WorkerPool(operator.call, count=2, timeout=20.0) as pool:
        pool.submit("dies", os.abort)
        pool.submit("fine", partial(divmod, 7, 3))
        found = collect(pool)
        assert found["fine"].result == (2, 1)
        assert found["dies"].failure == "its worker process died (signal SIGABRT)"
        pool.submit("wrong", partial(int, "seven"))
        pool.submit("exits", partial(os._exit, 3))
        found = collect(pool)
        assert found["wrong"].failure is not None
        assert found["wrong"].failure.startswith("ValueError: invalid literal")
        assert found["exits"].failure == "its worker process died (exit code 3)"
        # Both workers still serve.
        pool.submit("one", partial(abs, -1))
        pool.submit("two", partial(abs, -2))
        assert {key: one.result for key, one in collect(pool).items()} == {"one": 1, "two": 2}


def test_time_limit() -> None:
    with WorkerPool(operator.call, count=1, timeout=0.5) as pool:
        pool.submit("hangs", partial(time.sleep, 300))
        assert collect(pool)["hangs"].failure == "took longer than 0.5 s"
        pool.submit("fine", partial(abs, -1))
        assert collect(pool)["fine"].result == 1


def test_workers_have_one_thread() -> None:
    with WorkerPool(operator.call, count=1) as pool:
        pool.submit("threads", partial(os.getenv, "OMP_NUM_THREADS"))
        assert collect(pool)["threads"].result == "1"


def test_workers_that_cannot_start_are_an_error() -> None:
    with (
        pytest.raises(EngineError, match="do not start"),
        WorkerPool(_Unreadable(), count=1) as pool,
    ):
        pool.submit("any", None)
        pool.wait()


class _Unreadable:
    """Pickles to something that fails to unpickle in the worker."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return int, ("seven",)

    def __call__(self, task: object) -> None:
        raise AssertionError

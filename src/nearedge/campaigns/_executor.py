"""The local executor, in whose processes a crash costs one task, and how tasks fail on any."""

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from nearedge.errors import EngineError, NearEdgeError

# Each worker has one core: threads of numerical libraries would fight over it.
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class WorkerLostError(Exception):
    """The worker of a task is gone, or its whole machine; the task may be innocent."""


class LocalExecutor(Executor):
    """Worker processes of this machine; `timeout` is the longest time of a task in s.

    They end with the block that uses them, and when the process that started them is killed.

    Examples
    --------
    >>> with LocalExecutor(1) as executor:
    ...     executor.submit(abs, -3).result()
    3
    """

    def __init__(self, workers: int, timeout: float | None = None) -> None:
        self.ahead, self.timeout = workers, timeout
        # A forked process would inherit locks of threads it does not have.
        context: Any = multiprocessing.get_context("spawn")
        self._pool = ProcessPool(max_workers=workers, context=context, initializer=_begin_worker)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a picklable call in a worker; the time limit counts from its start."""
        return self._pool.schedule(fn, args, kwargs, timeout=self.timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers at once, with what they do."""
        self._pool.stop()
        if wait:
            self._pool.join()


def reason_of_failure(future: Future[Any], timeout: float | None = None) -> str | None:
    """Say why a task that is done failed; None if it did not."""
    error = future.exception()
    if isinstance(error, BrokenProcessPool):
        raise EngineError(
            f"worker processes do not start ({error}); in a script, call this under: "
            "if __name__ == '__main__':"
        )
    if isinstance(error, BrokenExecutor):
        raise EngineError(str(error))
    if error is None or isinstance(error, NearEdgeError):
        return error and str(error)
    if isinstance(error, TimeoutError):
        return "took too long" if timeout is None else f"took longer than {timeout:g} s"
    if isinstance(error, ProcessExpired):
        code = error.exitcode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"its worker process died ({how})"
    if isinstance(error, WorkerLostError):
        return f"its worker was lost several times ({error})"
    # Whatever an engine raises costs its own task alone.
    return f"{type(error).__name__}: {error}"


def _begin_worker() -> None:
    # Ctrl-C reaches the whole terminal; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)

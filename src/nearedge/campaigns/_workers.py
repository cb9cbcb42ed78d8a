"""Worker processes that run one task at a time: a crash or a hang costs that task alone."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any

from nearedge.errors import EngineError, NearEdgeError

_READY = "ready"
# Each worker has one core: threads of numerical libraries would fight over it.
_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes
    ----------
    key : hashable
        The key the task was submitted under.
    result : object
        What the call returned; None if it failed.
    failure : str or None
        Why the task failed; None if it did not.
    """

    key: Hashable
    result: Any = None
    failure: str | None = None


class _Worker:
    """One process, and the task it is on."""

    def __init__(self, call: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_serve, args=(theirs, call), daemon=True
        )
        self.process.start()
        theirs.close()
        self.ready = False
        self.key: Hashable = None
        self.busy = False
        self.deadline = float("inf")

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


class WorkerPool:
    """Worker processes, used as a context manager: all of them end with the block.

    They also end when the process that started them is killed.

    Parameters
    ----------
    call : callable
        What to do with each task; it, the tasks and the results must be picklable.
    count : int
        Number of processes.
    timeout : float
        Longest time a task may take, in s.

    Examples
    --------
    >>> with WorkerPool(abs, count=1) as pool:
    ...     pool.submit("a", -3)
    ...     pool.wait()
    [Outcome(key='a', result=3, failure=None)]
    """

    def __init__(
        self, call: Callable[[Any], Any], count: int, timeout: float = float("inf")
    ) -> None:
        self._call, self._timeout = call, timeout
        self._workers = [_Worker(call) for _ in range(count)]

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.end()

    @property
    def free(self) -> int:
        """Number of workers without a task."""
        return sum(not worker.busy for worker in self._workers)

    @property
    def busy(self) -> int:
        """Number of workers on a task."""
        return len(self._workers) - self.free

    def submit(self, key: Hashable, task: Any) -> None:
        """Give a task to a free worker."""
        worker = next(worker for worker in self._workers if not worker.busy)
        worker.key, worker.busy = key, True
        if worker.ready:
            worker.deadline = time.monotonic() + self._timeout
        # If the worker is dead, wait() finds out.
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            worker.connection.send(task)

    def wait(self) -> list[Outcome]:
        """Wait until at least one task is done, failed or out of time.

        Raises
        ------
        EngineError
            If workers cannot be started at all.
        """
        done: list[Outcome] = []
        while not done and self.busy:
            left = min(worker.deadline for worker in self._workers) - time.monotonic()
            said = multiprocessing.connection.wait(
                [worker.connection for worker in self._workers],
                timeout=None if left == float("inf") else max(left, 0),
            )
            for place, worker in enumerate(self._workers):
                if worker.connection in said:
                    outcome = self._hear(place, worker)
                elif worker.busy and time.monotonic() >= worker.deadline:
                    outcome = self._replace(place, f"took longer than {self._timeout:g} s")
                else:
                    continue
                if outcome is not None:
                    done.append(outcome)
        return done

    def _hear(self, place: int, worker: _Worker) -> Outcome | None:
        try:
            message = worker.connection.recv()
        except (EOFError, ConnectionError):
            worker.process.join()
            code = worker.process.exitcode or 0
            if not worker.ready:
                raise EngineError(
                    f"worker processes do not start (exit code {code}); in a script, call this "
                    "under: if __name__ == '__main__':"
                ) from None
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            return self._replace(place, f"its worker process died ({how})")
        if message == _READY:
            worker.ready = True
            if worker.busy:
                worker.deadline = time.monotonic() + self._timeout
            return None
        result, failure = message
        worker.busy, worker.deadline = False, float("inf")
        return Outcome(worker.key, result, failure)

    def _replace(self, place: int, failure: str) -> Outcome | None:
        old = self._workers[place]
        old.end()
        self._workers[place] = _Worker(self._call)
        return Outcome(old.key, None, failure) if old.busy else None


def _serve(connection: Connection, call: Callable[[Any], Any]) -> None:
    # Ctrl-C reaches the whole terminal; the parent decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    connection.send(_READY)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            connection.send((call(task), None))
        except NearEdgeError as error:
            connection.send((None, str(error)))
        except Exception as error:
            # Whatever an engine raises costs its own task alone.
            connection.send((None, f"{type(error).__name__}: {error}"))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)

"""Campaigns on a cluster: Parsl starts workers, through Slurm, PBS or what else it knows."""

import os
import runpy
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nearedge.campaigns._executor import ONE_THREAD, WorkerLostError
from nearedge.campaigns.clusters import CLUSTERS, Cluster
from nearedge.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from parsl import Config, DataFlowKernel

# Parsl's go-between does not notice when the process that started it is killed, and would keep
# the jobs of a cluster alive; where the kernel can tell it (Linux), it ends too.
_INTERCHANGE = (
    "import ctypes, runpy; getattr(ctypes.CDLL(None), 'prctl', lambda *_: 0)(1, 15); "
    "runpy.run_module('parsl.executors.high_throughput.interchange', run_name='__main__')"
)
# Workers of a node whose configuration does not say.
_WORKERS = 64
# Characters of what Parsl says of jobs that did not start: it repeats itself.
_REASON = 600


class ParslExecutor(Executor):
    """Workers that Parsl starts, on this machine or in jobs of a cluster.

    Nothing is started before the first task. The workers see the files of this machine.

    Parameters
    ----------
    configuration : str or Path
        A Python file in which ``config`` is a ``parsl.Config``; or local, slurm or pbs: what
        `configuration_file` gives for them.
    folder : Path
        Where Parsl keeps its logs and scripts of jobs, unless the configuration says.
    timeout : float
        Longest time in s that one task may take.
    """

    def __init__(self, configuration: str | Path, folder: Path, timeout: float = 3600.0) -> None:
        self.timeout, self._folder = timeout, folder
        self._config = _read(str(configuration))
        self._kernel: DataFlowKernel | None = None
        # None waits for work, and few groups are begun before others are done.
        self.ahead = 2 * sum(_slots(executor) for executor in self._config.executors)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a picklable call in a worker; the time limit counts from its start."""
        future: Future[Any] = Future()
        task = self._started().submit(
            limited,
            app_args=(self.timeout, fn, *args),
            executors="all",
            cache=False,
            ignore_for_cache=None,
            app_kwargs=kwargs,
        )
        task.add_done_callback(lambda task: self._settle(future, task))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers and jobs at once, with what they do."""
        if self._kernel is not None:
            self._kernel.cleanup()
        self._kernel = None

    def _started(self) -> "DataFlowKernel":
        if self._kernel is None:
            from parsl import DataFlowKernel

            if self._config.run_dir == "runinfo":
                self._config.run_dir = str(self._folder.absolute())
            # Parsl's programs lie beside Python's, wherever the path leads.
            path = os.environ.get("PATH", os.defpath)
            os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"
            self._kernel = DataFlowKernel(self._config)
        return self._kernel

    def _settle(self, future: Future[Any], task: Future[Any]) -> None:
        from parsl.executors.errors import BadStateException, ScalingFailed
        from parsl.executors.high_throughput.errors import ManagerLost, WorkerLost

        error = task.exception()
        if isinstance(error, (ManagerLost, WorkerLost)):
            error = WorkerLostError(str(error))
        elif isinstance(error, (BadStateException, ScalingFailed)):
            reason = " ".join(str(error).split())[:_REASON]
            error = BrokenExecutor(
                f"Parsl cannot start workers: {reason}; its logs are in {self._config.run_dir}"
            )
        if error is None:
            future.set_result(task.result())
        else:
            future.set_exception(error)


def limited(timeout: float, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function in a worker of Parsl; raise TimeoutError when it takes too long."""

    def give_up(*_: object) -> None:
        raise TimeoutError

    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    if threading.current_thread() is not threading.main_thread():
        return fn(*args, **kwargs)
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        return fn(*args, **kwargs)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _read(configuration: str) -> "Config":
    try:
        import parsl
        from parsl.executors import HighThroughputExecutor
    except ImportError as error:
        raise MissingExtraError("parsl", "hpc", "The executor parsl") from error
    try:
        if configuration in CLUSTERS:
            names: dict[str, Any] = {}
            exec(Cluster().configuration(configuration), names)
        else:
            names = runpy.run_path(configuration)
    except OSError as error:
        raise InputError(
            f"{configuration}: cannot be read ({error.strerror}); give a Python file or one of "
            f"{', '.join(CLUSTERS)}"
        ) from None
    except Exception as error:
        raise InputError(f"{configuration}: {type(error).__name__}: {error}") from None
    config = names.get("config")
    if not isinstance(config, parsl.Config):
        raise InputError(
            f"{configuration}: defines no parsl.Config of the name config; "
            "nearedge cluster slurm prints an example"
        )
    for executor in config.executors:
        if isinstance(executor, HighThroughputExecutor) and list(
            executor.interchange_launch_cmd
        ) == ["interchange.py"]:
            executor.interchange_launch_cmd = [sys.executable, "-c", _INTERCHANGE]
    return config


def _slots(executor: Any) -> int:
    """Count the tasks that an executor can run at once, if need be by a guess."""
    provider = getattr(executor, "provider", None)
    nodes = getattr(provider, "max_blocks", 1) * getattr(provider, "nodes_per_block", 1)
    workers = getattr(executor, "max_workers_per_node", inf)
    return int(nodes * (_WORKERS if workers == inf else workers))

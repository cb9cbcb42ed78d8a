import os
import subprocess
import sys
import time
from pathlib import Path

from nearedge.campaigns._executor import LocalExecutor, reason_of_failure
from nearedge.errors import EngineError


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

"""Run stages of FEFF10 in a process of their own: ``_feff_stages.py FOLDER SECONDS STAGE ...``.

A script that imports nothing of nearedge, to start fast. SECONDS are of the processor's time.
"""

import os
import signal
import sys
import threading
from pathlib import Path


def _end_with_parent() -> None:
    """End the process group, a running stage included, when the pipe from the engine closes."""
    # Unbuffered: a lock held at the interpreter's end would be fatal.
    while os.read(0, 1024):
        pass
    if hasattr(os, "killpg"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)  # no process groups: the stage that runs ends by itself


def _limit(seconds: int) -> None:
    try:
        import resource
    except ImportError:  # no POSIX: whoever started it watches the clock
        return
    # Inherited by the process of each stage.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def run(folder: Path, stages: list[str]) -> None:
    """Run the named stages on ``feff.inp`` in a folder; print the reason and exit 1 on failure."""
    import feff10

    try:
        config = feff10.FeffConfig(
            str(folder),
            feff10.FeffInput.from_file_strict(str(folder / "feff.inp")),
            stages=[feff10.Stage.from_name(name) for name in stages],
        )
        feff10.FeffPipeline(config).run()
    except feff10.FeffError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(int(sys.argv[2]))
    run(Path(sys.argv[1]), sys.argv[3:])

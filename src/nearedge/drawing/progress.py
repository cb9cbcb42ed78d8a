"""Work that takes long, on stderr: a bar with the time left; without a terminal a line a minute."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

MINUTE = 60.0  # seconds between two lines where there is no terminal

_quiet = False


def be_quiet(quiet: bool) -> None:
    """Show no progress from now on, or show it again."""
    global _quiet
    _quiet = quiet


class Bars(Progress):
    """Bars on a terminal, a line for each a minute elsewhere, and nothing if that is asked for.

    A file `log`, which grows, has the lines in any case.
    """

    def __init__(self, *columns: ProgressColumn, log: Path | None = None, **options: Any) -> None:
        super().__init__(*columns, **options)
        self._log = log
        self._over = Event()

    def start(self) -> None:
        """Begin to show."""
        if self.console.is_terminal:
            super().start()
        Thread(target=self._tell, args=(self._over,), daemon=True).start()

    def stop(self) -> None:
        """Show no more."""
        if self.console.is_terminal:
            super().stop()
        self._over.set()
        if self._log:
            self.write_log(*map(_line, self.tasks))

    def print_line(self, line: str) -> None:
        """Print a line above the bars, and in the log."""
        self.console.print(line, highlight=False, markup=False)
        self.write_log(line)

    def write_log(self, *lines: str) -> None:
        """Write lines in the log alone."""
        if self._log:
            now = datetime.now().isoformat(" ", "seconds")
            with self._log.open("a") as log:
                log.writelines(f"{now} {line}\n" for line in lines)

    def _tell(self, over: Event) -> None:
        while not over.wait(MINUTE):
            lines = [_line(task) for task in self.tasks if not task.finished]
            self.write_log(*lines)
            if not self.console.is_terminal and not self.disable:
                for line in lines:
                    self.console.print(line, highlight=False, markup=False, soft_wrap=True)


def _line(task: Task) -> str:
    done, rate = "" if task.total is None else f"{task.percentage:.0f} % done, ", ""
    left, speed = task.time_remaining, task.speed or task.finished_speed
    # A fraction of one work has no rate.
    if (task.total or 1) > 1:
        done = f"{task.completed:.0f} of {task.total:.0f}, {done}"
        rate = "" if speed is None else f", {60 * speed:.{0 if speed > 1 else 1}f} a minute"
    rest = "" if left is None else f", about {_minutes(float(left))} left"
    return f"{task.description}: {done}{_minutes(float(task.elapsed or 0))} so far{rate}{rest}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def counting_bar(console: Console | None = None, log: Path | None = None) -> Bars:
    """Give a bar that shows how many of how many are done, and the time that is left."""
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console or Console(stderr=True),
        disable=_quiet,
        log=log,
        # One of those that are counted may take long.
        speed_estimate_period=1800.0,
    )


@contextmanager
def progress_bar(text: str = "") -> Iterator[Callable[[str, float], None]]:
    """Show a bar inside the block; give a function that takes what is done and the fraction.

    Until that is called nothing is known but the time that has passed.
    """
    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=_quiet,
    ) as bar:
        task = bar.add_task(text, total=None)

        def tell(text: str, part: float) -> None:
            bar.update(task, description=text, completed=part, total=1.0)

        yield tell

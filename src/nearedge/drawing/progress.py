"""Work that takes long, on stderr: a bar with the time left; without a terminal a line a minute."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

MINUTE = 60.0
"""Seconds between two lines where there is no terminal."""

_quiet = False


def be_quiet(quiet: bool) -> None:
    """Show no progress from now on, or show it again."""
    global _quiet
    _quiet = quiet


class Bars(Progress):
    """Bars on a terminal, a line for each a minute elsewhere, and nothing if that is asked for."""

    def start(self) -> None:
        """Begin to show."""
        if self.console.is_terminal:
            super().start()
        elif not self.disable:
            self._over = Event()
            Thread(target=self._tell, args=(self._over,), daemon=True).start()

    def stop(self) -> None:
        """Show no more."""
        if self.console.is_terminal:
            super().stop()
        elif not self.disable:
            self._over.set()

    def _tell(self, over: Event) -> None:
        while not over.wait(MINUTE):
            for task in self.tasks:
                if not task.finished:
                    self.console.print(_line(task), highlight=False, markup=False)


def _line(task: Task) -> str:
    done = "" if task.total is None else f"{task.percentage:.0f} % done, "
    left = task.time_remaining
    rest = "" if left is None else f", about {_minutes(float(left))} left"
    return f"{task.description}: {done}{_minutes(float(task.elapsed or 0))} so far{rest}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def counting_bar(console: Console | None = None) -> Progress:
    """Give a bar that shows how many of how many are done, and the time that is left."""
    return Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console or Console(stderr=True),
        disable=_quiet,
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

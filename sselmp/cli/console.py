"""What the command line shows while it works: one console for results, one for messages, bars and tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from sselmp.launch.progress import Progress as RunProgress

if TYPE_CHECKING:
    from sselmp.launch.followed import OnSeen, Seen

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)
PLAIN_LINE_EVERY_S = 20.0
BAR_AFTER_S = 2.0
OnProgress = Callable[[int, int | None], None]  # what is done, and what there is to do


def say(text: str) -> None:
    """Print a line of results, without reading markup into it."""
    out.print(text, markup=False)


def tell(text: str, *, style: str | None = None) -> None:
    """Print a message on stderr."""
    err.print(text, markup=False, style=style)


def show_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False, width=out.width if out.is_terminal else 160).print(table)


@contextmanager
def spinner(title: str) -> Iterator[SpinnerLine]:
    """Show a title and the last line of what goes on behind it."""
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=err, transient=True) as progress:
        yield SpinnerLine(progress, progress.add_task(title), title=title)


class SpinnerLine:
    """Takes lines as they come and shows the last; plain lines where nobody watches a terminal."""

    def __init__(self, progress: Progress, task: TaskID, *, title: str) -> None:
        self._progress, self._task, self._title = progress, task, title

    def __call__(self, line: str) -> None:
        """Show a line."""
        if err.is_terminal:
            self._progress.update(self._task, description=f"{self._title}: {line[:80]}".replace("[", "\\["))


@contextmanager
def bytes_bar(title: str, *, after_s: float = 0.0) -> Iterator[OnProgress]:
    """Show a bar with size, speed and time left; it is told the bytes that are there and those in all.

    Args:
        title: What is going on.
        after_s: It is shown only if that goes on for longer [s].
    """
    with _bar(title, (DownloadColumn(), TransferSpeedColumn()), after_s=after_s) as update:
        yield update


@contextmanager
def stage_bars() -> Iterator[Callable[[str], OnProgress]]:
    """Show one bar after the other, each for a stage that is called by a name and takes more than two seconds."""
    with ExitStack() as shown:

        def begin(stage: str) -> OnProgress:
            shown.close()
            columns = (DownloadColumn(), TransferSpeedColumn()) if stage == "reading" else (TaskProgressColumn(),)
            return shown.enter_context(_bar(stage, columns, after_s=BAR_AFTER_S))

        yield begin


@contextmanager
def _bar(title: str, columns: Sequence[ProgressColumn], *, after_s: float) -> Iterator[OnProgress]:
    """A bar with columns of its own and the time left; lines now and then where nobody watches a terminal."""
    begin = told = time.monotonic()
    shown = (TextColumn("{task.description}"), BarColumn(), *columns, TimeRemainingColumn())
    progress = Progress(*shown, console=err, transient=after_s > 0)
    task = progress.add_task(title, total=None)
    if not err.is_terminal and not after_s:
        tell(title)

    def update(done: int, total: int | None) -> None:
        nonlocal told
        now = time.monotonic()
        progress.update(task, completed=done, total=total)
        if err.is_terminal and now - begin >= after_s:
            progress.start()  # does nothing the second time
        if not err.is_terminal and now - told > PLAIN_LINE_EVERY_S and total and done:
            told = now
            tell(f"{title}: {done / total:.0%}, about {_duration((now - begin) * (total - done) / done)} left")

    try:
        yield update
    finally:
        if progress.live.is_started:  # one that was not shown would leave an empty line
            progress.stop()


@contextmanager
def followed_bar(title: str) -> Iterator[OnSeen]:
    """A bar with the time left, drawn once there is something to follow; plain lines where nobody watches."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.fields[words]}"))
    shown = Progress(*columns, TimeRemainingColumn(), console=err, transient=True, speed_estimate_period=300.0)
    with shown as progress:
        task = progress.add_task(title, total=None, words="loading", visible=False)
        told = time.monotonic()

        def follow(seen: Seen) -> None:
            nonlocal told
            progress.update(task, total=seen.total, completed=seen.done, words=seen.words, visible=True)
            if not err.is_terminal and time.monotonic() - told > PLAIN_LINE_EVERY_S:
                told = time.monotonic()
                left = progress.tasks[task].time_remaining
                words = "" if left is None else f", about {_duration(left)} left"
                tell(f"{title}: {seen.words}, {seen.done / max(seen.total, 1):.0%}{words}")

        yield follow


class RunBars:
    """A progress bar for each run folder, with temperature, speed and time left."""

    def __init__(self, folders: Sequence[Path]) -> None:
        width = max((len(folder.name) for folder in folders), default=0)
        columns = (
            TextColumn(f"{{task.description:<{width}}}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[words]}"),
        )
        self._progress = Progress(*columns, console=err)
        self._tasks = {f: self._progress.add_task(f.name, total=1, words="waiting") for f in folders}
        self._told = 0.0

    def __enter__(self) -> RunBars:
        """Start to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop drawing; what was drawn last stays."""
        self._progress.stop()

    def update(self, folder: Path, seen: RunProgress) -> None:
        """Show how far a run is."""
        words = _words(seen)
        done = 0 if seen.minimising else seen.step
        self._progress.update(self._tasks[folder], total=max(seen.total, 1), completed=done, words=words)
        if not err.is_terminal and time.monotonic() - self._told > PLAIN_LINE_EVERY_S:
            self._told = time.monotonic()
            tell(f"{folder.name}: {words}")

    def wait(self, folder: Path, words: str) -> None:
        """Show what a run waits for."""
        self._progress.update(self._tasks[folder], words=words)
        if not err.is_terminal and time.monotonic() - self._told > PLAIN_LINE_EVERY_S:
            self._told = time.monotonic()
            tell(f"{folder.name}: {words}")

    def finish(self, folder: Path, words: str) -> None:
        """Show how a run ended."""
        total = self._progress.tasks[self._tasks[folder]].total
        completed = total if words == "finished" else None
        self._progress.update(self._tasks[folder], completed=completed, words=words)
        if not err.is_terminal:
            tell(f"{folder.name}: {words}")


def _words(seen: RunProgress) -> str:
    if seen.minimising:
        return "relaxing the structure"
    parts = [f"step {seen.step}/{seen.total}"]
    parts += [f"{seen.temperature_K:.0f} K"] if seen.temperature_K is not None else []
    parts += [f"{seen.steps_per_s:.3g} steps/s"] if seen.steps_per_s else []
    parts += [f"{_duration(seen.eta_s)} left"] if seen.eta_s is not None else []
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"

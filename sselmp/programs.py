"""The one place that starts other programs: to their end with their output kept, or in the background to be watched."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sselmp.errors import EnvironmentFaultError


@dataclass(frozen=True)
class Completed:
    """A program that has ended: its exit code and everything that it printed (stdout and stderr together)."""

    exit_code: int
    output: str


class Started:
    """A program running in a process group of its own, so that a signal reaches all of its ranks."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Process id, which is also the process group's."""
        return self._process.pid

    def exit_code(self, *, wait_s: float = 0.0) -> int | None:
        """Exit code if the program ends within ``wait_s`` seconds (negative: the signal that ended it), else None."""
        try:
            return self._process.wait(timeout=wait_s)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program and all that it started; nothing happens if it has ended."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)


def run(argv: Sequence[str], *, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Completed:
    """Run a program to its end without a shell.

    Args:
        argv: Program and arguments.
        environment: All of its environment variables (default: ours).
        folder: Where it runs.

    Raises:
        EnvironmentFaultError: The program does not exist or cannot be executed.
    """
    try:
        done = subprocess.run(
            list(argv),
            env=None if environment is None else dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise _cannot_start(argv, error) from error
    return Completed(exit_code=done.returncode, output=done.stdout.decode(errors="replace"))


def start(argv: Sequence[str], *, environment: Mapping[str, str], folder: Path, output: Path) -> Started:
    """Start a program in the background, in its own process group, with stdout and stderr appended to ``output``.

    Raises:
        EnvironmentFaultError: The program does not exist or cannot be executed.
    """
    try:
        with output.open("ab") as sink, _interruptions_held() as interrupted:
            process = subprocess.Popen(
                list(argv),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise _cannot_start(argv, error) from error
    if interrupted:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise KeyboardInterrupt
    return Started(process)


@contextlib.contextmanager
def _interruptions_held() -> Iterator[list[int]]:
    """Collect Ctrl-C while a program is being started: raised in the middle, it would leave one that nobody knows."""
    held: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    candidates = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last two only where someone made them interrupt
    before = {number: signal.getsignal(number) for number in candidates if callable(signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda received, _frame: held.append(received))
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _cannot_start(argv: Sequence[str], error: OSError) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"cannot start {argv[0]}",
        got=error.strerror or error,
        repair="build the environment again with 'sselmp env build NAME', or install the program",
    )

"""Running one of sselmp's own programs in a potential's environment, following the lines of progress that it prints."""

from __future__ import annotations

import os
import platform
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sselmp import layout, programs
from sselmp.errors import RunError
from sselmp.launch.argv import RunOptions, program_environment, threads_per_rank, usable_cores
from sselmp.launch.run import termination_interrupts

POLL_S = 0.2
KEPT_LINES = 15
TAIL_BYTES = 65536


@dataclass(frozen=True)
class Seen:
    """How far a program is: done, of how much, and what it is at."""

    done: int
    total: int
    words: str


OnSeen = Callable[[Seen], None]


@dataclass(frozen=True)
class Program:
    """A module to run, with what it is told.

    Attributes:
        module: Run by ``python -m``.
        arguments: Its arguments.
        progress: The word that opens a line of progress: then done, total, what.
        what: What it does, for the message if it breaks off.
        threads: That it may use; None: every core.
    """

    module: str
    arguments: tuple[str, ...]
    progress: str
    what: str
    threads: int | None = None


def card_argument(card_name: str) -> str:
    """A card's name, or a user's own card's path, as a program that runs elsewhere finds it."""
    is_file = card_name.endswith(".toml") or "/" in card_name
    return str(Path(card_name).expanduser().resolve()) if is_file else card_name


def run_followed(program: Program, *, home: Path, folder: Path, on_progress: OnSeen | None) -> None:
    """Run a program to its end.

    Args:
        program: The program.
        home: The potential's environment.
        folder: Where it runs and its output goes.
        on_progress: Called from time to time.

    Raises:
        SettingsError: More threads than cores are asked for.
        EnvironmentFaultError: It cannot be started.
        RunError: It broke off.
        KeyboardInterrupt: The user stopped it; the program was ended.
    """
    threads = threads_per_rank(RunOptions(threads=program.threads), cores=usable_cores())
    output = folder / layout.PROGRAM_OUTPUT
    with termination_interrupts():
        started = programs.start(
            [str(home / "bin" / "python"), "-m", program.module, *program.arguments],
            environment=program_environment(home, threads=threads, variables=os.environ),
            folder=folder,
            output=output,
        )
        try:
            code = _follow(started, output, word=program.progress, on_progress=on_progress)
        except BaseException:
            started.signal(signal.SIGTERM)
            started.exit_code(wait_s=5.0)
            started.signal(signal.SIGKILL)
            raise
    if code != 0:
        lines = output.read_text(encoding="utf-8", errors="replace").splitlines()
        last = [line for line in lines if not line.startswith(f"{program.progress} ")][-KEPT_LINES:]
        raise RunError(
            f"{program.what} broke off",
            got="\n           ".join([f"exit code {code} on {platform.node()}", *last]),
            repair="mend what it names and run the same command again",
        )


def _follow(started: programs.Started, output: Path, *, word: str, on_progress: OnSeen | None) -> int:
    """Wait for the program's end, telling how far it is; returns its exit code."""
    while True:
        code = started.exit_code(wait_s=POLL_S)
        seen = last_seen(output, word=word)
        if seen is not None and on_progress is not None:
            on_progress(seen)
        if code is not None:
            return code


def last_seen(output: Path, *, word: str) -> Seen | None:
    """How far a program is, from the last line of progress that it printed; None before the first."""
    if not output.is_file():
        return None
    with output.open("rb") as stream:
        stream.seek(max(0, output.stat().st_size - TAIL_BYTES))
        lines = stream.read().decode(errors="replace").splitlines()
    for line in reversed(lines):
        parts = line.split(maxsplit=3)
        if len(parts) == 4 and parts[0] == word and parts[1].isdigit() and parts[2].isdigit():
            return Seen(done=int(parts[1]), total=int(parts[2]), words=parts[3])
    return None

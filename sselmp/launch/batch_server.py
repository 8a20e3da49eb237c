"""The program that evaluates the potential of a batch of runs: started, waited for until it serves, and ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sselmp import layout, programs
from sselmp.bridge.batch_messages import PROGRESS, READY
from sselmp.errors import RunError
from sselmp.launch import failures
from sselmp.launch.argv import program_environment
from sselmp.launch.followed import last_seen

MODULE = "sselmp.bridge.batch_program"
POLL_S = 0.1
TERMINATE_GRACE_S = 5.0
LONGEST_SOCKET_PATH = 100  # the system's limit is 104 to 108 bytes


@dataclass(frozen=True)
class Group:
    """Run folders of one card on one device."""

    card: str
    device: str
    folders: tuple[Path, ...]


@dataclass
class Server:
    """A program that serves.

    Attributes:
        socket: Where it is reached.
        runs: How many runs it takes at once; 0: any number.
        failed: Whether a run of it failed: what it printed is then kept.
    """

    socket: Path
    runs: int
    program: programs.Started
    output: Path
    failed: bool = False

    def refuse_if_ended(self, folder: Path) -> None:
        """Say of a run that its server is gone, and why.

        Raises:
            RunError: It has ended.
        """
        code = self.program.exit_code()
        if code is not None:
            self.failed = True
            raise RunError(
                f"the run in {folder} has no potential: the program that evaluates it for this batch has ended",
                got=failures.reason_in(self.output, exit_code=code),
                repair=f"run it again to resume; what the program printed is in {self.output}",
            )


@contextlib.contextmanager
def served(
    group: Group, *, home: Path, threads: int, size: int | None, on_wait: Callable[[str], None]
) -> Iterator[Server]:
    """Start the server of a batch, wait until it serves, and end it afterwards.

    Args:
        group: The batch.
        home: The potential's environment.
        threads: That the server may use.
        size: Runs at once; None: as many as the device's memory holds.
        on_wait: Told what goes on, until it serves; what it raises ends the server.

    Raises:
        EnvironmentFaultError: It cannot be started.
        RunError: It ended before it served; the reason is in the message.
    """
    folder = _short_folder()
    output = folder / layout.PROGRAM_OUTPUT
    socket = folder / "socket"
    program = programs.start(
        _command(group, home=home, socket=socket, size=size),
        environment=program_environment(home, threads=threads, variables=os.environ),
        folder=folder,
        output=output,
    )
    kept = True
    try:
        server = Server(socket, runs=_runs_when_ready(program, output, on_wait=on_wait), program=program, output=output)
        yield server
        kept = server.failed
    except KeyboardInterrupt:
        kept = False
        raise
    finally:
        _end(program)
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def _command(group: Group, *, home: Path, socket: Path, size: int | None) -> list[str]:
    card = str(Path(group.card).resolve()) if Path(group.card).is_file() else group.card
    argv = [str(home / "bin" / "python"), "-m", MODULE, card, "--device", group.device, "--socket", str(socket)]
    argv += ["--starter", str(os.getpid())]
    structures = [folder.resolve() / layout.STRUCTURE_DATA for folder in group.folders]
    sizes = {path: path.stat().st_size for path in structures if path.is_file()}
    argv += ["--structure", str(max(sizes, key=lambda path: sizes[path]))] if sizes else []
    return argv + (["--size", str(size)] if size is not None else [])


def _short_folder() -> Path:
    """A folder that nobody else can enter, for a socket whose path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="sselmp-batch-"))
    if len(os.fsencode(folder / "socket")) > LONGEST_SOCKET_PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="sselmp-batch-", dir="/tmp"))
    return folder


def _runs_when_ready(program: programs.Started, output: Path, *, on_wait: Callable[[str], None]) -> int:
    """Wait until the program serves; how many runs it takes at once (0: any number)."""
    while True:
        code = program.exit_code(wait_s=POLL_S)
        for line in output.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(f"{READY} "):
                return int(line.split()[1].rstrip(","))
        if code is not None:
            raise RunError(
                "the program that evaluates the potential of a batch could not begin",
                got=failures.reason_in(output, exit_code=code),
                repair=f"mend what it names and run the same command again; what it printed is in {output}",
            )
        seen = last_seen(output, word=PROGRESS)
        if seen is not None:
            on_wait(seen.words if seen.total < 2 else f"{seen.words}, {seen.done}/{seen.total}")


def _end(program: programs.Started) -> None:
    """End the server; it keeps nothing that it would have to write."""
    program.signal(signal.SIGTERM)
    if program.exit_code(wait_s=TERMINATE_GRACE_S) is None:
        program.signal(signal.SIGKILL)
        program.exit_code(wait_s=TERMINATE_GRACE_S)

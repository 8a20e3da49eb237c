"""Saying in one sentence why a run's program ended as it did, from its exit code, its log and what it printed."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from sselmp import layout

GUARD = "sselmp guard:"  # in.lammps begins the message with this when it stops an exploding run
TAIL_BYTES = 200_000


def reason(folder: Path, *, segment: int, exit_code: int) -> str:
    """Why a program failed: the guard's message, else the exception, else LAMMPS's error, else its last words."""
    log = _tail(folder / layout.log_name(segment))
    output = _tail(folder / layout.PROGRAM_OUTPUT)
    return _sentence(_guard(log) or _exception(output) or _lammps_error(log + output), output, exit_code=exit_code)


def reason_in(output: Path, *, exit_code: int) -> str:
    """Why a program that is no run failed, from what it printed: the exception, else the error, else its last words."""
    lines = _tail(output)
    return _sentence(_exception(lines) or _lammps_error(lines), lines, exit_code=exit_code)


def _sentence(said: str | None, output: list[str], *, exit_code: int) -> str:
    ended = _ended(exit_code)
    if said:
        return f"{said} ({ended})"
    last = next((line.strip() for line in reversed(output) if line.strip()), None)
    return f"{ended}; it printed last: {last}" if last else ended


def _guard(log: list[str]) -> str | None:
    # LAMMPS echoes the command that prints the message too: the message itself starts its line.
    found = [line.strip() for line in log if line.startswith(GUARD)]
    return found[-1] if found else None


def _exception(output: list[str]) -> str | None:
    """The first exception that a Python traceback ends with, with the lines that its message adds."""
    starts = [i for i, line in enumerate(output) if line.startswith("Traceback (most recent call last)")]
    if not starts:
        return None
    after = output[starts[-1] + 1 :]
    # An exception's line is the first that is not indented and names one.
    at = next((i for i, line in enumerate(after) if re.match(r"[A-Za-z_][\w.]*(:|$)", line)), None)
    if at is None:
        return None
    return _message(after, at)


def _lammps_error(lines: list[str]) -> str | None:
    starts = [i for i, line in enumerate(lines) if re.match(r"ERROR|sselmp-lmp: ", line)]
    return _message(lines, starts[-1]).removeprefix("sselmp-lmp: ") if starts else None


def _message(lines: list[str], start: int) -> str:
    """A message of several lines in one: the lines after its first are indented."""
    message = [lines[start].strip()]
    for line in lines[start + 1 :]:
        if not line.startswith("  "):
            break
        message.append(line.strip())
    return "; ".join(message)


def _ended(exit_code: int) -> str:
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "unknown"
    hint = ": the machine may be out of memory, or someone killed it" if -exit_code == signal.SIGKILL else ""
    return f"killed by signal {-exit_code}, {name}{hint}"


def _tail(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - TAIL_BYTES))
            return stream.read().decode(errors="replace").splitlines()
    except OSError:
        return []

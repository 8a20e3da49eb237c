"""Installing an environment with uv: its pins, then sselmp with its LAMMPS plugin; does not decide when."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import sselmp
from sselmp import layout, programs
from sselmp.errors import EnvironmentFaultError

KEPT_LINES = 15


def install_packages(prefix: Path, *, pins: Path, overrides: Path, on_line: Callable[[str], None]) -> None:
    """Make a virtual environment in a folder that does not exist yet and install its pins.

    Args:
        prefix: The environment's folder.
        pins: Its exact requirements.
        overrides: What replaces requirements of its packages, such as ``torchvision ; sys_platform == 'never'`` for one
            that is not needed to evaluate; the file need not exist.
        on_line: Called with each line that is printed.

    Raises:
        EnvironmentFaultError: A step failed; the message carries the last lines of what it printed.
    """
    uv = find_uv()
    _log(prefix).unlink(missing_ok=True)
    _run([uv, "venv", "--python", sys.executable, str(prefix)], prefix, step="making it", on_line=on_line)
    install = [uv, "pip", "install", "--python", str(prefix / "bin" / "python")]
    install += ["--override", str(overrides)] if overrides.is_file() else []
    _run([*install, "-r", str(pins)], prefix, step="installing its packages", on_line=on_line)


def install_ourselves(prefix: Path, *, on_line: Callable[[str], None]) -> None:
    """Install sselmp, as it is installed here, into an environment that has its pins, and build its LAMMPS plugin.

    Raises:
        EnvironmentFaultError: A step failed; the message carries the last lines of what it printed.
    """
    python = str(prefix / "bin" / "python")
    root = checkout()
    ourselves = ["-e", str(root)] if root else [f"sselmp=={sselmp.__version__}"]
    install = [find_uv(), "pip", "install", "--python", python, "--no-deps", *ourselves]
    _run(install, prefix, step="installing sselmp into it", on_line=on_line)
    _run([python, "-m", "sselmp.bridge.build"], prefix, step="building the LAMMPS plugin", on_line=on_line)


def find_uv() -> str:
    """Path of uv: the one on PATH, else the one beside the running Python.

    Raises:
        EnvironmentFaultError: There is none.
    """
    beside = Path(sys.executable).parent / "uv"
    found = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise EnvironmentFaultError(
            "uv, which builds the potentials' environments, is missing",
            got=f"none on PATH, none at {beside}",
            repair=f"{sys.executable} -m pip install uv",
        )
    return found


def checkout() -> Path | None:
    """The source checkout that sselmp runs from, or None where it was installed as a package."""
    root = layout.package_folder().parent
    return root if (root / "pyproject.toml").is_file() else None


def site_packages(prefix: Path) -> Path:
    """Folder of an environment's installed packages; one that does not exist if the environment is not there."""
    return next(iter(sorted(prefix.glob("lib/python3*/site-packages"))), prefix / "lib" / "site-packages")


def uv_environment(base: dict[str, str]) -> dict[str, str]:
    """Environment variables for uv: bytecode compiled once, and pip's --find-links heeded, which uv does not read."""
    environment = {key: value for key, value in base.items() if key not in {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"}}
    environment.setdefault("UV_COMPILE_BYTECODE", "1")
    if not environment.get("UV_FIND_LINKS"):
        environment["UV_FIND_LINKS"] = ",".join(base.get("PIP_FIND_LINKS", "").split())
    return environment


def _log(prefix: Path) -> Path:
    """What the build of an environment printed; beside it, since the environment itself is replaced."""
    return prefix.parent / f"{prefix.name}.build.log"


def _run(argv: list[str], prefix: Path, *, step: str, on_line: Callable[[str], None]) -> None:
    """Run one step of a build, passing its lines on as they come; a Ctrl-C ends the step too."""
    log = _log(prefix)
    start = log.stat().st_size if log.exists() else 0
    on_line(f"environment '{prefix.name}': {step}")
    program: programs.Started | None = None
    last: list[str] = []
    try:
        program = programs.start(argv, environment=uv_environment(dict(os.environ)), folder=log.parent, output=log)
        for line in _lines(program, log, start=start):
            on_line(line)
            last = [*last, line][-KEPT_LINES:]
    except BaseException:
        if program is not None:
            program.signal(signal.SIGTERM)
            program.exit_code(wait_s=5.0)
            program.signal(signal.SIGKILL)
        raise
    code = program.exit_code(wait_s=60.0)
    if code != 0:
        raise EnvironmentFaultError(
            f"building the environment '{prefix.name}' failed while {step}",
            got="\n           ".join([f"exit code {code}", *last]),
            repair=f"read {log}, mend what it names (network, disk space, compiler) and build again",
        )


def _lines(program: programs.Started, log: Path, *, start: int) -> Iterator[str]:
    """Yield the lines that a running program adds to a log, until it has ended and all are read."""
    with log.open("rb") as stream:
        stream.seek(start)
        rest = b""
        ended = False
        while not ended:
            ended = program.exit_code(wait_s=0.1) is not None
            *whole, rest = (rest + stream.read()).split(b"\n")
            yield from (line.decode(errors="replace").rstrip() for line in whole)
    if rest:
        yield rest.decode(errors="replace").rstrip()

"""Finding the newest restart file that LAMMPS wrote to its end; opens the files only to look at their two ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sselmp import layout

# LAMMPS opens and closes every restart file with these 16 bytes (write_restart.cpp), so a file without them at its end
# was cut short by a kill or a full disk.
MAGIC = b"LammpS RestartT\0"
SUFFIX = ".restart"


@dataclass(frozen=True)
class Restart:
    """An intact restart file: its step, and its path relative to the run folder."""

    step: int
    path: str


def newest_restart(folder: Path) -> Restart | None:
    """The restart of the highest step that is whole, or None; broken ones are passed over, and left where they are."""
    for path in sorted((folder / layout.RESTARTS).glob(f"*{SUFFIX}"), key=_step, reverse=True):
        if _step(path) >= 0 and is_intact(path):
            return Restart(step=_step(path), path=layout.restart_name(_step(path)))
    return None


def is_intact(path: Path) -> bool:
    """Whether a file begins and ends as LAMMPS begins and ends a restart."""
    try:
        with path.open("rb") as stream:
            head = stream.read(len(MAGIC))
            size = stream.seek(0, 2)
            stream.seek(max(0, size - len(MAGIC)))
            tail = stream.read()
    except OSError:
        return False
    return size > 2 * len(MAGIC) and head == MAGIC and tail == MAGIC


def _step(path: Path) -> int:
    """The step in a restart's name; -1 for a name that is no number, which is not a restart of ours."""
    number = path.name.removesuffix(SUFFIX)
    return int(number) if number.isascii() and number.isdigit() and str(int(number)) == number else -1

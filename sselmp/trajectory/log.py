"""Thermodynamic tables from the LAMMPS logs of one run, stitched to one record; reads no positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp import cells
from sselmp.errors import TrajectoryError, nearest
from sselmp.trajectory.record import Array

_Table = tuple[tuple[str, ...], list[list[float]]]


@dataclass(frozen=True)
class Thermo:
    """What LAMMPS printed while it ran, one row a printed step.

    Attributes:
        columns: Names as LAMMPS prints them (``Step``, ``Temp``, ``PotEng`` …).
        values: (R, C) numbers in LAMMPS *metal* units, steps increasing.
    """

    columns: tuple[str, ...]
    values: Array

    def column(self, name: str) -> Array:
        """One column, (R,), in LAMMPS *metal* units.

        Raises:
            TrajectoryError: There is none of this name; the nearest are named.
        """
        if name not in self.columns:
            raise TrajectoryError(f"the log has no column '{name}'", allowed=nearest(name, self.columns))
        return np.asarray(self.values[:, self.columns.index(name)])


def read_thermo(paths: Sequence[Path]) -> Thermo:
    """Read the thermodynamic output of one run from its logs, in the order in which its segments were started.

    A table (one ``run`` or ``minimize``) replaces the earlier rows from its first step on, so that a minimisation that
    was followed by ``reset_timestep 0`` and the doubled rows at a resumption vanish. Tables with other columns than the
    last one are left out. A last line without an end is ignored.

    Args:
        paths: LAMMPS log files.

    Raises:
        TrajectoryError: A file cannot be read, or none of them holds a row.
    """
    tables: list[_Table] = []
    for path in paths:
        try:
            tables += _tables(path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            raise TrajectoryError(f"cannot read {path}", got=error.strerror, repair="check the path") from error
    tables = [table for table in tables if table[1]]
    if not tables:
        names = ", ".join(path.name for path in paths) or "no file"
        raise TrajectoryError(
            "there is no thermodynamic output", got=names, allowed="a LAMMPS log with a 'Step' column"
        )
    columns = tables[-1][0]
    rows: list[list[float]] = []
    for header, table in tables:
        if header == columns:
            rows = [row for row in rows if row[0] < table[0][0]] + table
    return Thermo(columns=columns, values=cells.readonly(rows))


def _tables(text: str) -> list[_Table]:
    tables: list[_Table] = []
    inside = False
    for line in text[: text.rfind("\n") + 1].splitlines():
        words = line.split()
        if words[:1] == ["Step"]:
            tables.append((tuple(words), []))
            inside = True
        elif line.startswith("Loop time"):
            inside = False
        elif inside and len(words) == len(tables[-1][0]):
            row = _row(words)
            if row is not None:
                tables[-1][1].append(row)
    return tables


def _row(words: list[str]) -> list[float] | None:
    """The numbers of a row, or None for a line, such as a warning, that only has as many words."""
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


def milliseconds_per_step(paths: Sequence[Path]) -> float | None:
    """Wall time of a time step [ms] over the runs that logs hold whole; None where they hold none.

    LAMMPS prints it after each ``run`` ("Loop time of 12.3 on 1 procs for 100 steps"); a run that was killed says
    nothing, and minimisations, which print it too, come first and are passed over where a later run is there.
    """
    found = None
    for path in paths:
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if words[:3] == ["Loop", "time", "of"] and "steps" in words:
                seconds, steps = float(words[3]), int(words[words.index("steps") - 1])
                found = 1000.0 * seconds / steps if steps else found
    return found

"""One frame as every reader gives it, and what a person must say where a file does not; reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sselmp.errors import SettingsError
from sselmp.trajectory.record import Array

DEFAULT_MEMORY_MB = 512


@dataclass(frozen=True)
class Frame:
    """One frame of a file.

    Attributes:
        step: Number of its time step; None where the format has none.
        time_ps: Its time [ps]; None where the file does not say.
        cell: (3, 3) cell rows a, b, c [Å].
        ids: (N,) what the atoms are known by, ascending.
        species: (N,) their chemical symbols; the same object for all frames of a file.
        scaled: (N, 3) coordinates in units of this frame's cell.
        unwrapped: Whether ``scaled`` counts the boundaries that an atom has crossed; if not, it must be followed
            through them.
    """

    step: int | None
    time_ps: float | None
    cell: Array
    ids: NDArray[np.int64]
    species: tuple[str, ...]
    scaled: Array
    unwrapped: bool


@dataclass(frozen=True)
class Reading:
    """What a person says about trajectory files, and how much memory they may take.

    Attributes:
        timestep_ps: Time of one step [ps], for formats that number their steps.
        spacing_ps: Time between two frames [ps]; goes before ``timestep_ps`` and is needed where steps have no number.
        species: Chemical symbol of each LAMMPS type in order, or of every atom in order; empty where the file says.
        topology: A structure file (such as a LAMMPS data file) with the atoms in the trajectory's order.
        unwrapped: That positions are unwrapped already. LAMMPS dumps say so by their columns; in other formats atoms
            are followed through boundaries, which leaves unwrapped ones as they are, but refuses them where they move
            by nearly half a cell between frames.
        start_ps: Frames before this time after the first one are left out (equilibration) [ps].
        memory_MB: Memory that a trajectory may take; what exceeds it waits in an unlinked temporary file [MB].

    Raises:
        SettingsError: A time or the memory is not a positive number, or the start is negative.
    """

    timestep_ps: float | None = None
    spacing_ps: float | None = None
    species: tuple[str, ...] = ()
    topology: Path | None = None
    unwrapped: bool = False
    start_ps: float = 0.0
    memory_MB: float = DEFAULT_MEMORY_MB

    def __post_init__(self) -> None:
        for name, value, unit in (
            ("time step", self.timestep_ps, "ps"),
            ("time between frames", self.spacing_ps, "ps"),
            ("memory", self.memory_MB, "MB"),
        ):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise SettingsError(f"the {name} must be positive", got=f"{value:g} {unit}", allowed="more than zero")
        if not (np.isfinite(self.start_ps) and self.start_ps >= 0):
            raise SettingsError("the start must not be negative", got=f"{self.start_ps:g} ps", allowed="zero or more")

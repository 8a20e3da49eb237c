"""The one trajectory record that every reader fills and every analysis takes; reads no file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.errors import TrajectoryError, nearest
from sselmp.trajectory.paths import chunks

Array = NDArray[np.float64]
Steps = NDArray[np.int64]


@dataclass(frozen=True)
class Trajectory:
    """Frames at equal intervals with unwrapped positions; arrays are made read-only, not copied.

    Under a changing cell, Cartesian unwrapped positions of an atom that has crossed a boundary move with the cell. Here
    positions are therefore unwrapped *scaled* coordinates times the time-averaged cell: an immobile framework stays
    immobile under NPT.

    Attributes:
        steps: (F,) step numbers, increasing by a constant.
        times_ps: (F,) times of the frames [ps].
        positions: (F, N, 3) unwrapped Cartesian positions in the time-averaged cell [Å]; mapped from an unlinked
            file, and ordered by atoms, where they exceed the memory allowed (``paths``).
        cells: (F, 3, 3) cell rows a, b, c of every frame [Å].
        species: (N,) chemical symbol of every atom.

    Raises:
        TrajectoryError: Shapes disagree, a number is not finite, or the frames are not equally spaced.
    """

    steps: Steps
    times_ps: Array
    positions: Array
    cells: Array
    species: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_spacing(self.steps)
        for name in ("times_ps", "positions", "cells"):
            values = getattr(self, name)
            pieces = (piece for _, piece in chunks(values)) if values.ndim == 3 else (values,)
            if not all(np.isfinite(piece).all() for piece in pieces):
                raise TrajectoryError(
                    f"a trajectory holds a number that is not finite in its {name}", allowed="numbers"
                )
        for name in ("steps", "times_ps", "positions", "cells"):
            getattr(self, name).setflags(write=False)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.steps)

    @property
    def spacing_ps(self) -> float:
        """Time between two frames [ps].

        Raises:
            TrajectoryError: There is one frame only.
        """
        if self.frames < 2:
            raise TrajectoryError(
                "a trajectory of one frame has no time in it", got="1 frame", allowed="2 frames or more"
            )
        return float(self.times_ps[-1] - self.times_ps[0]) / (self.frames - 1)

    @property
    def duration_ps(self) -> float:
        """Time between the first and the last frame [ps]."""
        return float(self.times_ps[-1] - self.times_ps[0])

    @property
    def mean_volume_A3(self) -> float:
        """Volume of the cell averaged over the frames [Å³]."""
        return float(np.abs(np.linalg.det(self.cells)).mean())

    def atoms_of(self, species: str) -> NDArray[np.intp]:
        """Indices of the atoms of one species.

        Raises:
            TrajectoryError: The trajectory has none; the species that it has are named.
        """
        found = np.flatnonzero(np.array(self.species) == species)
        if not found.size:
            raise TrajectoryError(
                f"the trajectory has no atom of the species '{species}'", allowed=nearest(species, set(self.species))
            )
        return found


def continues(later: Trajectory, earlier: Trajectory) -> bool:
    """Whether a trajectory begins with a frame from within another one, to 0.05 Å, up to whole cells: its restart.

    The other one's first frame does not count, for independent runs may start from the same structure.
    """
    found = np.flatnonzero(earlier.steps[1:] == later.steps[0]) + 1
    if not found.size or earlier.species != later.species:
        return False
    scaled = [
        record.positions[frame] @ np.linalg.inv(record.cells.mean(axis=0))
        for record, frame in ((earlier, int(found[0])), (later, 0))
    ]
    moved = scaled[1] - scaled[0]
    return bool((np.abs((moved - np.rint(moved)) @ earlier.cells[0]) < 0.05).all())


def from_scaled(
    scaled: Array, *, cell_rows: Array, steps: Steps, timestep_ps: float, species: tuple[str, ...]
) -> Trajectory:
    """Build a trajectory from unwrapped scaled coordinates.

    Args:
        scaled: (F, N, 3) unwrapped scaled coordinates; used up (overwritten) to spare memory.
        cell_rows: (F, 3, 3) cell rows of every frame [Å].
        steps: (F,) step numbers.
        timestep_ps: Time of one step [ps].
        species: (N,) chemical symbols.

    Raises:
        TrajectoryError: As ``Trajectory``, or the time step is not positive, or a cell encloses no volume.
    """
    if not timestep_ps > 0:
        raise TrajectoryError("a time step must be positive", got=f"{timestep_ps} ps")
    check_cells(cell_rows, steps)
    times_ps = np.asarray(steps * timestep_ps, dtype=np.float64)
    mean_cell = cell_rows.mean(axis=0)
    for frame in scaled:
        frame[:] = frame @ mean_cell
    return Trajectory(steps=steps, times_ps=times_ps, positions=scaled, cells=cell_rows, species=species)


def _check_shapes(trajectory: Trajectory) -> None:
    frames, atoms = len(trajectory.steps), len(trajectory.species)
    expected = {"times_ps": (frames,), "positions": (frames, atoms, 3), "cells": (frames, 3, 3)}
    if not frames or not atoms:
        raise TrajectoryError("a trajectory must hold a frame and an atom", got=f"{frames} frames, {atoms} atoms")
    for name, shape in expected.items():
        got = getattr(trajectory, name).shape
        if got != shape:
            raise TrajectoryError(f"a trajectory's {name} has the wrong shape", got=got, allowed=shape)


def _check_spacing(steps: Steps) -> None:
    gaps = np.diff(steps)
    if not gaps.size:
        return
    usual = int(np.median(gaps))
    wrong = np.flatnonzero((gaps != usual) | (gaps <= 0))
    if wrong.size:
        at = int(wrong[0])
        raise TrajectoryError(
            "the frames of a trajectory are not equally spaced",
            got=f"step {steps[at + 1]} after step {steps[at]}, while frames are {usual} steps apart",
            allowed="one interval throughout",
            repair="check whether a segment of the run is missing, or was written with another interval",
        )


def check_cells(cell_rows: Array, steps: Steps) -> None:
    """Refuse a flat cell, and one that LAMMPS flipped to another choice of vectors: scaled coordinates then jump.

    Args:
        cell_rows: (F, 3, 3) cell rows of every frame [Å].
        steps: (F,) step numbers, for messages.

    Raises:
        TrajectoryError: The first step at which a cell cannot be used is named.
    """
    flat = np.flatnonzero(np.abs(np.linalg.det(cell_rows)) < 1e-6)
    if flat.size:
        raise TrajectoryError("a frame's cell encloses no volume", got=f"step {steps[flat[0]]}")
    lengths = np.linalg.norm(cell_rows[:-1], axis=2, keepdims=True)
    jumps = (np.abs(np.diff(cell_rows, axis=0)) / lengths).max(axis=(1, 2), initial=0.0)
    flipped = np.flatnonzero(jumps > 0.25)
    if flipped.size:
        at = int(flipped[0])
        raise TrajectoryError(
            "the cell jumps between two frames, so scaled coordinates cannot be followed through it",
            got=f"a change by {jumps[at]:.2f} of a cell length from step {steps[at]} to step {steps[at + 1]}",
            allowed="a change by 0.25 of a cell length at most",
            repair="run with 'flip no' in LAMMPS's barostat and with frames closer together",
        )

"""What the mobile ions move in: mean cell, framework and its drift; gives their positions relative to it, in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, readonly
from sselmp.trajectory.record import Trajectory
from sselmp.transport.msd import drift
from sselmp.transport.unit_cell import mean_framework

MEMORY_MB = 64.0


@dataclass(frozen=True)
class Surroundings:
    """What the mobile ions move in.

    Attributes:
        cell: (3, 3) time-averaged cell rows [Å].
        species: (M,) chemical symbols of the framework's atoms.
        fractional: (M, 3) their time-averaged positions in units of the cell, drift removed, wrapped.
        drift_A: (F, 3) motion of the framework's centre about its mean [Å].
        mobile: (n,) indices of the mobile ions.
    """

    cell: Array
    species: tuple[str, ...]
    fractional: Array
    drift_A: Array
    mobile: NDArray[np.intp]


def surroundings(trajectory: Trajectory, mobile: str) -> Surroundings:
    """Average the framework, all atoms that are not of the mobile species, over the frames.

    Args:
        trajectory: The trajectory.
        mobile: The species that diffuses.

    Raises:
        TrajectoryError: The species is absent, or every atom is of it.
    """
    ions = trajectory.atoms_of(mobile)
    path = drift(trajectory, mobile=mobile)
    path = path - path.mean(axis=0)
    framework = mean_framework(trajectory, mobile=mobile, drift=path)
    return Surroundings(
        cell=framework.cell, species=framework.species, fractional=framework.scaled, drift_A=readonly(path), mobile=ions
    )


def mobile_blocks(
    trajectory: Trajectory, around: Surroundings, *, memory_MB: float = MEMORY_MB
) -> Iterator[tuple[int, Array]]:
    """Give the mobile ions' positions relative to the framework, block by block.

    Args:
        trajectory: The trajectory.
        around: Its surroundings.
        memory_MB: Memory that a block of frames, and what is made of it, may take [MiB].

    Yields:
        The number of the first frame and (B, n, 3) unwrapped fractional positions in the time-averaged cell.
    """
    inverse = np.linalg.inv(around.cell)
    step = max(1, int(memory_MB * 2**20 / (len(around.mobile) * 3 * 8 * 4)))
    for begin in range(0, trajectory.frames, step):
        block = trajectory.positions[begin : begin + step, around.mobile]
        yield begin, (block - around.drift_A[begin : begin + step, None]) @ inverse

"""The framework's mean positions and its drift, read in blocks of frames; the mobile ions in blocks, without drift."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, readonly
from sselmp.errors import TrajectoryError
from sselmp.trajectory.record import Trajectory

MEMORY_MB = 64.0


@dataclass(frozen=True)
class Framework:
    """What the mobile ions move in.

    Attributes:
        cell: (3, 3) time-averaged cell rows [Å].
        species: (M,) chemical symbols of the framework's atoms.
        fractional: (M, 3) their time-averaged positions in units of the cell, drift removed; not wrapped.
        drift_A: (F, 3) motion of the framework's centre about its mean [Å].
        mobile: (n,) indices of the mobile ions.
    """

    cell: Array
    species: tuple[str, ...]
    fractional: Array
    drift_A: Array
    mobile: NDArray[np.intp]


def frames_a_block(atoms: int, *, memory_MB: float) -> int:
    """Number of frames whose positions and what is made of them fit into so much memory; one at least."""
    return max(1, int(memory_MB * 2**20 / (atoms * 3 * 8 * 4)))


def framework_of(trajectory: Trajectory, mobile: str, *, memory_MB: float = MEMORY_MB) -> Framework:
    """Average the framework, all atoms that are not of the mobile species, over the frames.

    Args:
        trajectory: The trajectory.
        mobile: The species that diffuses.
        memory_MB: Memory that a block of frames may take [MiB].

    Raises:
        TrajectoryError: The species is absent, or every atom is of it.
    """
    ions = trajectory.atoms_of(mobile)
    rest = np.flatnonzero(np.array(trajectory.species) != mobile)
    if not rest.size:
        raise TrajectoryError(
            f"there is no framework: every atom is {mobile}",
            repair="sites need atoms that stay; analyse the diffusion alone",
        )
    total = np.zeros((rest.size, 3))
    centre = np.empty((trajectory.frames, 3))
    step = frames_a_block(len(trajectory.species), memory_MB=memory_MB)
    for begin in range(0, trajectory.frames, step):
        block = trajectory.positions[begin : begin + step][:, rest]
        total += block.sum(axis=0)
        centre[begin : begin + step] = block.mean(axis=1)
    cell = trajectory.cells.mean(axis=0)
    return Framework(
        cell=readonly(cell),
        species=tuple(trajectory.species[number] for number in rest),
        fractional=readonly(total / trajectory.frames @ np.linalg.inv(cell)),
        drift_A=readonly(centre - centre.mean(axis=0)),
        mobile=ions,
    )


def mobile_blocks(
    trajectory: Trajectory, framework: Framework, *, memory_MB: float = MEMORY_MB
) -> Iterator[tuple[int, Array]]:
    """Give the mobile ions' positions relative to the framework, block by block.

    Yields:
        The number of the first frame and (B, n, 3) unwrapped fractional positions in the time-averaged cell.
    """
    inverse = np.linalg.inv(framework.cell)
    step = frames_a_block(len(framework.mobile), memory_MB=memory_MB)
    for begin in range(0, trajectory.frames, step):
        block = trajectory.positions[begin : begin + step]
        block = block[:, framework.mobile] - framework.drift_A[begin : begin + step, None]
        yield begin, block @ inverse

"""Grids of points in a periodic cell, fine enough, within memory and on the symmetry; holds no values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import SettingsError
from sselmp.transport.symmetry import SpaceGroup

Array = NDArray[np.float64]
Three = tuple[int, int, int]

MEMORY_BYTES = 2**30
BYTES_PER_POINT = 64  # counts, values, and two transforms for broadening


@dataclass(frozen=True)
class Grid:
    """Points at scaled coordinates (i + offset)/shape of a cell, which a supercell holds several times.

    Attributes:
        cell: (3, 3) rows of the cell that the grid fills [Å].
        shape: Points along each axis.
        repeats: How many such cells the trajectory's cell is along each axis.
        offset: (3,) where the first point lies [grid steps]; within half a step of zero.
    """

    cell: Array
    shape: Three
    repeats: Three
    offset: Array

    @property
    def points(self) -> int:
        """Number of points."""
        return int(np.prod(self.shape))

    @property
    def origin_A(self) -> Array:
        """(3,) position of the first point [Å]."""
        return np.asarray((self.offset / self.shape) @ self.cell)


def grid_of(
    supercell: Array,
    *,
    spacing_A: float,
    repeats: Three = (1, 1, 1),
    symmetry: SpaceGroup | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Grid:
    """A grid that is at least as fine as asked for, on points that the symmetry's operations map onto each other.

    Args:
        supercell: (3, 3) rows of the trajectory's cell [Å].
        spacing_A: Largest distance of neighbouring points along a cell vector [Å].
        repeats: Cells along each axis that the trajectory's cell is folded into.
        symmetry: Operations of the folded cell.
        memory_bytes: Bound on all arrays on the grid [bytes].

    Raises:
        SettingsError: The spacing or a number of cells is not positive, or the grid is too fine for memory.
    """
    if not (np.isfinite(spacing_A) and spacing_A > 0) or min(repeats) < 1:
        raise SettingsError(
            "a grid needs a positive spacing and whole cells",
            got=f"{spacing_A:g} Å, {repeats[0]}x{repeats[1]}x{repeats[2]} cells",
        )
    cell = supercell / np.array(repeats)[:, None]
    least = np.maximum(1.0, np.linalg.norm(cell, axis=1) / spacing_A - 1e-9)
    needed = float(np.prod(least)) * BYTES_PER_POINT
    if needed > memory_bytes:
        coarser = spacing_A * (needed / memory_bytes) ** (1 / 3)
        raise SettingsError(
            "the grid is too fine for the memory allowed",
            got=f"{spacing_A:g} Å in a cell of {cells.volume(cell):.4g} Å³: {needed / 2**20:,.0f} MiB",
            allowed=f"{memory_bytes / 2**20:,.0f} MiB",
            repair=f"choose a spacing of {coarser * 1.02:.2g} Å or more, fold into a smaller cell, or allow more",
        )
    if symmetry is None:
        shape = np.ceil(least).astype(int)
        return Grid(cell=cells.readonly(cell), shape=_three(shape), repeats=repeats, offset=cells.readonly(np.zeros(3)))
    shape = _shape_for(symmetry, least)
    centre = symmetry.origin * shape
    return Grid(
        cell=cells.readonly(cell),
        shape=_three(shape),
        repeats=repeats,
        offset=cells.readonly(centre - np.round(centre)),
    )


def _shape_for(symmetry: SpaceGroup, least: Array) -> NDArray[np.int64]:
    """Points along each axis: the same along axes that are mapped onto each other, and on every translation."""
    coupled = np.abs(symmetry.rotations).max(axis=0) > 0
    coupled = np.linalg.matrix_power((coupled | coupled.T).astype(int), 3) > 0
    denominators = 24 // np.gcd.reduce(np.gcd(symmetry.twenty_fourths, 24), axis=0)
    shape = np.zeros(3, dtype=np.int64)
    for axis in range(3):
        multiple = int(np.lcm.reduce(denominators[coupled[axis]]))
        shape[axis] = multiple * int(np.ceil(least[coupled[axis]].max() / multiple))
    return shape


def _three(values: NDArray[np.int64]) -> Three:
    a, b, c = (int(value) for value in values)
    return a, b, c

"""How long a neighbour list with a skin holds while atoms move and the cell changes; finds no neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sselmp.cells import Array, perpendicular_widths


class Skin:
    """The configuration for which pairs within cutoff + skin were found, and what has moved since.

    With F the linear map from the cell of then to the cell of now, and u the way of an atom beyond that map, a pair
    which was not listed is now at least σ(F) (cutoff + skin) − 2 max |u| apart, σ(F) being the smallest singular value
    of F. While this is not below the cutoff, the list is complete. A common translation of all atoms does not count.

    Args:
        positions: (n, 3) [Å].
        cell: (3, 3) rows a, b, c [Å].
        periodic: Along a, b, c.
        cutoff_A: Of the potential.
        skin_A: Beyond it.
    """

    def __init__(
        self, positions: Array, *, cell: Array, periodic: Sequence[bool], cutoff_A: float, skin_A: float
    ) -> None:
        self._positions, self._cell = np.array(positions), np.array(cell)
        self._bytes = self._cell.tobytes()
        self._from_cell = np.linalg.inv(cell)  # an open direction has a cell vector too, as LAMMPS's boxes do
        self._mean = np.full(len(positions), 1.0 / len(positions))
        self._open = ~np.array(periodic, dtype=bool)
        self._cutoff_A, self._skin_A = cutoff_A, skin_A
        # a move by less than this in each direction leads to no other image
        self._near_A = 0.25 * float(perpendicular_widths(cell).min())

    def followed(self, positions: Array, *, cell: Array) -> Array | None:
        """Positions that continue those of then, whatever images the given ones are wrapped to.

        Args:
            positions: (n, 3) of the same atoms [Å].
            cell: (3, 3) rows a, b, c [Å].

        Returns:
            (n, 3) [Å]; None if the list does not hold any more.
        """
        stretch, carried, from_cell = 1.0, self._positions, self._from_cell
        if cell.tobytes() != self._bytes:
            deformation = self._from_cell @ cell
            stretch = float(np.linalg.svd(deformation, compute_uv=False)[-1])
            carried, from_cell = carried @ deformation, np.linalg.inv(cell)
        moved = positions - carried
        if max(moved.max(), -moved.min()) > self._near_A:
            images = np.rint(moved @ from_cell)
            images[:, self._open] = 0.0
            positions = positions - images @ cell
            moved = positions - carried
        moved -= self._mean @ moved
        farthest = math.sqrt(np.einsum("ij,ij->i", moved, moved).max())
        nearest_unlisted = stretch * (self._cutoff_A + self._skin_A) - 2.0 * farthest
        return positions if nearest_unlisted >= self._cutoff_A else None  # a NaN is no reason to trust the list

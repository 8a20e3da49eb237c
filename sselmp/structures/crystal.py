"""The record of an ordered crystal and its content hash; reads no files and judges nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import readonly
from sselmp.errors import StructureError

HASH_GRID_A = 1e-6  # positions and cells that agree to this hash alike
# Where on the grid numbers are cut: as far as can be from multiples of 1/24 of a grid step. Cells are often given with
# six decimals, so that sites at a half, third or eighth of them would lie just on the cut of plain rounding.
GRID_CUT = 25.0 / 48.0
WRAP_TOLERANCE = 1e-7  # fractional; a coordinate this near below 1 is a 0


@dataclass(frozen=True)
class Crystal:
    """An ordered crystal: every site holds one whole atom.

    Attributes:
        name: Name for messages and folders.
        species: Chemical symbol of each atom, N of them.
        cell: (3, 3) rows a, b, c [Å], read-only.
        positions: (N, 3) Cartesian positions [Å], read-only; not necessarily inside the cell.
    """

    name: str
    species: tuple[str, ...]
    cell: NDArray[np.float64]
    positions: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "cell", readonly(self.cell))
        object.__setattr__(self, "positions", readonly(self.positions))
        shapes = (self.cell.shape, self.positions.shape)
        if shapes != ((3, 3), (len(self.species), 3)):
            raise StructureError(
                f"{self.name}: cell, positions and species do not belong together",
                got=f"cell {shapes[0]}, positions {shapes[1]}, {len(self.species)} species",
                allowed="(3, 3), (N, 3) and N",
            )
        if not (np.all(np.isfinite(self.cell)) and np.all(np.isfinite(self.positions))):
            raise StructureError(f"{self.name}: a cell vector or position is not a finite number")

    def __len__(self) -> int:
        """Number of atoms."""
        return len(self.species)

    @property
    def elements(self) -> tuple[str, ...]:
        """The chemical symbols, each once, in the order of their first atoms."""
        return tuple(dict.fromkeys(self.species))

    def counts(self) -> dict[str, int]:
        """Number of atoms of each element."""
        return {element: self.species.count(element) for element in self.elements}

    def fractional(self) -> NDArray[np.float64]:
        """Positions in units of the cell vectors, (N, 3), as they are (not wrapped into the cell)."""
        return np.asarray(np.linalg.solve(self.cell.T, self.positions.T).T, dtype=np.float64)

    def structure_sha256(self) -> str:
        """SHA-256 of cell, positions and species in their order, 64 hexadecimal digits; the name does not count.

        Lengths are cut to 1e-6 Å and positions wrapped into the cell, so that neither rounding nor a lattice
        translation changes it. A rotation or another order of the atoms does.
        """
        fractional = self.fractional()
        wrapped = fractional - np.floor(fractional + WRAP_TOLERANCE)
        content = {
            "cell": _on_grid(self.cell),
            "positions": _on_grid(wrapped * np.linalg.norm(self.cell, axis=1)),
            "species": self.species,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _on_grid(lengths: NDArray[np.float64]) -> list[list[int]]:
    """Whole numbers of grid steps in lengths [Å]."""
    found: list[list[int]] = np.floor(lengths / HASH_GRID_A + GRID_CUT).astype(np.int64).tolist()
    return found

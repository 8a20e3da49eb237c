"""The space group of a crystal, its operations and its standard axes; changes no crystal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, readonly
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from spglib import SpglibDataset

System = Literal["triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic"]
LAST_NUMBERS: tuple[tuple[int, System], ...] = (
    (2, "triclinic"), (15, "monoclinic"), (74, "orthorhombic"), (142, "tetragonal"), (167, "trigonal"),
    (194, "hexagonal"), (230, "cubic"),
)  # fmt: skip


@dataclass(frozen=True)
class Symmetry:
    """The symmetry of a crystal.

    Attributes:
        symbol: Hermann–Mauguin symbol of its space group.
        number: In the International Tables; 1 where none is found.
        rotations: (n, 3, 3) orthogonal matrices of its point group, proper or not, in the crystal's own axes.
        axes: (3, 3) rows x, y, z of the standard frame, in the crystal's own axes.
    """

    symbol: str
    number: int
    rotations: Array
    axes: Array

    @property
    def system(self) -> System:
        """Its crystal system."""
        return crystal_system(self.number)

    @property
    def words(self) -> str:
        """Such as ``F-43m (216)``."""
        return f"{self.symbol} ({self.number})"


@dataclass(frozen=True)
class Operation:
    """An operation of a space group: fractional coordinates x become ``rotation @ x + translation``.

    Attributes:
        rotation: (3, 3) whole numbers.
        translation: (3,) fractional.
    """

    rotation: NDArray[np.int64]
    translation: Array


def crystal_system(number: int) -> System:
    """The crystal system of a space group, 1 to 230."""
    return next(system for last, system in LAST_NUMBERS if number <= last)


def symmetry(crystal: Crystal, *, tolerance_A: float) -> Symmetry:
    """Find the space group by spglib, and P1 where spglib finds none.

    Args:
        crystal: The crystal.
        tolerance_A: How far an atom may be from its image under an operation [Å].
    """
    dataset = _dataset(crystal, tolerance_A=tolerance_A)
    if dataset is None:
        axes = standard_axes(crystal.cell, "triclinic")
        return Symmetry("P1", 1, readonly(np.eye(3)[None]), axes)
    to_cartesian = np.array([crystal.cell.T @ turn @ np.linalg.inv(crystal.cell.T) for turn in dataset.rotations])
    left, _, right = np.linalg.svd(to_cartesian)  # the nearest orthogonal matrices
    conventional = np.linalg.inv(dataset.transformation_matrix).T @ crystal.cell
    number = int(dataset.number)
    axes = standard_axes(conventional, crystal_system(number))
    return Symmetry(str(dataset.international), number, readonly(np.unique(left @ right, axis=0)), axes)


def operations(crystal: Crystal, *, tolerance_A: float) -> tuple[Operation, ...]:
    """Find the operations of the space group by spglib; none but the identity where spglib finds no group.

    Args:
        crystal: The crystal.
        tolerance_A: How far an atom may be from its image under an operation [Å].
    """
    dataset = _dataset(crystal, tolerance_A=tolerance_A)
    if dataset is None:
        return (Operation(np.eye(3, dtype=np.int64), readonly(np.zeros(3))),)
    pairs = zip(dataset.rotations, dataset.translations, strict=True)
    return tuple(Operation(np.array(turn, dtype=np.int64), readonly(shift)) for turn, shift in pairs)


def _dataset(crystal: Crystal, *, tolerance_A: float) -> SpglibDataset | None:
    import spglib

    numbers = [crystal.elements.index(symbol) + 1 for symbol in crystal.species]
    cell = (crystal.cell.tolist(), crystal.fractional().tolist(), numbers)
    try:
        return spglib.get_symmetry_dataset(cell, symprec=tolerance_A)
    except spglib.SpglibError:
        return None


def standard_axes(conventional: Array, system: System) -> Array:
    """Axes x, y, z in which tensors are given, after the IEEE standard on piezoelectricity, 176-1987.

    Cubic and tetragonal: x along a, z along c. Trigonal and hexagonal: z along c, the axis of order three or six, x
    along a. Orthorhombic: x, y, z along a, b, c, named so that c < a < b. Monoclinic: y along b, the axis of order two,
    z along the shorter of the others. Triclinic: with the lengths a <= b <= c of the reduced cell, z along c and y
    normal to the plane of a and c.

    Args:
        conventional: (3, 3) rows a, b, c of spglib's conventional cell [Å], in any orientation.
        system: The crystal system.

    Returns:
        (3, 3) rows x, y, z, right-handed, orthonormal.
    """
    a, b, c = conventional
    by_length = sorted((a, b, c), key=lambda vector: float(np.linalg.norm(vector)))
    if system == "orthorhombic":
        z, x = by_length[0], by_length[1]
    elif system == "monoclinic":
        z = min((a, c), key=lambda vector: float(np.linalg.norm(vector)))
        x = np.cross(b, z)
    elif system == "triclinic":
        z, x = by_length[2], by_length[0]
    else:
        z, x = c, a
    z = z / np.linalg.norm(z)
    x = x - (x @ z) * z
    x = x / np.linalg.norm(x)
    return readonly(np.array([x, np.cross(z, x), z]))

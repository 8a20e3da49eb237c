"""The space group of a framework, and averaging over it what lies on a grid; decides no grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import SettingsError, TrajectoryError, nearest
from sselmp.transport.unit_cell import Framework

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class SpaceGroup:
    """Symmetry operations x → R (x - origin) + t + origin of scaled coordinates.

    Attributes:
        symbol: Hermann–Mauguin symbol.
        rotations: (G, 3, 3) integer matrices R.
        twenty_fourths: (G, 3) translations t, in 24ths of the cell vectors.
        origin: (3,) scaled coordinates of the group's origin.
    """

    symbol: str
    rotations: Integers
    twenty_fourths: Integers
    origin: Array

    @property
    def order(self) -> int:
        """Number of operations in the cell."""
        return len(self.rotations)


def space_group(framework: Framework, *, tolerance_A: float, alike: tuple[str, ...] = ()) -> SpaceGroup:
    """Find the space group of the framework's mean positions, in their own place, with spglib.

    Args:
        framework: Mean positions of the atoms that do not diffuse.
        tolerance_A: How far an atom may be from its image under an operation [Å].
        alike: Species that count as one, such as those that share the sites of a disordered crystal.

    Raises:
        SettingsError: The tolerance is not positive, or a species is absent.
        TrajectoryError: There is no framework, or no space group is found.
    """
    import spglib

    if not tolerance_A > 0:
        raise SettingsError("the tolerance of a symmetry must be positive", got=f"{tolerance_A:g} Å")
    if not framework.species:
        raise TrajectoryError(
            "there is no framework to take a symmetry from", repair="leave the density as it is, without symmetrising"
        )
    absent = [symbol for symbol in alike if symbol not in framework.species]
    if absent:
        raise SettingsError(
            f"the framework has no species '{absent[0]}'", allowed=nearest(absent[0], set(framework.species))
        )
    kinds = sorted(set(framework.species) - set(alike)) + list(alike[:1])
    numbers = [1 + kinds.index(alike[0] if symbol in alike else symbol) for symbol in framework.species]
    cell = (framework.cell.tolist(), framework.scaled.tolist(), numbers)
    try:
        dataset = spglib.get_symmetry_dataset(cell, symprec=tolerance_A)
    except spglib.SpglibError as error:
        dataset, reason = None, str(error)
    else:
        reason = "spglib finds none"
    if dataset is None:
        raise TrajectoryError(
            "no space group is found for the framework",
            got=f"{reason} within {tolerance_A:g} Å",
            repair="choose a smaller tolerance, or check that the framework neither melts nor flows",
        )
    return _on_its_origin(dataset.international, dataset, tolerance_A=tolerance_A)


def _on_its_origin(symbol: str, dataset: object, *, tolerance_A: float) -> SpaceGroup:
    """Refer spglib's operations to the origin of its standard setting, where translations are simple fractions."""
    rotations = np.array(dataset.rotations, dtype=np.int64)  # type: ignore[attr-defined]
    origin = -np.linalg.solve(dataset.transformation_matrix, dataset.origin_shift)  # type: ignore[attr-defined]
    translations = np.array(dataset.translations) - origin + rotations @ origin  # type: ignore[attr-defined]
    fractions = np.round(translations * 24)
    error = np.abs(translations * 24 - fractions).max() / 24
    if error > 0.01:
        raise TrajectoryError(
            f"the operations of {symbol} have translations that are no simple fractions of the cell",
            got=f"{error:.3g} of a cell vector off",
            repair=f"choose a tolerance below {tolerance_A:g} Å",
        )
    return SpaceGroup(
        symbol=symbol,
        rotations=rotations,
        twenty_fourths=fractions.astype(np.int64) % 24,
        origin=cells.readonly(origin - np.round(origin)),
    )


def averaged(values: Array, *, symmetry: SpaceGroup) -> Array:
    """Average values on a grid over all operations; the sum stays, and images of a point get the same value exactly.

    Args:
        values: (n0, n1, n2) on a grid made for this symmetry (``grid.grid_of``).
        symmetry: The operations.
    """
    shape = np.array(values.shape)
    centre = np.round(symmetry.origin * shape).astype(np.int64)
    points = [np.arange(n) - middle for n, middle in zip(shape, centre, strict=True)]
    least = np.arange(values.size)  # of the images of a point, the first: they all share it
    for rotation, shift in zip(symmetry.rotations, symmetry.twenty_fourths, strict=True):
        flat = np.zeros(values.shape, dtype=np.int64)
        for axis in range(3):
            steps = [rotation[axis, b] * shape[axis] // shape[b] * points[b] for b in range(3)]
            image = np.add.outer(np.add.outer(steps[0], steps[1]), steps[2])
            image += centre[axis] + shift[axis] * shape[axis] // 24
            flat *= shape[axis]
            flat += image % shape[axis]
        np.minimum(least, flat.ravel(), out=least)
    sums, images = np.bincount(least, weights=values.ravel()), np.bincount(least)
    return np.asarray((sums[least] / images[least]).reshape(values.shape))

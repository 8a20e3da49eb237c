"""At which level, and along which axes, a density on a periodic grid connects without end; draws no surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Inside = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Connection:
    """How the region above one level connects through the periodic cell.

    Attributes:
        level: The density's level [a₀⁻³].
        dimensions: Independent directions in which the best-connected part goes on without end, 0 to 3.
        axes: Axes a, b, c along which some part goes on without end, alone or along with another axis.
        directions: (dimensions, 3) shortest lattice steps after which that part meets itself, in cell vectors.
    """

    level: float
    dimensions: int
    axes: str
    directions: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Percolation:
    """The highest levels at which a density connects through the periodic cell; None where it never does.

    Attributes:
        dimensions: For one, two and three dimensions.
        axes: For the axes a, b and c.
    """

    dimensions: tuple[Connection | None, Connection | None, Connection | None]
    axes: tuple[Connection | None, Connection | None, Connection | None]


def connection(values: Array, *, level: float) -> Connection:
    """How the points with a density of at least ``level`` connect through the faces of their voxels.

    Parts that do not cross the cell's faces are found first. A step across a face shifts by a cell vector; going round
    a loop of such steps adds up to the lattice vector by which the part meets itself, as in J. Machta et al., Phys.
    Rev. E 54 (1996) 1332. The dimension is the rank of these vectors.

    Args:
        values: (n0, n1, n2) density, periodic [a₀⁻³].
        level: The level [a₀⁻³].
    """
    best: Integers = np.zeros((0, 3), dtype=np.int64)
    axes = np.zeros(3, dtype=bool)
    for loops in _loops(values >= level):
        basis = _basis(loops)
        axes |= basis.any(axis=0)
        best = max(best, basis, key=len)
    directions = tuple((int(a), int(b), int(c)) for a, b, c in best)
    along = "".join(axis for axis, there in zip("abc", axes, strict=True) if there)
    return Connection(level=float(level), dimensions=len(best), axes=along, directions=directions)


def percolation(values: Array, *, least: float = 0.0) -> Percolation:
    """Highest levels at which a density connects in 1, 2 and 3 dimensions and along each axis.

    A lower level only adds points, so that each level is found exactly by bisection over the values that occur. A level
    of zero, above which all space is, does not count.

    Args:
        values: (n0, n1, n2) density, periodic [a₀⁻³].
        least: Lowest level to look at [a₀⁻³], such as what one count adds.
    """
    levels = np.unique(values[(values > 0) & (values >= least)])[::-1]
    known: dict[int, Connection] = {}

    def at(index: int) -> Connection:
        if index not in known:
            known[index] = connection(values, level=float(levels[index]))
        return known[index]

    def first(reached: Callable[[Connection], bool]) -> Connection | None:
        if not len(levels) or not reached(at(len(levels) - 1)):
            return None
        low, high = -1, len(levels) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if reached(at(middle)) else (middle, high)
        return at(high)

    one, two, three = (first(lambda found, least=d: found.dimensions >= least) for d in (1, 2, 3))  # type: ignore[misc]
    a, b, c = (first(lambda found, axis=axis: axis in found.axes) for axis in "abc")  # type: ignore[misc]
    return Percolation(dimensions=(one, two, three), axes=(a, b, c))


def _loops(inside: Inside) -> list[Integers]:
    """Lattice vectors of the loops in each part that crosses the cell's faces, [(k, 3), ...]."""
    from scipy import ndimage

    labels, count = ndimage.label(inside)
    steps: dict[int, list[tuple[int, Integers]]] = {}
    for axis in range(3):
        last, first = labels.take(-1, axis=axis).ravel(), labels.take(0, axis=axis).ravel()
        both = (last > 0) & (first > 0)
        crossing = np.unique(last[both].astype(np.int64) * (count + 1) + first[both])
        step = np.eye(3, dtype=np.int64)[axis]
        for one, other in zip((crossing // (count + 1)).tolist(), (crossing % (count + 1)).tolist(), strict=True):
            steps.setdefault(one, []).append((other, step))
            steps.setdefault(other, []).append((one, -step))
    return _walk(steps)


def _walk(steps: dict[int, list[tuple[int, Integers]]]) -> list[Integers]:
    """Go through each connected part once; a step that leads back to where one has been, shifted, closes a loop."""
    where: dict[int, Integers] = {}
    found = []
    for start in steps:
        if start in where:
            continue
        where[start] = np.zeros(3, dtype=np.int64)
        waiting, loops = [start], []
        while waiting:
            here = waiting.pop()
            for other, step in steps[here]:
                there = where[here] + step
                if other not in where:
                    where[other] = there
                    waiting.append(other)
                elif (there != where[other]).any():
                    loops.append(there - where[other])
        if loops:
            found.append(np.unique(np.array(loops), axis=0))
    return found


def _basis(vectors: Integers) -> Integers:
    """Basis of the lattice that integer vectors span, in row echelon form, (rank, 3)."""
    rows = [[int(x) for x in vector] for vector in vectors]
    basis: list[list[int]] = []
    for column in range(3):
        while True:
            filled = sorted((row for row in rows if row[column]), key=lambda row: abs(row[column]))
            if len(filled) < 2:
                break
            for row in filled[1:]:
                times = row[column] // filled[0][column]
                row[:] = [x - times * y for x, y in zip(row, filled[0], strict=True)]
        for row in filled:
            rows.remove(row)
            sign = 1 if row[column] > 0 else -1
            basis.append([sign * x for x in row])
    return np.array(basis, dtype=np.int64).reshape(-1, 3)

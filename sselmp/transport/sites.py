"""Sites that ions hop between: the record, its checks, and sites of a crystal laid over a run; assigns no ion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.cells import Array
from sselmp.errors import TrajectoryError

Integers = NDArray[np.int64]

LARGEST_RADIUS_A = 1.2
RADIUS_FRACTION = 0.4  # of the shortest distance between sites, for a radius that is not given
LARGEST_FRACTION = 0.45  # cores nearer than this leave no room to tell a hop from a rattle
LEAST_DISTANCE_A = 0.5


@dataclass(frozen=True)
class Sites:
    """Sites in a run's time-averaged cell, each with a spherical core.

    An ion belongs to the site whose core it entered last; cores are apart, so that it must cross the room between two
    of them to hop, and rattling about the edge of one is no hop.

    Attributes:
        cell: (3, 3) rows a, b, c [Å].
        fractional: (S, 3) in units of the cell vectors, from 0 up to 1.
        labels: (S,) kind of each site, such as a Wyckoff symbol.
        radius_A: Radius of every core [Å].
        unit: (S,) number of the site of the unit cell that each site repeats.
        repeats: How often the unit cell is repeated along a, b, c.
        offset: (S, 3) which of the repeated unit cells each site is in.

    Raises:
        TrajectoryError: No site, shapes disagree, or sites overlap.
    """

    cell: Array
    fractional: Array
    labels: tuple[str, ...]
    radius_A: float
    unit: Integers
    repeats: tuple[int, int, int] = (1, 1, 1)
    offset: Integers = field(default_factory=lambda: np.zeros((0, 3), dtype=np.int64))

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.fractional.shape != (count, 3) or not count:
            raise TrajectoryError(
                "sites need a position and a label each, and one site at least",
                got=f"positions {self.fractional.shape}, {count} labels",
            )
        offset = self.offset if len(self.offset) else np.zeros((count, 3), dtype=np.int64)
        object.__setattr__(self, "offset", offset)
        object.__setattr__(self, "cell", cells.readonly(self.cell))
        object.__setattr__(self, "fractional", cells.readonly(self.fractional % 1.0 % 1.0))
        _check_apart(self)

    def __len__(self) -> int:
        """Number of sites."""
        return len(self.labels)

    @property
    def positions(self) -> Array:
        """(S, 3) Cartesian positions in the cell [Å]."""
        return np.asarray(self.fractional @ self.cell)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The labels, each once, in the order of the sites."""
        return tuple(dict.fromkeys(self.labels))

    def of_kind(self, label: str) -> NDArray[np.intp]:
        """Indices of the sites with a label."""
        return np.flatnonzero(np.array(self.labels) == label)


def lay_out(
    fractional: Array,
    *,
    labels: Sequence[str],
    cell: Array,
    repeats: tuple[int, int, int] = (1, 1, 1),
    radius_A: float | None = None,
) -> Sites:
    """Repeat the sites of a unit cell over a run's cell.

    Args:
        fractional: (S, 3) sites in units of the unit cell's vectors.
        labels: (S,) their kinds.
        cell: (3, 3) rows of the run's cell [Å], the unit cell's times ``repeats``.
        repeats: How often the unit cell is repeated along a, b, c.
        radius_A: Radius of the cores [Å]; default 0.4 of the shortest distance between two sites, 1.2 Å at most.

    Raises:
        TrajectoryError: Sites overlap, or the cores leave no room between them.
    """
    shifts = np.array(list(np.ndindex(*repeats)), dtype=np.int64)
    count = len(fractional)
    unit = np.repeat(np.arange(count), len(shifts))
    offset = np.tile(shifts, (count, 1))
    placed = (np.asarray(fractional, dtype=np.float64)[unit] % 1.0 + offset) / np.array(repeats)
    if radius_A is None and count:
        radius_A = min(LARGEST_RADIUS_A, RADIUS_FRACTION * shortest_distance(placed, cell)[0])
    return Sites(
        cell=cell,
        fractional=placed,
        labels=tuple(labels[number] for number in unit.tolist()),
        radius_A=float(radius_A or 0.0),
        unit=unit,
        repeats=repeats,
        offset=offset,
    )


def shortest_distance(fractional: Array, cell: Array) -> tuple[float, int, int]:
    """Shortest distance [Å] between two points, or a point and its own image, and which two they are."""
    from scipy.spatial import cKDTree

    # No packing of spheres is denser than fcc, so that the shortest distance is at most (sqrt(2) V / N)^(1/3).
    reach = 1.001 * (2.0**0.5 * cells.volume(cell) / len(fractional)) ** (1 / 3)
    points, index = images_within(fractional, cell, reach=reach)
    distance, found = (np.asarray(one) for one in cKDTree(points).query(fractional % 1.0 @ cell, k=2))
    nearest = int(np.argmin(distance[:, 1]))
    first, second = sorted((nearest, int(index[found[nearest, 1]])))
    return float(distance[nearest, 1]), first, second


def images_within(fractional: Array, cell: Array, *, reach: float) -> tuple[Array, NDArray[np.intp]]:
    """Points of the cell and all their periodic images within ``reach`` [Å] of it.

    Returns:
        (M, 3) Cartesian positions [Å], those in the cell first, and (M,) which point each is an image of.
    """
    wrapped = np.asarray(fractional % 1.0)
    margin = reach / cells.perpendicular_widths(cell)
    around = [range(-int(np.ceil(m)), int(np.ceil(m)) + 1) for m in margin]
    shifts = np.array(np.meshgrid(*around, indexing="ij")).reshape(3, -1).T
    shifts = shifts[np.argsort(np.abs(shifts).sum(axis=1), kind="stable")]
    points = (wrapped[None] + shifts[:, None]).reshape(-1, 3)
    index = np.tile(np.arange(len(wrapped)), len(shifts))
    near = ((points >= -margin) & (points <= 1.0 + margin)).all(axis=1)
    return np.asarray(points[near] @ cell), index[near]


def _check_apart(sites: Sites) -> None:
    distance, first, second = shortest_distance(sites.fractional, sites.cell)
    where = f"sites {first} ({sites.labels[first]}) and {second} ({sites.labels[second]}) are {distance:.3f} Å apart"
    if distance < LEAST_DISTANCE_A:
        raise TrajectoryError(
            "two sites overlap",
            got=where,
            allowed=f"{LEAST_DISTANCE_A:g} Å or more",
            repair="name each site once, or replace split sites by their middle",
        )
    if not 0.0 < sites.radius_A <= LARGEST_FRACTION * distance:
        raise TrajectoryError(
            "the cores of sites must have a radius, and room between them",
            got=f"a radius of {sites.radius_A:.3f} Å; {where}",
            allowed=f"above 0 and up to {LARGEST_FRACTION * distance:.3f} Å ({LARGEST_FRACTION:g} of that distance)",
            repair="give a smaller radius, or leave it out",
        )

"""Which core of a site each position lies in, exactly and fast through a table of voxels; follows no ion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.cells import Array
from sselmp.errors import TrajectoryError
from sselmp.transport.sites import Sites

OUTSIDE = -1
VOXELS_PER_RADIUS = 5.0
LARGEST_TABLE_BYTES = 128 * 2**20

Codes = NDArray[np.int32]


@dataclass(frozen=True)
class CoreTable:
    """A grid over the cell: each voxel lies in one core, in none, or has to be measured against a few.

    Attributes:
        sites: The sites.
        shape: Numbers of voxels along a, b, c.
        codes: (voxels,) a site's number, -1 for outside of all cores, or -2 - r for row r of ``candidates``.
        candidates: (R, K) sites that a voxel may belong to; rows with fewer than K repeat their first.
    """

    sites: Sites
    shape: tuple[int, int, int]
    codes: Codes
    candidates: Codes


def core_table(sites: Sites) -> CoreTable:
    """Build the table; voxels are a fifth of a core's radius wide, or wider where the table would take 128 MiB.

    Voxels wholly within a core or wholly outside of all are decided here once. Only positions in the others, those that
    a core's surface cuts, are measured later, so that the result is exact whatever the voxels' size.

    Raises:
        TrajectoryError: The cell is narrower than a core, so that an image could be mistaken for another.
    """
    _check_width(sites)
    lengths = np.linalg.norm(sites.cell, axis=1)
    width = sites.radius_A / VOXELS_PER_RADIUS
    width = max(width, float((lengths.prod() * 4 / LARGEST_TABLE_BYTES) ** (1 / 3)))
    shape = np.maximum(1, np.ceil(lengths / width)).astype(np.int64)
    codes = np.full(int(shape.prod()), OUTSIDE, dtype=np.int32)
    several: dict[int, list[int]] = {}
    edges = sites.cell / shape[:, None]
    signs = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, 1, 1]])
    half = 0.5 * float(np.linalg.norm(signs @ edges, axis=1).max()) * (1 + 1e-9) + 1e-9
    around = _offsets(sites, shape, reach=sites.radius_A + half)
    for number, at in enumerate(sites.fractional):
        base = np.floor(at * shape).astype(np.int64)
        away = ((base + around + 0.5) / shape - at) @ sites.cell
        distance = np.sqrt(np.einsum("ij,ij->i", away, away))
        touched = np.flatnonzero(distance < sites.radius_A + half)
        touched = touched[np.argsort(distance[touched], kind="stable")]
        voxel = (base + around[touched]) % shape
        flat = (voxel[:, 0] * shape[1] + voxel[:, 1]) * shape[2] + voxel[:, 2]
        flat, nearest = np.unique(flat, return_index=True)  # in a narrow cell a voxel is met through two images
        inside = distance[touched[nearest]] <= sites.radius_A - half
        for shared in flat[codes[flat] != OUTSIDE].tolist():
            several.setdefault(shared, [-2 - int(codes[shared])] if codes[shared] < OUTSIDE else []).append(number)
        codes[flat] = np.where(inside, number, -2 - number)
    return _with_candidates(sites, shape, codes=codes, several=several)


def _check_width(sites: Sites) -> None:
    narrowest = float(cells.perpendicular_widths(sites.cell).min())
    if 2.0 * sites.radius_A >= narrowest:
        raise TrajectoryError(
            "the cell is narrower than the core of a site",
            got=f"{narrowest:.3f} Å between opposite faces, cores of {2.0 * sites.radius_A:.3f} Å",
            allowed="cores narrower than the cell",
            repair="give a smaller radius",
        )


def _offsets(sites: Sites, shape: NDArray[np.int64], *, reach: float) -> NDArray[np.int64]:
    """(M, 3) voxels around a site's own that its core may touch."""
    steps = np.ceil(reach / cells.perpendicular_widths(sites.cell) * shape).astype(int) + 1
    grid = np.meshgrid(*(np.arange(-s, s + 1) for s in steps), indexing="ij")
    offsets = np.array(grid).reshape(3, -1).T
    return np.asarray(offsets, dtype=np.int64)


def _with_candidates(
    sites: Sites, shape: NDArray[np.int64], *, codes: Codes, several: dict[int, list[int]]
) -> CoreTable:
    """Give voxels that several cores touch rows of their own, after one row for each site."""
    rows = [[number] for number in range(len(sites))]
    for voxel, found in several.items():
        codes[voxel] = -2 - len(rows)
        rows.append(sorted(set(found)))
    widest = max(map(len, rows))
    padded = [row + [row[0]] * (widest - len(row)) for row in rows]
    codes.setflags(write=False)
    return CoreTable(
        sites=sites,
        shape=(int(shape[0]), int(shape[1]), int(shape[2])),
        codes=codes,
        candidates=np.array(padded, dtype=np.int32),
    )


def in_cores(fractional: Array, table: CoreTable) -> Codes:
    """The site in whose core each position lies, or -1.

    Args:
        fractional: (M, 3) positions in units of the cell vectors, from 0 to 1 (wrapped).
        table: From ``core_table``.

    Returns:
        (M,) numbers of sites.

    Raises:
        TrajectoryError: A position is not a finite number from 0 to 1.
    """
    shape = np.array(table.shape)
    voxel = (fractional * shape).astype(np.int32)  # of what is not a number, something far outside
    np.minimum(voxel, shape - 1, out=voxel, casting="unsafe")
    flat = (voxel[:, 0] * table.shape[1] + voxel[:, 1]) * table.shape[2] + voxel[:, 2]
    if flat.size and int(flat.min()) < 0:
        raise TrajectoryError("a position to assign is not a number from 0 to 1")
    codes: Codes = table.codes[flat]
    unsure = np.flatnonzero(codes < OUTSIDE)
    if unsure.size:
        codes[unsure] = _measured(fractional[unsure], table.candidates[-2 - codes[unsure]], sites=table.sites)
    return codes


def _measured(fractional: Array, candidates: Codes, *, sites: Sites) -> Codes:
    """The candidate whose core holds each position, or -1.

    The image by rounding is the nearest wherever it matters: a point within a core is less than half of the cell's
    width away from the site.
    """
    result = np.full(len(fractional), OUTSIDE, dtype=np.int32)
    for column in range(candidates.shape[1]):
        away = fractional - sites.fractional[candidates[:, column]]
        away -= np.rint(away)
        away = away @ sites.cell
        inside = np.einsum("ij,ij->i", away, away) <= sites.radius_A**2
        result[inside] = candidates[inside, column]
    return result

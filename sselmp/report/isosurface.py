"""Triangles of a surface of constant density, by marching tetrahedra, closed at the cell's faces; draws nothing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import SettingsError
from sselmp.transport.density import Density

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# Six tetrahedra around the diagonal of a voxel, one for each order in which its axes can be walked (Kuhn): faces of
# neighbouring voxels are cut alike, so the surface has no cracks and no ambiguous cases.
_CORNERS = np.array(list(itertools.product((0, 1), repeat=3)))
_TETRAHEDRA = np.array(
    [
        [0, *np.cumsum([(4, 2, 1)[axis] for axis in order])]
        for order in itertools.permutations(range(3))
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Surface:
    """A triangulated surface.

    Attributes:
        vertices: (V, 3) positions [Å].
        triangles: (T, 3) vertices of each triangle, counter-clockwise as seen from outside (from the lower density).
        normals: (V, 3) unit vectors down the gradient of the density, or out of the cell's face; for smooth shading.
    """

    vertices: Array
    triangles: Integers
    normals: Array


def isosurface(density: Density, *, level: float) -> Surface:
    """Surface around the region of the cell with a density of at least ``level``, linear between the points.

    Where the region reaches the cell's faces, it is closed by a piece of the face.

    Args:
        density: The density, periodic.
        level: The level [a₀⁻³].

    Raises:
        SettingsError: The level is not positive, or above the highest density.
    """
    highest = float(density.values.max())
    if not 0.0 < level <= highest:
        raise SettingsError(
            "there is no surface at this level of density",
            got=f"{level:g} a0^-3",
            allowed=f"above 0, up to the highest density {highest:.4g} a0^-3",
            repair="choose a lower level, or none: then the one at which the density connects is taken",
        )
    # The first points again at the far faces, then a layer of nothing all around, laid flat onto the faces.
    values = np.pad(np.pad(density.values, (0, 1), mode="wrap"), 1)
    corners, triangles = _march(values, level=level)
    shape = np.array(density.values.shape)
    scaled = np.clip(corners - 1.0, 0.0, shape) / shape
    return Surface(
        vertices=cells.readonly(scaled @ density.grid.cell),
        triangles=triangles,
        normals=cells.readonly(_normals(density, corners - 1.0)),
    )


def _normals(density: Density, at: Array) -> Array:
    """Unit vectors against the gradient at points (V, 3) [grid steps]; out of the cell on what closes its faces."""
    from scipy import ndimage

    shape, inverse = np.array(density.values.shape), np.linalg.inv(density.grid.cell)
    slopes = []
    for axis, points in enumerate(shape):
        slope = (np.roll(density.values, 1, axis=axis) - np.roll(density.values, -1, axis=axis)) * points
        slopes.append(ndimage.map_coordinates(slope, at.T, order=1, mode="grid-wrap"))
    out = np.where(at > shape, 1.0, np.where(at < 0, -1.0, 0.0))
    scaled = np.where(np.any(out != 0, axis=1)[:, None], out, np.stack(slopes, axis=1))
    normals = scaled @ inverse.T
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300))


def _march(values: Array, *, level: float) -> tuple[Array, Integers]:
    """Vertices in steps of the grid, and triangles, of the surface in an array that is below the level at its rim."""
    inside = values >= level
    cubes = _cubes_cut(inside)
    strides = np.array([values.shape[1] * values.shape[2], values.shape[2], 1])
    edges, sources = [], []
    for tetrahedron in _TETRAHEDRA:
        points = (cubes @ strides)[:, None] + _CORNERS[tetrahedron] @ strides
        within = inside.ravel()[points]
        for case in range(1, 15):
            chosen = within.dot([1, 2, 4, 8]) == case
            if not chosen.any():
                continue
            for triangle in _triangles_of(case):
                cut = np.array([[points[chosen, one], points[chosen, two]] for one, two in triangle])
                edges.append(cut.transpose(2, 0, 1))
                sources.append(points[chosen])
    if not edges:
        return np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int64)
    pairs = np.sort(np.concatenate(edges).reshape(-1, 2), axis=1)
    keys, triangles = np.unique(pairs[:, 0] * values.size + pairs[:, 1], return_inverse=True)
    ends = np.stack([keys // values.size, keys % values.size], axis=1)
    at = values.ravel()[ends]
    share = ((level - at[:, 0]) / (at[:, 1] - at[:, 0]))[:, None]
    first, second = (np.stack(np.unravel_index(ends[:, k], values.shape), axis=1).astype(float) for k in (0, 1))
    vertices = first + share * (second - first)
    return vertices, _outward(triangles.reshape(-1, 3), vertices, points=np.concatenate(sources), inside=inside)


def _cubes_cut(inside: NDArray[np.bool_]) -> Integers:
    """(C, 3) lowest corners of the cubes of eight points that are not all on one side."""
    some, whole = inside, inside
    for axis in range(3):
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        some = some[tuple(low)] | some[tuple(high)]
        whole = whole[tuple(low)] & whole[tuple(high)]
    return np.argwhere(some & ~whole)


def _triangles_of(case: int) -> list[tuple[tuple[int, int], ...]]:
    """Edges of a tetrahedron that the corners of each triangle lie on, for corners inside as the bits of ``case``."""
    inner = [corner for corner in range(4) if case >> corner & 1]
    outer = [corner for corner in range(4) if corner not in inner]
    if len(inner) == 2:
        (a, b), (c, d) = inner, outer
        return [((a, c), (a, d), (b, d)), ((a, c), (b, d), (b, c))]
    lone, rest = (inner[0], outer) if len(inner) == 1 else (outer[0], inner)
    return [tuple((lone, other) for other in rest)]


def _outward(triangles: Integers, vertices: Array, *, points: Integers, inside: NDArray[np.bool_]) -> Integers:
    """Turn each triangle so that it is counter-clockwise as seen from the outside of its tetrahedron."""
    within = inside.ravel()[points]
    where = np.stack(np.unravel_index(points, inside.shape), axis=2).astype(float)
    inner = (where * within[:, :, None]).sum(axis=1) / within.sum(axis=1)[:, None]
    outer = (where * ~within[:, :, None]).sum(axis=1) / (~within).sum(axis=1)[:, None]
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    inward = ((outer - inner) * np.cross(b - a, c - a)).sum(axis=1) < 0
    turned = triangles.copy()
    turned[inward] = turned[inward][:, ::-1]
    return turned

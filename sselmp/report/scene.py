"""Triangles, balls and lines in space to a picture, without a display and the nearest foremost; writes no file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.report.isosurface import Surface

Array = NDArray[np.float64]
Colour = tuple[float, float, float]

_SMOOTHER = 3  # times finer than the picture, then averaged: painted triangles show no seams so
_LIGHT = np.array([0.35, 0.55, 0.76])  # from above on the right of the viewer


@dataclass(frozen=True)
class Facets:
    """Triangles of one colour.

    Attributes:
        corners: (T, 3, 3) [Å].
        normals: (T, 3) unit vectors to the outside.
        colour: Red, green, blue.
        opacity: From 0 to 1.
        nearer_A: Painted as if it were nearer by this [Å]: of two that lie in one plane, it is seen.
    """

    corners: Array
    normals: Array
    colour: Colour
    opacity: float = 1.0
    nearer_A: float = 0.0


def surface_facets(surface: Surface, *, colour: Colour, opacity: float, nearer_A: float = 0.0) -> Facets:
    """A surface with the normals of its vertices, so that it is shaded smoothly."""
    corners = surface.vertices[surface.triangles]
    flat = _unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    smooth = _unit(surface.normals[surface.triangles].sum(axis=1))
    # Flat where the surface bends sharply, and on what closes the cell's faces, where a corner's normal is the facet's.
    bent = (smooth * flat).sum(axis=1) < 0.5
    face = np.einsum("tci,ti->tc", surface.normals[surface.triangles], flat).max(axis=1) > 0.999
    normals = np.where((bent | face)[:, None], flat, smooth)
    return Facets(corners=corners, normals=normals, colour=colour, opacity=opacity, nearer_A=nearer_A)


def ball_facets(centres: Array, *, radius: float, colour: Colour) -> Facets:
    """Balls of one size and colour around some centres, (n, 3) [Å]."""
    points = _sphere()
    corners = (centres[:, None, None] + radius * points).reshape(-1, 3, 3)
    return Facets(corners=corners, normals=_unit(np.tile(points.sum(axis=1), (len(centres), 1))), colour=colour)


def line_facets(ends: Array, *, width: float, colour: Colour) -> Facets:
    """Straight rods between pairs of points, (n, 2, 3) [Å], in short pieces that can each be behind something."""
    pieces = []
    for start, end in ends:
        along = _unit((end - start)[None])[0]
        side = _unit(np.cross(along, np.eye(3)[np.argmin(np.abs(along))])[None])[0]
        around = [
            0.5 * width * (np.cos(t) * side + np.sin(t) * np.cross(along, side)) for t in np.arange(6) * np.pi / 3
        ]
        marks = start + np.linspace(0, 1, 41)[:, None] * (end - start)
        for near, far in itertools.pairwise(marks):
            for one, two in zip(around, around[1:] + around[:1], strict=True):
                pieces += [[near + one, near + two, far + two], [near + one, far + two, far + one]]
    corners = np.array(pieces)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return Facets(corners=corners, normals=-_unit(normals), colour=colour)


def viewed(points: Array, *, elevation: float = 16.0, azimuth: float = -62.0) -> Array:
    """Coordinates as the viewer has them: to the right, up, and towards the viewer.

    Args:
        points: (..., 3) [Å].
        elevation: Height of the viewer above the xy plane [degrees].
        azimuth: Where the viewer stands around z, from x [degrees].
    """
    up, around = np.radians([elevation, azimuth])
    towards = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])
    right = np.array([-np.sin(around), np.cos(around), 0.0])
    return np.asarray(points @ np.stack([right, np.cross(towards, right), towards], axis=1))


def painted(parts: Sequence[Facets], *, box: tuple[float, float, float, float], pixels: int) -> Array:
    """Paint facets from the farthest to the nearest, those that face away left out.

    What is translucent is painted once with the rest, as if it were opaque, and mixed with the picture without it: so
    its foremost layer is seen, and no seams where its triangles meet.

    Args:
        parts: What is in the scene.
        box: Left, right, bottom and top of what is seen, in the viewer's coordinates [Å].
        pixels: Width of the picture.

    Returns:
        (height, width, 4) red, green, blue and opacity, from 0 to 1; rows from the top.
    """
    veil = min((part.opacity for part in parts), default=1.0)
    image = _opaque([part for part in parts if part.opacity == 1.0], box=box, pixels=pixels)
    if veil < 1.0:
        image = (1.0 - veil) * image + veil * _opaque(parts, box=box, pixels=pixels)
    opacity = image[..., 3:]
    return np.asarray(np.clip(np.concatenate([image[..., :3] / np.maximum(opacity, 1e-9), opacity], axis=2), 0.0, 1.0))


def _opaque(parts: Sequence[Facets], *, box: tuple[float, float, float, float], pixels: int) -> Array:
    """Everything as if it were opaque; colours times opacity, and opacity, (height, width, 4)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure

    left, right, bottom, top = box
    width = pixels * _SMOOTHER
    height = round(pixels * (top - bottom) / (right - left)) * _SMOOTHER
    figure = Figure(figsize=(width / 100, height / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    figure.patch.set_alpha(0.0)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    corners, colours, depths = _visible(parts)
    order = np.argsort(depths)
    axes.add_collection(
        PolyCollection(
            list(corners[order, :, :2]), facecolors=colours[order].tolist(), edgecolors="none", antialiaseds=False
        )
    )
    canvas.draw()  # type: ignore[no-untyped-call] # matplotlib's
    drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call] # matplotlib's
    blocks = drawn.reshape(height // _SMOOTHER, _SMOOTHER, width // _SMOOTHER, _SMOOTHER, 4)
    image = np.empty((*blocks.shape[::2][:2], 4))
    for row, block in enumerate(blocks):  # row by row, for the whole in floating point is half a gigabyte
        fine = block / 255.0
        fine[..., :3] *= fine[..., 3:]
        image[row] = fine.mean(axis=(0, 2))
    return image


def _visible(parts: Sequence[Facets]) -> tuple[Array, Array, Array]:
    """Facets that face the viewer, (T, 3, 3) in the viewer's coordinates, shaded colours, (T, 3), and depths, (T,)."""
    corners, colours, depths = [], [], []
    for part in parts:
        seen, normals = viewed(part.corners), viewed(part.normals)
        flat = np.cross(seen[:, 1] - seen[:, 0], seen[:, 2] - seen[:, 0])
        facing = flat[:, 2] * np.sign((flat * normals).sum(axis=1)) > 0.0
        light = np.clip(normals[facing] @ (_LIGHT / np.linalg.norm(_LIGHT)), 0.0, 1.0)
        shine = 0.35 * light[:, None] ** 24
        shaded = np.clip(np.array(part.colour) * (0.6 + 0.45 * light[:, None]) + shine, 0.0, 1.0)
        corners.append(seen[facing])
        depths.append(seen[facing][:, :, 2].mean(axis=1) + part.nearer_A)
        colours.append(shaded)
    return np.concatenate(corners), np.concatenate(colours), np.concatenate(depths)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _sphere(*, rings: int = 16) -> Array:
    """(T, 3, 3) triangles of a unit sphere, by latitude and longitude."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, rings), np.linspace(0, 2 * np.pi, 2 * rings), indexing="ij")
    points = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    a, b, c, d = points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]
    return np.concatenate([np.stack([a, b, c], axis=2), np.stack([a, c, d], axis=2)]).reshape(-1, 3, 3)

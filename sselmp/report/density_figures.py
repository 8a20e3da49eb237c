"""The picture of a density: an isosurface among the framework's atoms; finds no surface by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import files
from sselmp.report.density_scene import SURFACE_COLOURS, AtomKind, cell_edges
from sselmp.report.isosurface import Surface
from sselmp.report.scene import ball_facets, line_facets, painted, surface_facets, viewed
from sselmp.transport.density import Array, Density

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PIXELS = 1100


def draw_density(
    density: Density,
    surfaces: tuple[tuple[float, Surface], ...],
    *,
    atoms: tuple[AtomKind, ...],
    words: str,
    path: Path,
) -> None:
    """Draw isosurfaces in the cell, the inner ones opaque, as they are seen from one side.

    Args:
        density: The density.
        surfaces: Levels [a₀⁻³] and their surfaces.
        atoms: The framework.
        words: A line or two about the connection, below the picture.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cell = density.grid.cell
    edges = cell_edges(cell)
    parts = [line_facets(edges, width=0.004 * float(np.linalg.norm(cell.sum(axis=0))), colour=(0.3, 0.3, 0.3))]
    parts += [ball_facets(kind.positions, radius=kind.radius_A, colour=kind.colour) for kind in atoms]
    ordered = sorted(surfaces, key=lambda one: -one[0])
    for index, (_, surface) in enumerate(ordered):
        opacity = 0.4 if 0 < index == len(ordered) - 1 else 1.0
        nearer_A = 0.15 * (len(ordered) - 1 - index)  # where the cell's faces cut all of them, the inner ones are seen
        parts.append(surface_facets(surface, colour=SURFACE_COLOURS[index % 4], opacity=opacity, nearer_A=nearer_A))
    box = _box(viewed(edges).reshape(-1, 3))
    image = painted(parts, box=box, pixels=PIXELS)
    width = 6.6
    picture = width * image.shape[0] / image.shape[1]
    figure = Figure(figsize=(width, picture + 1.1), dpi=PIXELS / width)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.72 / (picture + 1.1), 1.0, picture / (picture + 1.1)))
    axes.set_axis_off()
    axes.imshow(image, extent=box, interpolation="none")
    _name_axes(axes, cell)
    levels = " and ".join(f"{level:.3g}" for level, _ in ordered)
    figure.text(
        0.5, 0.985, f"density of {density.species} at {levels} $a_0^{{-3}}$", ha="center", va="top", fontsize=11,
        fontweight="bold",
    )  # fmt: skip
    figure.text(0.5, 0.012, words, ha="center", va="bottom", fontsize=8.5, color="0.25")
    _legend(axes, atoms)
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="png")


def _box(points: Array) -> tuple[float, float, float, float]:
    """What is seen: the cell with some room."""
    (left, bottom), (right, top) = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    room = 0.07 * max(right - left, top - bottom)
    return float(left - room), float(right + room), float(bottom - room), float(top + room)


def _name_axes(axes: Axes, cell: Array) -> None:
    """The letters a, b, c in the middle of an edge each, a little outside of the cell."""
    middle = viewed(cell.sum(axis=0) / 2.0)
    for index, (name, vector) in enumerate(zip("abc", cell, strict=True)):
        # of the four edges along a vector, the one that is farthest out towards the lower left
        others = [cell[other] for other in range(3) if other != index]
        starts = [i * others[0] + j * others[1] for i in (0, 1) for j in (0, 1)]
        middles = np.array([viewed(start + vector / 2.0) for start in starts])
        away = middles - middle
        chosen = int(np.argmax(-away[:, 1] if abs(viewed(vector)[1]) < abs(viewed(vector)[0]) else -away[:, 0]))
        outward = away[chosen, :2] / np.linalg.norm(away[chosen, :2])
        x, y = middles[chosen, :2] + 0.045 * np.linalg.norm(cell.sum(axis=0)) * outward
        axes.text(x, y, name, fontsize=11, fontstyle="italic", ha="center", va="center")


def _legend(axes: Axes, atoms: tuple[AtomKind, ...]) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="none",
            color=kind.colour,
            markersize=4.5 + 2 * kind.radius_A,
            label=kind.species,
        )
        for kind in atoms
    ]
    if marks:
        axes.legend(handles=marks, loc="upper left", frameon=False, fontsize=9, handletextpad=0.1)

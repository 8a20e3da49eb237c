"""Phase diagrams of two, three and four elements as PNG; computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp.cells import Array
from sselmp.report.canvas import new_figure, save
from sselmp.report.formulae import mathtext, wrapped
from sselmp.report.hull_scene import NEAR_EV, HullScene, Spot, hull_scene, verdict
from sselmp.report.labels import place_labels
from sselmp.statics.hull import Hull, Stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STABLE, TARGET, PRODUCT, TIE, EDGE = "#1f4e79", "#c0392b", "#e08e0b", "#9fb3c8", "#444444"
CAMERA = (np.radians(-62.0), np.radians(16.0))  # turn about the vertical, and elevation, of the tetrahedron
INCHES = (7.4, 6.4)
LETTER = (0.0125, 0.034)  # width and height of a letter of a label, in sides of the figure


def draw_hull(hull: Hull, path: Path, *, target: Stability | None, title: str) -> None:
    """Draw a hull: stable phases with their tie lines, those little above it, the target and what it decomposes into.

    Args:
        hull: Of two, three or four elements.
        path: PNG to write, whole.
        target: The stability of one of its phases, to be marked.
        title: Above the figure.

    Raises:
        SettingsError: The system has another number of elements.
        RunError: The file cannot be written.
    """
    scene = hull_scene(hull, target)
    figure = new_figure(*INCHES)
    axes = figure.subplots()
    if len(scene.elements) == 2:
        _binary(axes, scene)
    else:
        _simplex(axes, scene)
    figure.suptitle(mathtext(title), fontsize=11, fontweight="bold")
    words = f"{'-'.join(hull.elements)}, {hull.way}, energies: {hull.reference}"
    figure.supxlabel(wrapped(*([verdict(target)] if target else []), words), fontsize=8.5, color="0.3")
    save(figure, path)


def _binary(axes: Axes, scene: HullScene) -> None:
    near = [spot for spot in scene.unstable if spot.standing.above_hull_eV_per_atom < NEAR_EV]
    for start, end in scene.ties:
        axes.plot(*np.array([start, end]).T, color=TIE, linewidth=1.2, zorder=1)
    axes.axhline(0.0, color="0.7", linewidth=0.8, zorder=0)
    _dots(axes, scene, near=near)
    for spot in _named(scene):
        axes.annotate(
            mathtext(spot.standing.phase.formula), (spot.place[0], spot.place[1]),
            xytext=(0, -14) if spot.standing.stable else (0, 9), textcoords="offset points", ha="center", fontsize=9,
        )  # fmt: skip
    axes.set_xlabel(f"share of {scene.elements[1]} in {'-'.join(scene.elements)}", fontsize=9)
    axes.set_ylabel("formation energy [eV an atom]", fontsize=9)
    axes.margins(0.06, 0.12)


def _simplex(axes: Axes, scene: HullScene) -> None:
    corners = np.array([flat(corner) for corner in scene.corners])
    for i in range(len(corners)):
        for j in range(i):
            axes.plot(*corners[[i, j]].T, color=EDGE, linewidth=1.1, zorder=2)
    for start, end in scene.ties:
        axes.plot(*np.array([flat(start), flat(end)]).T, color=TIE, linewidth=0.8, zorder=1)
    near = [spot for spot in scene.unstable if spot.standing.above_hull_eV_per_atom < NEAR_EV]
    if scene.target:
        for product in scene.products:
            ends = np.array([flat(scene.target.place), flat(product.place)])
            axes.plot(*ends.T, color=PRODUCT, linewidth=1.4, linestyle=(0, (4, 2)), zorder=3)
    _dots(axes, scene, near=near)
    low, high = corners.min(axis=0), corners.max(axis=0)
    pad = 0.1 * float((high - low).max())
    axes.set_xlim(low[0] - pad, high[0] + pad)
    axes.set_ylim(low[1] - pad, high[1] + pad)
    axes.set_aspect("equal")
    axes.axis("off")
    _name(axes, _named(scene), span=float((high - low).max() + 2 * pad))


def flat(place: Array) -> Array:
    """A point on the page, (2,): one of the tetrahedron is seen from far away, others are there already."""
    if len(place) == 2:
        return place
    turn, rise = CAMERA
    x, y, z = place - np.array([0.5, np.sqrt(3) / 6, np.sqrt(2 / 3) / 4])
    across = x * np.cos(turn) + y * np.sin(turn)
    away = -x * np.sin(turn) + y * np.cos(turn)
    return np.array([across, z * np.cos(rise) + away * np.sin(rise)])


def _dots(axes: Axes, scene: HullScene, *, near: Sequence[Spot]) -> None:
    if near:
        x, y = _at(near)
        values = [1000 * spot.standing.above_hull_eV_per_atom for spot in near]
        shown = axes.scatter(x, y, c=values, cmap="YlOrRd", vmin=0, vmax=1000 * NEAR_EV, s=18, zorder=4,
                             edgecolors="0.4", linewidths=0.4)  # fmt: skip
        bar = axes.figure.colorbar(shown, ax=axes, shrink=0.45, aspect=28, pad=0.01)
        bar.set_label("above the hull [meV an atom]", fontsize=8)
    x, y = _at(scene.stable)
    axes.scatter(x, y, color=STABLE, s=38, zorder=5, label="stable")
    if scene.products:
        x, y = _at(scene.products)
        axes.scatter(x, y, facecolors="none", edgecolors=PRODUCT, s=150, linewidths=1.8, zorder=6, label="products")
    if scene.target:
        x, y = _at([scene.target])
        name = mathtext(scene.target.standing.phase.formula)
        axes.scatter(x, y, color=TARGET, marker="*", s=220, edgecolors="white", linewidths=0.8, zorder=7, label=name)
    axes.legend(loc="best" if len(scene.elements) == 2 else "upper left", fontsize=8, frameon=False)


def _at(spots: Sequence[Spot]) -> Array:
    """Places on the page, (2, n)."""
    return np.array([flat(spot.place) for spot in spots]).reshape(-1, 2).T


def _named(scene: HullScene) -> list[Spot]:
    """The target, then what is stable, each composition once."""
    found: dict[str, Spot] = {}
    for spot in ([scene.target] if scene.target else []) + list(scene.stable):
        found.setdefault(spot.standing.phase.formula, spot)
    return list(found.values())


def _name(axes: Axes, spots: list[Spot], *, span: float) -> None:
    points = np.array([flat(spot.place) for spot in spots])
    names = [spot.standing.phase.formula for spot in spots]
    sizes = np.array([[LETTER[0] * (len(name) + 1), LETTER[1]] for name in names]) * span
    for point, middle, name in zip(points, place_labels(points, sizes), names, strict=True):
        axes.annotate(
            mathtext(name), point, xytext=middle, ha="center", va="center", fontsize=8.5, zorder=8,
            arrowprops={"arrowstyle": "-", "color": "0.55", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2},
            bbox={"boxstyle": "round,pad=0.08", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
        )  # fmt: skip

"""Phase diagrams of two, three and four elements to turn and point at, as HTML; computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp.cells import Array
from sselmp.report.formulae import html
from sselmp.report.hull_scene import NEAR_EV, HullScene, Spot, hull_scene, verdict
from sselmp.report.pages import write_page
from sselmp.statics.hull import Hull, Stability

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

SCALE = 1.6  # of the tetrahedron in plotly's units
_GAP = float("nan")  # ends a line


def hull_page(hull: Hull, path: Path, *, target: Stability | None, title: str) -> None:
    """A hull whose phases tell their energies when pointed at; a tetrahedron can be turned.

    Args:
        hull: Of two, three or four elements.
        path: HTML to write, whole; it needs no network.
        target: The stability of one of its phases, to be marked.
        title: Above the figure.

    Raises:
        SettingsError: The system has another number of elements.
        RunError: The file cannot be written.
    """
    from plotly import graph_objects as go

    scene = hull_scene(hull, target)
    figure = go.Figure()
    edges = [[a, b] for i, a in enumerate(scene.corners) for b in scene.corners[:i]]
    if len(scene.elements) > 2:
        _lines(figure, edges, name="edges", colour="#444444", width=2.5)
    _lines(figure, scene.ties, name="tie lines", colour="#9fb3c8", width=1.2)
    if scene.target:
        ways = [[scene.target.place, product.place] for product in scene.products]
        _lines(figure, ways, name="decomposition", colour="#e08e0b", width=4)
    small = 0.5 if len(scene.elements) == 4 else 1.0  # a marker in space is drawn larger
    near = [spot for spot in scene.unstable if spot.standing.above_hull_eV_per_atom < NEAR_EV]
    _dots(figure, near, name="above the hull", marker={"color": _distances(near), "size": 6 * small, "cmin": 0,
          "colorscale": "YlOrRd", "cmax": 1000 * NEAR_EV, "colorbar": {"title": "meV an atom", "thickness": 12,
          "len": 0.5}})  # fmt: skip
    _dots(figure, scene.stable, name="stable", marker={"color": "#1f4e79", "size": 8 * small}, named=True)
    _dots(figure, scene.products, name="products", marker={"color": "#e08e0b", "size": 11 * small})
    if scene.target:
        standing = scene.target.standing
        _dots(figure, [scene.target], name=html(standing.phase.formula), named=not standing.stable,
              marker={"color": "#c0392b", "size": 12 * small, "symbol": "diamond"})  # fmt: skip
    _frame(figure, scene)
    words = f"{hull.way}, energies: {hull.reference}" + (f"; {html(verdict(target))}" if target else "")
    write_page(figure, title=html(title), words=words, path=path)


def _distances(spots: Sequence[Spot]) -> list[float]:
    return [round(1000 * spot.standing.above_hull_eV_per_atom, 2) for spot in spots]


def _lines(figure: Figure, ends: object, *, name: str, colour: str, width: float) -> None:
    pairs = np.asarray(ends, dtype=np.float64)
    if not pairs.size:
        return
    dimension = pairs.shape[2]
    joined = np.concatenate([pairs, np.full((len(pairs), 1, dimension), _GAP)], axis=1).reshape(-1, dimension)
    _add(figure, joined, mode="lines", name=name, line={"color": colour, "width": width}, hoverinfo="skip")


def _dots(figure: Figure, spots: Sequence[Spot], *, name: str, marker: dict[str, object], named: bool = False) -> None:
    if not spots:
        return
    formulae = [html(spot.standing.phase.formula) for spot in spots]
    _add(
        figure, np.array([spot.place for spot in spots]), mode="markers+text" if named else "markers", name=name,
        marker=marker, text=formulae if named else None, textposition="top center",
        hovertext=[_told(spot) for spot in spots], hoverinfo="text",
    )  # fmt: skip


def _add(figure: Figure, points: Array, **look: object) -> None:
    x, y, *z = points.round(6).T
    if z:
        figure.add_scatter3d(x=x, y=y, z=z[0], **look)
    else:
        figure.add_scatter(x=x, y=y, **look)


def _told(spot: Spot) -> str:
    standing = spot.standing
    phase = standing.phase
    return (
        f"<b>{html(phase.formula)}</b> {phase.name}<br>formation {standing.formation_eV_per_atom:.4f} eV an atom"
        f"<br>{1000 * standing.above_hull_eV_per_atom:.1f} meV an atom above the hull"
    )


def _frame(figure: Figure, scene: HullScene) -> None:
    hidden = {"visible": False}
    if len(scene.elements) == 4:
        camera = {"eye": {"x": -1.15, "y": -0.61, "z": 0.37}, "projection": {"type": "orthographic"}}
        sides = dict(zip("xyz", (SCALE * scene.corners.max(axis=0)).tolist(), strict=True))
        axes = {"xaxis": hidden, "yaxis": hidden, "zaxis": hidden}
        figure.update_layout(scene={**axes, "aspectmode": "manual", "aspectratio": sides, "camera": camera})
    elif len(scene.elements) == 3:
        figure.update_xaxes(visible=False)
        figure.update_yaxes(visible=False, scaleanchor="x")
    else:
        figure.update_xaxes(title=f"share of {scene.elements[1]}")
        figure.update_yaxes(title="formation energy [eV an atom]")

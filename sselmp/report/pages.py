"""Interactive figures in one HTML file each, which needs no network; computes nothing. The only plotly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import files
from sselmp.report.density_scene import SURFACE_COLOURS, AtomKind, Colour, cell_edges
from sselmp.report.isosurface import Surface
from sselmp.transport.density import Array, Density
from sselmp.transport.rdf import Rdf
from sselmp.transport.van_hove import VanHove

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_GAP = float("nan")  # ends a line


def density_page(
    density: Density, surfaces: Sequence[tuple[float, Surface]], *, atoms: Sequence[AtomKind], words: str, path: Path
) -> None:
    """Isosurfaces that can be turned, each of which and the atoms can be hidden in the legend.

    Args:
        density: The density.
        surfaces: Levels [a₀⁻³] and their surfaces.
        atoms: The framework.
        words: A line or two below the title.
        path: HTML to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    from plotly import graph_objects as go

    edges = cell_edges(density.grid.cell)
    x, y, z = np.concatenate([edges, np.full((len(edges), 1, 3), _GAP)], axis=1).reshape(-1, 3).T
    figure = go.Figure(
        go.Scatter3d(x=x, y=y, z=z, mode="lines", line={"color": "#444", "width": 3}, name="cell", hoverinfo="skip")
    )
    ordered = sorted(surfaces, key=lambda one: -one[0])
    for index, (level, surface) in enumerate(ordered):
        vertices, triangles = surface.vertices.astype(np.float32), surface.triangles.astype(np.int32)
        figure.add_mesh3d(
            x=vertices[:, 0], y=vertices[:, 1], z=vertices[:, 2],
            i=triangles[:, 0], j=triangles[:, 1], k=triangles[:, 2],
            color=_css(SURFACE_COLOURS[index % 4]), opacity=0.4 if 0 < index == len(ordered) - 1 else 1.0,
            name=f"{level:.3g} a₀⁻³", showlegend=True, hoverinfo="name",
            lighting={"ambient": 0.5, "diffuse": 0.7, "specular": 0.25, "roughness": 0.5},
        )  # fmt: skip
    for kind in atoms:
        figure.add_scatter3d(
            x=kind.positions[:, 0], y=kind.positions[:, 1], z=kind.positions[:, 2], mode="markers", name=kind.species,
            marker={"size": 14 * kind.radius_A, "color": _css(kind.colour)},
        )  # fmt: skip
    hidden = {"visible": False}
    figure.update_layout(
        scene={"xaxis": hidden, "yaxis": hidden, "zaxis": hidden, "aspectmode": "data"},
        scene_camera={"projection": {"type": "orthographic"}},
    )
    write_page(figure, title=f"density of {density.species}", words=words, path=path)


def van_hove_page(found: VanHove, *, words: str, path: Path) -> None:
    """Maps of both parts over time and distance.

    Args:
        found: The van Hove functions.
        words: A line below the title.
        path: HTML to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    from plotly.subplots import make_subplots

    titles = ("4πr² G<sub>s</sub>(r, t) [Å⁻¹]", "G<sub>d</sub>(r, t)")
    figure = make_subplots(rows=1, cols=2, subplot_titles=titles, horizontal_spacing=0.14)
    for column, (values, most) in enumerate(((found.radial_self, 1.0), (found.distinct_part, 4.0)), start=1):
        figure.add_heatmap(
            x=found.lags_ps, y=found.radii.middles_A, z=_short(values.T), zmin=0, zmax=most, colorscale="Turbo",
            colorbar={"x": 0.44 if column == 1 else 1.01, "thickness": 12}, row=1, col=column,
            hovertemplate="t = %{x:.3g} ps<br>r = %{y:.3g} Å<br>%{z:.3g}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="t [ps]")
    figure.update_yaxes(title="r [Å]")
    write_page(figure, title=f"van Hove functions of {found.species}", words=words, path=path)


def rdf_page(found: Sequence[Rdf], *, words: str, path: Path) -> None:
    """Radial distributions and running coordination numbers of all pairs.

    Args:
        found: The distributions.
        words: A line below the title.
        path: HTML to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=2, subplot_titles=("g(r)", "coordination number"))
    colours = ("#1f4e79", "#c0392b", "#2e8b57", "#b8860b", "#6a3d9a", "#444444")
    for index, one in enumerate(found):
        name, colour = f"{one.centre}–{one.partner}", {"color": colours[index % len(colours)]}
        group = {"legendgroup": name, "line": colour, "mode": "lines"}
        figure.add_scatter(x=one.radii.middles_A, y=_short(one.g), name=name, row=1, col=1, **group)
        ends, counts = one.radii.edges_A[1:], _short(one.coordination)
        figure.add_scatter(x=ends, y=counts, name=name, showlegend=False, row=1, col=2, **group)
    figure.update_xaxes(title="r [Å]")
    highest = max((one.coordination[len(one.coordination) // 2] for one in found), default=1.0)
    figure.update_yaxes(range=[0, max(4.0, 1.1 * float(highest))], row=1, col=2)
    write_page(figure, title="radial distribution", words=words, path=path)


def write_page(figure: Figure, *, title: str, words: str, path: Path) -> None:
    """Write a figure as one HTML file with all that it needs, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure.update_layout(
        title={"text": f"<b>{title}</b><br><sup>{words}</sup>", "x": 0.02}, template="plotly_white",
        legend={"itemsizing": "constant"}, margin={"l": 60, "r": 30, "t": 90, "b": 50},
    )  # fmt: skip
    files.write_text(path, figure.to_html(include_plotlyjs=True, full_html=True, config={"displaylogo": False}))


def _short(values: Array) -> Array:
    """Four digits are more than a screen shows."""
    return values.astype(np.float32).round(4)  # type: ignore[return-value]


def _css(colour: Colour) -> str:
    red, green, blue = (round(255 * part) for part in colour)
    return f"rgb({red},{green},{blue})"

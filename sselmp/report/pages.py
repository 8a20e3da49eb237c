"""Interactive figures in one HTML file each, which needs no network; computes nothing. The only plotly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import files
from sselmp.cells import Array
from sselmp.files import Json
from sselmp.transport.rdf import Rdf
from sselmp.transport.run_comparison import Comparison
from sselmp.transport.van_hove import VanHove

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


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
    _write(figure, title=f"van Hove functions of {found.species}", words=words, path=path)


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
    _write(figure, title="radial distribution", words=words, path=path)


def comparison_page(found: Sequence[Comparison], *, names: tuple[str, str], path: Path) -> None:
    """Both runs' van Hove functions and occupancies with the scatter of their blocks, and how far they are apart.

    Args:
        found: Of ``compare_runs``.
        names: Of the two runs.
        path: HTML to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    from plotly.subplots import make_subplots

    shown = [one for one in found if one.difference.measure == "divergence"]
    curves = [one for one in shown if one.what != "density"]
    titles = ("divergence, and what noise alone shows", *(one.what for one in curves))
    figure = make_subplots(rows=2, cols=2, subplot_titles=titles, horizontal_spacing=0.16, vertical_spacing=0.18)
    what = [one.what.partition(" at ")[0] for one in shown]
    for name, colour, values in (
        ("as measured", "#3d405b", [one.difference.value for one in shown]),
        ("noise alone", "#c9ced6", [one.difference.noise for one in shown]),
        ("halves of one run", "#e3d5b8", [one.difference.split_half for one in shown]),
    ):
        figure.add_bar(x=values, y=what, orientation="h", name=name, marker_color=colour, row=1, col=1)
    figure.update_xaxes(title="Jensen–Shannon divergence [bit]", type="log", row=1, col=1)
    for place, one in enumerate(curves, start=1):
        row, column = place // 2 + 1, place % 2 + 1
        for name, colour, blocks in ((names[0], "#2a7fba", one.first), (names[1], "#d1495b", one.second)):
            shares = blocks / blocks.mean(axis=0).sum()
            middle, error = shares.mean(axis=0), shares.std(axis=0, ddof=1) / np.sqrt(len(shares))
            x, inside = np.arange(len(middle)) + 1.0, np.ones(len(middle), dtype=bool)
            if one.at_A is not None:
                x, inside = one.at_A, np.isfinite(one.at_A)
            figure.add_scatter(
                x=x[inside], y=_digits(middle[inside]), name=name, showlegend=place == 1, legendgroup=name,
                mode="lines" if one.at_A is not None else "markers", line={"color": colour},
                error_y={"array": _digits(error[inside]), "thickness": 1, "width": 2}, row=row, col=column,
            )  # fmt: skip
        title = "site of the unit cell" if one.at_A is None else "r [Å]"
        figure.update_xaxes(title=title, row=row, col=column)
        figure.update_yaxes(title="share of the ions" if "distinct" not in one.what else "share", row=row, col=column)
    figure.update_layout(barmode="group", height=860)
    figure.update_yaxes(autorange="reversed", row=1, col=1)
    legend = {"orientation": "h", "y": -0.12}
    _write(
        figure,
        title="two runs compared",
        words=f"{names[0]} and {names[1]}; errors from blocks of time",
        path=path,
        legend=legend,
    )


def _write(figure: Figure, *, title: str, words: str, path: Path, legend: Json | None = None) -> None:
    figure.update_layout(
        title={"text": f"<b>{title}</b><br><sup>{words}</sup>", "x": 0.02}, template="plotly_white",
        legend={"itemsizing": "constant"} | (legend or {}), margin={"l": 60, "r": 30, "t": 90, "b": 50},
    )  # fmt: skip
    files.write_text(path, figure.to_html(include_plotlyjs=True, full_html=True, config={"displaylogo": False}))


def _short(values: Array) -> Array:
    """Four digits are more than a screen shows."""
    return values.astype(np.float32).round(4)  # type: ignore[return-value]


def _digits(values: Array) -> list[float]:
    """Four significant digits."""
    return [float(f"{value:.4g}") for value in values]

"""Pictures of van Hove functions and of radial distributions; computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp.report.canvas import new_figure, save
from sselmp.transport.rdf import Array, Rdf
from sselmp.transport.van_hove import VanHove

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#1f4e79", "#c0392b", "#2e8b57", "#b8860b", "#6a3d9a", "#444444")
_SELF_MOST, _DISTINCT_MOST = 1.0, 4.0  # ends of the colour bars as in published maps, so that maps can be compared


def draw_van_hove(found: VanHove, *, words: str, path: Path) -> None:
    """Draw 4πr² G_s and G_d as maps over time and distance, and below each some times as curves.

    Args:
        found: The van Hove functions.
        words: A line that goes with the figure.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = new_figure(9.6, 7.2)
    maps, curves = figure.subplots(2, 2, height_ratios=(3, 2))
    parts = (
        (found.radial_self, _SELF_MOST, "$4\\pi r^2 G_s(r,t)$ [Å$^{-1}$]"),
        (found.distinct_part, _DISTINCT_MOST, "$G_d(r,t)$"),
    )
    for axes, below, (values, most, name) in zip(maps, curves, parts, strict=True):
        mesh = axes.pcolormesh(
            _edges(found.lags_ps), found.radii.edges_A, values.T, cmap="turbo", vmin=0.0, vmax=most, rasterized=True
        )
        axes.set_xlim(0.0, found.lags_ps[-1])
        axes.set_xlabel("t [ps]")
        axes.set_ylabel("r [Å]")
        figure.colorbar(mesh, ax=axes, extend="max" if values.max() > most else "neither").set_label(name)
        _draw_times(below, found, values=values, name=name)
    curves[1].axhline(1.0, color="0.6", linewidth=0.8, linestyle="--")
    curves[1].set_ylim(0.0, min(1.15 * found.distinct_part[:, found.radii.middles_A > 0.5].max(initial=1.5), 8.0))
    curves[0].set_ylim(0.0, 1.1 * found.radial_self[1:].max(initial=0.1))
    curves[0].legend(frameon=False, fontsize=8.5, title="t", title_fontsize=8.5)
    figure.suptitle(f"van Hove functions of {found.species}", fontsize=11, fontweight="bold")
    figure.supxlabel(words, fontsize=8, color="0.35")
    save(figure, path)


def draw_rdf(found: Sequence[Rdf], *, words: str, path: Path) -> None:
    """Draw radial distributions and running coordination numbers, each pair in a colour of its own.

    Args:
        found: The distributions.
        words: A line that goes with the figure.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = new_figure(9.6, 4.3)
    left, right = figure.subplots(1, 2)
    for index, one in enumerate(found):
        colour, name = _COLOURS[index % len(_COLOURS)], f"{one.centre}–{one.partner}"
        left.plot(one.radii.middles_A, one.g, color=colour, linewidth=1.3, label=name)
        right.plot(one.radii.edges_A[1:], one.coordination, color=colour, linewidth=1.3, label=name)
        shell = one.first_shell
        if shell is not None:
            right.plot(shell.end_A, shell.coordination, "o", color=colour, markersize=4.5)
            right.annotate(
                f"{shell.coordination:.2g}", (shell.end_A, shell.coordination), color=colour, fontsize=8.5,
                xytext=(5, -9), textcoords="offset points",
            )  # fmt: skip
    left.axhline(1.0, color="0.6", linewidth=0.8, linestyle="--")
    left.set_ylabel("g(r)")
    left.set_ylim(0.0)
    right.set_ylabel("coordination number n(r)")
    shells = [one.first_shell.coordination for one in found if one.first_shell is not None]
    right.set_ylim(0.0, max(4.0, 3.0 * max(shells, default=4.0)))
    for axes in (left, right):
        axes.set_xlabel("r [Å]")
        axes.set_xlim(0.0, max(one.radii.edges_A[-1] for one in found))
    left.legend(frameon=False, fontsize=9)
    figure.suptitle("radial distribution", fontsize=11, fontweight="bold")
    figure.supxlabel(words, fontsize=8, color="0.35")
    save(figure, path)


def _draw_times(axes: Axes, found: VanHove, *, values: Array, name: str) -> None:
    """Curves at the shortest lag and at a few longer ones."""
    from matplotlib import colormaps

    last = len(found.lags_ps) - 1
    chosen = np.unique(np.array([1, last / 8, last / 4, last / 2, last]).round().astype(int).clip(0, last))
    for place, lag in zip(np.linspace(0.0, 0.85, len(chosen)), chosen, strict=True):
        label = f"{found.lags_ps[lag]:.3g} ps"
        axes.plot(found.radii.middles_A, values[lag], color=colormaps["viridis"](place), linewidth=1.3, label=label)
    axes.set_xlim(0.0, found.radii.edges_A[-1])
    axes.set_xlabel("r [Å]")
    axes.set_ylabel(name)


def _edges(centres: Array) -> Array:
    """Edges between evenly or unevenly spaced centres."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middles = (centres[1:] + centres[:-1]) / 2.0
    return np.concatenate([[centres[0] - (middles[0] - centres[0])], middles, [centres[-1] * 2.0 - middles[-1]]])

"""Figures of hops: the network in the unit cell, residence times, rates, and rates over temperatures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import files, units
from sselmp.cells import Array
from sselmp.report.hop_report import HopReport
from sselmp.report.jump_picture import BETWEEN, OTHER, WITHIN, Lines, Picture, picture_of
from sselmp.transport.arrhenius import Refusal
from sselmp.transport.barriers import Barrier
from sselmp.transport.counting import Rate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {WITHIN: "#2a7fba", BETWEEN: "#d1495b", OTHER: "#6b7280"}
_CENTRE, _SITE = "#e9b44c", "#3d405b"
_ELEVATION, _AZIMUTH = 14.0, -66.0  # degrees
_BINS = 24


def draw_hops(report: HopReport, path: Path) -> None:
    """Draw the network of hops in the unit cell, the residence times, and the rates of each kind of hop.

    Args:
        report: What was found.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = figure_of(10.4, 5.6)
    grid = figure.add_gridspec(2, 2, width_ratios=[1.25, 1.0], height_ratios=[1.25, 1.0])
    _draw_network(figure.add_subplot(grid[:, 0]), picture_of(report))
    _draw_residences(figure.add_subplot(grid[0, 1]), report)
    _draw_rates(figure.add_subplot(grid[1, 1]), report)
    visits = report.analysis.visits
    figure.suptitle(
        f"{report.mobile} hops in {report.system} with {report.potential}, {report.temperature_K:g} K, "
        f"{visits.duration_ps:.3g} ps",
        fontsize=11,
        fontweight="bold",
    )
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="png")


def figure_of(width: float, height: float) -> Figure:
    """A figure of its own, in no registry, rendered without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _seen(points: Array) -> Array:
    """Points as the viewer has them: to the right, up, and towards the viewer; (..., 3) [Å]."""
    up, around = np.radians([_ELEVATION, _AZIMUTH])
    towards = np.array([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)])
    right = np.array([-np.sin(around), np.cos(around), 0.0])
    return np.asarray(points @ np.stack([right, np.cross(towards, right), towards], axis=1))


def _draw_network(axes: Axes, picture: Picture) -> None:
    """Lines and points from the farthest to the nearest, the far ones paler; a line's width is its share of hops."""
    from itertools import product

    corners = _seen(np.array(list(product((0, 1), repeat=3))) @ picture.cell)
    depth = (corners[:, 2].min(), np.ptp(corners[:, 2]))
    _draw_cell(axes, picture.cell)
    for lines in picture.lines:
        _draw_lines(axes, lines, most=picture.most, depth=depth)
    sites = _seen(picture.sites)
    axes.scatter(
        sites[:, 0], sites[:, 1], s=22 + 30 * np.clip(picture.occupancy, 0, 1.5), c=_SITE, edgecolors="white",
        linewidths=0.7, zorder=None, alpha=0.9,
    ).set_zorder(4)  # fmt: skip
    if len(picture.centres):
        centres = _seen(picture.centres)
        axes.scatter(centres[:, 0], centres[:, 1], s=170, c=_CENTRE, edgecolors="#8a6414", linewidths=0.9, zorder=3)
        axes.plot(
            [], [], "o", color=_CENTRE, markeredgecolor="#8a6414", markersize=10, label=f"free {picture.centre_name}"
        )
    axes.plot([], [], "o", color=_SITE, markersize=6, label="site")
    for lines in picture.lines:
        label = f"{lines.name}: {int(lines.counts.sum())}"
        axes.plot([], [], color=COLOURS[lines.name], linewidth=2.5, label=label)
    axes.legend(frameon=False, fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=4)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _draw_cell(axes: Axes, cell: Array) -> None:
    """The twelve edges of the cell, and the names of its axes."""
    for axis in range(3):
        others = [other for other in range(3) if other != axis]
        for one in (0, 1):
            for two in (0, 1):
                start = one * cell[others[0]] + two * cell[others[1]]
                ends = _seen(np.array([start, start + cell[axis]]))
                axes.plot(ends[:, 0], ends[:, 1], color="0.72", linewidth=0.9, zorder=0)
        tip = _seen(cell[axis] * (1 + 0.6 / np.linalg.norm(cell[axis])))
        axes.text(tip[0], tip[1], "abc"[axis], fontsize=10, style="italic", ha="center", va="center", color="0.35")


def _draw_lines(axes: Axes, lines: Lines, *, most: int, depth: tuple[float, float]) -> None:
    from matplotlib.colors import to_rgb

    seen = _seen(lines.ends)
    nearness = np.clip((seen[:, :, 2].mean(axis=1) - depth[0]) / depth[1], 0.0, 1.0)
    widths = 0.8 + 3.2 * np.sqrt(lines.counts / most)
    colour = np.array(to_rgb(COLOURS[lines.name]))
    for at in np.argsort(nearness):
        pale = 0.55 * (1 - nearness[at])
        shade = tuple((colour * (1 - pale) + pale).tolist())
        order = 1.0 + float(nearness[at])
        axes.plot(*seen[at, :, :2].T, color=shade, linewidth=widths[at], solid_capstyle="round", zorder=order)


def _draw_residences(axes: Axes, report: HopReport) -> None:
    """Histograms of the completed visits to each kind of site, and the exponential of the same mean."""
    stays = [stay for stay in report.analysis.residences if len(stay.completed_ps)]
    axes.set_xlabel("time on a site [ps]")
    axes.set_ylabel("visits per ps")
    if not stays:
        axes.text(0.5, 0.5, "no visit began and ended within the run", ha="center", transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    longest = max(float(stay.completed_ps.max()) for stay in stays)
    spacing = report.analysis.visits.spacing_ps
    step = spacing * max(1, round(longest / _BINS / spacing))
    edges = np.arange(0.0, longest + 1.5 * step, step) + 0.5 * spacing
    from matplotlib import colormaps

    for stay, colour in zip(stays, colormaps["viridis"](np.linspace(0.25, 0.8, len(stays))), strict=True):
        counts, _ = np.histogram(stay.completed_ps, bins=edges)
        label = f"{stay.label}: mean stay {stay.mean_ps:.3g} ps"
        axes.bar(edges[:-1], counts / step, width=step, align="edge", color=colour, alpha=0.65, label=label)
        middles = 0.5 * (edges[1:] + edges[:-1])
        # of stays of a length t, the share that begins and ends within the run of a length T is 1 - t/T
        whole = stay.leaving.count * np.clip(1.0 - middles / report.analysis.visits.duration_ps, 0.0, None)
        axes.plot(middles, whole * np.exp(-middles / stay.mean_ps) / stay.mean_ps, color=colour, linewidth=1.4)
    axes.set_yscale("log")
    bottom = 0.5 / step
    axes.set_ylim(bottom, None)
    axes.legend(frameon=False, fontsize=8.5, title="line: as expected of exponential stays", title_fontsize=8)


def _draw_rates(axes: Axes, report: HopReport) -> None:
    """Rates per ion with their 95 % intervals; of cages where there are cages, else of kinds."""
    found = report.analysis
    rows: list[tuple[str, Rate, str]] = []
    if found.cages is not None:
        rows += [(WITHIN, found.cages.within, COLOURS[WITHIN]), (BETWEEN, found.cages.between, COLOURS[BETWEEN])]
    else:
        rows += [(f"{kind.origin} → {kind.target}", kind.rate, COLOURS[OTHER]) for kind in found.kinds[:8]]
    rows = rows or [("hops", found.total, COLOURS[OTHER])]
    for height, (name, rate, colour) in enumerate(reversed(rows)):
        low, high = rate.interval_95.low, rate.interval_95.high
        if rate.count:
            errors = [[rate.per_ps - low], [high - rate.per_ps]]
            axes.errorbar([rate.per_ps], [height], xerr=errors, fmt="o", color=colour, capsize=4, markersize=7)
        else:
            axes.errorbar(
                [high], [height], xerr=[[0.6 * high], [0.0]], fmt="|", xuplims=True, color=colour, markersize=12
            )
        words = f"{name}: {rate.count}" if rate.count else f"{name}: none (95 % limit)"
        axes.annotate(words, (0.02, height), xycoords=("axes fraction", "data"), xytext=(0, 9),
                      textcoords="offset points", fontsize=8.5, color=colour)  # fmt: skip
    axes.set_xscale("log")
    ends = np.array(
        [(max(rate.interval_95.low, 0.1 * rate.interval_95.high), rate.interval_95.high) for _, rate, _ in rows]
    )
    axes.set_xlim(float(ends.min()) / 4, float(ends.max()) * 2)
    axes.set_ylim(-0.5, len(rows) - 0.2)
    axes.set_yticks([])
    per = "ion there" if found.cages is None and found.kinds else "ion"
    axes.set_xlabel(f"rate per {per} [1/ps], 95 % interval")


def draw_rates_over_temperatures(
    reports: Sequence[HopReport], barriers: Mapping[str, Barrier | Refusal], *, path: Path
) -> None:  # fmt: skip
    """Draw the rates of hops against 1000/T with 95 % intervals, limits where nothing hopped, and the fitted laws.

    Args:
        reports: Runs at several temperatures.
        barriers: By the names of the classes of hops (``WITHIN``, ``BETWEEN``, or ``OTHER`` for all).
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = figure_of(6.4, 4.8)
    axes = figure.subplots()
    axes.set_yscale("log")
    series: dict[str, list[tuple[float, Rate]]] = {}
    for report in reports:
        found = report.analysis
        named = (
            {OTHER: found.total} if found.cages is None else {WITHIN: found.cages.within, BETWEEN: found.cages.between}
        )
        for name, rate in named.items():
            series.setdefault(name, []).append((report.temperature_K, rate))
    for name, points in series.items():
        colour, law = COLOURS[name], barriers.get(name)
        label = name if name != OTHER else "all hops"
        if isinstance(law, Barrier):
            label += f": {law.barrier_eV:.2f} ± {law.error_eV:.2f} eV"
            kelvin = np.linspace(min(law.temperatures_K), max(law.temperatures_K), 50)
            rates = law.attempts_per_ps * np.exp(-law.barrier_eV / (units.BOLTZMANN_EV_PER_K * kelvin))
            axes.plot(1000.0 / kelvin, rates, color=colour, linewidth=1.2, alpha=0.7)
        axes.errorbar([], [], fmt="o", color=colour, capsize=3, label=label)
        for at, rate in points:
            x, high = 1000.0 / at, rate.interval_95.high
            if rate.count:
                errors = [[rate.per_ps - rate.interval_95.low], [high - rate.per_ps]]
                axes.errorbar([x], [rate.per_ps], yerr=errors, fmt="o", color=colour, capsize=3)
            else:
                axes.errorbar([x], [high], yerr=[[0.5 * high], [0.0]], uplims=True, color=colour, capsize=3, marker="_")
    axes.set_xlabel("1000 K / T")
    axes.set_ylabel(f"hops of a {reports[0].mobile} ion [1/ps], 95 % interval")
    kelvins = sorted({report.temperature_K for report in reports})
    above = axes.twiny()
    above.set_xlim(axes.get_xlim())
    above.set_xticks([1000.0 / one for one in kelvins], [f"{one:g} K" for one in kelvins], fontsize=9)
    axes.legend(frameon=False, fontsize=9)
    figure.suptitle(f"{reports[0].system} with {reports[0].potential}", fontsize=11, fontweight="bold")
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="png")

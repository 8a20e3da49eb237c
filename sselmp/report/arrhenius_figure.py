"""The Arrhenius figure of a report drawn into a file; fits nothing and holds no global state."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import units
from sselmp.report import canvas
from sselmp.report.arrhenius_document import curve_kelvins, drawn_alternative
from sselmp.report.transport_document import digits
from sselmp.report.transport_report import TransportReport
from sselmp.transport.analysis import TransportResult
from sselmp.transport.arrhenius import ArrheniusFit, Refusal, extrapolate
from sselmp.transport.curvature import Alternative
from sselmp.transport.msd import Array
from sselmp.transport.study import TemperatureTransport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CM2 = units.A2_PER_PS_IN_CM2_PER_S
_INK, _LAW, _BAND, _OTHER, _CHARGE = "#16202b", "#1f4e79", "#7fa8d1", "#c2571a", "#3c7d4f"
_ROUND_KELVINS = (3000, 2000, 1500, 1200, 1000, 900, 800, 700, 600, 500, 450, 400, 350, 300, 275, 250, 225, 200, 150)
_NAMES = {"curved": "bent line", "vtf": "VTF law", "hinge": "two lines that meet", "step": "line with a jump"}
_ARROW = 0.42  # length of a bound's arrow in decades
_BESIDE = 0.012  # of 1000/T: how far D of the charge stands to the right of that of the ions


def draw_arrhenius(report: TransportReport, path: Path) -> None:
    """Draw D against 1000/T: intervals, bounds as arrows, the law with its bands, what is preferred to it, σ wanted.

    The line is solid where there are points and dashed where it extrapolates; where the data speak against it, it is
    drawn thin, without bands, and only along the points, beside the law that they prefer.

    Args:
        report: What was found.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = canvas.new_figure(6.4, 5.0)
    axes = figure.subplots()
    axes.set_yscale("log")
    result = report.result
    heights = [height for at in reversed(result.temperatures) for height in _draw_temperature(axes, at, result=result)]
    if isinstance(result.arrhenius, ArrheniusFit):
        heights += _draw_law(axes, result.arrhenius, extrapolate_to_K=result.extrapolate_to_K)
    heights += _draw_extrapolation(axes, result)
    _frame(axes, result, heights=heights)
    _say(axes, result)
    canvas.title(figure, report)
    canvas.save(figure, path)


def _draw_temperature(axes: Axes, at: TemperatureTransport, *, result: TransportResult) -> list[float]:
    """Draw a point with its intervals, or a bound; returns the heights that must be seen [cm²/s]."""
    x, found = 1000.0 / at.temperature_K, at.assessment
    melted = isinstance(result.arrhenius, ArrheniusFit) and at.temperature_K in result.arrhenius.melted_K
    if found.verdict.diffusive and (fit := found.diffusivity) is not None:
        D = fit.D * _CM2
        for interval, width in ((fit.interval_95, 0.9), (fit.interval_68, 2.6)):
            low, high = max(interval.low * _CM2, D / 100.0), interval.high * _CM2
            axes.plot([x, x], [low, high], color=_INK, linewidth=width, solid_capstyle="butt", zorder=4)
        label = "framework melted: not fitted" if melted else "D (bars: 68 and 95 %)"
        face = "white" if melted else _INK
        axes.plot([x], [D], "o", color=_INK, markerfacecolor=face, markersize=5.5, zorder=5, label=_once(axes, label))
        own = [max(fit.interval_95.low * _CM2, D / 10.0), min(fit.interval_95.high * _CM2, 10.0 * D)]
        return own + _draw_charge(axes, at, x=x)
    if found.verdict.upper_bound is None:
        return []
    bound = found.verdict.upper_bound * _CM2
    foot = bound * 10.0**-_ARROW
    axes.annotate("", (x, foot), (x, bound), arrowprops={"arrowstyle": "-|>", "color": _INK, "lw": 1.3, "shrinkA": 0})
    axes.plot(
        [x], [bound], marker="_", color=_INK, markersize=12, markeredgewidth=1.8, linestyle="none", zorder=5,
        label=_once(axes, "upper bound, 95 %"),
    )  # fmt: skip
    return [bound, foot]


def _draw_charge(axes: Axes, at: TemperatureTransport, *, x: float) -> list[float]:
    """Draw D of the charge, where it is resolved, beside that of the ions: their distance is the Haven ratio."""
    charge = at.charge_diffusivity
    if charge is None or at.collective is None:
        return []
    D, beside = charge.D * _CM2, x + _BESIDE
    low, high = max(charge.interval_95.low * _CM2, D / 100.0), charge.interval_95.high * _CM2
    axes.plot([beside, beside], [low, high], color=_CHARGE, linewidth=0.9, zorder=3)
    axes.plot(
        [beside], [D], "s", color=_CHARGE, markerfacecolor="white", markersize=4.5, zorder=4, linestyle="none",
        label=_once(axes, "D of the charge, 95 %"),
    )  # fmt: skip
    return [max(low, D / 10.0), min(high, 10.0 * D)]


def _draw_law(axes: Axes, fit: ArrheniusFit, *, extrapolate_to_K: float) -> list[float]:
    """Draw the line, its bands and a preferred alternative; returns the heights that must be seen [cm²/s]."""
    kelvins = [point.temperature_K for point in fit.points]
    inside = 1.0 / np.linspace(1.0 / max(kelvins), 1.0 / min(kelvins), 240)
    if fit.fault is not None:
        axes.plot(1000.0 / inside, _straight(fit, inside), color=_LAW, linewidth=0.9, label="line: does not hold")
        beyond = np.array([kelvins[0], *(bound.temperature_K for bound in fit.broken_bounds)])
        axes.plot(1000.0 / beyond, _straight(fit, beyond), color=_LAW, linewidth=0.9, linestyle=(0, (4, 3)))
        best = drawn_alternative(fit)
        return [] if best is None else _draw_alternative(axes, best, kelvins=inside)
    everywhere = np.array(curve_kelvins(fit, extrapolate_to_K))
    law = [extrapolate(fit, float(kelvin)) for kelvin in everywhere]
    for probability, alpha in ((95, 0.25), (68, 0.45)):
        edges = np.array(
            [
                (there.interval_95.low, there.interval_95.high)
                if probability == 95
                else (there.interval_68.low, there.interval_68.high)
                for there in law
            ]
        )
        axes.fill_between(
            1000.0 / everywhere, edges[:, 0] * _CM2, edges[:, 1] * _CM2, color=_BAND, alpha=alpha, linewidth=0,
            label=f"law, {probability} %",
        )  # fmt: skip
    D = _straight(fit, everywhere)
    axes.plot(1000.0 / everywhere, D, color=_LAW, linewidth=1.3, linestyle=(0, (4, 3)))
    axes.plot(1000.0 / inside, _straight(fit, inside), color=_LAW, linewidth=1.9)
    return [float(D.min()), float(D.max())]


def _straight(fit: ArrheniusFit, kelvins: Array) -> Array:
    """The line's D at temperatures [cm²/s]."""
    ln_D = fit.ln_D0 - fit.Ea_eV / (units.BOLTZMANN_EV_PER_K * kelvins)
    return np.asarray(np.exp(ln_D) * _CM2)


def _draw_alternative(axes: Axes, best: Alternative, *, kelvins: Array) -> list[float]:
    D = np.exp(best.ln_D(kelvins)) * _CM2
    name = f"preferred: {_NAMES.get(best.shape, 'two lines with a jump')}"
    axes.plot(1000.0 / kelvins, D, color=_OTHER, linewidth=1.2, linestyle=(0, (6, 2, 1, 2)), label=name, zorder=3)
    return [float(np.nanmin(D)), float(np.nanmax(D))]


def _draw_extrapolation(axes: Axes, result: TransportResult) -> list[float]:
    """Draw the point asked for; returns the heights of its 95 % interval [cm²/s]."""
    if isinstance(result.extrapolated, Refusal):
        return []
    there = result.extrapolated.extrapolation
    x, D, low, high = 1000.0 / there.temperature_K, there.D, there.interval_95.low, there.interval_95.high
    axes.plot([x, x], [low * _CM2, high * _CM2], color=_LAW, linewidth=0.9, zorder=5)
    axes.plot(
        [x], [D * _CM2], "D", markersize=6, markerfacecolor="white", color=_LAW, zorder=6,
        label=f"extrapolated to {there.temperature_K:g} K, 95 %", linestyle="none",
    )  # fmt: skip
    return [low * _CM2, high * _CM2]


def _frame(axes: Axes, result: TransportResult, *, heights: Sequence[float]) -> None:
    """Limits, labels, the axis in kelvins and the legend."""
    kelvins = [at.temperature_K for at in result.temperatures]
    if not isinstance(result.extrapolated, Refusal):
        kelvins.append(result.extrapolate_to_K)
    left, right = 1000.0 / max(kelvins), 1000.0 / min(kelvins)
    margin = 0.06 * (right - left) + 0.02
    axes.set_xlim(left - margin, right + margin)
    if heights:
        low, high = math.log10(min(heights)), math.log10(max(heights))
        room = max(high - low, 1.0)
        axes.set_ylim(10.0 ** (low - 0.30 * room), 10.0 ** (high + 0.12 * room))
    else:
        axes.set_yticks([])
    axes.set_xlabel("1000 K / T")
    axes.set_ylabel(f"D of {result.mobile_species} [cm²/s]")
    axes.grid(visible=True, which="major", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    _temperature_axis(axes)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8.5, loc="upper right", handlelength=1.8, labelspacing=0.35)


def _temperature_axis(axes: Axes) -> None:
    """Kelvins along the top, round ones that do not crowd."""
    left, right = axes.get_xlim()
    top = axes.secondary_xaxis("top", functions=(lambda x: x, lambda x: x))
    chosen: list[int] = []
    for kelvin in _ROUND_KELVINS:
        x = 1000.0 / kelvin
        if left <= x <= right and (not chosen or x - 1000.0 / chosen[-1] > 0.075 * (right - left)):
            chosen.append(kelvin)
    top.set_xticks([1000.0 / kelvin for kelvin in chosen], [f"{kelvin}" for kelvin in chosen])
    top.minorticks_off()
    top.tick_params(direction="in", labelsize=9)
    top.set_xlabel("T [K]")


def _say(axes: Axes, result: TransportResult) -> None:
    """The numbers, or why there are none, in the lower left corner."""
    lines = []
    if isinstance(result.arrhenius, ArrheniusFit) and result.arrhenius.fault is None:
        lines.append(f"$E_a$ = {result.arrhenius.Ea_eV:.3f} ± {result.arrhenius.Ea_error_eV:.3f} eV")
    if isinstance(result.extrapolated, Refusal):
        reason = "\n".join(textwrap.wrap(result.extrapolated.reason.replace(" K", "\u00a0K"), 62))
        lines.append(f"No value at {result.extrapolate_to_K:g} K:\n{reason}")
    else:
        found = result.extrapolated.conductivity
        sigma, low, high = (
            digits(value * units.S_PER_M_IN_MS_PER_CM)
            for value in (found.sigma_S_per_m, found.interval_95.low, found.interval_95.high)
        )
        lines.append(f"σ({found.temperature_K:g} K) = {sigma} mS/cm\n(95 %: {low} to {high} mS/cm)")
    box = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 2.0}
    axes.text(0.03, 0.035, "\n".join(lines), transform=axes.transAxes, fontsize=8.5, va="bottom", zorder=7, bbox=box)


def _once(axes: Axes, label: str) -> str | None:
    """A label for the legend, the first time only."""
    return None if label in axes.get_legend_handles_labels()[1] else label

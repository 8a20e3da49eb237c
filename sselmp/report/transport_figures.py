"""Figures of transport results (MSD, Arrhenius) drawn into files; computes no physics and holds no global state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import files, units
from sselmp.report.transport_document import band, digits, kept_lags
from sselmp.report.transport_report import TransportReport
from sselmp.transport.analysis import TemperatureTransport
from sselmp.transport.arrhenius import ArrheniusFit, Refusal, extrapolate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Colour = tuple[float, float, float, float]

_CM2 = units.A2_PER_PS_IN_CM2_PER_S
_LINE, _BAND = "#1f4e79", "#7fa8d1"
_DECADES_DRAWN = 4.0  # an interval may reach farther than this beyond the points; the axis does not


def draw_msd(report: TransportReport, path: Path) -> None:
    """Draw the MSD of the mobile species at every temperature, linear and logarithmic, with error bands and fits.

    Args:
        report: What was found.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = _figure(12.8, 4.3)
    linear, logarithmic, local = figure.subplots(1, 3)
    temperatures = report.result.temperatures
    for at, colour in zip(temperatures, _colours(len(temperatures)), strict=True):
        _draw_curve(linear, at, colour=colour, label=True)
        _draw_curve(logarithmic, at, colour=colour, label=False)
        _draw_exponent(local, at, colour=colour)
    ends = [at.assessment.diffusivity.window_ps[1] for at in temperatures if at.assessment.diffusivity is not None]
    if ends:
        linear.set_xlim(0.0, 1.6 * max(ends))
        _fit_height(linear)
    logarithmic.set_xscale("log")
    logarithmic.set_yscale("log")
    _draw_hop(logarithmic, report)
    _draw_slope_one(logarithmic)
    for axes in (linear, logarithmic):
        axes.set_xlabel("time lag [ps]")
        axes.set_ylabel(f"mean squared displacement of {report.result.mobile_species} [Å²]")
    _finish_exponents(local)
    linear.plot([], [], color="black", linewidth=2.2, label="fit (dotted: not diffusive)")
    linear.legend(frameon=False, fontsize=8.5, loc="upper left")
    _title(figure, report)
    _save(figure, path)


def draw_arrhenius(report: TransportReport, path: Path) -> None:
    """Draw D against 1000/T: errors, the law with its 68 and 95 % bands, upper bounds as arrows, the extrapolation.

    Args:
        report: What was found.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = _figure(6.4, 5.0)
    axes = figure.subplots()
    axes.set_yscale("log")
    result = report.result
    for at in result.temperatures:
        _draw_temperature(axes, at)
    kelvins = [at.temperature_K for at in result.temperatures] + [result.extrapolate_to_K]
    span = 1000.0 / np.array([max(kelvins), min(kelvins)])
    margin = 0.06 * (span[1] - span[0]) + 0.02
    axes.set_xlim(span[0] - margin, span[1] + margin)
    drawn = [height for at in result.temperatures for height in _heights(at)]
    if isinstance(result.arrhenius, ArrheniusFit):
        drawn += _draw_law(axes, result.arrhenius)
    if not isinstance(result.extrapolated, Refusal):
        drawn += _draw_extrapolation(axes, report)
    if drawn:
        axes.set_ylim(*_limits(drawn))
    else:
        axes.set_yticks([])
    axes.set_xlabel("1000 K / T")
    axes.set_ylabel(f"D of {result.mobile_species} [cm²/s]")
    _temperature_axis(axes)
    _say(axes, report)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=8.5, loc="upper right")
    _title(figure, report)
    _save(figure, path)


def _figure(width: float, height: float) -> Figure:
    """A figure of its own, in no registry, rendered without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width, height), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    for axes in figure.axes:
        axes.tick_params(which="both", direction="in", labelsize=9)
        for side in axes.spines.values():
            side.set_linewidth(0.8)
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="png")


def _title(figure: Figure, report: TransportReport) -> None:
    figure.suptitle(f"{report.system} with {report.potential}", fontsize=11, fontweight="bold")
    if report.notice:
        figure.supxlabel(report.notice, fontsize=7.5, color="0.35")


def _colours(count: int) -> list[Colour]:
    """From dark (cold) to bright (hot)."""
    from matplotlib import colormaps

    return [colormaps["plasma"](x) for x in (np.linspace(0.0, 0.82, count) if count > 1 else [0.3])]


def _draw_curve(axes: Axes, at: TemperatureTransport, *, colour: Colour, label: bool) -> None:
    found = at.assessment
    lags = kept_lags(len(found.msd.lags_ps))
    fit = found.diffusivity
    columns = ["xyz".index(axis) for axis in (fit.axes if fit else "xyz")]
    times, values = found.msd.lags_ps[lags], found.msd.axes[lags][:, columns].sum(axis=1)
    word = "" if found.verdict.diffusive else f", {found.verdict.kind}"
    name = f"{at.temperature_K:g} K{word}" if label else None
    axes.plot(times[1:], values[1:], color=colour, linewidth=1.3, label=name)
    if fit is None:
        return
    errors, middle = band(found, lags)[1:], values[1:]
    low = np.maximum(middle - errors, 1e-3 * middle)
    axes.fill_between(times[1:], low, middle + errors, color=colour, alpha=0.2, lw=0)
    window = np.linspace(*fit.window_ps, 40)
    line = fit.intercept_A2 + 2 * len(fit.axes) * fit.D * window
    axes.plot(window, line, color="black", linewidth=2.2, linestyle="-" if found.verdict.diffusive else ":")


def _draw_exponent(axes: Axes, at: TemperatureTransport, *, colour: Colour) -> None:
    """The local exponent, and where the diffusive regime starts."""
    shape, onset = at.assessment.shape, at.assessment.onset
    axes.plot(shape.lags_ps, shape.exponent, color=colour, linewidth=1.3, marker="o", markersize=3)
    if onset is not None:
        start = onset.scale * float(at.assessment.msd.lags_ps[1])
        axes.axvline(start, color=colour, linewidth=1.0, linestyle="-" if at.assessment.verdict.diffusive else ":")


def _finish_exponents(axes: Axes) -> None:
    axes.axhline(1.0, color="0.45", linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_ylim(-0.1, 2.1)
    axes.set_xlabel("time lag [ps]")
    axes.set_ylabel("local exponent d ln MSD / d ln t (verticals: start of the fit)")


def _fit_height(axes: Axes) -> None:
    """Scale the height to what is within the width."""
    right = axes.get_xlim()[1]
    tops = [np.asarray(line.get_ydata())[np.asarray(line.get_xdata()) <= right] for line in axes.get_lines()]
    highest = max((float(top.max()) for top in tops if top.size), default=1.0)
    axes.set_ylim(0.0, 1.35 * highest)


def _draw_hop(axes: Axes, report: TransportReport) -> None:
    length = report.result.temperatures[0].assessment.verdict.hop_length_A
    axes.axhline(length**2, color="0.45", linewidth=0.8, linestyle="--")
    axes.annotate(
        f"one hop of {length:g} Å", (0.015, length**2), xycoords=("axes fraction", "data"), fontsize=8, color="0.35",
        xytext=(0, 3), textcoords="offset points", bbox={"facecolor": "white", "alpha": 0.7, "lw": 0, "pad": 0.5},
    )  # fmt: skip


def _draw_slope_one(axes: Axes) -> None:
    """A line of exponent one, to compare with, in the lower right corner."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    start, end = left * (right / left) ** 0.74, left * (right / left) ** 0.92
    low = 0.6 * bottom * start / end
    axes.set_ylim(0.7 * low, top)
    axes.plot([start, end], [low, low * end / start], color="0.45", linewidth=1.0)
    axes.annotate(
        "∝ t", (end, low * end / start), fontsize=8.5, color="0.35", ha="right", va="bottom",
        xytext=(-2, 3), textcoords="offset points",
    )  # fmt: skip


def _draw_temperature(axes: Axes, at: TemperatureTransport) -> None:
    x, found = 1000.0 / at.temperature_K, at.assessment
    if found.verdict.diffusive and found.diffusivity is not None:
        D, (low, high) = found.diffusivity.D, (found.diffusivity.interval_68.low, found.diffusivity.interval_68.high)
        below = min(D - low, 0.99 * D)
        axes.errorbar(
            [x], [D * _CM2], yerr=[[below * _CM2], [(high - D) * _CM2]], fmt="o", color=_LINE, markersize=5.5,
            capsize=3, zorder=5, label=_once(axes, "D, 68 % interval"),
        )  # fmt: skip
    elif found.verdict.upper_bound is not None:
        bound = found.verdict.upper_bound * _CM2
        axes.plot([x], [bound], marker="_", color="#b03a2e", markersize=13, markeredgewidth=1.6, linestyle="none",
                  zorder=5, label=_once(axes, "not diffusive: 95 % upper bound"))  # fmt: skip
        axes.annotate(
            "",
            (x, bound / 2.2),
            (x, bound),
            arrowprops={"arrowstyle": "->", "color": "#b03a2e", "lw": 1.4, "shrinkA": 0},
        )


def _heights(at: TemperatureTransport) -> list[float]:
    """What the axis must show of a temperature [cm²/s]; of an interval, a decade at most."""
    found = at.assessment
    if found.verdict.diffusive and found.diffusivity is not None:
        D, interval = found.diffusivity.D, found.diffusivity.interval_68
        return [max(interval.low, D / 10.0) * _CM2, min(interval.high, D * 10.0) * _CM2]
    bound = found.verdict.upper_bound
    return [] if bound is None else [bound * _CM2, bound * _CM2 / 2.2]


def _draw_law(axes: Axes, fit: ArrheniusFit) -> list[float]:
    """Draw the line and its bands; returns the heights at the line's ends."""
    inverse = np.linspace(*axes.get_xlim(), 200)
    law = [extrapolate(fit, 1000.0 / x) for x in inverse]
    for name, alpha in (("interval_95", 0.22), ("interval_68", 0.4)):
        edges = np.array([(getattr(there, name).low, getattr(there, name).high) for there in law]) * _CM2
        label = f"{name[-2:]} % interval of the law"
        axes.fill_between(inverse, edges[:, 0], edges[:, 1], color=_BAND, alpha=alpha, linewidth=0, label=label)
    D = np.array([there.D for there in law]) * _CM2
    axes.plot(inverse, D, color=_LINE, linewidth=1.4)
    return [float(D[0]), float(D[-1])]


def _draw_extrapolation(axes: Axes, report: TransportReport) -> list[float]:
    """Draw the extrapolated point; returns the heights of its 95 % interval."""
    if isinstance(report.result.extrapolated, Refusal):
        return []
    there = report.result.extrapolated.extrapolation
    D, low, high = (value * _CM2 for value in (there.D, there.interval_95.low, there.interval_95.high))
    axes.errorbar(
        [1000.0 / there.temperature_K], [D], yerr=[[D - low], [high - D]] if np.isfinite(high) else None, fmt="D",
        markerfacecolor="white", color=_LINE, markersize=6, capsize=3, zorder=5,
        label=f"extrapolated to {there.temperature_K:g} K, 95 %",
    )  # fmt: skip
    reach = 10.0**_DECADES_DRAWN
    return [max(low, D / reach), min(high, D * reach)]


def _once(axes: Axes, label: str) -> str:
    """The label the first time, an underscore (no entry in the legend) after that."""
    return "_" if label in axes.get_legend_handles_labels()[1] else label


def _limits(heights: list[float]) -> tuple[float, float]:
    """Limits of the axis with room for the words below and the legend above."""
    low, high = min(heights), max(heights)
    room = max((high / low) ** 0.12, 3.0)
    return low / room**1.5, high * room**1.5


def _temperature_axis(axes: Axes) -> None:
    """Kelvins along the top, round ones that do not crowd."""
    right = axes.get_xlim()[1]
    top = axes.secondary_xaxis("top", functions=(lambda x: x, lambda x: x))
    chosen: list[int] = []
    for kelvin in (2000, 1500, 1200, 1000, 900, 800, 700, 600, 500, 400, 350, 300, 250, 200):
        x = 1000.0 / kelvin
        spread = 0.07 * (right - axes.get_xlim()[0])
        if axes.get_xlim()[0] <= x <= right and (not chosen or x - 1000.0 / chosen[-1] > spread):
            chosen.append(kelvin)
    top.set_xticks([1000.0 / kelvin for kelvin in chosen], [f"{kelvin}" for kelvin in chosen])
    top.minorticks_off()
    top.tick_params(direction="in", labelsize=9)
    top.set_xlabel("T [K]")


def _say(axes: Axes, report: TransportReport) -> None:
    """The numbers, or why there are none, in the lower left corner."""
    result, lines = report.result, []
    if isinstance(result.arrhenius, ArrheniusFit):
        lines.append(f"$E_a$ = {result.arrhenius.Ea_eV:.3f} ± {result.arrhenius.Ea_error_eV:.3f} eV")
    if isinstance(result.extrapolated, Refusal):
        reason = result.extrapolated.reason
        lines.append(f"No value at {result.extrapolate_to_K:g} K:\n{_wrapped(reason)}")
    else:
        found = result.extrapolated.conductivity
        sigma, low, high = (
            value * units.S_PER_M_IN_MS_PER_CM
            for value in (found.sigma_S_per_m, found.interval_95.low, found.interval_95.high)
        )
        lines.append(f"σ({found.temperature_K:g} K) = {digits(sigma)} mS/cm\n(95 %: {digits(low)} to {digits(high)})")
    axes.text(0.03, 0.04, "\n".join(lines), transform=axes.transAxes, fontsize=9, va="bottom", zorder=6)


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 60))

"""The MSD figure of a report drawn into a file; computes no physics and holds no global state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp.report import canvas
from sselmp.report.transport_document import band, kept_lags, reference_words
from sselmp.report.transport_report import TransportReport
from sselmp.transport.method import Method
from sselmp.transport.study import TemperatureTransport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Colour = tuple[float, float, float, float]


def draw_msd(report: TransportReport, path: Path) -> None:
    """Draw the MSD of the mobile species at every temperature, linear and logarithmic, with error bands and fits.

    Args:
        report: What was found.
        path: PNG to write, whole.

    Raises:
        RunError: The file cannot be written.
    """
    figure = canvas.new_figure(12.8, 4.3)
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
    linear.set_title(reference_words(report.result.method), fontsize=8.5, color="0.35", loc="right")
    _finish_exponents(local, report.result.method)
    linear.plot([], [], color="black", linewidth=2.2, label="fit (dotted: not diffusive)")
    linear.legend(frameon=False, fontsize=8.5, loc="upper left")
    canvas.title(figure, report)
    canvas.save(figure, path)


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


def _finish_exponents(axes: Axes, method: Method) -> None:
    axes.axhline(1.0, color="0.45", linewidth=0.8, linestyle="--")
    axes.set_xscale("log")
    axes.set_ylim(-0.1, 2.1)
    axes.set_xlabel("time lag [ps]")
    axes.set_ylabel("local exponent d ln MSD / d ln t")
    source = "given" if method.start_ps is not None else "found from the data"
    axes.set_title(f"verticals: start of the fit, {source}", fontsize=8.5, color="0.35", loc="right")


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

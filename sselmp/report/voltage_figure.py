"""Uptake of ions against voltage, with the phases that are stable there, as PNG; computes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sselmp.report.canvas import new_figure, save
from sselmp.report.formulae import mathtext, wrapped
from sselmp.statics.voltage import Stage, VoltageProfile

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NARROW = 0.03  # of the range of voltages: the number of a narrower stage stands to its left, below the stairs
LINE, WINDOW, NEUTRAL = "#1f4e79", "#2e8b57", "#e08e0b"


def draw_voltage(profile: VoltageProfile, path: Path, *, title: str) -> None:
    """Draw a staircase: what one formula unit has taken up at each voltage; stages are numbered and listed below.

    Args:
        profile: Of ``voltage_profile``.
        path: PNG to write, whole.
        title: Above the figure.

    Raises:
        RunError: The file cannot be written.
    """
    stages = profile.stages
    figure = new_figure(7.4, 4.6 + 0.2 * len(stages))
    axes, below = figure.subplots(2, 1, height_ratios=[4.2, 0.22 * (len(stages) + 1)])
    _stairs(axes, profile)
    formula = profile.target.phase.formula
    axes.set_xlabel(f"voltage against {profile.element} [V]", fontsize=9)
    axes.set_ylabel(mathtext(f"{profile.element} taken up by one {formula}"), fontsize=9)
    axes.set_xlim(0.0, profile.highest_V)
    axes.margins(y=0.14)
    below.axis("off")
    for row, stage in enumerate(stages):
        below.text(0.0, 1 - (row + 0.6) / (len(stages) + 0.2), _listed(row + 1, stage), fontsize=8,
                   transform=below.transAxes, va="center")  # fmt: skip
    figure.suptitle(mathtext(title), fontsize=11, fontweight="bold")
    figure.supxlabel(wrapped(sentence(profile)), fontsize=8.5, color="0.3")
    save(figure, path)


def _stairs(axes: Axes, profile: VoltageProfile) -> None:
    stages = profile.stages
    axes.axhline(0.0, color="0.75", linewidth=0.8, zorder=0)
    shaded = profile.window_V or profile.neutral_V
    if shaded:
        axes.axvspan(*shaded, color=WINDOW if profile.window_V else NEUTRAL, alpha=0.15, linewidth=0, zorder=0)
    voltages = [volt for stage in stages for volt in (stage.high_V, stage.low_V)]
    uptakes = [stage.uptake for stage in stages for _ in range(2)]
    axes.plot(voltages, uptakes, color=LINE, linewidth=2, zorder=2)
    for number, stage in enumerate(stages, start=1):
        narrow = stage.high_V - stage.low_V < NARROW * profile.highest_V
        axes.annotate(
            str(number), ((stage.low_V + stage.high_V) / 2, stage.uptake), xytext=(-13, 2) if narrow else (0, 9),
            textcoords="offset points",
            ha="center", va="center", fontsize=8, color=LINE,
            bbox={"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": LINE, "linewidth": 0.7},
        )  # fmt: skip
    for step in profile.steps:
        axes.axvline(step.voltage_V, color="0.8", linewidth=0.6, linestyle=":", zorder=0)


def _listed(number: int, stage: Stage) -> str:
    phases = ", ".join(
        ("" if abs(part.formula_units - 1) < 1e-5 else f"{part.formula_units:.3g} ") + mathtext(part.phase.formula)
        for part in stage.mixture.parts
    )
    return f"{number}   {stage.low_V:.2f} to {stage.high_V:.2f} V   {stage.uptake:+.3g}   {phases}"


def sentence(profile: VoltageProfile) -> str:
    """What the profile says of the phase's stability, in a sentence."""
    formula, element = profile.target.phase.formula, profile.element
    if profile.window_V:
        low, high = profile.window_V
        end = f"{high:.2f} V" if high < profile.highest_V else f"{high:.2f} V or more"
        return f"{formula} is stable from {low:.2f} to {end} against {element}"
    if not profile.target.stable:
        least = f"{1000 * profile.least_released_eV_per_atom:.0f} meV an atom at {profile.least_released_V:.2f} V"
        neutral = profile.neutral_V
        between = f", without {element} from {neutral[0]:.2f} to {neutral[1]:.2f} V" if neutral else ""
        return f"{formula} is metastable: it decomposes at every voltage{between}; least gain {least}"
    return f"{formula} is stable at no voltage from 0 to {profile.highest_V:g} V against {element}"

"""The figure of migration barriers: the energy along the path of each hop; finds no path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sselmp.report.barrier_tables import curve, named_height
from sselmp.report.canvas import new_figure, save
from sselmp.statics.barriers import Barriers
from sselmp.statics.hops import PathPoint
from sselmp.statics.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2")


def draw_barriers(record: Record, found: Barriers, *, path: Path) -> None:
    """Draw the profiles of all hops, whole; paths that did not converge are dashed, grey, and said to be so.

    Raises:
        RunError: The file cannot be written.
    """
    figure = new_figure(6.4, 4.4)
    axes = figure.add_subplot()
    drawn = [hop for hop in found.hops if hop.profile]
    for place, hop in enumerate(drawn):
        colour, style = (COLOURS[place % len(COLOURS)], "-") if hop.saddle is not None else ("0.6", "--")
        _profile(axes, hop.profile, colour=colour, style=style, name=named_height(found, hop))
    if not drawn:
        axes.text(0.5, 0.5, "no path was found", ha="center", va="center", transform=axes.transAxes)
    axes.axhline(0.0, color="0.8", lw=0.8, zorder=0)
    axes.set_xlabel("distance along the path, over all atoms [Å]")
    axes.set_ylabel("energy above the first end [eV]")
    if drawn:
        axes.set_ylim(top=axes.get_ylim()[1] * (1.0 + 0.09 * len(drawn)))
        axes.legend(fontsize=7.5, frameon=False, loc="upper left")
    figure.suptitle(f"{found.element} in {record.structure} with {record.potential}", fontsize=10, fontweight="bold")
    figure.supxlabel(_ways(found), fontsize=8.5)
    save(figure, path)


def _profile(axes: Axes, profile: tuple[PathPoint, ...], *, colour: str, style: str, name: str) -> None:
    distances, energies = curve(profile)
    axes.plot(distances, energies, style, color=colour, lw=1.3, label=name)
    axes.plot([p.distance_A for p in profile], [p.energy_eV for p in profile], "o", ms=3.5, color=colour)


def _ways(found: Barriers) -> str:
    ways = ", ".join(f"{one.barrier_eV:.3f} eV in {one.dimension}D (hop {one.hop})" for one in found.passages)
    return f"through the crystal: {ways}" if ways else "no way through the crystal"

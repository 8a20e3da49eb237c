"""An empty figure, its title and its saving, the same for every figure; draws no data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sselmp import files
from sselmp.report.transport_report import TransportReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> Figure:
    """A figure of its own, in no registry, rendered without a display.

    Args:
        width: [inches].
        height: [inches].
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(width, height), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a PNG, whole, with ticks and frames alike in all figures.

    Raises:
        RunError: The file cannot be written.
    """
    for axes in figure.axes:
        axes.tick_params(which="both", direction="in", labelsize=9)
        for side in axes.spines.values():
            side.set_linewidth(0.8)
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="png")


def title(figure: Figure, report: TransportReport) -> None:
    """Put the system and the potential above, and a notice below."""
    figure.suptitle(f"{report.system} with {report.potential}", fontsize=11, fontweight="bold")
    if report.notice:
        figure.supxlabel(report.notice, fontsize=7.5, color="0.35")

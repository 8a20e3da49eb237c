"""The comparison of two runs as one figure: each difference beside what noise alone would show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sselmp import files
from sselmp.report.hop_figures import figure_of
from sselmp.transport.run_comparison import Comparison

_YES, _NO, _NOISE = "#d1495b", "#6b7280", "#c9ced6"


def draw_comparison(found: Sequence[Comparison], path: Path, *, names: tuple[str, str]) -> None:
    """Draw divergences with the noise expected and the interval of what is beyond it, and shifts of occupancies.

    Args:
        found: Of ``compare_runs``.
        path: PNG to write, whole.
        names: Of the two runs.

    Raises:
        RunError: The file cannot be written.
    """
    groups = [
        ("Jensen–Shannon divergence [bit]", [one for one in found if one.difference.measure == "divergence"]),
        ("shift of occupancy [ions a site]", [one for one in found if one.unit == "ions a site"]),
        ("shift of the rate of hops [1/ps]", [one for one in found if one.unit == "1/ps"]),
    ]
    groups = [(label, rows) for label, rows in groups if rows]
    figure = figure_of(7.6, 1.5 + 0.62 * sum(len(rows) + 1 for _, rows in groups))
    heights = [len(rows) + 1.0 for _, rows in groups]
    panels = np.atleast_1d(figure.subplots(len(groups), 1, height_ratios=heights))
    for axes, (label, rows) in zip(panels, groups, strict=True):
        divergence = label.startswith("Jensen")
        for height, one in enumerate(reversed(rows)):
            difference = one.difference
            colour = _YES if difference.differs else _NO
            noise = difference.noise if divergence else 0.0
            if divergence:
                axes.barh(height, max(difference.split_half, noise), height=0.55, color="#e9ebee", zorder=0)
                axes.barh(height, noise, height=0.55, color=_NOISE, zorder=1)
            low, high = difference.interval_95.low + noise, difference.interval_95.high + noise
            axes.plot(
                [max(low, 1e-9) if divergence else low, high], [height, height], color=colour, linewidth=2, zorder=3
            )
            axes.plot(difference.value, height, "o", color=colour, markersize=7, zorder=4)
            word = "differs" if difference.differs else "not judged" if difference.remembers else "as noise"
            axes.annotate(f"{word}, p = {difference.chance:.2g}", (1.01, height), xycoords=("axes fraction", "data"),
                          fontsize=8.5, va="center", color=colour, annotation_clip=False)  # fmt: skip
        axes.set_yticks(range(len(rows)), [one.what for one in reversed(rows)], fontsize=9)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel(label, fontsize=9)
        if divergence:
            axes.set_xscale("log")
            least = min(min(one.difference.noise, one.difference.value) for one in rows)
            axes.set_xlim(max(least, 1e-9) / 3.0, None)
        else:
            axes.axvline(0.0, color="0.6", linewidth=0.9)
    figure.suptitle(f"{names[0]}\nand {names[1]}", fontsize=10, fontweight="bold")
    figure.supxlabel(
        "point: as measured, line: 95 % interval; dark bar: noise alone, light bar: between the halves of one run",
        fontsize=8, color="0.35",
    )  # fmt: skip
    with files.whole(path) as temporary:
        figure.savefig(temporary, format="png")

"""A density as one page that turns in a browser, its level on a slider, with nothing to fetch; computes no density."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from sselmp import layout
from sselmp.files import Json
from sselmp.report.density_scene import SURFACE_COLOURS, AtomKind
from sselmp.report.turning_page import filled
from sselmp.transport.density import Array, Density
from sselmp.transport.percolation import Percolation

MOST_POINTS = 1_000_000  # beyond which a browser takes long to follow the slider


def page(
    density: Density, percolation: Percolation, *, levels: Sequence[float], atoms: Sequence[AtomKind], words: str
) -> str:
    """An HTML page with the density itself, whose surface is found in the browser at whatever level is chosen.

    Args:
        density: The density; on more than a million points it is shown on fewer.
        percolation: Where it connects.
        levels: What was asked to be drawn [a₀⁻³]: the highest on the slider, lower ones translucent around it.
        atoms: The framework.
        words: What is said of the run.
    """
    values = _coarser(density.values)
    highest = float(values.max())
    lowest = max(min(density.one_count, highest / 1e3), highest / 1e6, np.finfo(float).tiny)
    logarithms = np.log(np.maximum(values, lowest) / lowest) / np.log(highest / lowest)
    connections: list[Json] = []
    for one in percolation.dimensions:
        if one is not None and lowest < one.level < highest:
            if connections and connections[-1]["level"] == one.level:
                connections.pop()
            connections.append({"level": one.level, "dimensions": one.dimensions})
    data: Json = {
        "title": f"Density of {density.species}",
        "words": words,
        "species": density.species,
        "cell": density.grid.cell.round(5).tolist(),
        "shape": list(values.shape),
        "lowest": lowest,
        "highest": highest,
        "values": base64.b64encode(np.round(logarithms * 65535).astype("<u2").tobytes()).decode(),
        "levels": sorted((float(one) for one in levels), reverse=True),
        "connections": connections,
        "colours": [list(one) for one in SURFACE_COLOURS],
        "atoms": [
            {
                "species": kind.species,
                "colour": [round(one, 3) for one in kind.colour],
                "radius": round(kind.radius_A, 3),
                "positions": kind.positions.round(3).tolist(),
            }
            for kind in atoms
        ],
    }
    return filled(layout.density_page(), data)


def _coarser(values: Array) -> Array:
    """The same between fewer points, where there are too many."""
    factor = (values.size / MOST_POINTS) ** (1 / 3)
    if factor <= 1.0:
        return values
    from scipy.ndimage import map_coordinates

    shape = [max(2, int(points / factor)) for points in values.shape]
    axes = [np.arange(new) * (old / new) for new, old in zip(shape, values.shape, strict=True)]
    return np.asarray(map_coordinates(values, np.meshgrid(*axes, indexing="ij"), order=1, mode="grid-wrap"))

"""Places for labels beside points so that they hide neither points nor each other; draws nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sselmp.cells import Array

DIRECTIONS = 16
RINGS = (1.0, 1.7, 2.6, 3.8)  # in heights of a label


def place_labels(points: Array, sizes: Array, *, first: Sequence[int] = ()) -> Array:
    """Choose the middle of each label, near its point.

    One label after another takes that place, of some round its point, which overlaps least with the labels before it
    and with all points; nearer places are preferred.

    Args:
        points: (n, 2) in units of the page.
        sizes: (n, 2) width and height of each label, in the same units.
        first: Indices of labels that choose before the others.

    Returns:
        (n, 2) middles of the labels.
    """
    order = [*first, *(i for i in range(len(points)) if i not in set(first))]
    middles = np.array(points, dtype=np.float64)
    placed: list[int] = []
    angles = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS + np.pi / 2
    for i in order:
        width, height = sizes[i]
        choices = [
            points[i] + [np.cos(a) * (0.5 * width + ring * height * 0.6), np.sin(a) * ring * height * 1.1]
            for ring in RINGS
            for a in angles
        ]
        costs = [
            _hidden(choice, i, middles=middles, sizes=sizes, points=points, placed=placed) + 0.02 * (k // DIRECTIONS)
            for k, choice in enumerate(choices)
        ]
        middles[i] = choices[int(np.argmin(costs))]
        placed.append(i)
    return middles


def _hidden(choice: Array, own: int, *, middles: Array, sizes: Array, points: Array, placed: Sequence[int]) -> float:
    """Overlap of a label with those that have their place, in its own areas, and a tenth for each point below it."""
    half = sizes[own] / 2
    cost = 0.1 * float(np.sum(np.all(np.abs(points - choice) < half + sizes[own, 1] * 0.2, axis=1)))
    if placed:
        others = list(placed)
        reach = np.minimum(choice + half, middles[others] + sizes[others] / 2) - np.maximum(
            choice - half, middles[others] - sizes[others] / 2
        )
        cost += float(np.sum(np.prod(np.maximum(reach, 0.0), axis=1)) / np.prod(sizes[own]))
    return cost

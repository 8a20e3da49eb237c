"""Sites from a density: its maxima on a periodic grid; makes no density."""

from __future__ import annotations

import numpy as np

from sselmp.cells import Array
from sselmp.errors import TrajectoryError
from sselmp.transport.sites import images_within

LEAST_SHARE = 0.1  # of the highest maximum; lower ones are tails and passing ions
LEAST_APART_A = 1.5  # of two maxima nearer than this, the higher one is the site
CENTRE_A = 0.6  # a maximum's place is the mean of the density this near to its highest point


def density_maxima(
    values: Array, *, cell: Array, least_share: float = LEAST_SHARE, least_apart_A: float = LEAST_APART_A
) -> Array:
    """Places of the maxima of a density that is smooth on the scale of the grid (broaden a raw count first).

    A point is a maximum if none of its 26 neighbours is higher.

    Args:
        values: (n0, n1, n2) density at fractional coordinates i/n, in any unit.
        cell: (3, 3) rows of the cell [Å].
        least_share: Lowest maximum, as a share of the highest.
        least_apart_A: Shortest distance of two maxima [Å]; the higher one stays.

    Returns:
        (M, 3) fractional coordinates, the highest maximum first.

    Raises:
        TrajectoryError: The density is nowhere above zero, or a number in it is not finite.
    """
    from scipy import ndimage

    if not np.isfinite(values).all() or not values.max() > 0:
        raise TrajectoryError("a density has no maximum where it is nowhere above zero", got=f"{values.shape} points")
    shape = np.array(values.shape)
    peaks = (values == ndimage.maximum_filter(values, size=3, mode="wrap")) & (values >= least_share * values.max())
    found = np.argwhere(peaks)
    found = found[np.argsort(-values[tuple(found.T)], kind="stable")]
    places: list[Array] = []
    for index in found:
        at = index / shape
        if places and _distances(np.array(places) - at, cell).min() < least_apart_A:
            continue
        places.append(_centre(values, at, cell=cell))
    return np.array(places) % 1.0


def _centre(values: Array, at: Array, *, cell: Array) -> Array:
    """Mean place of the density within 0.6 Å of a maximum, (3,) fractional."""
    shape = np.array(values.shape)
    steps = np.maximum(1, np.ceil(CENTRE_A / np.linalg.norm(cell / shape[:, None], axis=1)).astype(int))
    around = np.array(np.meshgrid(*(np.arange(-s, s + 1) for s in steps), indexing="ij")).reshape(3, -1).T
    away = around / shape
    near = np.linalg.norm(away @ cell, axis=1) <= CENTRE_A
    index = (np.rint(at * shape).astype(int) + around[near]) % shape
    weights = values[tuple(index.T)]
    return np.asarray(at + weights @ away[near] / weights.sum())


def _distances(away: Array, cell: Array) -> Array:
    """Lengths of the shortest images of fractional differences, (M,) [Å], where those are shorter than 1.5 Å."""
    points, index = images_within(away, cell, reach=2.0 * LEAST_APART_A)
    lengths = np.linalg.norm(points, axis=1)
    shortest = np.full(len(away), np.inf)
    np.minimum.at(shortest, index, lengths)
    return shortest

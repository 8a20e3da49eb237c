"""How far hops are from a random walk: jumps back, the correlation factor, hops at once; knows no rates' errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sselmp.transport.counting import rate_of
from sselmp.transport.hops import Hops
from sselmp.transport.intervals import Interval
from sselmp.transport.sites import Sites, images_within
from sselmp.transport.visits import Visits

NEAR_A = 5.0  # hops of different ions whose new sites are this near to each other count as neighbours
AT_ONCE_PS = 0.5  # hops this near in time count as simultaneous: a few vibrations of a light cation


@dataclass(frozen=True)
class HopCorrelation:
    """Memory in the hops of single ions.

    Attributes:
        pairs: Pairs of consecutive hops of one ion.
        back_probability: Share of hops that the same ion's next hop undoes.
        back_expected: The same for a walk without memory that takes every exit seen equally often.
        mean_length_A: Root mean square length of a hop [Å].
        factor: Correlation factor f = sum |R|² / sum a² over the ions, with R an ion's displacement from its first site
            to its last and a the lengths of its hops; 1 for a walk without memory, 0 for ions that stay in a cage.
        factor_error: Its standard error by the jackknife over ions.
    """

    pairs: int
    back_probability: float
    back_expected: float
    mean_length_A: float
    factor: float
    factor_error: float


@dataclass(frozen=True)
class Simultaneity:
    """Pairs of hops of different ions that are near in time and place, beside what chance would give.

    Attributes:
        window_ps: Largest time between the two [ps].
        near_A: Largest distance between the sites entered [Å].
        seen: Number of pairs.
        expected: Number for ions that hop as often and to the same sites at times of their own.
        ratio: Seen over expected.
        interval_95: Of the ratio, from the scatter of the pairs over blocks of time.
    """

    window_ps: float
    near_A: float
    seen: int
    expected: float
    ratio: float
    interval_95: Interval


def correlation_of(hops: Hops, sites: Sites) -> HopCorrelation | None:
    """Jumps back and the correlation factor; None where no ion hopped."""
    if not len(hops):
        return None
    follows = np.flatnonzero(hops.ion[1:] == hops.ion[:-1])
    back = (hops.target[follows + 1] == hops.origin[follows]) & (
        hops.image[follows + 1] + hops.image[follows] == 0
    ).all(axis=1)
    edges = np.unique(np.column_stack([hops.origin, hops.target, hops.image]), axis=0)
    exits = np.bincount(edges[:, 0], minlength=len(sites))
    vectors = hops.vectors(sites)
    ions, index = np.unique(hops.ion, return_inverse=True)
    ends = np.column_stack([np.bincount(index, weights=vectors[:, axis]) for axis in range(3)])
    squared, lengths = (ends**2).sum(axis=1), np.bincount(index, weights=(vectors**2).sum(axis=1))
    factor = float(squared.sum() / lengths.sum())
    error = float("inf")
    if len(ions) > 1:
        left_out = (squared.sum() - squared) / (lengths.sum() - lengths)
        error = float(np.sqrt((len(ions) - 1) / len(ions) * ((left_out - left_out.mean()) ** 2).sum()))
    return HopCorrelation(
        pairs=len(follows),
        back_probability=float(back.mean()) if len(follows) else 0.0,
        back_expected=float((1.0 / exits[hops.origin[follows + 1]]).mean()) if len(follows) else 0.0,
        mean_length_A=float(np.sqrt((vectors**2).sum(axis=1).mean())),
        factor=factor,
        factor_error=error,
    )


def simultaneity(
    hops: Hops, visits: Visits, *, window_ps: float = AT_ONCE_PS, near_A: float = NEAR_A
) -> Simultaneity | None:
    """Count pairs of neighbouring hops within a window of time, and what independent times would give.

    For hops at times of their own, any two of a run of F frames are within w frames of each other with a probability of
    ((2w + 1) F - w(w + 1))/F²; the number of pairs of different ions at sites near each other is known. Not valid where
    the temperature or the structure changes in the course of the run: hops then bunch together without knowing of each
    other.

    Returns:
        None where chance would give no pair.
    """
    frames, window = visits.frames, round(window_ps / visits.spacing_ps)
    window = min(max(window, 0), frames - 1)
    near = _near(visits.sites, near_A)
    order = np.argsort(hops.frame, kind="stable")
    ion, frame, site = hops.ion[order], hops.frame[order], hops.target[order]
    at: list[np.ndarray] = []
    for lag in range(1, len(frame)):
        close = np.flatnonzero(frame[lag:] - frame[:-lag] <= window)
        if not close.size:
            break
        pair = (ion[close] != ion[close + lag]) & near[site[close], site[close + lag]]
        at.append(frame[close[pair]])
    seen = np.concatenate(at) if at else np.zeros(0, dtype=np.int64)
    chance = ((2 * window + 1) * frames - window * (window + 1)) / frames**2
    expected = 0.5 * chance * _pairs(hops, visits, near=near)
    if not expected > 0:
        return None
    rate = rate_of(seen, of_frames=frames, exposure_ps=expected)
    return Simultaneity(
        window_ps=window * visits.spacing_ps,
        near_A=near_A,
        seen=len(seen),
        expected=expected,
        ratio=rate.per_ps,
        interval_95=rate.interval_95,
    )


def _near(sites: Sites, reach_A: float) -> np.ndarray:
    """(S, S) whether two sites, or images of them, are within reach of each other; each is of itself."""
    from scipy.spatial import cKDTree

    points, index = images_within(sites.fractional, sites.cell, reach=reach_A)
    near = np.zeros((len(sites), len(sites)), dtype=bool)
    for number, found in enumerate(cKDTree(points).query_ball_point(sites.positions, reach_A)):
        near[number, index[found]] = True
    return near


def _pairs(hops: Hops, visits: Visits, *, near: np.ndarray) -> float:
    """Ordered pairs of hops of different ions to sites near each other, whenever they were."""
    counts = np.zeros((visits.ions, len(visits.sites)))
    np.add.at(counts, (hops.ion, hops.target), 1.0)
    total = counts.sum(axis=0)
    return float(total @ near @ total - (counts @ near * counts).sum())

"""Rates of counted events with intervals that know of bursts, from counts in blocks of time; knows nothing of hops."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.errors import TrajectoryError
from sselmp.transport.intervals import Interval, poisson_upper, student_quantile

BLOCKS = 20


@dataclass(frozen=True)
class Rate:
    """How often something happens.

    Attributes:
        count: Events seen.
        exposure_ps: Time in which they could happen, summed over what could do it [ps].
        per_ps: Events per exposure [1/ps].
        error: Standard error [1/ps]; of no event, that of one.
        interval_95: [1/ps]; from zero where nothing happened.
        dispersion: Variance over mean of the counts in blocks, at least 1: how much events come in bursts.
    """

    count: int
    exposure_ps: float
    per_ps: float
    error: float
    interval_95: Interval
    dispersion: float

    @property
    def degrees_of_freedom(self) -> float:
        """Of the error: those of the blocks where events come in bursts, else as for a Poisson count."""
        return BLOCKS - 1.0 if self.dispersion > 1.0 else math.inf


def rate_of(frames: NDArray[np.int64], *, of_frames: int, exposure_ps: float, blocks: int = BLOCKS) -> Rate:
    """Rate of events that happen in some frames of a run.

    Independent events have Poisson's error, the root of their number. Hops do not: an ion that has hopped often hops
    back, and neighbours follow each other. The counts in blocks of time tell: their variance over their mean, the
    dispersion φ, is 1 for independent events. The interval is Garwood's for N/φ events, times φ (quasi-likelihood:
    McCullagh and Nelder, Generalized Linear Models (1989), 6.2), with the probability of Student's t for the blocks'
    degrees of freedom where φ is above 1. Invalid where bursts are longer than a block.

    Args:
        frames: (E,) frame of each event.
        of_frames: Number of frames of the run.
        exposure_ps: Time in which they could happen, summed over the ions [ps].
        blocks: Number of blocks.

    Raises:
        TrajectoryError: The exposure is not positive, or there are fewer frames than blocks.
    """
    if not exposure_ps > 0 or of_frames < blocks:
        raise TrajectoryError(
            "a rate needs time in which something could happen",
            got=f"{exposure_ps:g} ps in {of_frames} frames",
            allowed=f"more than 0 ps and {blocks} frames or more",
            repair="run longer, or write frames more often",
        )
    edges = np.linspace(0, of_frames, blocks + 1)
    counts = np.histogram(frames, bins=edges)[0].astype(np.float64)
    count = len(frames)
    dispersion = max(1.0, float(counts.var(ddof=1) / counts.mean())) if count else 1.0
    return _rate(count, exposure_ps=exposure_ps, dispersion=dispersion, blocks=blocks)


def pooled(rates: Sequence[Rate]) -> Rate:
    """One rate from independent runs: all events over all exposure, with the largest dispersion of a run.

    The interval is that of the pooled count with this dispersion, by ``rate_of``'s rule for a single run.
    """
    if len(rates) == 1:
        return rates[0]
    exposure = sum(rate.exposure_ps for rate in rates)
    count, dispersion = sum(rate.count for rate in rates), max(rate.dispersion for rate in rates)
    return _rate(count, exposure_ps=exposure, dispersion=dispersion, blocks=BLOCKS)


def time_blocks(frames: int, blocks: int) -> list[tuple[int, int]]:
    """First frame of each block of time, and the frame after its last."""
    return list(itertools.pairwise(np.linspace(0, frames, blocks + 1).astype(int).tolist()))


def _rate(count: int, *, exposure_ps: float, dispersion: float, blocks: int) -> Rate:
    quantile = student_quantile(0.975, blocks - 1.0 if dispersion > 1.0 else math.inf)
    low, high = (dispersion * end / exposure_ps for end in _garwood(count / dispersion, quantile=quantile))
    return Rate(
        count=count,
        exposure_ps=exposure_ps,
        per_ps=count / exposure_ps,
        error=math.sqrt(dispersion * max(count, 1)) / exposure_ps,
        interval_95=Interval(low=low, high=high, probability=0.95),
        dispersion=dispersion,
    )


def _garwood(count: float, *, quantile: float) -> tuple[float, float]:
    """Classical limits on a Poisson mean for the two-sided probability of a normal quantile."""
    from scipy import special

    tail = float(special.ndtr(-quantile))
    low = float(special.gammaincinv(count, tail)) if count > 0 else 0.0
    return low, poisson_upper(count, probability=1.0 - tail)

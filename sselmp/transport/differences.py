"""Whether two runs differ in a distribution, by how much, and what noise alone would show; makes no distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sselmp.cells import Array
from sselmp.errors import TrajectoryError
from sselmp.transport.intervals import Interval

LEAST_BLOCKS = 5
SHUFFLES = 999
CONFIDENCE = 0.95
ORDERS = 399
MEMORY_CHANCE = 0.1  # below which neighbours are taken to remember each other; a false alarm here costs little
Measure = Literal["divergence", "overlap", "shift"]


@dataclass(frozen=True)
class Difference:
    """How far two runs are apart in one respect.

    Attributes:
        measure: ``divergence`` (Jensen–Shannon, 0 to 1 bit), ``overlap`` (1 to 0), or ``shift`` (of a mean).
        value: As measured.
        noise: What runs that do not differ would show on average: the mean over exchanged blocks.
        excess: Value less noise, the best estimate of the true difference (of an overlap: of what it lacks, negative).
        interval_95: Of the excess, by resampling blocks.
        chance: Share of exchanges of blocks between the runs that differ as much: the p-value.
        split_half: The largest value between the two halves of either run.
        blocks: Numbers of blocks of the two runs that it was judged with.
        remembers: Whether these blocks still remember each other, so that nothing can be judged.
        differs: Whether the difference is claimed: ``chance`` below 0.05, more than either run's halves differ, and
            blocks that do not remember each other.
    """

    measure: Measure
    value: float
    noise: float
    excess: float
    interval_95: Interval
    chance: float
    split_half: float
    blocks: tuple[int, int]
    remembers: bool
    differs: bool


def divergence(first: Array, second: Array) -> Array:
    """Jensen–Shannon divergence [bit] over the last axis: 0 for equal distributions, 1 for those that never overlap.

    J. Lin, IEEE Trans. Inf. Theory 37 (1991) 145. Both are normalised to one.
    """
    p, q = _normalised(first), _normalised(second)
    middle = 0.5 * (p + q)
    return np.asarray(_entropy(middle) - 0.5 * (_entropy(p) + _entropy(q)))


def overlap(first: Array, second: Array) -> Array:
    """Overlap over the last axis, the sum of the lesser of two normalised distributions: 1 if equal, 0 if apart."""
    return np.asarray(np.minimum(_normalised(first), _normalised(second)).sum(axis=-1))


def _shift(first: Array, second: Array) -> Array:
    """Difference of means; the last axis holds one number."""
    return np.asarray((second - first)[..., 0])


_MEASURES = {"divergence": divergence, "overlap": overlap, "shift": _shift}


def compare(first: Array, second: Array, *, measure: Measure, seed: int = 1) -> Difference:
    """Compare two runs by what their blocks of time show, and judge whether the difference is more than noise.

    A finite run's histogram is never the true one, so that two runs always differ and a divergence is never zero. How
    much of that is noise is told by exchanging blocks between the runs at random: if both sample the same, it makes no
    difference whose block one is (permutation test: P. Good, Permutation Tests (2000)). That holds for blocks that do
    not remember each other. Where neighbours are more alike than in random orders of the same blocks, blocks twice as
    long are taken, as long as there are 5; where these remember each other still, no difference is claimed. Nor is it
    where the two halves of either run, which have twice the noise, differ as much.

    Args:
        first: (B, K) histogram (or, for a shift, (B, 1) mean) of each block of the first run.
        second: (C, K) the same of the second run.
        measure: What is compared.
        seed: Of the exchanges and the resampling.

    Raises:
        TrajectoryError: Fewer than 5 blocks, histograms that do not belong together, or one that is empty.
    """
    _check(first, second, measure=measure)
    of, rng = _MEASURES[measure], np.random.default_rng(seed)
    while (remembers := _remembers(first, second, rng=rng)) and min(len(first), len(second)) >= 2 * LEAST_BLOCKS:
        first, second = _coarser(first), _coarser(second)
    value = np.asarray(of(first.mean(axis=0), second.mean(axis=0)))
    null = np.asarray(of(*_exchanged(first, second, rng=rng)))
    noise = 0.0 if measure == "shift" else float(null.mean())
    excess = float(value) - noise
    resampled = np.asarray(of(_resampled(first, rng=rng), _resampled(second, rng=rng)))
    ends = np.quantile(resampled - resampled.mean(), [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2])
    low, high = (excess + _widening(min(len(first), len(second))) * float(end) for end in ends)
    worst = max((np.asarray(of(*_halves(run))) for run in (first, second)), key=lambda one: float(_size(one, measure)))
    size = float(_size(value, measure))
    chance = float((1 + (_size(null, measure) >= size - 1e-15).sum()) / (1 + len(null)))
    return Difference(
        measure=measure,
        value=float(value),
        noise=noise,
        excess=excess,
        interval_95=Interval(low=low, high=high, probability=CONFIDENCE),
        chance=chance,
        split_half=float(worst),
        blocks=(len(first), len(second)),
        remembers=remembers,
        differs=chance < 1.0 - CONFIDENCE and size > float(_size(worst, measure)) and not remembers,
    )


def _size(values: Array, measure: Measure) -> Array:
    """How large a difference is, whatever its sign: zero for none."""
    return 1.0 - values if measure == "overlap" else np.abs(values)


def _remembers(first: Array, second: Array, *, rng: np.random.Generator) -> bool:
    """Whether neighbouring blocks are more alike than those of the same runs in a random order."""
    observed, shuffled = 0.0, np.zeros(ORDERS)
    for run in (first, second):
        mean = run.mean(axis=0)
        away = (run - mean) / np.sqrt(np.where(mean > 0, mean, 1.0))
        products = away @ away.T
        observed += float(np.diagonal(products, 1).sum())
        orders = np.argsort(rng.random((ORDERS, len(run))), axis=1)
        shuffled += products[orders[:, :-1], orders[:, 1:]].sum(axis=1)
    return float((1 + (shuffled >= observed).sum()) / (1 + ORDERS)) < MEMORY_CHANCE


def _coarser(run: Array) -> Array:
    """Blocks twice as long; an odd one at the end joins no other and is left out."""
    whole = run[: len(run) // 2 * 2]
    return np.asarray(whole.reshape(len(whole) // 2, 2, -1).mean(axis=1))


def _check(first: Array, second: Array, *, measure: Measure) -> None:
    if min(len(first), len(second)) < LEAST_BLOCKS:
        raise TrajectoryError(
            "too few blocks of time to tell a difference from noise",
            got=f"{len(first)} and {len(second)}",
            allowed=f"{LEAST_BLOCKS} or more of each run",
            repair="run longer, or write frames more often",
        )
    if first.shape[1:] != second.shape[1:] or first.ndim != 2:
        raise TrajectoryError(
            "two runs are compared bin by bin, and their histograms differ in bins",
            got=f"{first.shape[1:]} and {second.shape[1:]}",
            repair="make both with the same bins",
        )
    if measure != "shift" and not (first.sum(axis=1).min() > 0 and second.sum(axis=1).min() > 0):
        raise TrajectoryError("a block's histogram is empty", repair="choose wider bins or longer blocks")


def _normalised(values: Array) -> Array:
    return np.asarray(values / values.sum(axis=-1, keepdims=True))


def _entropy(p: Array) -> Array:
    """Shannon entropy [bit] over the last axis."""
    return np.asarray(-np.where(p > 0, p * np.log2(np.where(p > 0, p, 1.0)), 0.0).sum(axis=-1))


def _weighted(blocks: Array, weights: Array) -> Array:
    """Sums of blocks with weights (n, B), as means: (n, K)."""
    return np.asarray(weights @ blocks / weights.sum(axis=1, keepdims=True))


def _exchanged(first: Array, second: Array, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Means over the blocks dealt at random to two runs as long as they were."""
    pooled = np.concatenate([first, second])
    ranks = np.argsort(rng.random((_draws(pooled), len(pooled))), axis=1)
    dealt = (ranks < len(first)).astype(np.float64)
    return _weighted(pooled, dealt), _weighted(pooled, 1.0 - dealt)


def _resampled(run: Array, *, rng: np.random.Generator) -> Array:
    """Means over blocks drawn with replacement."""
    drawn = rng.multinomial(len(run), np.full(len(run), 1.0 / len(run)), size=_draws(run))
    return _weighted(run, drawn.astype(np.float64))


def _draws(blocks: Array) -> int:
    """As many draws as fit into some 50 MB, 199 at the least."""
    return int(np.clip(6e6 / blocks.shape[1], 199, SHUFFLES))


def _widening(blocks: int) -> float:
    """By how much resampling few blocks makes an interval too narrow: Student's t and the missing degree of freedom."""
    from sselmp.transport.intervals import student_quantile

    return student_quantile(0.975, blocks - 1.0) / 1.959964 * math.sqrt(blocks / (blocks - 1.0))


def _halves(run: Array) -> tuple[Array, Array]:
    """Means of the first and the second half of a run's blocks."""
    middle = len(run) // 2
    return run[:middle].mean(axis=0), run[middle:].mean(axis=0)

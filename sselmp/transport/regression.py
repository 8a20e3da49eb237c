"""Generalised least squares on an MSD with the covariance of Brownian motion and noise; knows nothing of regimes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sselmp import cells
from sselmp.transport.msd import Array

MULTIPLES = (1, 2, 3, 4)  # of the scale: the lags fitted
# Of the noise that the covariance is worked out for: variance along an axis over D times the scale.
NOISES = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_FINE = 4  # points per scale at which the covariance of long scales is summed


@dataclass(frozen=True)
class Regression:
    """How to get a slope from the MSD at 1, 2, 3 and 4 times a scale, and what the model says of its scatter.

    All for one axis of one particle with D = 1 and a scale of 1.

    Attributes:
        slope: (4,) weights that give D [1/scale]; they add up to zero, so that a constant in the MSD does not count.
        constant: (4,) weights that give the constant.
        memory: (K,) autocovariance of the weighted squared displacements at offsets of 0, 1, … K-1 steps.
        echo: (K,) the same for rare hops: each one counts in all lags whose pairs of frames enclose it.
        step: One step in units of the scale.
    """

    slope: Array
    constant: Array
    memory: Array
    echo: Array
    step: float

    def variance(self, duration: float) -> float:
        """Of D from one axis of one particle over a duration in units of the scale, relative to D²."""
        kept = max(duration - MULTIPLES[-1] / 2.0, 1.0)
        return float((2.0 * self.memory.sum() - self.memory[0]) * self.step / kept)

    def block_covariance(self, blocks: int, *, length: float, hops: bool = False) -> Array:
        """(blocks, blocks) covariance of the sums over consecutive blocks of a length in units of the scale."""
        memory = self.echo if hops else self.memory
        steps = max(1, round(length / self.step))
        offsets = np.arange(len(memory))
        rows = np.zeros(blocks)
        for apart in range(min(blocks, 2 + len(memory) // steps)):
            up = np.clip(steps - np.abs(offsets - apart * steps), 0, None)
            down = np.clip(steps - np.abs(offsets + apart * steps), 0, None)
            rows[apart] = (up * memory).sum() + (down[1:] * memory[1:]).sum()
        index = np.arange(blocks)
        return np.asarray(rows[np.abs(index[:, None] - index)])


def regression(scale: int, noise: float) -> Regression:
    """The regression for a scale in frames and the nearest of ``NOISES``.

    The model is Brownian motion and localisation noise that is forgotten within the scale. Displacements are then
    Gaussian, so the covariance of their squares is twice the square of theirs, summed over all pairs of overlapping
    origins: Bullerjahn, von Bülow and Hummer, J. Chem. Phys. 153 (2020) 024116; Vestergaard, Blainey and Flyvbjerg,
    Phys. Rev. E 89 (2014) 022726. Edges of the trajectory are neglected.

    Args:
        scale: In frames.
        noise: Variance of the noise along an axis over D times the scale, any non-negative number.
    """
    nearest = int(np.argmin(np.abs(np.log1p(20.0 * np.array(NOISES)) - np.log1p(20.0 * noise))))
    return _regression(min(int(scale), _FINE), nearest)


@lru_cache(maxsize=64)
def _regression(points: int, noise: int) -> Regression:
    """With ``points`` origins per scale; the scale and D are one."""
    offsets, squares = _covariances(points, NOISES[noise])
    covariance = squares.sum(axis=2) / points
    design = np.column_stack([2.0 * np.array(MULTIPLES, dtype=np.float64), np.ones(len(MULTIPLES))])
    inverse = np.linalg.inv(covariance)
    solver = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse)
    both = np.einsum("i,j,ijh->h", solver[0], solver[0], squares)
    middle = int(np.flatnonzero(offsets == 0)[0])
    fine = 2 * points  # a hop in the middle of a pair of frames is seen as far as half the lag on either side
    times = (np.arange(2 * MULTIPLES[-1] * fine) + 0.5) / fine - MULTIPLES[-1]
    seen = sum(weight * (np.abs(times) < multiple / 2.0) for weight, multiple in zip(solver[0], MULTIPLES, strict=True))
    echo = np.correlate(seen, seen, mode="full")[len(times) - 1 :: 2][: middle + 1]
    return Regression(
        echo=cells.readonly(echo),
        slope=cells.readonly(solver[0]),
        constant=cells.readonly(solver[1]),
        memory=cells.readonly(both[middle:]),
        step=1.0 / points,
    )


def _covariances(points: int, noise: float) -> tuple[Array, Array]:
    """Offsets (K,) and covariances (4, 4, K) of squared displacements about middles so far apart [scale]."""
    reach = (MULTIPLES[-1] + 1) * points
    offsets = np.arange(-reach, reach + 1) / points
    squares = np.empty((len(MULTIPLES), len(MULTIPLES), len(offsets)))
    for i, one in enumerate(MULTIPLES):
        for j, other in enumerate(MULTIPLES):
            # Middles of an odd and an even lag lie half a frame apart where frames are all there is; sides alternate.
            shift = 0.5 * np.sign(one - other) if points == 1 and (one + other) % 2 else 0.0
            squares[i, j] = 2.0 * _displacements(one, other, offsets=offsets + shift, noise=noise) ** 2
    return offsets, squares


def _displacements(one: int, other: int, *, offsets: Array, noise: float) -> Array:
    """Covariance of displacements over two times whose middles are ``offsets`` apart."""
    starts = np.maximum(-one / 2.0, offsets - other / 2.0)
    ends = np.minimum(one / 2.0, offsets + other / 2.0)
    overlap = 2.0 * np.clip(ends - starts, 0.0, None)

    def memory(apart: Array) -> Array:
        return np.asarray(np.clip(1.0 - np.abs(apart), 0.0, None))

    near, far = (other - one) / 2.0, (other + one) / 2.0
    ends_shared = memory(offsets + near) + memory(offsets - near) - memory(offsets + far) - memory(offsets - far)
    return np.asarray(overlap + noise * ends_shared)

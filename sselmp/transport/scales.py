"""Squared displacements at lags that grow geometrically, kept apart by stretches of time; fits and judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.trajectory.paths import chunks
from sselmp.transport.msd import Array, Motion

LONGEST = 0.5  # of the longest run: the longest lag looked at
_BINS = 128  # of time, of the longest run
_CHUNK_BYTES = 2**22  # of paths worked on at a time, so that they stay in the processor's cache

# Pairs of axes, in the order of the components.
PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class Scales:
    """Products of displacements at a ladder of lags, summed over origins within short stretches of time.

    A pair of frames belongs to the stretch in which its middle lies. Sums over stretches give the mean over the whole,
    sums over consecutive ones that of a block of any length.

    Attributes:
        lags: (J,) in frames: 1, 2, 3, 4, 6, 8, 12, … up to half the longest run.
        means: (J, C) mean over origins and ions of the product of displacements along a pair of axes (xx, yy, zz, and
            yz, xz, xy where these were asked for) [Å²].
        parts: (B, J, C) what the origins of each stretch add to the mean, less what they would add at the mean; over
            all stretches the sum is zero [Å²].
        quartic: (J,) mean over origins and ions of the fourth power of the displacement [Å⁴].
        run_of: (B,) which run a stretch is of.
        run_frames: (R,) frames of every run.
        ions: Number of ions averaged over.
        spacing_ps: Time between frames [ps].
    """

    lags: NDArray[np.intp]
    means: Array
    parts: Array
    quartic: Array
    run_of: NDArray[np.intp]
    run_frames: NDArray[np.intp]
    ions: int
    spacing_ps: float

    @property
    def lags_ps(self) -> Array:
        """(J,) [ps]."""
        return np.asarray(self.lags * self.spacing_ps)

    @property
    def frames(self) -> int:
        """Frames of all runs together."""
        return int(self.run_frames.sum())

    def non_gaussian(self) -> Array:
        """(J,) non-Gaussian parameter 3⟨r⁴⟩/(5⟨r²⟩²) - 1 in three dimensions; zero for Brownian motion."""
        squared = self.means[:, :3].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = 3.0 * self.quartic / (5.0 * squared**2) - 1.0
        return np.asarray(np.where(squared > 0, found, 0.0))

    def blocks(self, length: int) -> tuple[NDArray[np.intp], int]:
        """Which block of about ``length`` frames each stretch is in, and the number of blocks (one a run or more)."""
        block_of, total = np.empty(len(self.run_of), dtype=np.intp), 0
        for run, frames in enumerate(self.run_frames):
            mine = np.flatnonzero(self.run_of == run)
            number = max(1, min(int(frames) // length, len(mine)))
            block_of[mine] = total + np.arange(len(mine)) * number // len(mine)
            total += number
        return block_of, total

    def contributions(self, weights: Array, *, length: int) -> Array:
        """What each block adds to the deviation of a weighted sum of mean products from its expectation.

        Args:
            weights: (J, C) of lags and components (the first of them).
            length: Of a block, in frames.

        Returns:
            (blocks,) in the unit of the weighted sum; they add up to zero.
        """
        block_of, number = self.blocks(length)
        components = weights.shape[1]
        values = np.tensordot(self.parts[:, :, :components], weights, axes=2)
        return np.bincount(block_of, weights=values, minlength=number).astype(np.float64)


def ladder(longest: int) -> NDArray[np.intp]:
    """Lags 1, 2, 3, 4, 6, 8, 12, 16, … up to ``longest``: powers of two and three halves of them."""
    powers = 2 ** np.arange(max(1, longest).bit_length())
    lags = np.unique(np.concatenate([powers, powers[1:] * 3 // 2]))
    return np.asarray(lags[lags <= longest], dtype=np.intp)


def measure_scales(motions: Sequence[Motion], *, pairs: bool = False) -> Scales:
    """Go through the paths once and sum up products of displacements over stretches of time.

    Lags of up to 7 frames start at every frame, longer ones at every fourth to eighth part of them, which loses less
    than 3 % of what their overlapping origins know.

    Args:
        motions: Of the same ions with the same spacing.
        pairs: Whether products of different axes are wanted too.
    """
    longest = max(motion.frames for motion in motions)
    lags = ladder(max(1, int(LONGEST * (longest - 1))))
    width = max(1, -(-longest // _BINS))
    parts = [_one(motion, lags, width=width, pairs=PAIRS if pairs else PAIRS[:3]) for motion in motions]
    counts = np.concatenate([counts for _, counts, _ in parts])
    sums = np.concatenate([sums for sums, _, _ in parts])
    totals = counts.sum(axis=0)
    means = sums.sum(axis=0) / totals[:, None]
    return Scales(
        lags=lags,
        means=cells.readonly(means),
        parts=cells.readonly((sums - counts[:, :, None] * means) / totals[:, None]),
        quartic=cells.readonly(np.sum([quartic for _, _, quartic in parts], axis=0) / totals),
        run_of=np.repeat(np.arange(len(parts)), [len(counts) for _, counts, _ in parts]),
        run_frames=np.array([motion.frames for motion in motions]),
        ions=motions[0].ions,
        spacing_ps=motions[0].spacing_ps,
    )


def stride(lag: int) -> int:
    """Frames between the origins used for a lag."""
    return 1 << max(0, int(lag).bit_length() - 3)


def _one(
    motion: Motion, lags: NDArray[np.intp], *, width: int, pairs: tuple[tuple[int, int], ...]
) -> tuple[Array, Array, Array]:
    """Sums (B, J, C), counts (B, J) and sums of fourth powers (J,) of one run."""
    frames = motion.frames
    series = {int(lag): np.zeros((1, 1)) for lag in lags if lag < frames}
    quartic = np.zeros(len(lags))
    for _, paths in chunks(motion.positions, size=_CHUNK_BYTES):
        thinned, step = np.ascontiguousarray(paths), 1
        for index, lag in enumerate(series):
            if stride(lag) != step:
                thinned, step = np.ascontiguousarray(thinned[..., :: stride(lag) // step]), stride(lag)
            moved = thinned[..., lag // step :] - thinned[..., : -(lag // step)]
            off_diagonal = [np.einsum("nf,nf->f", moved[:, a], moved[:, b]) for a, b in pairs[3:]]
            moved *= moved
            series[lag] = series[lag] + np.array([*moved.sum(axis=0), *off_diagonal])
            squared = moved.sum(axis=1)
            quartic[index] += np.vdot(squared, squared) / motion.ions
    bins = -(-frames // width)
    sums, counts = np.zeros((bins, len(lags), len(pairs))), np.zeros((bins, len(lags)))
    for index, (lag, values) in enumerate(series.items()):
        where = ((np.arange(values.shape[1]) * stride(lag) + lag / 2) // width).astype(np.intp)
        counts[:, index] = np.bincount(where, minlength=bins)
        for component, row in enumerate(values):
            sums[:, index, component] = np.bincount(where, weights=row, minlength=bins) / motion.ions
    return sums, counts, quartic

"""Self-diffusion coefficients with block errors from fit windows; does not judge whether these are diffusive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import TrajectoryError
from sselmp.transport.intervals import Interval, student_interval
from sselmp.transport.msd import Array, Motion, Msd, mean_squared_displacement, squared_displacements

AXES = "xyz"
# Fit window as fractions of a block: long enough to leave the ballistic and caged regime behind, short enough that
# every block has many origins at each lag.
WINDOW = (0.2, 0.6)
LEAST_BLOCKS = 3
# The fit to the whole also uses pairs of frames in different blocks, so it scatters less than the mean of the blocks:
# 0.77 to 0.92 times, over simulated random walks of 3 to 10 blocks of 20 to 60 frames.
WHOLE_TO_BLOCKS = 0.87
LEAST_WINDOW_POINTS = 4
# A block must span at least this many frames for its window to hold LEAST_WINDOW_POINTS lags.
LEAST_BLOCK_FRAMES = 11


@dataclass(frozen=True)
class Diffusivity:
    """A self-diffusion coefficient from one fit window, with the scatter of blocks as its error.

    Attributes:
        D: Half the slope of the MSD per dimension [Å²/ps]; may be negative where nothing moves.
        error: Standard error of D [Å²/ps], from the blocks.
        degrees_of_freedom: Of the error: number of blocks minus one.
        interval_68: D ± error times Student's t at 68.27 % [Å²/ps].
        interval_95: The same at 95 % [Å²/ps].
        window_ps: First and last lag of the fit [ps].
        intercept_A2: Of the fitted line, summed over the axes used [Å²].
        exponent: Slope of ln MSD against ln t over the window (1: diffusive).
        msd_at_end_A2: MSD at the end of the window, summed over the axes used [Å²].
        blocks: (B,) D of every block [Å²/ps].
        msd_error_A2: (K,) standard error of the MSD over the axes used, at lags of 0 … K-1 frames within a block [Å²].
        axis_D: (3,) D along x, y, z [Å²/ps].
        axis_error: (3,) its standard errors [Å²/ps].
        axes: Which axes D is over, such as ``xyz``.
        observed_ps: Time observed, summed over the runs [ps].
    """

    D: float
    error: float
    degrees_of_freedom: int
    interval_68: Interval
    interval_95: Interval
    window_ps: tuple[float, float]
    intercept_A2: float
    exponent: float
    msd_at_end_A2: float
    blocks: Array
    msd_error_A2: Array
    axis_D: Array
    axis_error: Array
    axes: str
    observed_ps: float


def block_frames(motions: Sequence[Motion], *, blocks: int) -> int:
    """Longest block, in frames, of which the motions hold at least ``blocks`` that do not overlap."""
    candidates = {motion.frames // k for motion in motions for k in range(1, blocks + 1)}
    fitting = [length for length in candidates if length and sum(m.frames // length for m in motions) >= blocks]
    return max(fitting, default=0)


def diffusivity(motions: Sequence[Motion], *, blocks: int, axes: str = AXES, msd: Msd | None = None) -> Diffusivity:
    """Fit the Einstein relation MSD(t) = 2 d D t + c and give D the scatter of independent blocks as its error.

    D comes from the MSD over all origins. The motions are then cut in time into blocks that do not overlap, each block
    is fitted in the same window, and D's error is the standard deviation of the blocks' D over the root of their
    number, times 0.87 for the pairs of frames in different blocks that only the whole can use. This holds where blocks
    are independent: the longest lag is 0.6 of a block, so they nearly are once the motion is diffusive;
    it takes correlations between ions into account, as no error from single ions does. It is invalid where the window
    is not diffusive (``verdict``). Einstein, Ann. Phys. 322 (1905) 549; blocks: Flyvbjerg and Petersen,
    J. Chem. Phys. 91 (1989) 461.

    Args:
        motions: One run, or several independent ones of the same system at the same temperature.
        blocks: Number of blocks wanted over all runs, 3 at least; lengths that do not divide may give more.
        axes: Axes that D is averaged over.
        msd: Their MSD over all origins, if it is already at hand.

    Raises:
        TrajectoryError: Too few frames for so many blocks, fewer than 3 blocks, or axes that do not exist.
    """
    columns = _columns(axes)
    length = _checked_length(motions, blocks)
    spacing = motions[0].spacing_ps
    lags = _window_lags(length)
    times = np.asarray(lags * spacing, dtype=np.float64)
    curve = (msd or mean_squared_displacement(motions)).axes[lags]
    slopes, intercepts = _lines(curve, times)
    block_curves = _block_curves(motions, length)
    parts = np.array([_lines(block[lags], times)[0] for block in block_curves]) / 2.0
    in_window = curve[:, columns].sum(axis=1)
    blocks_D = parts[:, columns].mean(axis=1)
    D, error, freedom = float(slopes[columns].mean() / 2.0), float(_standard_errors(blocks_D)), len(blocks_D) - 1
    return Diffusivity(
        D=D,
        error=error,
        degrees_of_freedom=freedom,
        interval_68=student_interval(D, error, probability=0.6827, degrees_of_freedom=freedom),
        interval_95=student_interval(D, error, probability=0.95, degrees_of_freedom=freedom),
        window_ps=(float(times[0]), float(times[-1])),
        intercept_A2=float(intercepts[columns].sum()),
        exponent=_exponent(in_window, times),
        msd_at_end_A2=float(in_window[-1]),
        blocks=cells.readonly(blocks_D),
        msd_error_A2=cells.readonly(_standard_errors(np.array(block_curves)[:, :, columns].sum(axis=2))),
        axis_D=cells.readonly(slopes / 2.0),
        axis_error=cells.readonly(_standard_errors(parts)),
        axes=axes,
        observed_ps=sum((motion.frames - 1) * spacing for motion in motions),
    )


def _columns(axes: str) -> list[int]:
    if not axes or len(set(axes)) != len(axes) or not set(axes) <= set(AXES):
        raise TrajectoryError("D is asked for along axes that do not exist", got=repr(axes), allowed="some of x, y, z")
    return [AXES.index(axis) for axis in axes]


def _checked_length(motions: Sequence[Motion], blocks: int) -> int:
    """Frames of a block, or an error where the motions are too short for so many."""
    length = block_frames(motions, blocks=blocks)
    if blocks < LEAST_BLOCKS or length < LEAST_BLOCK_FRAMES:
        total = sum(motion.frames for motion in motions)
        raise TrajectoryError(
            f"a trajectory of {total} frames cannot give D with an error from {blocks} blocks",
            allowed=f"{LEAST_BLOCKS} blocks or more, of {LEAST_BLOCK_FRAMES} frames or more each",
            repair="run for longer, or write frames more often",
        )
    return length


def _window_lags(length: int) -> NDArray[np.intp]:
    """Lags of the fit, in frames, for blocks of ``length`` frames."""
    begin, end = (round(fraction * (length - 1)) for fraction in WINDOW)
    return np.arange(max(1, begin), max(end, begin + LEAST_WINDOW_POINTS - 1) + 1)


def _block_curves(motions: Sequence[Motion], length: int) -> list[Array]:
    return [
        squared_displacements(motion.positions[begin : begin + length])
        for motion in motions
        for begin in range(0, motion.frames - length + 1, length)
    ]


def _lines(curves: Array, times: Array) -> tuple[Array, Array]:
    """Slopes and intercepts of least-squares lines through the columns of ``curves``."""
    centred = times - times.mean()
    slopes = np.asarray(centred @ curves / (centred @ centred))
    return slopes, np.asarray(curves.mean(axis=0) - slopes * times.mean())


def _standard_errors(values: Array) -> Array:
    """Standard error of the fit to the whole from the scatter of blocks along the first dimension."""
    return np.asarray(WHOLE_TO_BLOCKS * values.std(axis=0, ddof=1) / np.sqrt(len(values)))


def _exponent(curve: Array, times: Array) -> float:
    """Slope of ln MSD against ln t; zero where nothing moves at all."""
    if not (curve > 0).all():
        return 0.0
    slopes, _ = _lines(np.log(curve)[:, None], np.log(times))
    return float(slopes[0])

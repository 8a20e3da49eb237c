"""Self-diffusion coefficients with their errors at a given scale of time; does not choose the scale or judge it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import TrajectoryError
from sselmp.transport.intervals import Interval, f_quantile, positive_interval
from sselmp.transport.msd import Array
from sselmp.transport.regression import MULTIPLES, NOISES, Regression, regression
from sselmp.transport.scales import Scales

AXES = "xyz"
LEAST_BLOCKS = 4
_LONG_BLOCKS = 10  # shown beside the many short ones
_FEW_BLOCKS = 16  # short blocks are longer than they must be if there remain so many
# The scale is chosen from the same data as D, which adds to the scatter of D what blocks at one scale do not show:
# without this factor, chosen by the coverage of intervals, 68 % ones held in 63 to 70 % (benchmarks/coverage.py).
_CHOICE = 1.07
_REPLICAS_DIFFER = 0.99  # probability at which the scatter of replicas is taken for more than that of blocks


@dataclass(frozen=True)
class Diffusivity:
    """A self-diffusion coefficient from the MSD at 1, 2, 3 and 4 times a scale of time.

    Attributes:
        D: Half the slope of the MSD per dimension [Å²/ps]; may be negative where nothing moves.
        error: Standard error of D [Å²/ps], measured.
        degrees_of_freedom: Of the error.
        interval_68: Symmetric in ln D where D is resolved [Å²/ps].
        interval_95: [Å²/ps].
        model_error: What the model of independent Brownian ions says [Å²/ps].
        block_error: From about ten long blocks, where there are so many [Å²/ps].
        replica_error: From the scatter of independent runs, where there are three or more [Å²/ps].
        error_from: Which one ``error`` is: ``short blocks`` or ``replicas``.
        window_ps: First and last lag fitted: the scale and four times it [ps].
        intercept_A2: Constant of the fitted line, summed over the axes used [Å²].
        blocks: D of every long block [Å²/ps].
        axis_D: (3,) D along x, y, z [Å²/ps].
        axis_error: (3,) its standard errors [Å²/ps].
        axes: Which axes D is over, such as ``xyz``.
        observed_ps: Time observed, summed over the runs [ps].
    """

    D: float
    error: float
    degrees_of_freedom: float
    interval_68: Interval
    interval_95: Interval
    model_error: float
    block_error: float | None
    replica_error: float | None
    error_from: str
    window_ps: tuple[float, float]
    intercept_A2: float
    blocks: Array
    axis_D: Array
    axis_error: Array
    axes: str
    observed_ps: float


@dataclass(frozen=True)
class Slope:
    """The generalised least-squares line at one scale, as weights of the mean squared displacements.

    Attributes:
        scale: In frames.
        model: The regression, for the noise found.
        weights: (J, 3) of the ladder of lags and the axes, which give D [1/ps].
        D: [Å²/ps].
        intercept_A2: Summed over the axes used [Å²].
    """

    scale: int
    model: Regression
    weights: Array
    D: float
    intercept_A2: float


def columns_of(axes: str) -> list[int]:
    """Columns of the axes named.

    Raises:
        TrajectoryError: An axis that does not exist.
    """
    if not axes or len(set(axes)) != len(axes) or not set(axes) <= set(AXES):
        raise TrajectoryError("D is asked for along axes that do not exist", got=repr(axes), allowed="some of x, y, z")
    return [AXES.index(axis) for axis in axes]


def fitted_lags(scales: Scales, scale: int) -> NDArray[np.intp]:
    """Where in the ladder the lags of a scale are.

    Raises:
        TrajectoryError: The runs are too short for it, or it is not a power of two.
    """
    wanted = scale * np.array(MULTIPLES)
    found = np.searchsorted(scales.lags, wanted)
    if wanted[-1] > scales.lags[-1] or not np.array_equal(scales.lags[found], wanted):
        raise TrajectoryError(
            "D cannot be found at this scale of time",
            got=f"{scale} frames of {scales.run_frames.max()}",
            allowed=f"a power of two up to {scales.lags[-1] // MULTIPLES[-1]}",
            repair="choose a shorter scale, or run for longer",
        )
    return np.asarray(found)


def fit_slope(scales: Scales, scale: int, *, axes: str = AXES) -> Slope:
    """Fit MSD(t) = 2 d D t + c to the MSD at 1, 2, 3 and 4 times the scale, with the covariance that D and c imply."""
    columns = columns_of(axes)
    lags = fitted_lags(scales, scale)
    curve = scales.means[lags][:, columns].sum(axis=1) / len(columns)
    duration = scale * scales.spacing_ps
    noise, model, D, constant = -1.0, regression(scale, 1.0), 0.0, 0.0
    for _ in range(4):
        D, constant = float(model.slope @ curve) / duration, float(model.constant @ curve)
        before, noise = noise, max(constant, 0.0) / (2.0 * D * duration) if D > 0 else NOISES[-1]
        if noise == before:
            break
        model = regression(scale, noise)
    weights = np.zeros((len(scales.lags), 3))
    for column in columns:
        weights[lags, column] = model.slope / (duration * len(columns))
    D, constant = float((weights * scales.means[:, :3]).sum()), float(model.constant @ curve)
    return Slope(scale=scale, model=model, weights=weights, D=D, intercept_A2=constant * len(columns))


def diffusivity(scales: Scales, scale: int, *, axes: str = AXES) -> Diffusivity:
    """D at a scale, with the error that short blocks of time measure, beside those of the model, long blocks and runs.

    D is a fixed combination of mean squared displacements, so it is the mean over time of one number per origin. That
    number is summed over many blocks of four scales or more, and the scatter of these sums gives the error of D. It
    contains what a model of single ions misses: ions that move together, few hops, heterogeneity. The model of the
    regression corrects for the correlation between neighbouring blocks, and says how many degrees of freedom the
    scatter has. Where three or more runs scatter significantly more than their blocks, theirs is taken.

    Args:
        scales: Of one run or several.
        scale: In frames, a power of two.
        axes: That D is averaged over.

    Raises:
        TrajectoryError: As ``fitted_lags``, or axes that do not exist.
    """
    slope = fit_slope(scales, scale, axes=axes)
    error, freedom = measured_error(scales, slope, weights=slope.weights)
    replica = _replica_error(scales, slope.weights)
    source = "short blocks"
    runs = len(scales.run_frames)
    if replica is not None and replica > error * f_quantile(_REPLICAS_DIFFER, above=runs - 1, below=freedom) ** 0.5:
        error, freedom, source = replica, float(runs - 1), "replicas"
    each = [_along(slope, columns_of(axis), axes=axes) for axis in AXES]
    axis_D = [float((one * scales.means[:, :3]).sum()) for one in each]
    long = scales.contributions(slope.weights, length=max(scale * MULTIPLES[-1], scales.frames // _LONG_BLOCKS))
    duration = scale * scales.spacing_ps
    return Diffusivity(
        D=slope.D,
        error=error,
        degrees_of_freedom=freedom,
        interval_68=positive_interval(slope.D, error, probability=0.6827, degrees_of_freedom=freedom),
        interval_95=positive_interval(slope.D, error, probability=0.95, degrees_of_freedom=freedom),
        model_error=_model_error(scales, slope, axis_D=np.array(axis_D)[columns_of(axes)]),
        block_error=_scatter(long) if len(long) >= LEAST_BLOCKS else None,
        replica_error=replica,
        error_from=source,
        window_ps=(duration, MULTIPLES[-1] * duration),
        intercept_A2=slope.intercept_A2,
        blocks=cells.readonly(slope.D + long * len(long)),
        axis_D=cells.readonly(np.array(axis_D)),
        axis_error=cells.readonly(np.array([measured_error(scales, slope, weights=one)[0] for one in each])),
        axes=axes,
        observed_ps=float((scales.run_frames - 1).sum() * scales.spacing_ps),
    )


def measured_error(scales: Scales, slope: Slope, *, weights: Array) -> tuple[float, float]:
    """Standard error of a weighted sum of mean products at the slope's scale, and its degrees of freedom.

    Args:
        scales: What the sum is over.
        slope: Whose scale and model correct for correlations between blocks.
        weights: (J, C).
    """
    shortest = MULTIPLES[-1] * slope.scale
    length = min(max(shortest, scales.frames // _FEW_BLOCKS), 4 * shortest)
    parts = scales.contributions(weights, length=length)
    blocks = len(parts)
    if blocks < 2:
        return math.inf, 1.0
    correction, freedom = 1.0, math.inf
    for hops in (False, True):
        covariance = slope.model.block_covariance(blocks, length=scales.frames / blocks / slope.scale, hops=hops)
        centred = covariance - covariance.mean(axis=0) - covariance.mean(axis=1)[:, None] + covariance.mean()
        expected = float(np.trace(centred))
        correction = max(correction, float(covariance.sum()) / expected)
        freedom = min(freedom, expected**2 / float((centred * centred.T).sum()))
    return _CHOICE * math.sqrt(float(parts @ parts) * correction), max(freedom, 1.0)


def _scatter(parts: Array) -> float:
    """Standard error of a sum of independent parts."""
    return math.sqrt(float(parts @ parts) * len(parts) / (len(parts) - 1))


def _replica_error(scales: Scales, weights: Array) -> float | None:
    runs = len(scales.run_frames)
    if runs < 3 or scales.run_frames.min() <= scales.lags[np.flatnonzero(weights.any(axis=1))[-1]]:
        return None
    return _scatter(scales.contributions(weights, length=int(scales.run_frames.max())))


def _along(slope: Slope, columns: list[int], *, axes: str) -> Array:
    """The same weights for other axes."""
    one = slope.weights[:, columns_of(axes)[0]] * len(axes) / len(columns)
    weights = np.zeros_like(slope.weights)
    weights[:, columns] = one[:, None]
    return weights


def _model_error(scales: Scales, slope: Slope, *, axis_D: Array) -> float:
    """Of D for ions that move on their own."""
    runs = [slope.model.variance(frames / slope.scale) for frames in scales.run_frames]
    together = 1.0 / sum(1.0 / variance for variance in runs)
    return math.sqrt(together * float((axis_D**2).sum()) / scales.ions) / len(axis_D)

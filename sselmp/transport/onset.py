"""Where the diffusive regime starts: the scale of time from which on the slope of the MSD no longer falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.errors import TrajectoryError
from sselmp.transport.diffusion import AXES, LEAST_BLOCKS, Slope, columns_of, fit_slope
from sselmp.transport.intervals import student_quantile
from sselmp.transport.msd import Array
from sselmp.transport.regression import NOISES, regression
from sselmp.transport.scales import Scales

# One-sided probabilities: a scale is passed over on weak evidence that the slope falls, which costs precision only;
# that it never stops falling is said on strong evidence, for that is a verdict.
_DOUBT, _PROOF = 0.05, 0.005
_DOUBT_BLOCKS = 7  # slopes at much longer times with fewer blocks raise no doubt, for some fall by chance
REACH = 16  # scales that a run must have


@dataclass(frozen=True)
class Onset:
    """The scale chosen, and what it was chosen from.

    Attributes:
        scale: In frames.
        found: Whether the slope stops falling at all within the run.
        curved: Whether it is proven that it does not, not even at the longest scale.
        given: Whether the user gave it.
        scales: (S,) tried, in frames.
        slopes: (S,) D at each [Å²/ps].
        falls: (S,) largest fall of the slope beyond each scale, in units of what doubt allows for (accepted below 1).
    """

    scale: int
    found: bool
    curved: bool
    given: bool
    scales: NDArray[np.intp]
    slopes: Array
    falls: Array


def candidates(scales: Scales) -> list[int]:
    """Powers of two, in frames, of which the longest run has sixteen."""
    longest = int(scales.run_frames.max())
    return [2**power for power in range(longest.bit_length()) if 2**power * REACH <= longest]


def latest_start_ps(scales: Scales) -> float:
    """The latest start that can be given: about a sixteenth of the longest run [ps]."""
    return candidates(scales)[-1] * 2**0.5 * scales.spacing_ps


def find_onset(scales: Scales, *, axes: str = AXES, least: int = 1) -> Onset:
    """Choose the scale at which D is read off.

    At each scale the slope D is compared with the slopes between lags t and 2t for all longer t up to a quarter of the
    run. The difference is a weighted sum of squared displacements again, so its error is measured in blocks of time
    like that of D. A scale is accepted if no longer slope is smaller beyond doubt (one-sided, 95 % in all), nor larger.
    A transient that the test has not the power to see at one scale is much smaller at twice that, so the start is twice
    the first scale that is accepted; where that is the longest one there is, the slope has not been seen to settle. Of
    the scales from there on, that with the smallest error by the model is taken: longer ones are better where the noise
    of rattling is larger than the motion.

    Args:
        scales: Of one run or several, the longest of 32 frames or more.
        axes: Whose slopes are summed.
        least: Shortest scale considered, in frames.
    """
    possible = candidates(scales)
    tried = [scale for scale in possible if scale >= least] or possible[-1:]
    slopes = [fit_slope(scales, scale, axes=axes) for scale in tried]
    excess = np.array([_fall(scales, slope, axes=axes) for slope in slopes])
    accepted = excess.max(axis=1) < 1.0
    first = next((index for index in range(len(tried)) if accepted[index]), None)
    chosen = len(tried) - 1
    if first is not None:
        start = min(first + 1, len(tried) - 1)
        chosen = start + int(np.argmin(_expected_errors(scales, slopes[start], axes=axes)))
    return Onset(
        scale=tried[chosen],
        found=first is not None and (first + 1 < len(tried) or len(tried) == 1),
        curved=bool((excess[:, 1] > 1.0).all()),
        given=False,
        scales=np.array(tried),
        slopes=np.array([slope.D for slope in slopes]),
        falls=excess[:, 0],
    )


def given_onset(scales: Scales, start_ps: float, *, axes: str = AXES) -> Onset:
    """The onset where the start is given, rounded to the nearest power of two in frames.

    Raises:
        TrajectoryError: It is not positive, or later than a sixteenth of the run.
    """
    tried = candidates(scales)
    frames = start_ps / scales.spacing_ps
    if not 0 < start_ps <= latest_start_ps(scales):
        raise TrajectoryError(
            "the diffusive regime cannot start there",
            got=f"{start_ps:g} ps",
            allowed=f"more than 0, up to {tried[-1] * scales.spacing_ps:g} ps",
            repair="give an earlier start, or run for longer",
        )
    scale = min(tried, key=lambda one: abs(np.log(one / frames)))
    slope = fit_slope(scales, scale, axes=axes)
    excess = _fall(scales, slope, axes=axes)
    return Onset(
        scale=scale,
        found=True,
        curved=excess[1] > 1.0,
        given=True,
        scales=np.array([scale]),
        slopes=np.array([slope.D]),
        falls=np.array(excess[:1]),
    )


def _expected_errors(scales: Scales, slope: Slope, *, axes: str) -> Array:
    """Error of D at a scale twice, four times … as long, by the model, from D and the constant at this one.

    Those of the other scales would prefer scales at which D came out small.
    """
    rattling = max(slope.intercept_A2, 0.0) / (2.0 * len(axes))
    found = []
    for scale in (one for one in candidates(scales) if one >= slope.scale):
        moved = slope.D * scale * scales.spacing_ps
        noise = min(rattling / moved, NOISES[-1]) if moved > 0 else NOISES[-1]
        lost = max(moved, rattling / NOISES[-1]) / scale  # in the unit of D, where rattling hides all diffusion too
        found.append(regression(scale, noise).variance(scales.frames / scale) * lost**2)
    return np.array(found)


def _fall(scales: Scales, slope: Slope, *, axes: str) -> tuple[float, float]:
    """Largest fall (or rise) to a slope at longer times, in units of what doubt and what proof need."""
    columns = columns_of(axes)
    longest = int(scales.run_frames.max())
    checks = [2 * slope.scale * 2**power for power in range(longest.bit_length())]
    checks = [lag for lag in checks if 4 * lag <= longest]
    largest, error, freedom = [0.0, 0.0], 0.0, 1.0
    for lag in checks:
        low, high = np.searchsorted(scales.lags, [lag, 2 * lag])
        later = np.zeros_like(slope.weights)
        per = 2.0 * lag * scales.spacing_ps * len(columns)
        later[low, columns], later[high, columns] = -1.0 / per, 1.0 / per
        difference = slope.weights - later
        fall = float((difference * scales.means[:, :3]).sum())
        parts = scales.contributions(difference, length=2 * lag)
        if len(parts) >= LEAST_BLOCKS:
            freedom = len(parts) - 1.0
            # Blocks as long as the longest lag are correlated by about a tenth.
            error = float(np.sqrt(1.2 * (parts @ parts) * len(parts) / freedom))
        else:
            error *= 2.0  # a slope at twice the time from half as many pieces, the longest of them without a margin
        for index, chance in enumerate((_DOUBT, _PROOF)):
            if chance == _DOUBT and len(parts) < _DOUBT_BLOCKS and lag > 4 * slope.scale:
                continue
            limit = error * student_quantile(1.0 - chance / len(checks), freedom)
            size = max(fall, -0.5 * fall) if index == 0 else fall
            if limit > 0:
                largest[index] = max(largest[index], size / limit)
    return largest[0], largest[1]

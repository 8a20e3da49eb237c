"""Whether a motion is diffusive, from the shortest window in which it is, and a bound on D where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sselmp.errors import TrajectoryError
from sselmp.transport.diffusion import AXES, LEAST_BLOCK_FRAMES, Diffusivity, block_frames, diffusivity
from sselmp.transport.intervals import poisson_upper, student_interval, student_quantile
from sselmp.transport.msd import Motion, Msd, mean_squared_displacement

HOP_LENGTH_A = 2.5  # between neighbouring sites of a light cation; typically 2 to 3.5 Å in Li and Na conductors
LEAST_HOPS = 10.0
EXPONENTS = (0.75, 1.5)
# Numbers of blocks a run that are tried, from short windows with a sharp error to long windows with few blocks.
LADDER = (10, 8, 6, 5, 4, 3)
BOUND_PROBABILITY = 0.95


@dataclass(frozen=True)
class Verdict:
    """Whether D may be quoted, why, and the bound where it may not.

    Attributes:
        diffusive: Whether the motion is diffusive in the window of the fit.
        reason: In words, with the numbers that decided.
        hops: Hop equivalents: how many hops of ``hop_length_A`` the ions' displacements amount to.
        hop_length_A: Length of a hop [Å].
        upper_bound: One-sided 95 % bound on D [Å²/ps]; None where diffusive, or where none follows.
    """

    diffusive: bool
    reason: str
    hops: float
    hop_length_A: float
    upper_bound: float | None


@dataclass(frozen=True)
class Assessment:
    """The MSD of the mobile ions, D from its best window, and the verdict on it.

    Attributes:
        msd: Over all time origins (and runs).
        diffusivity: From the window chosen; None where there are too few frames for any.
        verdict: Whether its D may be quoted.
    """

    msd: Msd
    diffusivity: Diffusivity | None
    verdict: Verdict


def assess(motions: Sequence[Motion], *, axes: str = AXES, hop_length_A: float = HOP_LENGTH_A) -> Assessment:
    """Find the shortest fit window from which on the motion is diffusive, and judge it.

    The motions are cut into 10, 8, … 3 blocks a run; fewer blocks are longer and their windows reach to longer lags
    (several runs need no more than 3 blocks in all). Taken is the first window in which (a) the MSD at its end has
    reached the squared hop length and (b) the exponent (slope of ln MSD against ln t) is between 0.75 and 1.5, provided
    that (b) holds in all longer windows too. The motion is diffusive if besides (c) the displacements amount to 10 hops
    or more, and (d) D's one-sided 95 % interval excludes zero. Where it is diffusive, D's error is not let fall below
    D/sqrt(hops): no count of events is known better. Where it is not, D of a motion whose MSD bends down is at most its
    present slope: the bound is the one-sided 95 % limit of the slope in the longest window, or of the number of hops
    seen (Poisson), whichever is greater. A motion faster than linear, which drifts or is still ballistic, has no bound.
    Counting hops: He, Zhu, Epstein and Mo, npj Comput. Mater. 4 (2018) 18. Not valid for motion confined to a pore so
    large that its walls are not met in the time observed.

    Args:
        motions: One run, or several independent ones of the same system at the same temperature.
        axes: Axes that D is averaged over.
        hop_length_A: Distance between neighbouring sites [Å].

    Raises:
        TrajectoryError: The motions do not belong together, or there is one frame only.
    """
    if not hop_length_A > 0:
        raise TrajectoryError("a hop's length must be positive", got=f"{hop_length_A} Å")
    msd = mean_squared_displacement(motions)
    rungs = [
        diffusivity(motions, blocks=blocks, axes=axes, msd=msd)
        for blocks in _ladder(len(motions))
        if block_frames(motions, blocks=blocks) >= LEAST_BLOCK_FRAMES
    ]
    if not rungs:
        frames = sum(motion.frames for motion in motions)
        reason = f"too few frames to judge ({frames}; {LADDER[-1] * LEAST_BLOCK_FRAMES} are needed)"
        verdict = Verdict(diffusive=False, reason=reason, hops=0.0, hop_length_A=hop_length_A, upper_bound=None)
        return Assessment(msd=msd, diffusivity=None, verdict=verdict)
    chosen = _first_diffusive(rungs, hop_length_A**2)
    found = rungs[-1] if chosen is None else chosen
    hops = _hops(found, ions=msd.ions, hop_length_A=hop_length_A)
    fault = _fault(found, hops=hops, hop_length_A=hop_length_A)
    verdict = Verdict(
        diffusive=fault is None,
        reason=fault or _praise(found, hops),
        hops=hops,
        hop_length_A=hop_length_A,
        upper_bound=_bound(rungs[-1], ions=msd.ions, hop_length_A=hop_length_A) if fault else None,
    )
    return Assessment(msd=msd, diffusivity=found if fault else _floored(found, hops), verdict=verdict)


def _ladder(runs: int) -> list[int]:
    """Numbers of blocks over all runs, descending: those of one run times the runs, then on to the fewest."""
    return sorted(
        {blocks * runs for blocks in LADDER} | {blocks for blocks in LADDER if blocks < runs * 3}, reverse=True
    )


def _first_diffusive(rungs: Sequence[Diffusivity], squared_hop_A2: float) -> Diffusivity | None:
    chosen = None
    for rung in reversed(rungs):
        if not EXPONENTS[0] <= rung.exponent <= EXPONENTS[1]:
            break
        if rung.msd_at_end_A2 >= squared_hop_A2:
            chosen = rung
    return chosen


def _hops(found: Diffusivity, *, ions: int, hop_length_A: float) -> float:
    """Sum over the ions of 2 d D t / a², with D's slope, which vibrations do not add to."""
    return max(found.D, 0.0) * 2 * len(found.axes) * ions * found.observed_ps / hop_length_A**2


def _fault(found: Diffusivity, *, hops: float, hop_length_A: float) -> str | None:
    window = f"{found.window_ps[0]:.3g} to {found.window_ps[1]:.3g} ps"
    if found.exponent < EXPONENTS[0]:
        return f"sub-linear: MSD grows as t^{found.exponent:.2f} from {window} (1 is diffusive, {EXPONENTS[0]} needed)"
    if found.exponent > EXPONENTS[1]:
        return f"faster than linear: MSD grows as t^{found.exponent:.2f} from {window}: ballistic, or drifting"
    if found.msd_at_end_A2 < hop_length_A**2:
        return (
            f"too short: MSD reaches {found.msd_at_end_A2:.2g} Å² at {found.window_ps[1]:.3g} ps, less than one hop of "
            f"{hop_length_A:g} Å squared"
        )
    if hops < LEAST_HOPS:
        return f"too few hops: displacements amount to {hops:.1f} of {hop_length_A:g} Å ({LEAST_HOPS:g} needed)"
    low = found.D - student_quantile(BOUND_PROBABILITY, found.degrees_of_freedom) * found.error
    if low <= 0:
        return f"not resolved: D = ({found.D:.2g} ± {found.error:.2g}) Å²/ps is not distinct from zero"
    return None


def _praise(found: Diffusivity, hops: float) -> str:
    window = f"{found.window_ps[0]:.3g} to {found.window_ps[1]:.3g} ps"
    return f"MSD grows as t^{found.exponent:.2f} from {window}, about {hops:.0f} hops"


def _bound(longest: Diffusivity, *, ions: int, hop_length_A: float) -> float | None:
    """One-sided 95 % bound on D [Å²/ps] from the slope in the longest window and from the number of hops seen."""
    if longest.exponent > EXPONENTS[1]:
        return None
    by_slope = max(longest.D, 0.0) + longest.error * student_quantile(BOUND_PROBABILITY, longest.degrees_of_freedom)
    hops = _hops(longest, ions=ions, hop_length_A=hop_length_A)
    per_hop = hop_length_A**2 / (2 * len(longest.axes) * ions * longest.observed_ps)
    return max(by_slope, per_hop * poisson_upper(hops, probability=BOUND_PROBABILITY))


def _floored(found: Diffusivity, hops: float) -> Diffusivity:
    """The same D with an error of at least D/sqrt(hops)."""
    error = max(found.error, found.D / hops**0.5)
    freedom = found.degrees_of_freedom
    return replace(
        found,
        error=error,
        interval_68=student_interval(found.D, error, probability=0.6827, degrees_of_freedom=freedom),
        interval_95=student_interval(found.D, error, probability=0.95, degrees_of_freedom=freedom),
    )

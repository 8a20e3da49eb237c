"""Whether a motion is diffusive, too short or not diffusive, and a bound where D may not be quoted; fits nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sselmp import cells
from sselmp.errors import TrajectoryError
from sselmp.transport.diffusion import AXES, Diffusivity, columns_of, diffusivity
from sselmp.transport.heterogeneity import Heterogeneity, heterogeneity
from sselmp.transport.intervals import poisson_upper, student_quantile
from sselmp.transport.msd import Array, Motion, Msd, mean_squared_displacement
from sselmp.transport.onset import REACH, Onset, find_onset, given_onset, latest_start_ps
from sselmp.transport.scales import Scales, measure_scales

HOP_LENGTH_A = 2.5  # between neighbouring sites of a light cation; typically 2 to 3.5 Å in Li and Na conductors
LEAST_HOPS = 10.0
LARGEST_ERROR = 0.4  # of D, relative: above it, D is not resolved
FASTEST = 1.5  # exponent of the MSD that is still diffusive
BOUND_PROBABILITY = 0.95
_MOVES = 0.985  # one-sided probability at which D is distinct from zero
# Exponents below which an MSD that does not settle, or one of few hops, is taken for that of a cage.
_BENT, _FLAT = 0.5, 0.2
# Of the late exponent that D and the constant imply: an MSD that stays below it this far has bent after all.
_BROKEN = 0.4
_MOLTEN_A = 1.5
LEAST_FRAMES = 32

Kind = Literal["diffusive", "too short", "not diffusive"]


@dataclass(frozen=True)
class Verdict:
    """Whether D may be quoted, why, and the bound where it may not.

    Attributes:
        kind: ``diffusive``, ``too short`` (it moves, but the run does not show enough) or ``not diffusive``.
        reason: In words, with the numbers that decided.
        hops: Hop equivalents: how many hops of ``hop_length_A`` the ions' displacements amount to.
        hop_length_A: Length of a hop [Å].
        needs_ps: Time that would be enough, where the run is too short and it can be said [ps].
        upper_bound: One-sided 95 % bound on D [Å²/ps]; None where diffusive, or where none follows.
        melted: Whether the framework has melted or reconstructed, so that the ions have no reference.
        heterogeneity: How far displacements are from Gaussian where D is read off; None where nothing is fitted.
    """

    kind: Kind
    reason: str
    hops: float
    hop_length_A: float
    needs_ps: float | None
    upper_bound: float | None
    melted: bool = False
    heterogeneity: Heterogeneity | None = None

    @property
    def diffusive(self) -> bool:
        """Whether D may be quoted."""
        return self.kind == "diffusive"


@dataclass(frozen=True)
class Shape:
    """How the MSD looks at a ladder of lags.

    Attributes:
        lags_ps: (J,) [ps].
        msd_A2: (J,) summed over the axes used [Å²].
        error_A2: (J,) its standard error [Å²].
        exponent: (J,) slope of ln MSD against ln t about each lag (1: diffusive).
        non_gaussian: (J,) non-Gaussian parameter of the displacements in three dimensions.
    """

    lags_ps: Array
    msd_A2: Array
    error_A2: Array
    exponent: Array
    non_gaussian: Array


@dataclass(frozen=True)
class Assessment:
    """The MSD of the mobile ions, where its diffusive regime starts, D from there, and the verdict on it.

    Attributes:
        msd: Over all time origins (and runs).
        shape: Of the MSD, with its errors.
        onset: How the scale of D was chosen; None where there are too few frames.
        diffusivity: At that scale; None where there are too few frames.
        verdict: Whether its D may be quoted.
    """

    msd: Msd
    shape: Shape
    onset: Onset | None
    diffusivity: Diffusivity | None
    verdict: Verdict


def assess(
    motions: Sequence[Motion], *, axes: str = AXES, hop_length_A: float = HOP_LENGTH_A, start_ps: float | None = None
) -> Assessment:
    """Find where the motion becomes diffusive, read D off there, and judge it.

    *Diffusive* is a motion of which all of this holds: the slope of the MSD stops falling within the run; D is known to
    40 %; displacements amount to ten hops or more; the MSD grows by a hop squared or more within half of the run. *Not
    diffusive* is one whose slope falls beyond any doubt at every scale of time, or is not distinct from zero where it
    no longer falls, or which is faster than linear. What is neither is *too short*, and the time that would do is
    estimated. Counting hops: He, Zhu, Epstein and Mo, npj Comput. Mater. 4 (2018) 18. Not valid for motion confined to
    a pore so large that its walls are not met in the time observed.

    Args:
        motions: One run, or several independent ones of the same system at the same temperature.
        axes: Axes that D is averaged over.
        hop_length_A: Distance between neighbouring sites [Å].
        start_ps: Start of the diffusive regime, if it is not to be found from the data [ps].

    Raises:
        TrajectoryError: The motions do not belong together, there is one frame only, or the start is not positive.
    """
    if not hop_length_A > 0:
        raise TrajectoryError("a hop's length must be positive", got=f"{hop_length_A} Å")
    msd = mean_squared_displacement(motions)
    scales = measure_scales(motions)
    shape = shape_of(scales, axes=axes)
    unfit = _unfit(scales, start_ps)
    if unfit is not None:
        reason, needs = unfit
        nothing = Verdict("too short", reason, hops=0.0, hop_length_A=hop_length_A, needs_ps=needs, upper_bound=None)
        return Assessment(msd=msd, shape=shape, onset=None, diffusivity=None, verdict=nothing)
    onset = find_onset(scales, axes=axes) if start_ps is None else given_onset(scales, start_ps, axes=axes)
    found = diffusivity(scales, onset.scale, axes=axes)
    return Assessment(
        msd=msd,
        shape=shape,
        onset=onset,
        diffusivity=found,
        verdict=_judge(found, onset, shape=shape, ions=msd.ions, hop_length_A=hop_length_A),
    )


def _unfit(scales: Scales, start_ps: float | None) -> tuple[str, float | None] | None:
    """Why nothing can be fitted at all, and the time that would do [ps]; None where something can."""
    longest = int(scales.run_frames.max())
    if longest < LEAST_FRAMES:
        return f"too few frames to judge ({longest}; {LEAST_FRAMES} are needed)", None
    if start_ps is not None and start_ps > latest_start_ps(scales):
        needed = REACH * start_ps
        return f"a fit that starts at {start_ps:g} ps, as was asked, needs {needed:.3g} ps", needed
    return None


def with_framework(found: Assessment, framework: Sequence[Msd]) -> Assessment:
    """The same assessment, or not diffusive where a species of the framework wanders: it has melted or reconstructed.

    A framework that rattles has a flat MSD. One whose MSD still grows, with an exponent above a half from an eighth to
    half of the run, and exceeds (1.5 Å)² there, half an interatomic distance as in Lindemann's criterion (F. A.
    Lindemann, Phys. Z. 11 (1910) 609), is no reference for the mobile ions. There is no bound then.
    """
    reason = wandering(framework)
    if reason is None:
        return found
    verdict = replace(found.verdict, kind="not diffusive", reason=reason, needs_ps=None, upper_bound=None, melted=True)
    return replace(found, verdict=verdict)


def wandering(framework: Sequence[Msd]) -> str | None:
    """Which species of the framework goes on moving, in words, or None where all keep their places."""
    for msd in framework:
        half = (len(msd.lags_ps) - 1) // 2
        early, late = float(msd.total[half // 4]), float(msd.total[half])
        if half >= 8 and late > _MOLTEN_A**2 and late > 2.0 * early:
            return f"framework melted or reconstructed: {msd.species} moves by {late**0.5:.2g} Å and goes on moving"
    return None


def shape_of(scales: Scales, *, axes: str = AXES) -> Shape:
    """The MSD at the ladder of lags with errors from blocks of time, exponents and non-Gaussian parameters."""
    columns = columns_of(axes)
    curve = scales.means[:, columns].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.where(curve > 0, np.log(np.maximum(curve, 1e-300)), 0.0)
    exponent = np.gradient(logarithm, np.log(scales.lags)) if len(curve) > 1 else np.zeros(1)
    return Shape(
        lags_ps=cells.readonly(scales.lags_ps),
        msd_A2=cells.readonly(curve),
        error_A2=cells.readonly(_curve_errors(scales, columns)),
        exponent=cells.readonly(np.asarray(exponent)),
        non_gaussian=cells.readonly(scales.non_gaussian()),
    )


def _curve_errors(scales: Scales, columns: list[int]) -> Array:
    """Standard errors of the MSD: from blocks of twice the lag, continued as Brownian motion where blocks are few."""
    errors = np.zeros(len(scales.lags))
    for index, lag in enumerate(scales.lags):
        weights = np.zeros((len(scales.lags), 3))
        weights[index, columns] = 1.0
        parts = scales.contributions(weights, length=2 * int(lag))
        if len(parts) >= 6 or index == 0:
            errors[index] = np.sqrt(parts @ parts * len(parts) / max(1, len(parts) - 1) * 1.2)
        else:
            growth = float(lag / scales.lags[index - 1]) ** 1.5
            kept = (scales.frames - scales.lags[index - 1]) / max(1, scales.frames - lag)
            errors[index] = errors[index - 1] * growth * float(kept) ** 0.5
    return errors


def _judge(found: Diffusivity, onset: Onset, *, shape: Shape, ions: int, hop_length_A: float) -> Verdict:
    hops = hops_of(found, ions=ions, hop_length_A=hop_length_A)
    fault, reason = _fault(found, onset, shape=shape, hops=hops, hop_length_A=hop_length_A)
    bound = needs = None
    if fault is not None:
        bound = _bound(found, shape, ions=ions, hop_length_A=hop_length_A)
    if fault == "too short" and found.D > 0:
        needs = _needed(found, shape, hops=hops, hop_length_A=hop_length_A)
        reason += f"; {'about' if onset.found else 'at least'} {needs / 1000.0:.2g} ns are needed"
    unlike = _heterogeneity(found, shape, ions=ions, hops=hops)
    return Verdict(
        kind=fault or "diffusive",
        reason=f"{reason}, {_unlike_words(unlike)}" if fault is None or unlike.few_move else reason,
        hops=hops,
        hop_length_A=hop_length_A,
        needs_ps=needs,
        upper_bound=bound,
        heterogeneity=unlike,
    )


def _heterogeneity(found: Diffusivity, shape: Shape, *, ions: int, hops: float) -> Heterogeneity:
    return heterogeneity(
        shape.lags_ps,
        shape.non_gaussian,
        fitted_ps=found.window_ps[1],
        hops_per_ps=hops / ions / found.observed_ps,
        independent=ions * found.observed_ps / shape.lags_ps,
    )


def _unlike_words(unlike: Heterogeneity) -> str:
    words = f"α₂ = {unlike.alpha_2:.2g} at {unlike.lag_ps:.3g} ps"
    share = unlike.moving_share
    return f"{words}: as if {share:.0%} of the ions moved" if share is not None and unlike.few_move else words


def hops_of(found: Diffusivity, *, ions: int, hop_length_A: float) -> float:
    """Sum over the ions of 2 d D t / a², with D's slope, which vibrations do not add to."""
    return max(found.D, 0.0) * 2 * len(found.axes) * ions * found.observed_ps / hop_length_A**2


def late_exponent(shape: Shape) -> float:
    """Slope of ln MSD against ln t from an eighth of the longest run to half of it."""
    chosen = shape.lags_ps >= shape.lags_ps[-1] / 4.0
    curve = shape.msd_A2[chosen]
    if chosen.sum() < 2 or not (curve > 0).all():
        return 0.0
    return float(np.polyfit(np.log(shape.lags_ps[chosen]), np.log(curve), 1)[0])


def _exponent_of_line(found: Diffusivity, shape: Shape) -> float:
    """Late exponent of the fitted line; zero where it does not rise."""
    end = float(shape.lags_ps[-1])
    early, late = (found.intercept_A2 + 2 * len(found.axes) * found.D * t for t in (end / 4.0, end))
    return math.log(late / early) / math.log(4.0) if late > early > 0 else 0.0


def growth_A2(found: Diffusivity, shape: Shape) -> float:
    """By how much D lets the MSD grow within half of the run [Å²]."""
    return 2 * len(found.axes) * max(found.D, 0.0) * float(shape.lags_ps[-1])


def _fault(
    found: Diffusivity, onset: Onset, *, shape: Shape, hops: float, hop_length_A: float
) -> tuple[Kind | None, str]:
    """What is wrong, if anything, and the words for it."""
    stuck = _stuck(found, onset, shape=shape, hops=hops)
    if stuck is not None:
        return "not diffusive", stuck
    short = _short(found, onset, shape=shape, hops=hops, hop_length_A=hop_length_A)
    if short is not None:
        return "too short", short
    return None, f"linear from {found.window_ps[0]:.3g} ps on, about {hops:.0f} hops, {_grows(shape)}"


def _grows(shape: Shape) -> str:
    return f"MSD grows as t^{late_exponent(shape):.2f} up to {float(shape.lags_ps[-1]):.3g} ps"


def _stuck(found: Diffusivity, onset: Onset, *, shape: Shape, hops: float) -> str | None:
    """Why it is not diffusive, or None."""
    exponent = late_exponent(shape)
    low = found.D - student_quantile(_MOVES, found.degrees_of_freedom) * found.error
    if exponent > FASTEST:
        return f"faster than linear: {_grows(shape)}: ballistic, or drifting"
    bent = _BENT if not onset.found else _BROKEN * _exponent_of_line(found, shape)
    if onset.curved or exponent < bent:
        return f"sub-linear: {_grows(shape)} and its slope still falls (1 is diffusive)"
    if low <= 0 or (hops < LEAST_HOPS and exponent < _FLAT):
        reason = f"D = ({found.D:.2g} ± {found.error:.2g}) Å²/ps is not distinct from zero"
        return f"caged: {reason} from {found.window_ps[0]:.3g} ps on"
    return None


def _short(found: Diffusivity, onset: Onset, *, shape: Shape, hops: float, hop_length_A: float) -> str | None:
    """Why the run is too short, or None."""
    if hops < LEAST_HOPS:
        return f"too few hops: displacements amount to {hops:.1f} of {hop_length_A:g} Å ({LEAST_HOPS:g} needed)"
    if not onset.found:
        return f"sub-linear, {_grows(shape)}, and its slope has not been seen to settle"
    growth = growth_A2(found, shape)
    if growth < hop_length_A**2:
        end = float(shape.lags_ps[-1])
        return f"the MSD grows by {growth:.2g} Å² in {end:.3g} ps, less than one hop of {hop_length_A:g} Å squared"
    if found.error > LARGEST_ERROR * found.D:
        return f"not resolved: D = ({found.D:.2g} ± {found.error:.2g}) Å²/ps"
    return None


def _needed(found: Diffusivity, shape: Shape, *, hops: float, hop_length_A: float) -> float:
    """Time after which hops, growth and resolution would do, with a margin of a half [ps]."""
    factors = [
        LEAST_HOPS / hops,
        hop_length_A**2 / growth_A2(found, shape),
        (found.error / found.D / LARGEST_ERROR) ** 2,
        1.0,
    ]
    return 1.5 * max(factors) * found.observed_ps


def _bound(found: Diffusivity, shape: Shape, *, ions: int, hop_length_A: float) -> float | None:
    """One-sided 95 % bound on D [Å²/ps] from the slope at the scale chosen and from the number of hops seen."""
    if late_exponent(shape) > FASTEST:
        return None
    margin = found.error * student_quantile(BOUND_PROBABILITY, found.degrees_of_freedom)
    per_hop = hop_length_A**2 / (2 * len(found.axes) * ions * found.observed_ps)
    hops = hops_of(found, ions=ions, hop_length_A=hop_length_A)
    resolved = 0.0 < 2.0 * found.error < found.D
    by_slope = found.D * math.exp(margin / found.D) if resolved else max(found.D, 0.0) + margin
    return max(by_slope, per_hop * poisson_upper(hops, probability=BOUND_PROBABILITY))

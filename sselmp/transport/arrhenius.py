"""The Arrhenius law through diffusivities and upper bounds, and its extrapolation; judges no single run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp import cells, units
from sselmp.errors import TrajectoryError
from sselmp.transport.curvature import Straightness, describe, straightness
from sselmp.transport.intervals import Interval
from sselmp.transport.line_posterior import LinePosterior, Marginal, located
from sselmp.transport.msd import Array

LEAST_TEMPERATURES = 3
# A bound this improbable under the law of the points alone is not used but contradicts it; 1 % of false alarms.
BROKEN_BOUND = 0.01
WIDEST_DECADES = 2.0  # of the 95 % interval of an extrapolated D


@dataclass(frozen=True)
class ArrheniusPoint:
    """A diffusivity at one temperature.

    Attributes:
        temperature_K: [K].
        D: [Å²/ps], positive.
        error: Standard error of D [Å²/ps].
        degrees_of_freedom: Of the error; infinite where it is known exactly.
    """

    temperature_K: float
    D: float
    error: float
    degrees_of_freedom: float = math.inf


@dataclass(frozen=True)
class ArrheniusBound:
    """A temperature at which D is only known to be below a bound.

    Attributes:
        temperature_K: [K].
        upper_bound: One-sided bound on D [Å²/ps].
        probability: With which it holds.
    """

    temperature_K: float
    upper_bound: float
    probability: float = 0.95


@dataclass(frozen=True)
class Refusal:
    """Why something is not computed, in words."""

    reason: str


@dataclass(frozen=True)
class ArrheniusFit:
    """ln D = ln D0 - Ea/(k_B T).

    Attributes:
        points: What was fitted, by temperature.
        bounds: The bounds that were used.
        broken_bounds: Bounds that contradict the law of the points, and were not used.
        melted_K: Temperatures that were left out because the framework melted or changed there [K].
        Ea_eV: Activation energy, the mean of its distribution [eV].
        Ea_error_eV: Its standard error [eV].
        ln_D0: Of the prefactor in Å²/ps.
        ln_D0_error: Its standard error.
        covariance: (2, 2) of (ln D0, Ea) [1, eV; eV, eV²].
        reduced_chi2: Squared deviations in units of the errors, per degree of freedom of the fit.
        widened: Factor by which the errors of the points were enlarged because these scatter more (1: they do not).
        Ea_interval_68: [eV].
        Ea_interval_95: [eV].
        straightness: What a straight line is up against.
        line: The distribution of the line.
    """

    points: tuple[ArrheniusPoint, ...]
    bounds: tuple[ArrheniusBound, ...]
    broken_bounds: tuple[ArrheniusBound, ...]
    melted_K: tuple[float, ...]
    Ea_eV: float
    Ea_error_eV: float
    ln_D0: float
    ln_D0_error: float
    covariance: Array
    reduced_chi2: float
    widened: float
    Ea_interval_68: Interval
    Ea_interval_95: Interval
    straightness: Straightness
    line: LinePosterior

    @property
    def fault(self) -> str | None:
        """Why the law must not be trusted beyond its points, in words; None where nothing speaks against it."""
        if self.straightness.bent:
            best = self.straightness.alternatives[0]
            return (
                f"the points do not lie on one line (p = {self.straightness.p_value:.2g}); they are better "
                f"described by {describe(best, [point.temperature_K for point in self.points])}"
            )
        if self.broken_bounds:
            listed = ", ".join(f"{bound.temperature_K:g} K" for bound in self.broken_bounds)
            return f"the line through the points runs above the upper bound at {listed}: it does not hold there"
        return None


@dataclass(frozen=True)
class Extrapolation:
    """D at a temperature from the fitted law.

    Attributes:
        temperature_K: [K].
        D: [Å²/ps], exp of the mean of ln D.
        ln_error: Standard error of ln D.
        interval_68: [Å²/ps], of equal chances below and above.
        interval_95: [Å²/ps].
    """

    temperature_K: float
    D: float
    ln_error: float
    interval_68: Interval
    interval_95: Interval


def fit_arrhenius(
    points: Sequence[ArrheniusPoint], bounds: Sequence[ArrheniusBound] = (), *, melted_K: Sequence[float] = ()
) -> ArrheniusFit | Refusal:
    """The line through ln D against 1/(k_B T), from points with errors and from upper bounds.

    The likelihood of a point is Student's t of its deviation with the degrees of freedom of its error, that of a bound
    is the chance of seeing as little as was seen (``line_posterior``); with a flat prior on ln D0 and Ea it gives their
    distribution, hence mean, covariance and intervals. Errors are absolute, so an exact line still has the error that
    its points have. A bound that the points alone make improbable (below 1 %) contradicts the law: it is reported, not
    fitted. Where points scatter more than their errors allow (5 % level) without a shape that would explain it, the
    errors are enlarged to fit, and never reduced.

    Args:
        points: Diffusive temperatures, each once.
        bounds: Temperatures with an upper bound only.
        melted_K: Temperatures of either kind at which the framework melted or became another phase [K].

    Returns:
        The fit, or a refusal where there are fewer than three diffusive temperatures of the solid.

    Raises:
        TrajectoryError: A temperature, D, error or bound is not positive and finite, or a temperature is there twice.
    """
    _check(points, bounds)
    used = sorted((p for p in points if p.temperature_K not in melted_K), key=lambda point: point.temperature_K)
    if len(used) < LEAST_TEMPERATURES:
        return _too_few(used, melted_K)
    limits = sorted((b for b in bounds if b.temperature_K not in melted_K), key=lambda bound: bound.temperature_K)
    data = _line(used, [])
    straight = straightness(
        np.array([point.temperature_K for point in used]), data.ln_D, ln_errors=data.ln_errors, freedom=data.freedom
    )
    widened = max(1.0, straight.scatter) if straight.scattered else 1.0
    alone = located(data.widened(widened))
    broken = [bound for bound in limits if _chance_below(alone, bound) < BROKEN_BOUND / len(limits)]
    kept = [bound for bound in limits if bound not in broken]
    line = located(_line(used, kept).widened(widened)) if kept else alone
    Ea = line.marginal(np.array([0.0, 1.0]))
    return ArrheniusFit(
        points=tuple(used),
        bounds=tuple(kept),
        broken_bounds=tuple(broken),
        melted_K=tuple(sorted(melted_K)),
        Ea_eV=Ea.mean,
        Ea_error_eV=Ea.deviation,
        ln_D0=float(line.mean[0]),
        ln_D0_error=math.sqrt(line.covariance[0, 0]),
        covariance=line.covariance,
        reduced_chi2=_reduced_chi2(data),
        widened=widened,
        Ea_interval_68=Ea.interval(0.6827),
        Ea_interval_95=Ea.interval(0.95),
        straightness=straight,
        line=line,
    )


def extrapolate(fit: ArrheniusFit, temperature_K: float) -> Extrapolation:
    """D of the fitted line at any temperature, with intervals that grow with the distance from the points.

    It is the line's, whether or not the line may be trusted there, which ``trusted`` judges.

    Raises:
        TrajectoryError: The temperature is not positive.
    """
    if not (temperature_K > 0 and math.isfinite(temperature_K)):
        raise TrajectoryError("a temperature must be positive", got=f"{temperature_K} K")
    found = _ln_D(fit.line, temperature_K)
    return Extrapolation(
        temperature_K=temperature_K,
        D=_exp(found.mean),
        ln_error=found.deviation,
        interval_68=_exponential(found.interval(0.6827)),
        interval_95=_exponential(found.interval(0.95)),
    )


def trusted(fit: ArrheniusFit, temperature_K: float) -> Extrapolation | Refusal:
    """D of the law at a temperature, or why there is no number.

    Refused where the points do not lie on a line, where the line runs above a bound, where the framework is not that
    of the points (it melted at the temperature, or between it and the points), and outside the temperatures measured
    where the 95 % interval spans more than two orders of magnitude. What no data can show, such as a phase change
    below the coldest point, it does not know.

    Raises:
        TrajectoryError: The temperature is not positive.
    """
    there = extrapolate(fit, temperature_K)
    coldest, hottest = fit.points[0].temperature_K, fit.points[-1].temperature_K
    melted = [kelvin for kelvin in fit.melted_K if _separates(kelvin, temperature_K, ends=(coldest, hottest))]
    if melted:
        listed = ", ".join(f"{kelvin:g} K" for kelvin in melted)
        return Refusal(f"the framework melted or changed at {listed}, so the solid's law does not lead there")
    if fit.fault is not None:
        return Refusal(fit.fault)
    span = there.interval_95
    decades = math.log10(span.high / span.low) if span.low > 0 and math.isfinite(span.high) else math.inf
    if decades > WIDEST_DECADES and not coldest <= temperature_K <= hottest:
        return Refusal(
            f"the 95 % interval would span {decades:.1f} orders of magnitude: from {coldest:g} to {hottest:g} K the "
            f"law must reach {reach(fit, temperature_K):.1f} times as far in 1/T as the points do; measure closer to "
            f"{temperature_K:g} K, or with smaller errors"
        )
    return there


def reach(fit: ArrheniusFit, temperature_K: float) -> float:
    """How far a temperature lies beyond the points in 1/T, in units of the range that they cover; 0 within it."""
    coldest, hottest = fit.points[0].temperature_K, fit.points[-1].temperature_K
    beyond = max(1.0 / temperature_K - 1.0 / coldest, 1.0 / hottest - 1.0 / temperature_K, 0.0)
    return beyond / (1.0 / coldest - 1.0 / hottest)


def _separates(kelvin: float, wanted: float, *, ends: tuple[float, float]) -> bool:
    """Whether a temperature is the wanted one, or lies between it and the nearer end of the points."""
    nearest = min(max(wanted, ends[0]), ends[1])
    return min(wanted, nearest) <= kelvin <= max(wanted, nearest) and (kelvin != nearest or kelvin == wanted)


def _too_few(used: Sequence[ArrheniusPoint], melted_K: Sequence[float]) -> Refusal:
    listed = ", ".join(f"{point.temperature_K:g} K" for point in used)
    found = f"there {'is' if len(used) == 1 else 'are'} {len(used)} ({listed})" if listed else "there is none"
    left_out = ", ".join(f"{kelvin:g} K" for kelvin in sorted(melted_K))
    return Refusal(
        f"the Arrhenius law needs {LEAST_TEMPERATURES} diffusive temperatures and {found}; "
        "a line through fewer has no test of itself"
        + (f" (left out, for the framework melted or changed: {left_out})" if left_out else "")
    )


def _check(points: Sequence[ArrheniusPoint], bounds: Sequence[ArrheniusBound]) -> None:
    for point in points:
        numbers = (point.temperature_K, point.D, point.error, point.degrees_of_freedom)
        if not all(number > 0 for number in numbers) or not all(map(math.isfinite, numbers[:3])):
            raise TrajectoryError(
                "an Arrhenius fit needs positive temperatures, diffusivities and errors",
                got=f"D = {point.D:g} ± {point.error:g} Å²/ps at {point.temperature_K:g} K",
            )
    for bound in bounds:
        positive = 0 < bound.temperature_K < math.inf and 0 < bound.upper_bound < math.inf
        if not (positive and 0.5 <= bound.probability < 1):
            raise TrajectoryError(
                "an upper bound needs a positive temperature, a positive D and a probability from 0.5 to 1",
                got=f"D < {bound.upper_bound:g} Å²/ps at {bound.temperature_K:g} K with {bound.probability:g}",
            )
    kelvins = [point.temperature_K for point in points] + [bound.temperature_K for bound in bounds]
    if len(set(kelvins)) < len(kelvins):
        raise TrajectoryError("a temperature is there twice", repair="average the runs at one temperature first")


def _line(points: Sequence[ArrheniusPoint], bounds: Sequence[ArrheniusBound]) -> LinePosterior:
    """The data in the coordinates of the line; mean and covariance are not found yet.

    An error of few degrees of freedom may be far too small by chance and would then pin the line to its point. So each
    is moderated by one degree of freedom of the campaign's mean square error (as Smyth, Stat. Appl. Genet. Mol. Biol. 3
    (2004) 3, does for many small samples); errors that are known exactly stay as they are, and so do those of three
    points, whose simulated coverage is right without.
    """
    squared = np.array([(point.error / point.D) ** 2 for point in points])
    freedom = np.array([point.degrees_of_freedom for point in points])
    if len(points) > LEAST_TEMPERATURES:
        few = np.isfinite(freedom)
        squared[few] = (freedom[few] * squared[few] + squared.mean()) / (freedom[few] + 1.0)
        freedom = freedom + 1.0
    return LinePosterior(
        x=_inverse([point.temperature_K for point in points]),
        ln_D=cells.readonly(np.log([point.D for point in points])),
        ln_errors=cells.readonly(np.sqrt(squared)),
        freedom=cells.readonly(freedom),
        bound_x=_inverse([bound.temperature_K for bound in bounds]),
        ln_bounds=cells.readonly(np.log([bound.upper_bound for bound in bounds])),
        surprise=cells.readonly(-np.log([1.0 - bound.probability for bound in bounds])),
        mean=cells.readonly(np.zeros(2)),
        covariance=cells.readonly(np.eye(2)),
    )


def _inverse(kelvins: Sequence[float]) -> Array:
    """1/(k_B T) [1/eV]."""
    return cells.readonly(1.0 / (units.BOLTZMANN_EV_PER_K * np.array(kelvins, dtype=np.float64)))


def _ln_D(line: LinePosterior, kelvin: float) -> Marginal:
    return line.marginal(np.array([1.0, -1.0 / (units.BOLTZMANN_EV_PER_K * kelvin)]))


def _chance_below(line: LinePosterior, bound: ArrheniusBound) -> float:
    """Chance, by the points alone, of seeing as little at the bound's temperature as was seen."""
    found = _ln_D(line, bound.temperature_K)
    ratio = np.exp(np.minimum(found.values - math.log(bound.upper_bound), 700.0))
    return float(found.density @ np.exp(math.log(1.0 - bound.probability) * ratio))


def _reduced_chi2(line: LinePosterior) -> float:
    design = np.column_stack([np.ones(len(line.x)), -line.x]) / line.ln_errors[:, None]
    scaled = line.ln_D / line.ln_errors
    left = scaled - design @ (np.linalg.pinv(design) @ scaled)
    return float(left @ left / (len(scaled) - 2))


def _exponential(interval: Interval) -> Interval:
    """Back from ln D; beyond what a number can hold, zero and infinity."""
    return Interval(low=_exp(interval.low), high=_exp(interval.high), probability=interval.probability)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf

"""The Arrhenius law through diffusivities at several temperatures, and its extrapolation; judges no single run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp import cells, units
from sselmp.errors import TrajectoryError
from sselmp.transport.intervals import Interval, student_interval
from sselmp.transport.msd import Array

LEAST_TEMPERATURES = 3


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
class Refusal:
    """Why something is not computed, in words."""

    reason: str


@dataclass(frozen=True)
class ArrheniusFit:
    """ln D = ln D0 - Ea/(k_B T).

    Attributes:
        points: What was fitted.
        Ea_eV: Activation energy [eV].
        Ea_error_eV: Its standard error [eV].
        ln_D0: Of the prefactor in Å²/ps.
        ln_D0_error: Its standard error.
        covariance: (2, 2) of (ln D0, Ea) [1, eV; eV, eV²], scaled by ``reduced_chi2`` where that is above 1.
        reduced_chi2: Squared deviations in units of the errors, per degree of freedom of the fit.
        Ea_interval_68: [eV].
        Ea_interval_95: [eV].
    """

    points: tuple[ArrheniusPoint, ...]
    Ea_eV: float
    Ea_error_eV: float
    ln_D0: float
    ln_D0_error: float
    covariance: Array
    reduced_chi2: float
    Ea_interval_68: Interval
    Ea_interval_95: Interval


@dataclass(frozen=True)
class Extrapolation:
    """D at a temperature from the fitted law.

    Attributes:
        temperature_K: [K].
        D: [Å²/ps].
        ln_error: Standard error of ln D.
        interval_68: [Å²/ps], symmetric in ln D.
        interval_95: [Å²/ps], symmetric in ln D.
    """

    temperature_K: float
    D: float
    ln_error: float
    interval_68: Interval
    interval_95: Interval


def fit_arrhenius(points: Sequence[ArrheniusPoint]) -> ArrheniusFit | Refusal:
    """Weighted least squares of ln D against 1/(k_B T).

    The errors of ln D are error/D and are taken as absolute, so an exact line still has the error that its points have;
    where the points scatter more than that (reduced χ² above 1) the covariance is scaled up by it, as the Particle Data
    Group does, and never down. Intervals use Student's t with the degrees of freedom that the points' own errors have,
    combined after Welch and Satterthwaite. Invalid across a phase change, or where the mechanism changes (the line is
    then bent; a reduced χ² well above 1 says so).

    Args:
        points: Diffusive temperatures only, each once.

    Returns:
        The fit, or a refusal where there are fewer than three temperatures.

    Raises:
        TrajectoryError: A temperature, D or error is not positive and finite, or a temperature is there twice.
    """
    points = tuple(sorted(points, key=lambda point: point.temperature_K))
    _check(points)
    if len(points) < LEAST_TEMPERATURES:
        listed = ", ".join(f"{point.temperature_K:g} K" for point in points)
        found = f"there are {len(points)} ({listed})" if listed else "there is none"
        return Refusal(
            f"the Arrhenius law needs {LEAST_TEMPERATURES} diffusive temperatures and {found}; "
            "a line through fewer has no test of itself"
        )
    design, ln_errors = _design(points)
    solver = _solver(design, ln_errors)
    ln_D = np.log([point.D for point in points])
    solution = solver @ ln_D
    chi2 = float((((ln_D - design @ solution) / ln_errors) ** 2).sum() / (len(points) - 2))
    covariance = (solver * ln_errors**2) @ solver.T * max(1.0, chi2)
    ln_D0, Ea = (float(value) for value in solution)
    Ea_error = math.sqrt(covariance[1, 1])
    freedom = _freedom(points, solver[1] * ln_errors)
    return ArrheniusFit(
        points=points,
        Ea_eV=Ea,
        Ea_error_eV=Ea_error,
        ln_D0=ln_D0,
        ln_D0_error=math.sqrt(covariance[0, 0]),
        covariance=cells.readonly(covariance),
        reduced_chi2=chi2,
        Ea_interval_68=student_interval(Ea, Ea_error, probability=0.6827, degrees_of_freedom=freedom),
        Ea_interval_95=student_interval(Ea, Ea_error, probability=0.95, degrees_of_freedom=freedom),
    )


def extrapolate(fit: ArrheniusFit, temperature_K: float) -> Extrapolation:
    """D at any temperature from a fit, with intervals that grow with the distance from the points.

    They hold if the law does: no statistics knows of a phase change on the way.

    Raises:
        TrajectoryError: The temperature is not positive.
    """
    if not (temperature_K > 0 and math.isfinite(temperature_K)):
        raise TrajectoryError("a temperature must be positive", got=f"{temperature_K} K")
    row = np.array([1.0, -1.0 / (units.BOLTZMANN_EV_PER_K * temperature_K)])
    design, ln_errors = _design(fit.points)
    freedom = _freedom(fit.points, (row @ _solver(design, ln_errors)) * ln_errors)
    ln_D = float(row @ [fit.ln_D0, fit.Ea_eV])
    ln_error = math.sqrt(float(row @ fit.covariance @ row))
    return Extrapolation(
        temperature_K=temperature_K,
        D=math.exp(ln_D),
        ln_error=ln_error,
        interval_68=_exponential(student_interval(ln_D, ln_error, probability=0.6827, degrees_of_freedom=freedom)),
        interval_95=_exponential(student_interval(ln_D, ln_error, probability=0.95, degrees_of_freedom=freedom)),
    )


def _check(points: Sequence[ArrheniusPoint]) -> None:
    for point in points:
        numbers = (point.temperature_K, point.D, point.error, point.degrees_of_freedom)
        if not all(number > 0 for number in numbers) or not all(map(math.isfinite, numbers[:3])):
            raise TrajectoryError(
                "an Arrhenius fit needs positive temperatures, diffusivities and errors",
                got=f"D = {point.D:g} ± {point.error:g} Å²/ps at {point.temperature_K:g} K",
            )
    if len({point.temperature_K for point in points}) < len(points):
        raise TrajectoryError("a temperature is there twice", repair="average the runs at one temperature first")


def _design(points: Sequence[ArrheniusPoint]) -> tuple[Array, Array]:
    """(n, 2) rows (1, -1/k_B T) [1, 1/eV] and (n,) errors of ln D."""
    inverse = [-1.0 / (units.BOLTZMANN_EV_PER_K * point.temperature_K) for point in points]
    ln_errors = np.array([point.error / point.D for point in points])
    return np.column_stack([np.ones(len(points)), inverse]), ln_errors


def _solver(design: Array, ln_errors: Array) -> Array:
    """(2, n) matrix that turns ln D into (ln D0, Ea)."""
    weighted = design / ln_errors[:, None]
    return np.asarray(np.linalg.pinv(weighted) / ln_errors)


def _freedom(points: Sequence[ArrheniusPoint], parts: Array) -> float:
    """Welch–Satterthwaite degrees of freedom of a sum of independent errors ``parts``, one per point."""
    variances = parts**2
    spread = sum(v**2 / point.degrees_of_freedom for v, point in zip(variances, points, strict=True))
    return float(variances.sum() ** 2 / spread) if spread > 0 else math.inf


def _exponential(interval: Interval) -> Interval:
    """Back from ln D; beyond what a number can hold, zero and infinity."""
    high = math.exp(interval.high) if interval.high < 700 else math.inf
    return Interval(low=math.exp(interval.low), high=high, probability=interval.probability)

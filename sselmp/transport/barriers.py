"""The barrier of hops from their rates over temperatures, by the same weighted line as diffusivities; counts no hop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sselmp.transport.arrhenius import ArrheniusPoint, Refusal, fit_arrhenius
from sselmp.transport.counting import Rate
from sselmp.transport.intervals import Interval

LEAST_HOPS = 10


@dataclass(frozen=True)
class RateAt:
    """The rate of one kind of hop at a temperature [K]."""

    temperature_K: float
    rate: Rate


@dataclass(frozen=True)
class Barrier:
    """rate = attempts exp(-barrier/(k_B T)).

    Attributes:
        barrier_eV: [eV].
        error_eV: Its standard error [eV].
        interval_95: Of the barrier [eV].
        attempts_per_ps: The prefactor [1/ps], an attempt frequency where one barrier is all there is.
        ln_attempts_error: Standard error of its logarithm.
        reduced_chi2: Squared deviations in units of the errors, per degree of freedom.
        temperatures_K: What was fitted [K].
    """

    barrier_eV: float
    error_eV: float
    interval_95: Interval
    attempts_per_ps: float
    ln_attempts_error: float
    reduced_chi2: float
    temperatures_K: tuple[float, ...]


def barrier_of(rates: Sequence[RateAt]) -> Barrier | Refusal:
    """Fit ln rate against 1/T; temperatures with fewer than 10 events are left out.

    Returns:
        The barrier, or a refusal where fewer than three temperatures are left.

    Raises:
        TrajectoryError: A temperature is not positive, or there twice.
    """
    points = [
        ArrheniusPoint(
            temperature_K=at.temperature_K,
            D=at.rate.per_ps,
            error=at.rate.error,
            degrees_of_freedom=at.rate.degrees_of_freedom,
        )
        for at in rates
        if at.rate.count >= LEAST_HOPS
    ]
    fit = fit_arrhenius(points)
    if isinstance(fit, Refusal):
        return Refusal(
            f"a barrier needs three temperatures with {LEAST_HOPS} events or more each, and there are {len(points)}"
        )
    return Barrier(
        barrier_eV=fit.Ea_eV,
        error_eV=fit.Ea_error_eV,
        interval_95=fit.Ea_interval_95,
        attempts_per_ps=math.exp(fit.ln_D0),
        ln_attempts_error=fit.ln_D0_error,
        reduced_chi2=fit.reduced_chi2,
        temperatures_K=tuple(point.temperature_K for point in fit.points),
    )

"""The Arrhenius law and its extrapolation as plain data with units in the keys; writes nothing and fits nothing."""

from __future__ import annotations

import math

import numpy as np

from sselmp import units
from sselmp.files import Json
from sselmp.transport.analysis import Extrapolated
from sselmp.transport.arrhenius import ArrheniusBound, ArrheniusFit, Refusal, extrapolate, reach
from sselmp.transport.conductivity import Conductivity
from sselmp.transport.curvature import Alternative, describe
from sselmp.transport.intervals import Interval

_CM2 = units.A2_PER_PS_IN_CM2_PER_S
CURVE_POINTS = 61


def curve_kelvins(fit: ArrheniusFit, extrapolate_to_K: float) -> list[float]:
    """Temperatures at which law and band are stored and drawn, even in 1/T, a little beyond points and wish [K]."""
    ends = [1.0 / kelvin for kelvin in (*_temperatures(fit), extrapolate_to_K)]
    margin = 0.04 * (max(ends) - min(ends))
    first = max(min(ends) - margin, 0.2 * min(ends))
    return [float(1.0 / inverse) for inverse in np.linspace(first, max(ends) + margin, CURVE_POINTS)]


def arrhenius_document(found: ArrheniusFit | Refusal, extrapolate_to_K: float) -> Json:
    """The fit, what speaks for and against it, and its line with the bands, or why there is none."""
    if isinstance(found, Refusal):
        return {"fitted": False, "reason": found.reason}
    straight = found.straightness
    return {
        "fitted": True,
        "Ea_eV": found.Ea_eV,
        "Ea_error_eV": found.Ea_error_eV,
        "Ea_interval_68_eV": span(found.Ea_interval_68, 1.0),
        "Ea_interval_95_eV": span(found.Ea_interval_95, 1.0),
        "D0_cm2_per_s": _finite(_exp(found.ln_D0) * _CM2),
        "ln_D0_error": found.ln_D0_error,
        "covariance_lnD0_Ea_eV": found.covariance.tolist(),
        "reduced_chi2": found.reduced_chi2,
        "errors_widened": found.widened,
        "temperatures_K": [point.temperature_K for point in found.points],
        "bounds": [_bound(bound) for bound in found.bounds],
        "broken_bounds": [_bound(bound) for bound in found.broken_bounds],
        "melted_K": list(found.melted_K),
        "straight": found.fault is None,
        "fault": found.fault,
        "bend_p_value": straight.p_value,
        "scatter_p_value": straight.scatter_p_value,
        "detectable_bend_ln_D": straight.detectable,
        "alternatives": [_alternative(one, found) for one in straight.alternatives],
        "curve": _curve(found, extrapolate_to_K),
    }


def extrapolation_document(
    found: Extrapolated | Refusal, *, fit: ArrheniusFit | Refusal, extrapolate_to_K: float
) -> Json:
    """D and σ at the temperature asked for, or why there are none."""
    if isinstance(found, Refusal):
        return {"temperature_K": extrapolate_to_K, "given": False, "reason": found.reason}
    there = found.extrapolation
    return {
        "temperature_K": extrapolate_to_K,
        "given": True,
        "D_cm2_per_s": there.D * _CM2,
        "ln_D_error": there.ln_error,
        "D_interval_68_cm2_per_s": span(there.interval_68, _CM2),
        "D_interval_95_cm2_per_s": span(there.interval_95, _CM2),
        **sigma_document(found.conductivity),
        "number_density_per_A3": found.conductivity.carriers.number_density,
        "number_density_from_K": found.density_from_K,
        "reach": reach(fit, extrapolate_to_K) if isinstance(fit, ArrheniusFit) else None,
    }


def sigma_document(found: Conductivity | None) -> Json:
    """A conductivity with its intervals; nulls where there is none."""
    factor = units.S_PER_M_IN_MS_PER_CM
    return {
        "sigma_mS_per_cm": found and found.sigma_S_per_m * factor,
        "sigma_interval_68_mS_per_cm": found and span(found.interval_68, factor),
        "sigma_interval_95_mS_per_cm": found and span(found.interval_95, factor),
    }


def span(interval: Interval, factor: float) -> list[float | None]:
    """Both ends times a factor; an end beyond what a number can hold is null."""
    return [_finite(interval.low * factor), _finite(interval.high * factor)]


def drawn_alternative(fit: ArrheniusFit) -> Alternative | None:
    """The alternative to draw: the best one, where the points prefer it to the line."""
    return fit.straightness.alternatives[0] if fit.straightness.bent else None


def _temperatures(fit: ArrheniusFit) -> list[float]:
    bounds = (*fit.bounds, *fit.broken_bounds)
    return [one.temperature_K for one in fit.points] + [one.temperature_K for one in bounds] + list(fit.melted_K)


def _bound(bound: ArrheniusBound) -> Json:
    return {
        "temperature_K": bound.temperature_K,
        "D_upper_bound_cm2_per_s": bound.upper_bound * _CM2,
        "probability": bound.probability,
    }


def _alternative(one: Alternative, fit: ArrheniusFit) -> Json:
    kelvins = [point.temperature_K for point in fit.points]
    grid = np.linspace(1.0 / kelvins[-1], 1.0 / kelvins[0], CURVE_POINTS)
    ln_D = one.ln_D(1.0 / grid)
    return {
        "shape": one.shape,
        "words": describe(one, kelvins),
        "parameters": one.parameters,
        "chi2": one.chi2,
        "aic_gain": one.aic_gain,
        "special_K": one.special_K,
        "gap_K": one.gap_K and list(one.gap_K),
        "curve": {
            "temperature_K": (1.0 / grid).tolist(),
            "D_cm2_per_s": [_finite(_exp(float(value)) * _CM2) for value in ln_D],
        },
    }


def _curve(fit: ArrheniusFit, extrapolate_to_K: float) -> Json:
    kelvins = curve_kelvins(fit, extrapolate_to_K)
    law = [extrapolate(fit, kelvin) for kelvin in kelvins]
    return {
        "temperature_K": kelvins,
        "D_cm2_per_s": [_finite(there.D * _CM2) for there in law],
        "D_interval_68_cm2_per_s": [span(there.interval_68, _CM2) for there in law],
        "D_interval_95_cm2_per_s": [span(there.interval_95, _CM2) for there in law],
    }


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

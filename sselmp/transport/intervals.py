"""Intervals and the quantiles that they are made with; knows nothing of diffusion."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A range that should hold the truth with a stated probability, in the unit of the value it belongs to."""

    low: float
    high: float
    probability: float

    def scaled(self, factor: float) -> Interval:
        """The interval of ``factor`` times the value, for a positive exact factor."""
        return Interval(low=self.low * factor, high=self.high * factor, probability=self.probability)


def student_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Quantile of Student's t (of the normal distribution where the degrees of freedom are infinite)."""
    from scipy import special

    if math.isinf(degrees_of_freedom):
        return float(special.ndtri(probability))
    return float(special.stdtrit(degrees_of_freedom, probability))


def student_interval(value: float, error: float, *, probability: float, degrees_of_freedom: float) -> Interval:
    """Two-sided interval around a value with a standard error, in the value's unit."""
    half = error * student_quantile(0.5 + probability / 2.0, degrees_of_freedom)
    return Interval(low=value - half, high=value + half, probability=probability)


def poisson_upper(count: float, *, probability: float) -> float:
    """Largest mean that would give ``count`` events or fewer with a chance of 1 - ``probability`` (3.0 for none, 95 %).

    The classical limit, half a χ² quantile of 2(count + 1) degrees of freedom (Garwood, Biometrika 28 (1936) 437),
    continued to counts that are not whole.
    """
    from scipy import special

    return float(special.gammaincinv(count + 1.0, probability))


def positive_interval(value: float, error: float, *, probability: float, degrees_of_freedom: float) -> Interval:
    """Two-sided interval of a quantity that cannot be negative, symmetric in its logarithm.

    The scatter of a mean of squares or of a count grows with its value, so that low values come with errors that are
    too small, and high ones with errors too large; equal factors up and down take this up. Where the error is half of
    the value or more, a logarithm means nothing, and the interval is symmetric in the value itself.
    """
    if not 0.0 < 2.0 * error < value:
        return student_interval(value, error, probability=probability, degrees_of_freedom=degrees_of_freedom)
    factor = math.exp(error / value * student_quantile(0.5 + probability / 2.0, degrees_of_freedom))
    return Interval(low=value / factor, high=value * factor, probability=probability)


def f_quantile(probability: float, *, above: float, below: float) -> float:
    """Quantile of the ratio of two estimates of one variance with so many degrees of freedom (Fisher's F)."""
    from scipy import special

    return float(special.fdtri(above, below, probability))

"""What uncertain diffusivities and upper bounds say of a line in ln D; does not judge whether it is straight."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sselmp import cells
from sselmp.transport.intervals import Interval
from sselmp.transport.msd import Array

# The integrals run over z = sinh(u), which is dense near the middle and reaches far: 5.3 in u is 100 in z, in units of
# the posterior's own widths, where products of Student's t have long vanished.
REACH = 5.3
NODES = 121
PASSES = 6
LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class LinePosterior:
    """A line ln D = ln D0 - Ea x through points and below bounds, x = 1/(k_B T), and where it may lie.

    A point says that (ln D - its ln D)/error is Student's t with the degrees of freedom of its error. A bound B that
    holds with probability p says nothing of a D below it; above it the chance of seeing as little as was seen falls
    from 1-p, as (1-p)^(D/B) where events are counted (Poisson), and this over 1-p is its likelihood. (To use that
    chance below B too would take the bound for a measurement of nothing: wherever some events were seen it pulled the
    line down, and over simulated campaigns its 68 % intervals held the truth in 58 %.) With a flat prior on ln D0 and
    Ea this is normal regression where the errors are known.

    Attributes:
        x: (n,) 1/(k_B T) of the points [1/eV].
        ln_D: (n,) ln of their D in Å²/ps.
        ln_errors: (n,) standard errors of these.
        freedom: (n,) degrees of freedom of the errors; infinite where they are exact.
        bound_x: (m,) 1/(k_B T) of the bounds [1/eV].
        ln_bounds: (m,) ln of the bounds in Å²/ps.
        surprise: (m,) -ln(1-p) of the bounds.
        mean: (2,) posterior mean of (ln D0, Ea) [1, eV].
        covariance: (2, 2) posterior covariance [1, eV; eV, eV²].
    """

    x: Array
    ln_D: Array
    ln_errors: Array
    freedom: Array
    bound_x: Array
    ln_bounds: Array
    surprise: Array
    mean: Array
    covariance: Array

    def widened(self, factor: float) -> LinePosterior:
        """The same with all errors of the points ``factor`` times as large."""
        return located(replace(self, ln_errors=cells.readonly(self.ln_errors * factor)))

    def log_likelihood(self, ln_D0: Array, Ea: Array) -> Array:
        """Logarithm of the likelihood, without constants, for arrays of ln D0 and Ea [eV] of one shape."""
        total = np.zeros(np.broadcast_shapes(ln_D0.shape, Ea.shape))
        for x, ln_D, error, freedom in zip(self.x, self.ln_D, self.ln_errors, self.freedom, strict=True):
            squared = ((ln_D - ln_D0 + Ea * x) / error) ** 2
            if math.isinf(freedom):
                total -= squared / 2.0
            else:
                total -= (freedom + 1.0) / 2.0 * np.log1p(squared / freedom)
        for x, ln_bound, surprise in zip(self.bound_x, self.ln_bounds, self.surprise, strict=True):
            ratio = np.exp(np.minimum(ln_D0 - Ea * x - ln_bound, LARGEST_EXPONENT))
            total -= surprise * np.maximum(ratio - 1.0, 0.0)
        return total

    def marginal(self, row: Array) -> Marginal:
        """Distribution of ``row`` · (ln D0, Ea), such as ln D at a temperature for the row (1, -1/(k_B T))."""
        grid = _grid(self, row)
        density = (grid.weights * grid.likelihood).sum(axis=1)
        density /= density.sum()
        mean = float(density @ grid.values)
        deviation = math.sqrt(float(density @ (grid.values - mean) ** 2))
        return Marginal(nodes=grid.u, density=density, values=grid.values, mean=mean, deviation=deviation)


@dataclass(frozen=True)
class Marginal:
    """Distribution of one number.

    Attributes:
        nodes: (K,) evenly spaced coordinate in which it is smooth.
        density: (K,) probability at the nodes, summing to 1.
        values: (K,) the number at the nodes, increasing.
        mean: Its mean.
        deviation: Its standard deviation.
    """

    nodes: Array
    density: Array
    values: Array
    mean: float
    deviation: float

    def interval(self, probability: float) -> Interval:
        """Range that leaves out as much below as above."""
        low, high = self.quantiles(np.array([0.5 - probability / 2.0, 0.5 + probability / 2.0]))
        return Interval(low=float(low), high=float(high), probability=probability)

    def quantiles(self, probabilities: Array) -> Array:
        """Values below which the number lies with given probabilities, of the same shape."""
        from scipy.interpolate import CubicSpline, PchipInterpolator

        integral = CubicSpline(self.nodes, self.density).antiderivative()
        fine = np.linspace(self.nodes[0], self.nodes[-1], 16 * len(self.nodes))
        cumulative = np.maximum.accumulate(integral(fine) / integral(fine[-1]))
        inside = np.concatenate([[True], np.diff(cumulative) > 0])
        places = PchipInterpolator(cumulative[inside], fine[inside])(probabilities)
        return np.asarray(CubicSpline(self.nodes, self.values)(places))


def located(line: LinePosterior) -> LinePosterior:
    """The same line with mean and covariance found, by sums over a grid that is moved until it fits."""
    mean, covariance = _least_squares(line)
    energy = np.array([0.0, 1.0])
    for _ in range(PASSES):
        line = replace(line, mean=cells.readonly(mean), covariance=cells.readonly(covariance))
        grid = _grid(line, energy)
        weights = grid.weights * grid.likelihood
        weights = weights / weights.sum()
        mean = np.array([(weights * grid.ln_D0).sum(), (weights * grid.Ea).sum()])
        apart = np.array([grid.ln_D0 - mean[0], grid.Ea - mean[1]])
        covariance = np.einsum("ikl,jkl,kl->ij", apart, apart, weights)
        moved = (mean - line.mean) @ np.linalg.solve(covariance, mean - line.mean)
        if moved < 1e-4 and abs(math.log(covariance[1, 1] / line.covariance[1, 1])) < 0.1:
            break
    return replace(line, mean=cells.readonly(mean), covariance=cells.readonly(covariance))


@dataclass(frozen=True)
class _Grid:
    """Nodes (K,) and values (K,) along a row, and (K, K) parameters, quadrature weights and likelihoods."""

    u: Array
    values: Array
    ln_D0: Array
    Ea: Array
    weights: Array
    likelihood: Array


def _grid(line: LinePosterior, row: Array) -> _Grid:
    """A grid about the mean whose first axis runs along ``row`` · (ln D0, Ea), the second uncorrelated with it."""
    u = np.linspace(-REACH, REACH, NODES)
    z, weight = np.sinh(u), np.cosh(u)
    width = math.sqrt(float(row @ line.covariance @ row))
    along = line.covariance @ row / width
    across = np.array([-row[1], row[0]])
    across = across / math.sqrt(float(across @ np.linalg.solve(line.covariance, across)))
    ln_D0 = line.mean[0] + along[0] * z[:, None] + across[0] * z[None, :]
    Ea = line.mean[1] + along[1] * z[:, None] + across[1] * z[None, :]
    logs = line.log_likelihood(ln_D0, Ea)
    return _Grid(
        u=u,
        values=float(row @ line.mean) + width * z,
        ln_D0=ln_D0,
        Ea=Ea,
        weights=weight[:, None] * weight[None, :],
        likelihood=np.exp(logs - logs.max()),
    )


def _least_squares(line: LinePosterior) -> tuple[Array, Array]:
    """Weighted least squares through the points alone: where to begin."""
    design = np.column_stack([np.ones(len(line.x)), -line.x]) / line.ln_errors[:, None]
    inverse = np.linalg.pinv(design)
    return np.asarray(inverse @ (line.ln_D / line.ln_errors)), np.asarray(inverse @ inverse.T)

"""Whether ln D against 1/T is a straight line, and what describes it better where it is not; fits no straight law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sselmp import cells, units
from sselmp.transport.msd import Array

Shape = Literal["curved", "vtf", "hinge", "step", "two lines"]

FALSE_ALARM = 0.04  # with 0.01 left for bounds, 5 % in all
SCATTER_ALARM = 0.05
SIMULATIONS = 4000
SEED = 20040811  # the answer must not change from one call to the next
VTF_STEPS = 30
BREAKS_PER_GAP = 5
# Parameters that each has beside ln D0 and Ea, and the points that it needs at least.
EXTRA: dict[Shape, int] = {"curved": 1, "vtf": 1, "hinge": 2, "step": 2, "two lines": 3}
LEAST_POINTS: dict[Shape, int] = {"curved": 3, "vtf": 4, "hinge": 5, "step": 5, "two lines": 6}


@dataclass(frozen=True)
class Alternative:
    """A law with more parameters than the straight line.

    Attributes:
        shape: ``curved``: a quadratic term in 1/T; ``vtf``: ln D = c - b/(k_B (T - T0)) (Vogel, Tammann, Fulcher);
            ``hinge``: two lines that meet; ``step``: one slope with a jump; ``two lines``: two slopes with a jump.
        parameters: How many it has, a T0 or the place of a break included.
        chi2: Squared deviations of ln D in units of its errors.
        aic_gain: By how much its Akaike criterion is below that of the line; negative: the line is better.
        special_K: T0, or the temperature of the break (for ``step`` and ``two lines``: the middle of the gap in 1/T)
            [K]; None for ``curved``.
        gap_K: The two temperatures measured nearest to the break [K]; None for ``curved`` and ``vtf``.
        coefficients: Of the columns of ``columns``.
    """

    shape: Shape
    parameters: int
    chi2: float
    aic_gain: float
    special_K: float | None
    gap_K: tuple[float, float] | None
    coefficients: Array

    def ln_D(self, kelvins: Array) -> Array:
        """Its ln D in Å²/ps at temperatures [K], of the same shape; NaN for VTF at or below T0."""
        return np.asarray(columns(self.shape, kelvins, special_K=self.special_K) @ self.coefficients)


@dataclass(frozen=True)
class Straightness:
    """What a straight line is up against.

    Attributes:
        p_value: Chance that points on a line, with these errors, favour some alternative as much as these do.
        scatter_p_value: Chance that they scatter about the line as much as these do.
        scatter: Factor by which deviations exceed what the errors explain (χ² over its median, rooted).
        alternatives: Those that the number of points allows, the best supported first.
        detectable: Quadratic term that would be seen with a chance of 80 %, as ln D at the end of a range of 1/T twice
            as long as that of the points, beyond the coldest: what may hide in an extrapolation that far.
    """

    p_value: float
    scatter_p_value: float
    scatter: float
    alternatives: tuple[Alternative, ...]
    detectable: float

    @property
    def bent(self) -> bool:
        """Whether an alternative is preferred, at a false-alarm rate of 4 %."""
        return self.p_value < FALSE_ALARM

    @property
    def scattered(self) -> bool:
        """Whether the points scatter more than their errors allow, at a false-alarm rate of 5 %."""
        return self.scatter_p_value < SCATTER_ALARM


@dataclass(frozen=True)
class _Law:
    """One member of a family that is linear in its coefficients once ``special_K`` is fixed."""

    shape: Shape
    special_K: float | None
    gap_K: tuple[float, float] | None


def straightness(kelvins: Array, ln_D: Array, *, ln_errors: Array, freedom: Array) -> Straightness:
    """Hold a straight line against the alternatives that so many points allow.

    All alternatives are linear once their break or T0 is fixed, which is scanned. The evidence is Akaike's criterion
    χ² + 2k: the errors are known and not fitted, for which it is exact for linear laws; the small-sample correction of
    AICc is one for a fitted variance (and divides by zero at four parameters and five points), and BIC's penalty ln n
    is weaker than AIC's 2 below eight points. As the best of several scanned laws is chosen, its gain is compared with
    the gains in 4000 simulated sets of points on a line, with Student's errors, at the same temperatures.

    Args:
        kelvins: (n,) temperatures [K], increasing, three at least.
        ln_D: (n,) ln of D in Å²/ps.
        ln_errors: (n,) its standard errors.
        freedom: (n,) their degrees of freedom.
    """
    scaled = ln_D / ln_errors
    noise = _noise(freedom)
    flat = _basis(columns("curved", kelvins, special_K=None)[:, :2] / ln_errors[:, None])
    chi2, null_chi2 = _left(scaled[None], flat)[0], _left(noise, flat)
    null_gain = np.full(SIMULATIONS, -np.inf)
    best: dict[Shape, tuple[float, _Law]] = {}
    for shape, laws in _laws(kelvins).items():
        gains, null = _gains(laws, np.vstack([scaled, noise]), kelvins=kelvins, ln_errors=ln_errors)
        null_gain = np.maximum(null_gain, null - 2.0 * EXTRA[shape])
        best[shape] = (float(gains.max()), laws[int(gains.argmax())])
    alternatives = sorted(
        (_alternative(law, gain, chi2=float(chi2), data=(kelvins, ln_D, ln_errors)) for gain, law in best.values()),
        key=lambda one: -one.aic_gain,
    )
    return Straightness(
        p_value=_chance(null_gain, alternatives[0].aic_gain),
        scatter_p_value=_chance(null_chi2, chi2),
        scatter=float(np.sqrt(chi2 / max(float(np.median(null_chi2)), 1e-300))),
        alternatives=tuple(alternatives),
        detectable=_detectable(kelvins, ln_errors),
    )


def columns(shape: Shape, kelvins: Array, *, special_K: float | None) -> Array:
    """Columns, along a new last axis, whose combination is ln D: 1, -x with x = 1/(k_B T) [1/eV], and what bends it.

    Args:
        shape: Of the alternative.
        kelvins: Temperatures [K].
        special_K: T0 or the break [K].
    """
    x = 1.0 / (units.BOLTZMANN_EV_PER_K * np.asarray(kelvins, dtype=np.float64))
    one = np.ones_like(x)
    if shape == "curved":
        return np.stack([one, -x, x**2], axis=-1)
    assert special_K is not None  # noqa: S101 - only ``curved`` has none
    if shape == "vtf":
        above = np.where(kelvins > special_K, kelvins - special_K, np.nan)
        return np.stack([one, -1.0 / (units.BOLTZMANN_EV_PER_K * above)], axis=-1)
    beyond = x - 1.0 / (units.BOLTZMANN_EV_PER_K * special_K)
    cold = (beyond > 0).astype(np.float64)
    if shape == "hinge":
        return np.stack([one, -x, -beyond * cold], axis=-1)
    if shape == "step":
        return np.stack([one, -x, cold], axis=-1)
    return np.stack([one, -x, cold, -beyond * cold], axis=-1)


def _basis(weighted: Array) -> Array:
    """Orthonormal columns that span those of a weighted design, (n, k), or of M of them, (M, n, k)."""
    return np.asarray(np.linalg.qr(weighted / np.sqrt((weighted**2).sum(axis=-2, keepdims=True)))[0])


def _left(scaled: Array, basis: Array) -> Array:
    """(s,) χ² of (s, n) values in units of their errors once the basis is fitted."""
    left = scaled - (scaled @ basis) @ basis.T
    return np.asarray((left**2).sum(axis=1))


def _gains(laws: Sequence[_Law], scaled: Array, *, kelvins: Array, ln_errors: Array) -> tuple[Array, Array]:
    """By how much laws of one shape lower χ²: (M,) each law for the first row, (s,) the best for each row below it.

    The first two columns of every law are those of the line, so the rest of its orthonormal basis is what it adds.
    """
    designs = np.stack([columns(law.shape, kelvins, special_K=law.special_K) for law in laws])
    bases = _basis(designs / ln_errors[:, None])
    if laws[0].shape == "vtf":  # its second column is not the line's
        line = _basis(columns("curved", kelvins, special_K=None)[:, :2] / ln_errors[:, None])
        left = np.array([_left(scaled[:1], basis)[0] for basis in bases])
        null = _taken(scaled[1:], bases).max(axis=1) - _taken(scaled[1:], line[None])[:, 0]
        return _left(scaled[:1], line) - left, null
    gains = _taken(scaled, bases[:, :, 2:])
    return gains[0], gains[1:].max(axis=1)


def _taken(scaled: Array, bases: Array) -> Array:
    """(s, M) squared length of (s, n) values along each of M orthonormal bases, (M, n, k)."""
    return np.asarray((np.tensordot(scaled, bases, axes=([1], [1])) ** 2).sum(axis=2))


def _laws(kelvins: Array) -> dict[Shape, list[_Law]]:
    """Every alternative that so many points allow, with each T0 and break that is tried."""
    laws: dict[Shape, list[_Law]] = {"curved": [_Law("curved", special_K=None, gap_K=None)]}
    if len(kelvins) >= LEAST_POINTS["vtf"]:
        zeros = np.linspace(0.05, 0.95, VTF_STEPS) * kelvins[0]
        laws["vtf"] = [_Law("vtf", special_K=float(T0), gap_K=None) for T0 in zeros]
    gaps = [(float(kelvins[k]), float(kelvins[k + 1])) for k in range(1, len(kelvins) - 2)]  # two points on each side
    parts = [(k + 0.5) / BREAKS_PER_GAP for k in range(BREAKS_PER_GAP)]
    places: tuple[tuple[Shape, Sequence[float]], ...] = (("hinge", parts), ("step", [0.5]), ("two lines", [0.5]))
    for shape, within in places:
        if len(kelvins) >= LEAST_POINTS[shape]:
            laws[shape] = [_Law(shape, special_K=_between(gap, p), gap_K=gap) for gap in gaps for p in within]
    return laws


def _between(gap_K: tuple[float, float], part: float) -> float:
    """A temperature in a gap, by its place in 1/T."""
    return 1.0 / ((1.0 - part) / gap_K[0] + part / gap_K[1])


def _alternative(law: _Law, gain: float, *, chi2: float, data: tuple[Array, Array, Array]) -> Alternative:
    kelvins, ln_D, ln_errors = data
    design = columns(law.shape, kelvins, special_K=law.special_K) / ln_errors[:, None]
    scale = np.sqrt((design**2).sum(axis=0))
    coefficients = np.linalg.lstsq(design / scale, ln_D / ln_errors, rcond=None)[0] / scale
    return Alternative(
        shape=law.shape,
        parameters=2 + EXTRA[law.shape],
        chi2=max(chi2 - gain, 0.0),
        aic_gain=gain - 2.0 * EXTRA[law.shape],
        special_K=law.special_K,
        gap_K=law.gap_K,
        coefficients=cells.readonly(coefficients),
    )


def _noise(freedom: Array) -> NDArray[np.float64]:
    """(4000, n) deviations in units of their errors: Student's t, normal where the freedom is infinite."""
    rng = np.random.default_rng(SEED)
    normal = rng.standard_normal((SIMULATIONS, len(freedom)))
    finite = np.where(np.isinf(freedom), 1.0, freedom)
    squared = rng.chisquare(finite, size=normal.shape) / finite
    return np.asarray(normal / np.sqrt(np.where(np.isinf(freedom), 1.0, squared)))


def _chance(null: Array, found: float) -> float:
    """How often a simulated number is at least as large, counted so that it is never zero; rounding does not count."""
    return float((1 + np.count_nonzero(null >= found * (1.0 - 1e-9) - 1e-9)) / (1 + len(null)))


def _detectable(kelvins: Array, ln_errors: Array) -> float:
    """Effect, one span of 1/T beyond the coldest point, of the bend that is found with a chance of 80 % at 5 %."""
    x = 1.0 / kelvins
    unit = (x - x.mean()) / (x.max() - x.min())
    design = np.stack([np.ones_like(unit), unit, unit**2], axis=1)
    line = design[:, :2] / ln_errors[:, None]
    bend = unit**2 / ln_errors
    fitted = np.linalg.pinv(line) @ bend
    left = bend - line @ fitted
    error = 1.0 / np.sqrt(float(left @ left))
    far = float(unit.max()) + 1.0
    return float(2.8 * error * abs(far**2 - fitted[0] - fitted[1] * far))


def describe(best: Alternative, kelvins: Sequence[float]) -> str:
    """The alternative in words, with its numbers."""
    coldest, hottest = min(kelvins), max(kelvins)
    if best.shape == "vtf":
        return f"a Vogel-Tammann-Fulcher law with T0 = {best.special_K:.0f} K"
    if best.shape == "curved":
        ends = [_local_energy(best, kelvin) for kelvin in (coldest, hottest)]
        return f"a bent line, whose activation energy goes from {ends[0]:.2f} eV at {coldest:g} K to {ends[1]:.2f} eV"
    assert best.gap_K is not None  # noqa: S101 - every law with a break has a gap
    low, high = best.gap_K
    cold, hot = _local_energy(best, coldest), _local_energy(best, hottest)
    if best.shape == "hinge":
        return (
            f"two lines that meet at about {best.special_K:.0f} K, with {cold:.2f} eV below and {hot:.2f} eV above: "
            "another mechanism takes over"
        )
    jump = float(np.exp(-best.coefficients[2]))
    slopes = f"{hot:.2f} eV on both sides" if best.shape == "step" else f"{cold:.2f} eV below and {hot:.2f} eV above"
    way = f"up by a factor of {jump:.2g}" if jump > 1 else f"down by a factor of {1 / jump:.2g}"
    return f"a jump of D {way} between {low:g} and {high:g} K ({slopes}), as at a phase change or melting"


def _local_energy(law: Alternative, kelvin: float) -> float:
    """-d ln D / d(1/k_B T) [eV]."""
    there = np.array([kelvin * (1 - 1e-5), kelvin * (1 + 1e-5)])
    x = 1.0 / (units.BOLTZMANN_EV_PER_K * there)
    ln_D = law.ln_D(there)
    return float(-(ln_D[1] - ln_D[0]) / (x[1] - x[0]))

"""The same D from a run at constant temperature and from one at constant energy; reads and runs nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sselmp import units
from sselmp.errors import TrajectoryError
from sselmp.transport.diffusion import Diffusivity
from sselmp.transport.intervals import Interval, student_interval
from sselmp.transport.msd import Array
from sselmp.transport.verdict import Assessment

BLOCKS = 10
LARGEST_HEATING = 0.02  # of the temperature; with 0.3 eV at 600 K it changes D by 6 % in the mean of the run


@dataclass(frozen=True)
class Conservation:
    """How well a run at constant energy kept it.

    Attributes:
        temperature_K: Mean temperature [K].
        temperature_error_K: Standard error of it, from blocks [K].
        drift_eV_per_ps: Slope of the total energy [eV/ps].
        drift_error_eV_per_ps: Its standard error, from blocks.
        heating: What the drift over the run amounts to as a share of the temperature, at 3 k_B an atom.
    """

    temperature_K: float
    temperature_error_K: float
    drift_eV_per_ps: float
    drift_error_eV_per_ps: float
    heating: float

    @property
    def kept(self) -> bool:
        """Whether the drift heats or cools by less than 2 %."""
        return abs(self.heating) <= LARGEST_HEATING


@dataclass(frozen=True)
class Comparison:
    """D with and without the thermostat, or the slope of the MSD at the same times where a run is too short for D.

    Attributes:
        diffusive: Whether both runs are, so that it is D that is compared.
        window_ps: First and last lag of the fits; of the first run, where they differ [ps].
        difference: D at constant energy minus D at constant temperature [Å²/ps].
        error: Its standard error [Å²/ps].
        interval_95: [Å²/ps].
        agrees: Whether the interval holds zero.
    """

    diffusive: bool
    window_ps: tuple[float, float]
    difference: float
    error: float
    interval_95: Interval
    agrees: bool


def starting_temperature(temperature: Array, *, kinetic: Array, total: Array) -> float:
    """Temperature that the last velocities must be scaled to for the energy to be the mean one [K].

    A thermostat lets the energy of a small cell swing by more than ten per cent of the kinetic energy; without it the
    run would keep whatever the last step had, and with it another temperature.

    Args:
        temperature: (R,) of the production, to its last step [K].
        kinetic: (R,) kinetic energy [eV].
        total: (R,) total energy [eV].

    Raises:
        TrajectoryError: The last energy is too far from the mean for that.
    """
    factor = 1.0 + (float(total.mean()) - float(total[-1])) / float(kinetic[-1])
    if not 0.5 < factor < 2.0:
        raise TrajectoryError(
            "the last step's energy is too far from the mean of the run to continue from it",
            got=f"its kinetic energy would have to be scaled by {factor:.2f}",
            allowed="0.5 to 2",
            repair="equilibrate the run for longer",
        )
    return float(temperature[-1]) * factor


def conservation(times_ps: Array, *, temperature: Array, total: Array, atoms: int) -> Conservation:
    """Mean temperature and drift of the energy, from block means.

    Args:
        times_ps: (R,) of the rows [ps].
        temperature: (R,) [K].
        total: (R,) total energy [eV].
        atoms: How many.

    Raises:
        TrajectoryError: Fewer rows than two a block.
    """
    if len(times_ps) < 2 * BLOCKS:
        raise TrajectoryError(
            "too few rows in the log to judge whether the energy is kept",
            got=len(times_ps),
            allowed=f"{2 * BLOCKS} or more",
            repair="run for longer, or lower output.thermo_every",
        )
    parts = np.array_split(np.arange(len(times_ps)), BLOCKS)
    t, T, E = (np.array([values[part].mean() for part in parts]) for values in (times_ps, temperature, total))
    centred = t - t.mean()
    slope = float(centred @ E / (centred @ centred))
    left = E - E.mean() - slope * centred
    error = math.sqrt(float(left @ left) / (BLOCKS - 2) / float(centred @ centred))
    change = slope * float(times_ps[-1] - times_ps[0])
    mean = float(temperature.mean())
    return Conservation(
        temperature_K=mean,
        temperature_error_K=float(T.std(ddof=1)) / math.sqrt(BLOCKS),
        drift_eV_per_ps=slope,
        drift_error_eV_per_ps=error,
        heating=change / (3.0 * units.BOLTZMANN_EV_PER_K * mean * atoms),
    )


def compare(nvt: Assessment, nve: Assessment, *, kept: Conservation) -> Comparison | str:
    """The difference of two D, or of two slopes at the same times, or why they must not be compared."""
    if not kept.kept:
        return (
            f"the energy drifts by {kept.drift_eV_per_ps:.2g} eV/ps, which {'heats' if kept.heating > 0 else 'cools'} "
            f"the run by {abs(kept.heating):.1%} ({LARGEST_HEATING:.0%} allowed)"
        )
    diffusive = nvt.verdict.diffusive and nve.verdict.diffusive
    one, other = nvt.diffusivity, nve.diffusivity
    if one is None or other is None or not (diffusive or np.allclose(one.window_ps, other.window_ps)):
        name, found = ("energy", nve) if nvt.verdict.diffusive else ("temperature", nvt)
        return f"the run at constant {name} is not diffusive: {found.verdict.reason}"
    return _difference(one, other, diffusive=diffusive)


def _difference(nvt: Diffusivity, nve: Diffusivity, *, diffusive: bool) -> Comparison:
    """Welch's comparison of two means."""
    first, second = nvt.error**2, nve.error**2
    freedom = (first + second) ** 2 / (first**2 / nvt.degrees_of_freedom + second**2 / nve.degrees_of_freedom)
    error = math.sqrt(first + second)
    interval = student_interval(nve.D - nvt.D, error, probability=0.95, degrees_of_freedom=freedom)
    agrees = interval.low <= 0 <= interval.high
    return Comparison(
        diffusive=diffusive,
        window_ps=nvt.window_ps,
        difference=nve.D - nvt.D,
        error=error,
        interval_95=interval,
        agrees=agrees,
    )

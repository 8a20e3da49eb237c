"""Judging a short run at constant energy by the energy that velocity Verlet keeps; runs no dynamics itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sselmp.cells import Array, readonly
from sselmp.preflight.checks import Check, Limits, Quantity, judged, noted

# eV for g/mol (Å/ps)²
MASS_UNIT = 1.0364269656262175e-4
EXCURSION_EV = 5e-5  # per atom; over the some 25 fs of a run this is 2 meV/atom/ps


@dataclass(frozen=True)
class Flight:
    """A run at constant energy.

    Attributes:
        timestep: [ps].
        masses: (N,) [g/mol].
        potential: (steps,) [eV].
        velocities: (steps, N, 3) [Å/ps].
        forces: (steps, N, 3) [eV/Å].
    """

    timestep: float
    masses: Array
    potential: Array
    velocities: Array
    forces: Array

    def __post_init__(self) -> None:
        for name in ("masses", "potential", "velocities", "forces"):
            object.__setattr__(self, name, readonly(getattr(self, name)))


def kept_energy(flight: Flight) -> Array:
    """The energy that velocity Verlet keeps to fourth order in the time step, at all steps but the first and last [eV].

    H + dt²/12 v·U''v - dt²/24 F·F/m (Hairer, Lubich, Wanner, Geometric Numerical Integration, section IX). The total
    energy itself swings with the square of the step, which would hide a drift in a run as short as this. U''v is minus
    the rate at which the forces change, from the steps before and after. Steps must be well below a vibration's period.

    Returns:
        (steps - 2,) [eV].
    """
    dt = flight.timestep
    mass = flight.masses[None, :, None] * MASS_UNIT
    inner = slice(1, -1)
    velocities, forces = flight.velocities[inner], flight.forces[inner]
    kinetic = 0.5 * np.sum(mass * velocities**2, axis=(1, 2))
    rate = (flight.forces[2:] - flight.forces[:-2]) / (2.0 * dt)
    curvature = -np.sum(velocities * rate, axis=(1, 2)) * dt**2 / 12.0
    pull = -np.sum(forces**2 / mass, axis=(1, 2)) * dt**2 / 24.0
    return np.asarray(flight.potential[inner] + kinetic + curvature + pull, dtype=np.float64)


def drift(flight: Flight, *, limits: Limits, conservative: bool) -> Check:
    """Hold the energy that should be kept against its value at the start.

    Steps of the energy where a pair crosses a cutoff, and forces that are not its gradient, show here. Direct forces
    are measured only: a thermostat takes up what they add.
    """
    atoms = len(flight.masses)
    kept = kept_energy(flight) / atoms
    off = float(np.abs(kept - kept[0]).max())
    times = flight.timestep * np.arange(len(kept))
    slope = float(np.polyfit(times, kept, 1)[0]) if np.all(np.isfinite(kept)) else float("nan")
    span = f"{len(flight.potential) - 1} steps of {1000 * flight.timestep:g} fs, {1000 * slope:+.2g} meV/atom/ps"
    if not conservative:
        return noted(
            "drift", measured=1000 * off, units="meV/atom", words=f"constant energy with direct forces, {span}"
        )
    limit = EXCURSION_EV + 2.0 * limits.noise / atoms
    return judged("drift", [Quantity(span, 1000 * off, 1000 * limit, "meV/atom")], words="constant energy")

"""Ionic conductivity from the diffusion of ions (Nernst–Einstein) or of charge; knows nothing of how D was found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sselmp import units
from sselmp.errors import TrajectoryError
from sselmp.transport.diffusion import Diffusivity
from sselmp.transport.intervals import Interval


@dataclass(frozen=True)
class Carriers:
    """The ions that carry the current.

    Attributes:
        species: Chemical symbol.
        charge: Formal charge z [e].
        number_density: N/V [1/Å³].
    """

    species: str
    charge: float
    number_density: float

    def __post_init__(self) -> None:
        if not self.charge or not math.isfinite(self.charge):
            raise TrajectoryError(
                f"{self.species} carries no charge, so it has no ionic conductivity",
                got=f"z = {self.charge}",
                repair="give its formal charge in the system's settings",
            )
        if not (self.number_density > 0 and math.isfinite(self.number_density)):
            raise TrajectoryError("a number density must be positive", got=f"{self.number_density} 1/Å³")


@dataclass(frozen=True)
class Conductivity:
    """A conductivity.

    Attributes:
        sigma_S_per_m: [S/m].
        interval_68: [S/m].
        interval_95: [S/m].
        carriers: Charge and density used.
        temperature_K: [K].
    """

    sigma_S_per_m: float
    interval_68: Interval
    interval_95: Interval
    carriers: Carriers
    temperature_K: float


def nernst_einstein(D: float, *, carriers: Carriers, temperature_K: float) -> float:
    """σ = n z² e² D / (k_B T) with n = N/V.

    It takes the ions to move independently; correlated motion makes the true σ differ by the Haven ratio
    (Murch, Solid State Ionics 7 (1982) 177).

    Args:
        D: Self-diffusion coefficient [Å²/ps].
        carriers: Charge z [e] and density n [1/Å³] of the ions.
        temperature_K: Temperature T [K].

    Returns:
        Conductivity [S/m].

    Raises:
        TrajectoryError: The temperature is not positive.
    """
    if not temperature_K > 0:
        raise TrajectoryError("a temperature must be positive", got=f"{temperature_K} K")
    factor = carriers.number_density * carriers.charge**2 / (units.BOLTZMANN_EV_PER_K * temperature_K)
    return units.NERNST_EINSTEIN_IN_S_PER_M * factor * D


def conductivity_of(found: Diffusivity, *, carriers: Carriers, temperature_K: float) -> Conductivity:
    """σ of a D with its intervals: Nernst–Einstein from that of the ions, Einstein–Helfand from that of the charge.

    With D_σ of the charge (``collective``), n z² e² D_σ / (k_B T) is the slope of the dipole's MSD over 6 V k_B T,
    which neglects no correlation: E. Helfand, Phys. Rev. 119 (1960) 1.

    Raises:
        TrajectoryError: The temperature is not positive.
    """
    return conductivity(
        found.D,
        interval_68=found.interval_68,
        interval_95=found.interval_95,
        carriers=carriers,
        temperature_K=temperature_K,
    )


def conductivity(
    D: float, *, interval_68: Interval, interval_95: Interval, carriers: Carriers, temperature_K: float
) -> Conductivity:
    """Nernst–Einstein conductivity with the intervals of D carried through; n and T are taken as exact.

    Args:
        D: Self-diffusion coefficient [Å²/ps].
        interval_68: Of D [Å²/ps].
        interval_95: Of D [Å²/ps].
        carriers: Charge and density of the ions.
        temperature_K: [K].

    Raises:
        TrajectoryError: The temperature is not positive.
    """
    per_D = nernst_einstein(1.0, carriers=carriers, temperature_K=temperature_K)
    return Conductivity(
        sigma_S_per_m=D * per_D,
        interval_68=interval_68.scaled(per_D),
        interval_95=interval_95.scaled(per_D),
        carriers=carriers,
        temperature_K=temperature_K,
    )

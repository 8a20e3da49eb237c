"""The correction of D for the size of a periodic cell of a fluid, and where there is none; knows no trajectories."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from sselmp import units
from sselmp.errors import TrajectoryError
from sselmp.transport.arrhenius import Refusal

XI_CUBIC = 2.837297  # of a cubic lattice of periodic images
Phase = Literal["solid", "liquid", "melt"]


@dataclass(frozen=True)
class Fluid:
    """A fluid in a periodic cube.

    Attributes:
        temperature_K: [K].
        viscosity_mPa_s: Shear viscosity of the same model at the same temperature [mPa s].
        viscosity_error_mPa_s: Its standard error [mPa s].
        length_A: Edge of the cube [Å].
    """

    temperature_K: float
    viscosity_mPa_s: float
    length_A: float
    viscosity_error_mPa_s: float = 0.0


@dataclass(frozen=True)
class Corrected:
    """D without the effect of the periodic images.

    Attributes:
        D: Of an infinite system [Å²/ps].
        error: Standard error, of D and of the viscosity [Å²/ps].
        correction: What was added [Å²/ps].
    """

    D: float
    error: float
    correction: float


def yeh_hummer(D: float, *, error: float, fluid: Fluid, phase: Phase = "solid") -> Corrected | Refusal:
    """D∞ = D + ξ k_B T / (6π η L) for a fluid in a cube of edge L, ξ = 2.837297 (Yeh, Hummer 2004).

    A particle that moves drags the fluid along; with periodic boundaries its images do so too, and the cell as a whole
    flows back. In a solid there is no such flow: the framework holds its place and takes up the momentum of a hop, η is
    infinite and the correction zero. Finite cells of a solid err in other ways (too few defects or too little disorder,
    correlated hops across the boundary), which only a larger cell shows. J. Phys. Chem. B 108 (2004) 15873.

    Args:
        D: In the periodic cell [Å²/ps].
        error: Its standard error [Å²/ps].
        fluid: Temperature, viscosity and cell.
        phase: What was simulated; a solid is refused.

    Raises:
        TrajectoryError: A number is not positive and finite.
    """
    numbers = (D, fluid.temperature_K, fluid.viscosity_mPa_s, fluid.length_A)
    if not all(0 < number < math.inf for number in numbers) or error < 0 or fluid.viscosity_error_mPa_s < 0:
        raise TrajectoryError(
            "a correction for the cell's size needs a positive D, temperature, viscosity and edge",
            got=f"{D:g} Å²/ps, {fluid.temperature_K:g} K, {fluid.viscosity_mPa_s:g} mPa s, {fluid.length_A:g} Å",
        )
    if phase == "solid":
        return Refusal(
            "D of a solid is not corrected for the size of its cell: the correction of Yeh and Hummer is for the flow "
            "of a fluid around its particles, and a framework that keeps its place does not flow; compare with a "
            "larger cell"
        )
    viscosity = fluid.viscosity_mPa_s * units.MPA_S_IN_EV_PS_PER_A3
    thermal = units.BOLTZMANN_EV_PER_K * fluid.temperature_K
    correction = XI_CUBIC * thermal / (6.0 * math.pi * viscosity * fluid.length_A)
    spread = correction * fluid.viscosity_error_mPa_s / fluid.viscosity_mPa_s
    return Corrected(D=D + correction, error=math.hypot(error, spread), correction=correction)

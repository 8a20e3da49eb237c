"""Motion of the charge as a whole: its MSD, its diffusion coefficient, and the Haven ratio; knows no temperature."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory.paths import chunks
from sselmp.trajectory.record import Trajectory
from sselmp.transport.diffusion import Diffusivity, diffusivity
from sselmp.transport.intervals import Interval, positive_interval
from sselmp.transport.msd import Motion
from sselmp.transport.onset import find_onset
from sselmp.transport.scales import measure_scales


@dataclass(frozen=True)
class Haven:
    """Haven ratio: self-diffusion over charge diffusion.

    Attributes:
        ratio: D/D_σ.
        error: Its standard error.
        interval_68: Symmetric in the logarithm where resolved.
        interval_95: As the other.
    """

    ratio: float
    error: float
    interval_68: Interval
    interval_95: Interval


def charge_motion(motion: Motion) -> Motion:
    """The path of the sum of all ions of a motion over the root of their number: one particle that diffuses with D_σ.

    The MSD of the dipole Σ q r of n equal charges is n q² times that of this path, so D_σ from it is the D that the
    Nernst–Einstein relation turns into the collective (Einstein–Helfand) conductivity. It equals the D of the ions
    where they move independently.
    """
    total = np.zeros((3, motion.frames))
    for _, paths in chunks(motion.positions):
        total += paths.sum(axis=0)
    path = (total / math.sqrt(motion.ions)).T[:, None]
    return Motion(species=motion.species, positions=path, spacing_ps=motion.spacing_ps)


def charges_cancel(species: Sequence[str], charges: Mapping[str, float]) -> bool:
    """Whether every atom has a charge [e] and all together have none: their dipole depends on no reference then."""
    if not set(species) <= set(charges):
        return False
    each = [charges[symbol] for symbol in species]
    return abs(math.fsum(each)) <= 1e-6 * math.fsum(map(abs, each))


def dipole_motion(trajectory: Trajectory, charges: Mapping[str, float], *, mobile: str) -> Motion:
    """The path of the dipole of all ions, in units of the mobile ions' charge times the root of their number.

    The charge of the whole must be zero, for only then does the dipole not depend on what stands still.

    Args:
        trajectory: All atoms.
        charges: Formal charge of each species [e].
        mobile: The species in whose units the path is given.

    Raises:
        TrajectoryError: As ``charges_cancel`` says, there is no such dipole.
    """
    if not charges_cancel(trajectory.species, charges):
        raise TrajectoryError(
            "the charges of all atoms do not add up to zero, so their dipole depends on the origin",
            got=", ".join(f"{symbol} {charge:+g}" for symbol, charge in charges.items()),
            allowed="a formal charge for each species, of a neutral cell",
            repair="use the mobile species only, or correct the charges",
        )
    charge = np.array([charges[symbol] for symbol in trajectory.species], dtype=np.float64)
    total = np.zeros((3, trajectory.frames))
    for which, paths in chunks(trajectory.positions):
        total += np.tensordot(charge[which], paths, axes=(0, 0))
    ions = len(trajectory.atoms_of(mobile))
    path = (total / (charges[mobile] * math.sqrt(ions))).T[:, None]
    return Motion(species=mobile, positions=path, spacing_ps=trajectory.spacing_ps)


def charge_diffusivity(motions: Sequence[Motion], *, least: int) -> Diffusivity:
    """D_σ of motions of one particle, at the scale where its own diffusive regime starts.

    Args:
        motions: Of ``charge_motion`` or ``dipole_motion``, one for each run.
        least: Scale, in frames, at which the single ions are diffusive; charge is not sooner.

    Raises:
        TrajectoryError: Too few frames.
    """
    scales = measure_scales(motions)
    return diffusivity(scales, find_onset(scales, least=least).scale)


def haven_ratio(tracer: Diffusivity, charge: Diffusivity) -> Haven | None:
    """H = D/D_σ, with errors as if both were independent, which is on the safe side where they rise and fall together.

    Below one where ions move in the same direction together, as in most good conductors: Murch, Solid State Ionics 7
    (1982) 177. None where D_σ is not positive.
    """
    if charge.D <= 0 or tracer.D <= 0:
        return None
    ratio = tracer.D / charge.D
    parts = [one.error / one.D for one in (tracer, charge)]
    relative = math.hypot(*parts)
    spread = sum(part**4 / one.degrees_of_freedom for part, one in zip(parts, (tracer, charge), strict=True))
    freedom = relative**4 / spread if spread > 0 else math.inf
    return Haven(
        ratio=ratio,
        error=ratio * relative,
        interval_68=positive_interval(ratio, ratio * relative, probability=0.6827, degrees_of_freedom=freedom),
        interval_95=positive_interval(ratio, ratio * relative, probability=0.95, degrees_of_freedom=freedom),
    )

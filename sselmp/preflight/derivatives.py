"""Forces and stress against finite differences of the energy; for direct forces the difference is a finding."""

from __future__ import annotations

import numpy as np

from sselmp import cells
from sselmp.potentials.predictions import Prediction
from sselmp.preflight import specimen
from sselmp.preflight.checks import (
    Check,
    Evaluate,
    Limits,
    Quantity,
    judged,
    noted,
    root_mean_square,
)
from sselmp.structures.crystal import Crystal

LARGEST_MOVE_A = 0.006  # of a component of one atom, along the forces; the outer points are at twice this
STEP_A = 0.004  # root mean square of the components, along random directions
STRAIN_STEP = 2e-3
ALONG_LIMIT = 0.005  # of the force, along the force itself: a scale that is 1 % off is twice this
ACROSS_LIMIT = 0.03  # of the root mean square force, along random directions
STRESS_LIMIT = 0.01  # of the largest component
NOISE_MARGIN = 3.0
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
VOIGT_NAMES = ("xx", "yy", "zz", "yz", "xz", "xy")


def forces(
    evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits, level: specimen.Level, conservative: bool
) -> Check:
    """Hold forces against -dE/dx: along the forces themselves, and along random moves of the atoms of each element.

    All atoms of a direction move at once: the change of the energy grows with their number while its rounding does not,
    so that single precision resolves far less than a percent. Along the forces a wrong scale shows in full; across
    them, errors that are not along them. The first difference takes four points (error of order h⁴).

    Args:
        evaluate: The potential.
        crystal: The configuration.
        base: Its evaluation.
        limits: What rounding may do.
        level: ``quick``: one random direction for all elements instead of one for each.
        conservative: Whether the card says so; otherwise the difference is measured and has no limit.
    """
    size = root_mean_square(base.forces)
    if size <= limits.force:
        return noted("forces", measured=size, units="eV/Å", words="no force is larger than rounding")
    quantities = [_along(evaluate, crystal, base=base, limits=limits)]
    for name, direction in _directions(crystal, level=level):
        slope = -_two_points(evaluate, crystal, direction=direction, step=STEP_A)
        norm = float(np.linalg.norm(direction))
        noise = NOISE_MARGIN * limits.noise / (np.sqrt(2.0) * STEP_A * norm)
        # the projection of an error on a random direction is as large as the error of one component
        off = abs(slope - float(np.sum(base.forces * direction))) / norm
        quantities.append(
            Quantity(f"a random move of {name}", 100 * off / size, 100 * (ACROSS_LIMIT + noise / size), "%")
        )
    if conservative:
        return judged("forces", quantities, words="forces against -dE/dx")
    across = root_mean_square(np.array([one.measured for one in quantities[1:]]))
    words = f"direct forces differ from -dE/dx by this much of their size ({quantities[0].measured:.3g} % along them)"
    return noted("forces", measured=across, units="%", words=words)


def stress(
    evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits, level: specimen.Level, conservative: bool
) -> Check:
    """Hold the stress against dE/d(strain)/V by central differences: six strains, or three mixed ones if ``quick``.

    Args:
        evaluate: The potential.
        crystal: The configuration.
        base: Its evaluation.
        limits: What rounding may do.
        level: See above.
        conservative: Whether the card says so; otherwise the difference is measured and has no limit.
    """
    if base.stress is None:
        return noted("stress", measured=None, words="the card gives no stress: constant-pressure runs are not possible")
    volume = cells.volume(crystal.cell)
    largest = float(np.abs(base.stress).max())
    noise = NOISE_MARGIN * limits.noise / (np.sqrt(2.0) * STRAIN_STEP * volume)
    limit = STRESS_LIMIT * largest + noise + limits.stress
    quantities = []
    for name, strain in _strains(level):
        ends = [_strained_energy(evaluate, crystal, strain=sign * STRAIN_STEP * strain) for sign in (1.0, -1.0)]
        slope = (ends[0] - ends[1]) / (2.0 * STRAIN_STEP * volume)
        expected = sum(float(base.stress[k]) * strain[i, j] * (1 if i == j else 2) for k, (i, j) in enumerate(VOIGT))
        quantities.append(Quantity(f"strain {name}", abs(slope - expected), limit, "eV/Å³"))
    if conservative:
        return judged("stress", quantities, words="stress against dE/d(strain)/V")
    worst = max(quantities, key=lambda one: one.measured)
    share = 100.0 * worst.measured / max(largest, limits.stress)
    words = f"a direct stress differs from dE/d(strain)/V by this much of its size ({worst.what})"
    return noted("stress", measured=share, units="%", words=words)


def evaluations(*, level: specimen.Level, elements: int, stress_given: bool) -> int:
    """How many evaluations both checks take."""
    return 4 + 2 * (elements if level == "full" else 1) + (2 * len(_strains(level)) if stress_given else 0)


def _along(evaluate: Evaluate, crystal: Crystal, *, base: Prediction, limits: Limits) -> Quantity:
    """Relative difference along the forces, by four points; its limit allows for the noise of the energies."""
    direction = base.forces / np.abs(base.forces).max()
    near = _two_points(evaluate, crystal, direction=direction, step=LARGEST_MOVE_A)
    far = _two_points(evaluate, crystal, direction=direction, step=2.0 * LARGEST_MOVE_A)
    slope = -(4.0 * near - far) / 3.0
    expected = float(np.sum(base.forces * direction))
    noise = NOISE_MARGIN * limits.noise / (LARGEST_MOVE_A * expected)
    off = abs(slope - expected) / expected
    return Quantity("along the forces", 100 * off, 100 * (ALONG_LIMIT + noise), "%")


def _directions(crystal: Crystal, *, level: specimen.Level) -> list[tuple[str, cells.Array]]:
    """Random moves (N, 3), of root mean square 1 for the atoms that move."""
    moves = np.random.default_rng(specimen.SEED + 1).normal(size=crystal.positions.shape)
    if level == "quick":
        return [("all atoms", moves)]
    found = []
    for element in crystal.elements:
        chosen = np.array([symbol == element for symbol in crystal.species])
        found.append((f"the {element} atoms", moves * chosen[:, None]))
    return found


def _two_points(evaluate: Evaluate, crystal: Crystal, *, direction: cells.Array, step: float) -> float:
    """Slope of the energy along a direction (N, 3) by a central difference of ``step`` [Å]; [eV/Å] for a unit one."""
    ends = [
        evaluate(specimen.moved(crystal, crystal.positions + sign * step * direction)).energy for sign in (1.0, -1.0)
    ]
    return (ends[0] - ends[1]) / (2.0 * step)


def _strains(level: specimen.Level) -> list[tuple[str, cells.Array]]:
    """Symmetric strains (3, 3): the six of Voigt's notation, or three in which each of them has its own weight."""
    if level == "full":
        return [(name, _unit_strain(k)) for k, name in enumerate(VOIGT_NAMES)]
    weights = np.array(
        [[1.0, 0.3, -0.5, 0.2, -0.4, 0.7], [-0.4, 1.0, 0.3, 0.7, 0.2, -0.5], [0.3, -0.6, 1.0, -0.5, 0.8, 0.1]]
    )
    return [
        (f"mixed {n + 1}", sum((w * _unit_strain(k) for k, w in enumerate(row)), np.zeros((3, 3))))
        for n, row in enumerate(weights)
    ]


def _unit_strain(component: int) -> cells.Array:
    i, j = VOIGT[component]
    strain = np.zeros((3, 3))
    strain[i, j] += 0.5
    strain[j, i] += 0.5
    return strain


def _strained_energy(evaluate: Evaluate, crystal: Crystal, *, strain: cells.Array) -> float:
    deformation = np.eye(3) + strain
    return evaluate(specimen.moved(crystal, crystal.positions @ deformation, cell=crystal.cell @ deformation)).energy

"""Energies of a relaxed crystal at several volumes, with ions relaxed at each, and the laws that fit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from sselmp import cells
from sselmp.errors import PotentialError, SettingsError
from sselmp.settings import Checked
from sselmp.statics.energy_volume import PARAMETERS, Fit, fit
from sselmp.statics.relaxation import relax
from sselmp.statics.settings import EquationOfStateSettings, RelaxationSettings
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from sselmp.statics.watched import Watched


class Point(Checked):
    """One volume: strain of the lengths, volume [Å³] and energy [eV] of the cell, and whether its ions came to rest."""

    strain: float
    volume_A3: float
    energy_eV: float
    converged: bool


class EquationOfState(Checked):
    """The result.

    Attributes:
        verdict: ``incomplete`` where points did not converge, which were left out of the fits.
        atoms: Of the cell.
        points: By volume.
    """

    kind: Literal["eos"] = "eos"
    verdict: Literal["complete", "incomplete"]
    atoms: int
    points: tuple[Point, ...]
    birch_murnaghan: Fit
    vinet: Fit


def equation_of_state(
    crystal: Crystal, calculator: Watched, *, settings: EquationOfStateSettings, relaxation: RelaxationSettings
) -> EquationOfState:
    """Scale a relaxed crystal and relax its ions, and its shape where asked for, at each volume.

    Each volume starts from what its neighbour nearer to the middle came to, so that both branches follow one basin.

    Args:
        crystal: Relaxed.
        calculator: The potential.
        settings: Which volumes.
        relaxation: Optimizer, steps and tolerances; its ``cell`` and its limit of forces do not count.

    Raises:
        SettingsError: The shape is to relax and the potential gives no stress.
        PotentialError: It fails, too few volumes converge, or the energy has no minimum between them.
    """
    if settings.shape and "stress" not in calculator.implemented_properties:
        raise SettingsError(
            f"{crystal.name}: the potential gives no stress, so that no shape can be relaxed at a given volume",
            repair="relax ions only: equation_of_state.shape = false, in --settings",
        )
    strains = np.linspace(-settings.largest_strain, settings.largest_strain, settings.points)
    how = relaxation.model_copy(
        update={"cell": "shape" if settings.shape else "none", "fmax_eV_per_A": settings.fmax_eV_per_A}
    )
    below = _branch(crystal, calculator, strains=strains[strains < -1e-12][::-1], how=how, done=0, of=len(strains))
    above = _branch(crystal, calculator, strains=strains[strains >= -1e-12], how=how, done=len(below), of=len(strains))
    points = tuple(sorted(below + above, key=lambda point: point.volume_A3))
    used = [point for point in points if point.converged]
    if len(used) <= PARAMETERS:
        raise PotentialError(
            f"{crystal.name}: too few volumes of the equation of state converged",
            got=f"{len(used)} of {len(points)}",
            allowed=f"more than {PARAMETERS}",
            repair="allow more steps (--max-steps), or a smaller equation_of_state.largest_strain in --settings",
        )
    volumes = np.array([point.volume_A3 for point in used])
    energies = np.array([point.energy_eV for point in used])
    return EquationOfState(
        verdict="complete" if len(used) == len(points) else "incomplete",
        atoms=len(crystal),
        points=points,
        birch_murnaghan=fit("birch-murnaghan", volumes, energies=energies, atoms=len(crystal)),
        vinet=fit("vinet", volumes, energies=energies, atoms=len(crystal)),
    )


def _branch(
    crystal: Crystal, calculator: Watched, *, strains: cells.Array, how: RelaxationSettings, done: int, of: int
) -> list[Point]:
    """Points outwards from the middle."""
    points = []
    first = cells.volume(crystal.cell)
    now = crystal
    for strain in strains:
        volume = first * (1.0 + float(strain)) ** 3
        scale = (volume / cells.volume(now.cell)) ** (1.0 / 3.0)
        scaled = Crystal(now.name, now.species, cell=now.cell * scale, positions=now.positions * scale)
        found = relax(scaled, calculator, settings=how).result
        points.append(
            Point(strain=float(strain), volume_A3=volume, energy_eV=found.energy_eV, converged=found.converged)
        )
        now = found.crystal.crystal() if found.converged else now
        calculator.part(done + len(points), of)
    return points

"""A nudged elastic band with a climbing image between two configurations at rest; judges no crystal, writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sselmp.cells import Array, readonly
from sselmp.errors import PotentialError
from sselmp.potentials.predictions import prediction
from sselmp.statics.relaxation import Step, shortest_distance
from sselmp.statics.settings import BarrierSettings
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from ase import Atoms

    from sselmp.statics.watched import Watched

Verdict = Literal["converged", "not converged", "atoms too near", "no saddle"]
SPRING = 5.0  # eV/Å²: between the images
ROUGHLY = 5.0  # times the limit of the forces: where the highest image begins to climb
BENT_A = 0.2  # by so much the ion is moved off its first path
BENT_ALONG = (0.61, -0.35, 0.71)  # of the cell's vectors: a direction that no symmetry favours


@dataclass(frozen=True)
class Band:
    """A path from one configuration to another.

    Attributes:
        verdict: ``atoms too near``: in the first path; ``no saddle``: no image lies above both ends.
        reason: In words, with the numbers that decided.
        images: Both ends included, in order; only they where there is no path.
        steps: Of the optimizer.
    """

    verdict: Verdict
    reason: str
    images: tuple[Step, ...]
    steps: int

    @property
    def highest(self) -> int:
        """Index of the image that has climbed."""
        return 1 + int(np.argmax([step.prediction.energy for step in self.images[1:-1]]))

    def distances_A(self) -> Array:
        """(n,) lengths of the path up to each image, over the coordinates of all atoms [Å]."""
        places = np.array([step.crystal.positions for step in self.images])
        between = np.sqrt((np.diff(places, axis=0) ** 2).sum(axis=(1, 2)))
        return readonly(np.concatenate([[0.0], np.cumsum(between)]))

    def slopes(self) -> Array:
        """(n,) derivatives of the energy along the path at the images, from their forces [eV/Å]."""
        places = np.array([step.crystal.positions for step in self.images])
        ahead = np.concatenate([places[1:], places[-1:]]) - np.concatenate([places[:1], places[:-1]])
        ahead /= np.sqrt((ahead**2).sum(axis=(1, 2)))[:, None, None]
        forces = np.array([step.prediction.forces for step in self.images])
        return readonly(-(forces * ahead).sum(axis=(1, 2)))


def elastic_band(ends: tuple[Step, Step], calculator: Watched, *, ion: int, settings: BarrierSettings) -> Band:
    """Find the path of least energy between two configurations, and its saddle.

    The first path is that of S. Smidstrup et al., J. Chem. Phys. 140, 214106 (2014), which keeps atoms apart, with the
    ion moved off it a little: forces across a path that lies on a mirror or an axis vanish by symmetry, whether it is a
    valley or a ridge. Then G. Henkelman, H. Jónsson, J. Chem. Phys. 113, 9978 (2000), and with a climbing image
    G. Henkelman, B. P. Uberuaga, H. Jónsson, J. Chem. Phys. 113, 9901 (2000), by ASE.

    Args:
        ends: At rest in one cell, the same atoms in the same order, without leaps by periodic images.
        calculator: The potential.
        ion: Index of the atom that hops.
        settings: Number of images, limit of the forces, optimizer and its steps.

    Raises:
        PotentialError: The potential fails on the first path.
    """
    images = _first_path(ends, settings.images, ion=ion)
    for image in images[1:-1]:
        if words := shortest_distance(_crystal(image, ends))[1]:
            return Band("atoms too near", f"on the first path {words}", ends, 0)
    neb = _neb(images, calculator)
    steps, force, fault = _descend(neb, settings)
    if fault:
        return Band("not converged", f"in step {steps} {fault}", ends, steps)
    path = _seen(neb, ends)
    energies = [step.prediction.energy for step in path]
    words = f"largest force {force:.3g} eV/Å"
    if force > settings.fmax_eV_per_A:
        return Band("not converged", f"{words} after {steps} steps", path, steps)
    if max(energies[1:-1]) <= max(energies[0], energies[-1]):
        return Band("no saddle", "no image lies above both ends: one of them is on the slope to the other", path, steps)
    return Band("converged", words, path, steps)


def _descend(neb: Any, settings: BarrierSettings) -> tuple[int, float, str]:  # noqa: ANN401 - a class of ASE, which has no types
    """Let the band relax, then its highest image climb; returns steps, the largest force left, and what went wrong."""
    from ase import optimize

    steps, force = 0, float("inf")
    for climb, limit in ((False, ROUGHLY * settings.fmax_eV_per_A), (True, settings.fmax_eV_per_A)):
        neb.climb = climb
        optimizer = getattr(optimize, settings.optimizer)(neb, logfile=None)
        try:
            for _ in optimizer.irun(fmax=limit, steps=max(0, settings.maximum_steps - steps)):
                force = float(np.linalg.norm(optimizer.optimizable.get_gradient().reshape(-1, 3), axis=1).max())
        except PotentialError as error:
            if neb.energies is None:
                raise
            return steps + optimizer.nsteps, force, " ".join(str(error).split())
        steps += optimizer.nsteps
    return steps, force, ""


def _first_path(ends: tuple[Step, Step], count: int, *, ion: int) -> list[Atoms]:
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.mep.neb import idpp_interpolate

    from sselmp.statics.watched import atoms_of

    first, last = (atoms_of(step.crystal, None) for step in ends)
    images = [first, *(first.copy() for _ in range(count)), last]
    band = _neb(images, None)
    band.interpolate(mic=True)
    _bend(images, ion=ion)  # for what lies right on the line
    idpp_interpolate(band, traj=None, log=None, mic=True)
    _bend(images, ion=ion)
    for atoms, step in zip((first, last), ends, strict=True):
        atoms.calc = SinglePointCalculator(atoms, energy=step.prediction.energy, forces=step.prediction.forces)
    return images


def _bend(images: Sequence[Atoms], *, ion: int) -> None:
    cell = images[0].cell.array
    bend = np.array(BENT_ALONG) @ (cell / np.linalg.norm(cell, axis=1)[:, None])
    bend *= BENT_A / np.linalg.norm(bend)
    for place, image in enumerate(images):
        image.positions[ion] += bend * np.sin(np.pi * place / (len(images) - 1))


def _neb(images: Sequence[Atoms], calculator: Watched | None) -> Any:  # noqa: ANN401 - a class of ASE, which has no types
    from ase.mep import NEB

    from sselmp.statics.watched import Watched

    for image in images[1:-1]:  # optimizers ask again and again: each image remembers its last answer
        image.calc = None if calculator is None else Watched(calculator, stress=False)
    return NEB(images, k=SPRING, method="improvedtangent")


def _seen(neb: Any, ends: tuple[Step, Step]) -> tuple[Step, ...]:  # noqa: ANN401 - a class of ASE, which has no types
    """The band as it was evaluated last."""
    between = [
        Step(
            _crystal(image, ends),
            prediction(energy=neb.energies[place], forces=neb.real_forces[place], stress=None, energies=None),
        )
        for place, image in enumerate(neb.images[1:-1], start=1)
    ]
    return (ends[0], *between, ends[1])


def _crystal(image: Atoms, ends: tuple[Step, Step]) -> Crystal:
    one = ends[0].crystal
    return Crystal(one.name, one.species, cell=one.cell, positions=image.positions)

"""Relaxing atoms and cell to forces and stresses below a limit, with a verdict; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from sselmp import cells, units
from sselmp.errors import PotentialError, SettingsError
from sselmp.potentials.predictions import Prediction
from sselmp.settings import Checked
from sselmp.statics.settings import RelaxationSettings
from sselmp.statics.symmetry import symmetry
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from ase import Atoms

    from sselmp.statics.watched import Watched

Verdict = Literal["converged", "not converged", "collapsed"]
Vector = tuple[float, float, float]
# Of the sum of two covalent radii: what may still be a bond under pressure; structures that are read must have 0.6.
COLLAPSED_DISTANCE = 0.5


class StoredCrystal(Checked):
    """A crystal as it is written: species, rows a, b, c [Å], Cartesian positions [Å]."""

    name: str
    species: tuple[str, ...]
    cell: tuple[Vector, Vector, Vector]
    positions: tuple[Vector, ...]

    @classmethod
    def of(cls, crystal: Crystal) -> Self:
        """Describe a crystal."""
        values = {"cell": crystal.cell.tolist(), "positions": crystal.positions.tolist()}
        return cls.model_validate({"name": crystal.name, "species": crystal.species, **values})

    def crystal(self) -> Crystal:
        """The crystal."""
        return Crystal(self.name, self.species, cell=np.array(self.cell), positions=np.array(self.positions))


class Lattice(Checked):
    """Lengths a, b, c [Å], angles α, β, γ [°], volume [Å³] and space group of a cell as it is given."""

    lengths_A: Vector
    angles_deg: Vector
    volume_A3: float
    space_group: str

    @classmethod
    def of(cls, crystal: Crystal, *, tolerance_A: float) -> Self:
        """Measure a crystal."""
        from ase.geometry import cell_to_cellpar

        a, b, c, alpha, beta, gamma = (float(x) for x in cell_to_cellpar(crystal.cell))
        volume = cells.volume(crystal.cell)
        words = symmetry(crystal, tolerance_A=tolerance_A).words
        return cls(lengths_A=(a, b, c), angles_deg=(alpha, beta, gamma), volume_A3=volume, space_group=words)


class Relaxation(Checked):
    """The result of a relaxation.

    Attributes:
        verdict: ``collapsed``: the volume, a distance or an answer of the potential left what a crystal can be.
        reason: In words, with the numbers that decided.
        steps: Of the optimizer.
        crystal: The last cell and positions.
        energy_eV: Of the cell [eV].
        forces_eV_per_A: Of the last positions [eV/Å].
        stress_GPa: xx yy zz yz xz xy [GPa], positive under tension; None where the potential gives none.
        largest_force_eV_per_A: Of what may move [eV/Å].
        largest_stress_GPa: Of what the cell may relax [GPa]; None where it may not.
        shortest_distance_A: Between two atoms [Å].
    """

    kind: Literal["relax"] = "relax"
    verdict: Verdict
    reason: str
    steps: int
    crystal: StoredCrystal
    energy_eV: float
    forces_eV_per_A: tuple[Vector, ...]
    stress_GPa: tuple[float, float, float, float, float, float] | None
    largest_force_eV_per_A: float
    largest_stress_GPa: float | None
    shortest_distance_A: float
    before: Lattice
    after: Lattice

    @property
    def converged(self) -> bool:
        """Whether anything may be built on it."""
        return self.verdict == "converged"


@dataclass(frozen=True)
class Step:
    """One configuration of a relaxation and what the potential says of it."""

    crystal: Crystal
    prediction: Prediction


@dataclass(frozen=True)
class Relaxed:
    """A relaxation and the configurations that it went through, the first one included."""

    result: Relaxation
    steps: tuple[Step, ...]


def relax(crystal: Crystal, calculator: Watched, *, settings: RelaxationSettings) -> Relaxed:
    """Relax a crystal.

    Forces and stress are held against their limits, each by itself: the optimizer's own criterion mixes the stress with
    the forces, by the volume of an atom, and forces alone vanish by symmetry in many a crystal that is far from its
    volume.

    Args:
        crystal: Where it starts.
        calculator: The potential.
        settings: What may relax, by which optimizer, how far.

    Raises:
        SettingsError: The cell is to relax and the potential gives no stress.
        PotentialError: The potential fails on the structure as given.
    """
    has_stress = "stress" in calculator.implemented_properties
    if settings.cell != "none" and not has_stress:
        raise SettingsError(
            f"{crystal.name}: the potential gives no stress, so that no cell can be relaxed with it",
            repair="relax positions only: relaxation.cell = 'none'",
        )
    walk = _Walk(crystal, calculator, settings=settings)
    verdict, reason = walk.go()
    last = walk.steps[-1]
    stress = last.prediction.stress
    result = Relaxation(
        verdict=verdict,
        reason=reason,
        steps=len(walk.steps) - 1,
        crystal=StoredCrystal.of(last.crystal),
        energy_eV=last.prediction.energy,
        forces_eV_per_A=tuple((float(x), float(y), float(z)) for x, y, z in last.prediction.forces),
        stress_GPa=None if stress is None else _six(stress * units.EV_PER_A3_IN_GPA),
        largest_force_eV_per_A=walk.force,
        largest_stress_GPa=walk.stress,
        shortest_distance_A=shortest_distance(last.crystal)[0],
        before=Lattice.of(crystal, tolerance_A=settings.symmetry_tolerance_A),
        after=Lattice.of(last.crystal, tolerance_A=settings.symmetry_tolerance_A),
    )
    return Relaxed(result=result, steps=tuple(walk.steps))


class _Walk:
    """The optimizer's way, looked at after each step."""

    def __init__(self, crystal: Crystal, calculator: Watched, *, settings: RelaxationSettings) -> None:
        from sselmp.statics.watched import atoms_of

        self._settings = settings
        self._name = crystal.name
        self._first_volume = cells.volume(crystal.cell)
        self._atoms = atoms_of(crystal, calculator)
        if settings.keep_symmetry:
            self._fix_symmetry()
        self._moved = _moved(self._atoms, settings)  # after atoms and cell have been put on their symmetry
        self.steps: list[Step] = []
        self.force = float("inf")
        self.stress: float | None = None

    def go(self) -> tuple[Verdict, str]:
        """Walk to the end; returns the verdict and its reason."""
        settings = self._settings
        self._look()  # a potential that fails on the structure as given is no relaxation
        with _quiet():
            try:
                for _ in _optimizer(self._moved, settings).irun(fmax=0.0, steps=settings.maximum_steps):
                    if self._look():
                        return "converged", self._words()
                    if reason := self._collapse():
                        return "collapsed", reason
            except PotentialError as error:
                return "collapsed", " ".join(str(error).split())
        return "not converged", f"{self._words()} after {settings.maximum_steps} steps"

    def _fix_symmetry(self) -> None:
        from ase.constraints import FixSymmetry

        self._atoms.set_constraint(FixSymmetry(self._atoms, symprec=self._settings.symmetry_tolerance_A))

    def _look(self) -> bool:
        """Note the present configuration; whether it is converged."""
        from sselmp.statics.watched import crystal_of, evaluated

        has_stress = "stress" in self._atoms.calc.implemented_properties
        found = evaluated(self._atoms, stress=has_stress)
        crystal = crystal_of(self._atoms, self._name)
        if not (self.steps and np.array_equal(self.steps[-1].crystal.positions, crystal.positions)
                and np.array_equal(self.steps[-1].crystal.cell, crystal.cell)):  # fmt: skip
            self.steps.append(Step(crystal, found))
        self.force = float(np.linalg.norm(self._atoms.get_forces(), axis=1).max())
        settings = self._settings
        if settings.cell != "none":
            self.stress = relaxable_stress(self._atoms.get_stress(), cell=settings.cell) * units.EV_PER_A3_IN_GPA
        return self.force <= settings.fmax_eV_per_A and self._calm()

    def _calm(self) -> bool:
        """Whether the stress is as small as it should be."""
        limit = self._settings.stress_tolerance_GPa
        if limit == "optimizer":
            largest = np.linalg.norm(self._moved.get_forces(), axis=1).max()
            return bool(largest <= self._settings.fmax_eV_per_A)
        return self.stress is None or self.stress <= limit

    def _collapse(self) -> str | None:
        """Why what is there is no crystal any more."""
        crystal = self.steps[-1].crystal
        ratio = cells.volume(crystal.cell) / self._first_volume
        if not 1 / self._settings.volume_factor <= ratio <= self._settings.volume_factor:
            return f"the volume is {ratio:.2f} of what it was"
        distance, words = shortest_distance(crystal)
        return None if distance > 0 and not words else words

    def _words(self) -> str:
        stress = "" if self.stress is None else f", stress {self.stress:.3g} GPa"
        return f"largest force {self.force:.3g} eV/Å{stress}"


def relaxable_stress(stress: cells.Array, *, cell: Literal["all", "volume", "shape"]) -> float:
    """The largest component of that part of a stress (6,) which a cell may relax, in the stress's unit."""
    pressure = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) * float(stress[:3].mean())
    part = {"all": stress, "volume": pressure, "shape": stress - pressure}[cell]
    return float(np.abs(part).max())


def shortest_distance(crystal: Crystal) -> tuple[float, str]:
    """The shortest distance of a crystal [Å], and in words the pair that is nearer than atoms can be, if any."""
    from ase.data import atomic_numbers, covalent_radii
    from ase.neighborlist import neighbor_list

    from sselmp.statics.watched import atoms_of

    radii = np.array([covalent_radii[atomic_numbers[symbol]] for symbol in crystal.species])
    reach = 3.0 * float(radii.max())
    while True:
        first, second, distance = neighbor_list("ijd", atoms_of(crystal, None), reach)
        if len(distance):
            break
        reach *= 2.0
    worst = int(np.argmin(distance / (radii[first] + radii[second])))
    i, j = int(first[worst]), int(second[worst])
    near = distance[worst] < COLLAPSED_DISTANCE * (radii[i] + radii[j])
    pair = f"atoms {i + 1} ({crystal.species[i]}) and {j + 1} ({crystal.species[j]}) are {distance[worst]:.2f} Å apart"
    return float(distance.min()), pair if near else ""


def _moved(atoms: Atoms, settings: RelaxationSettings) -> Any:  # noqa: ANN401 - a class of ASE, which has no types
    """What the optimizer moves: the atoms, or the atoms with their cell."""
    from ase.filters import FrechetCellFilter

    if settings.cell == "none":
        return atoms
    hydrostatic, constant = settings.cell == "volume", settings.cell == "shape"
    return FrechetCellFilter(atoms, hydrostatic_strain=hydrostatic, constant_volume=constant)


def _optimizer(moved: Any, settings: RelaxationSettings) -> Any:  # noqa: ANN401 - classes of ASE, which has no types
    from ase import optimize

    return getattr(optimize, settings.optimizer)(moved, logfile=None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out numpy's warnings of numbers that blow up: the verdict says so."""
    with np.errstate(all="ignore"):
        yield


def _six(values: cells.Array) -> tuple[float, float, float, float, float, float]:
    xx, yy, zz, yz, xz, xy = (float(value) for value in values)
    return xx, yy, zz, yz, xz, xy

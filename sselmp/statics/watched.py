"""An ASE calculator whose every answer is checked and counted; imported only where calculations are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from sselmp.errors import PotentialError
from sselmp.potentials.predictions import Prediction, prediction
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from ase import Atoms

OnEvaluation = Callable[[int], None]
OnPart = Callable[[int, int], None]


class Watched(Calculator):  # type: ignore[misc]  # ASE has no types
    """A calculator in another's place.

    Args:
        inner: The potential's calculator.
        stress: Whether it gives a stress.
        on_evaluation: Called after each evaluation with the number of its atoms.
        on_part: Called with the parts done and all parts of a property, by who finds it.

    Attributes:
        evaluations: So far.
    """

    def __init__(
        self,
        inner: Calculator,
        *,
        stress: bool = True,
        on_evaluation: OnEvaluation | None = None,
        on_part: OnPart | None = None,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._on_evaluation, self._on_part = on_evaluation, on_part
        self.implemented_properties = ["energy", "forces", *(["stress"] if stress else [])]
        self.evaluations = 0

    def part(self, done: int, of: int) -> None:
        """Take notice that a property has come so far; for a bar."""
        if self._on_part is not None:
            self._on_part(done, of)

    def calculate(  # noqa: PLR0917 - ASE's signature
        self, atoms: Atoms, properties: Sequence[str] = ("energy",), system_changes: Sequence[str] = all_changes
    ) -> None:
        """Evaluate energy, forces and, where there is one, stress.

        Raises:
            PotentialError: The calculator fails, or an answer has the wrong shape or is not finite.
        """
        super().calculate(atoms, properties, system_changes)
        try:
            given = {name: self._inner.get_property(name, atoms) for name in self.implemented_properties}
        except PotentialError:  # of another watched calculator within
            raise
        except Exception as error:  # whatever a package raises must become one message
            raise PotentialError("the potential failed", got=f"{type(error).__name__}: {error}") from error
        found = prediction(energy=given["energy"], forces=given["forces"], stress=given.get("stress"), energies=None)
        if found.forces.shape != (len(atoms), 3) or not found.finite:
            got = f"forces of shape {found.forces.shape}" if found.finite else "numbers that are not finite"
            raise PotentialError("the potential gave no usable answer", got=got)
        self.results = {"energy": found.energy, "forces": np.array(found.forces)}
        if found.stress is not None:
            self.results["stress"] = np.array(found.stress)
        self.evaluations += 1
        if self._on_evaluation is not None:
            self._on_evaluation(len(atoms))


def atoms_of(crystal: Crystal, calculator: Calculator) -> Atoms:
    """ASE's atoms for a crystal, with a calculator."""
    from ase import Atoms as AseAtoms

    atoms = AseAtoms(crystal.species, positions=crystal.positions, cell=crystal.cell, pbc=True)
    atoms.calc = calculator
    return atoms


def crystal_of(atoms: Atoms, name: str) -> Crystal:
    """The crystal that ASE's atoms are."""
    return Crystal(name, tuple(atoms.get_chemical_symbols()), cell=atoms.cell.array, positions=atoms.positions)


def evaluated(atoms: Atoms, *, stress: bool = True) -> Prediction:
    """What the potential says of atoms, constraints left aside.

    Raises:
        PotentialError: It fails.
    """
    return prediction(
        energy=atoms.get_potential_energy(),
        forces=atoms.get_forces(apply_constraint=False),
        stress=atoms.get_stress(apply_constraint=False) if stress else None,
        energies=None,
    )

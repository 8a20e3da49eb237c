"""A potential's ASE calculator, asked as an ASE user asks it: configurations in, checked evaluations out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card
from sselmp.potentials.predictions import Prediction
from sselmp.structures.crystal import Crystal

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


class Calculations:
    """Evaluates configurations one after another; remembers how long each took and whether one was changed.

    Args:
        card: The potential; says whether there are a stress and energies of atoms.
        calculator: Its calculator.
        on_evaluation: Called after each.
    """

    def __init__(self, card: Card, calculator: Calculator, *, on_evaluation: Callable[[], None]) -> None:
        self._card = card
        self._calculator = calculator
        self._on_evaluation = on_evaluation
        self.seconds: list[float] = []
        self.changed: str | None = None

    def __call__(self, crystal: Crystal) -> Prediction:
        """Evaluate a configuration.

        Raises:
            PotentialError: The calculator fails, or an answer has the wrong shape or is not finite.
        """
        from ase import Atoms

        atoms = Atoms(crystal.species, positions=crystal.positions, cell=crystal.cell, pbc=True)
        atoms.calc = self._calculator
        start = time.perf_counter()
        try:
            energy, forces = float(atoms.get_potential_energy()), np.array(atoms.get_forces(), dtype=np.float64)
            stress = np.array(atoms.get_stress(), dtype=np.float64) if self._card.stress else None
            energies = (
                np.array(atoms.get_potential_energies(), dtype=np.float64) if self._card.per_atom_energy else None
            )
        except Exception as error:  # whatever a package raises must become a line of the report
            what = f"the calculator of '{self._card.name}' failed"
            raise PotentialError(what, got=f"{type(error).__name__}: {error}") from error
        self.seconds.append(time.perf_counter() - start)
        self._note_changes(atoms.positions, atoms.cell.array, crystal=crystal)
        self._on_evaluation()
        found = Prediction(energy=energy, forces=forces, stress=stress, energies=energies)
        self._check(found, atoms=len(crystal))
        return found

    def _note_changes(self, positions: object, cell: object, *, crystal: Crystal) -> None:
        if not np.array_equal(np.asarray(positions), crystal.positions):
            self.changed = "positions"
        elif not np.array_equal(np.asarray(cell), crystal.cell):
            self.changed = "the cell"

    def _check(self, found: Prediction, *, atoms: int) -> None:
        shapes = {
            "forces": (found.forces, (atoms, 3)),
            "stress": (found.stress, (6,)),
            "energies": (found.energies, (atoms,)),
        }
        for name, (values, shape) in shapes.items():
            if values is not None and (values.shape != shape or not np.all(np.isfinite(values))):
                got = f"shape {values.shape}" if values.shape != shape else "numbers that are not finite"
                raise PotentialError(
                    f"the calculator of '{self._card.name}' gave no usable {name}", got=got, allowed=f"{shape}, finite"
                )
        if not np.isfinite(found.energy):
            raise PotentialError(f"the calculator of '{self._card.name}' gave no usable energy", got=found.energy)

"""A potential as LAMMPS needs it: species, positions and cell in, energy, forces and virial out; knows no LAMMPS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, virial_from_ase_stress, volume
from sselmp.errors import PotentialError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import check_elements, load_card

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Answer:
    """What a potential says of one configuration.

    Attributes:
        energy: [eV].
        forces: (n, 3) [eV/Å].
        virial: (6,) xx yy zz xy xz yz [eV], positive under compression; nan where the potential gives no stress.
        energies: (n,) [eV], only if they were asked for.
    """

    energy: float
    forces: Array
    virial: Array
    energies: Array | None


class Model:
    """An opened potential that evaluates one configuration after another.

    Args:
        card: Name or path of a card.
        elements: Symbols that ``species`` indexes.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``.

    Raises:
        SettingsError: There is no such card, or it does not know an element.
        PotentialError: Its weights or its model cannot be used.
    """

    def __init__(self, card: str, elements: Sequence[str], *, device: str = "auto") -> None:
        from ase.data import atomic_numbers

        self.card = load_card(card)
        check_elements(self.card, elements)
        self._numbers = np.array([atomic_numbers[e] for e in elements])
        self._calculator = load_calculator(self.card, device=device)
        self._atoms: Atoms | None = None
        self.has_stress = self.card.stress
        self.has_energies = self.card.per_atom_energy
        self._wanted = ["energy", "forces"] + (["stress"] if self.has_stress else [])

    def evaluate(
        self,
        species: NDArray[np.int32],
        positions: Array,
        *,
        cell: Array,
        periodic: Sequence[bool],
        energies: bool = False,
    ) -> Answer:
        """Evaluate one configuration.

        Args:
            species: (n,) indices into the elements.
            positions: (n, 3) [Å], wrapped or not.
            cell: (3, 3) rows a, b, c [Å].
            periodic: Along a, b, c.
            energies: Whether per-atom energies are wanted.

        Raises:
            PotentialError: A number in the answer is not finite.
        """
        from ase.calculators.calculator import all_changes

        atoms = self._configuration(species, positions, cell=cell, periodic=periodic)
        # straight to calculate(): ASE's comparison with the previous configuration always fails in dynamics
        self._calculator.calculate(atoms, self._wanted, all_changes)
        results = self._calculator.results
        forces = np.asarray(results["forces"], dtype=np.float64)
        energy = float(results["energy"])
        virial = np.full(6, np.nan)
        if self.has_stress:
            virial = virial_from_ase_stress(np.asarray(results["stress"], dtype=np.float64), volume(cell))
        per_atom = np.asarray(results["energies"], dtype=np.float64) if energies else None
        self._refuse_infinite(energy, forces=forces, virial=virial)
        return Answer(energy=energy, forces=forces, virial=virial, energies=per_atom)

    def _configuration(
        self, species: NDArray[np.int32], positions: Array, *, cell: Array, periodic: Sequence[bool]
    ) -> Atoms:
        """An Atoms object with these positions; the previous one where the species are the same."""
        from ase import Atoms

        numbers = self._numbers[species]
        if self._atoms is None or not np.array_equal(self._atoms.numbers, numbers):
            self._atoms = Atoms(numbers=numbers, positions=positions, cell=cell, pbc=periodic)
        else:
            self._atoms.positions[:] = positions
            self._atoms.cell.array[:] = cell
            self._atoms.pbc[:] = periodic
        return self._atoms

    def _refuse_infinite(self, energy: float, *, forces: Array, virial: Array) -> None:
        if np.isfinite(energy) and np.isfinite(forces).all() and (np.isfinite(virial).all() or not self.has_stress):
            return
        bad = np.flatnonzero(~np.isfinite(forces).all(axis=1))
        raise PotentialError(
            f"potential {self.card.name} answered with numbers that are not finite",
            got=f"energy {energy}, {len(bad)} of {len(forces)} atoms with such forces"
            + (f", first the one in place {bad[0] + 1} by id" if len(bad) else ""),
            repair="the configuration has probably exploded: take a shorter time step, or relax it first",
        )

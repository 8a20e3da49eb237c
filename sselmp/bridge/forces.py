"""A potential as LAMMPS needs it: positions and cell in, energy, forces and virial out; knows no LAMMPS and no C."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, virial_from_ase_stress, volume
from sselmp.errors import PotentialError, SettingsError
from sselmp.potentials.calculators import chosen_device, load_calculator
from sselmp.potentials.cards import check_elements, load_card
from sselmp.potentials.fast.opening import PATHS, opened
from sselmp.potentials.predictions import Prediction

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

    @classmethod
    def of(cls, found: Prediction, *, cell: Array, energies: bool) -> Answer:
        """What a network said of a configuration in this cell, with energies of atoms if they are wanted."""
        virial = _virial(found.stress, cell)
        return cls(found.energy, found.forces, virial=virial, energies=found.energies if energies else None)


class Model:
    """An opened potential that evaluates the configurations of one set of atoms after another.

    Args:
        card: Name or path of a card.
        elements: Symbols that ``species`` indexes.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``.
        path: ``fast``, where the family has such a path and it agrees with the plain one; ``plain``: through the
            package's ASE calculator; ``auto``: fast on a GPU, where alone it has been found to be so.

    Attributes:
        path: In words, which path is taken and why.

    Raises:
        SettingsError: There is no such card or path, or the card does not know an element.
        PotentialError: Its weights or its model cannot be used.
    """

    def __init__(self, card: str, elements: Sequence[str], *, device: str = "auto", path: str = "auto") -> None:
        from ase.calculators.calculator import all_changes
        from ase.data import atomic_numbers

        self.card = load_card(card)
        check_elements(self.card, elements)
        if path not in PATHS:
            raise SettingsError(f"there is no path '{path}' to a potential", allowed=" or ".join(PATHS))
        self._numbers = np.array([atomic_numbers[e] for e in elements])
        chosen = chosen_device(device, family=self.card.family)
        self._calculator = load_calculator(self.card, device=chosen)
        fast = opened(self.card, self._calculator, device=chosen, path=path)
        self._fast, self.path = fast.potential, fast.words
        self._atoms: Atoms | None = None
        self._changes = all_changes
        self._wanted = ["energy", "forces"] + (["stress"] if self.card.stress else [])

    def set_atoms(self, species: NDArray[np.int32], *, periodic: Sequence[bool]) -> None:
        """Say which atoms the next configurations consist of.

        Args:
            species: (n,) indices into the elements.
            periodic: Along a, b, c.
        """
        from ase import Atoms

        self._atoms = Atoms(numbers=self._numbers[species], pbc=periodic)

    def evaluate(self, positions: Array, *, cell: Array, energies: bool = False) -> Answer:
        """Evaluate one configuration.

        Args:
            positions: (n, 3) [Å], wrapped or not.
            cell: (3, 3) rows a, b, c [Å].
            energies: Whether per-atom energies are wanted.

        Raises:
            PotentialError: A number in the question or in the answer is not finite, or no atoms were set.
        """
        if self._atoms is None:
            raise PotentialError("no atoms were set before an evaluation")
        if not is_finite(positions, cell):
            raise refused(self.card.name)
        self._atoms.positions[:] = positions
        self._atoms.cell.array[:] = cell
        answer = (self._plainly if self._fast is None else self._quickly)(self._atoms, energies=energies)
        # a sum is finite only if all of its terms are; it is the cheapest test of them
        total = answer.energy + answer.forces.sum() + (answer.virial.sum() if self.card.stress else 0.0)
        if not math.isfinite(total):
            self._refuse(answer)
        return answer

    def _plainly(self, atoms: Atoms, *, energies: bool) -> Answer:
        # straight to calculate(): ASE's comparison with the previous configuration always fails in dynamics
        self._calculator.calculate(atoms, self._wanted, self._changes)
        results = self._calculator.results
        stress = np.asarray(results["stress"], dtype=np.float64) if self.card.stress else None
        return Answer(
            energy=float(results["energy"]),
            forces=np.asarray(results["forces"], dtype=np.float64),
            virial=_virial(stress, atoms.cell.array),
            energies=np.asarray(results["energies"], dtype=np.float64) if energies else None,
        )

    def _quickly(self, atoms: Atoms, *, energies: bool) -> Answer:
        if self._fast is None:
            raise RuntimeError("there is no fast path")
        (found,) = self._fast.evaluate([atoms])
        return Answer.of(found, cell=atoms.cell.array, energies=energies)

    def _refuse(self, answer: Answer) -> None:
        bad = np.flatnonzero(~np.isfinite(answer.forces).all(axis=1))
        raise PotentialError(
            f"potential {self.card.name} answered with numbers that are not finite",
            got=f"energy {answer.energy}, {len(bad)} of {len(answer.forces)} atoms with such forces"
            + (f", first the one in place {bad[0] + 1} by id" if len(bad) else ""),
            repair="the configuration has probably exploded: take a shorter time step, or relax it first",
        )


def is_finite(positions: Array, cell: Array) -> bool:
    """Whether all numbers of a configuration are finite; packages leave out atoms that are nowhere, in silence."""
    return math.isfinite(positions.sum() + cell.sum())


def refused(card: str) -> PotentialError:
    """What is said of a configuration with numbers that are not finite."""
    return PotentialError(
        f"potential {card} was asked for positions, or for a cell, that are not finite",
        repair="the configuration has exploded: take a shorter time step, or relax it first",
    )


def _virial(stress: Array | None, cell: Array) -> Array:
    """The virial (6,) of a stress in ASE's form; nan where there is none."""
    return np.full(6, np.nan) if stress is None else virial_from_ase_stress(stress, volume(cell))

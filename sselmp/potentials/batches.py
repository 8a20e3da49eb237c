"""Several configurations in one evaluation of a potential, with the answers of its ASE calculator; runs no dynamics."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sselmp.errors import PotentialError
from sselmp.potentials.calculators import load_calculator
from sselmp.potentials.cards import Card, check_elements
from sselmp.potentials.predictions import Prediction, prediction

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

_Together = Callable[..., Sequence[Prediction]]


class BatchedPotential:
    """A potential that evaluates several configurations at once: other cells, elements and numbers of atoms each.

    It is the same network as the card's ASE calculator, verified and held against its golden values in the same way,
    and answers as that does to rounding. The configurations are not changed. Families whose package evaluates one
    configuration at a time (``ase``, DeePMD's) are asked one after another.

    Args:
        card: The potential.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``: a GPU where the family can use one and torch finds it.

    Raises:
        PotentialError: Weights are missing or altered, the family refuses an option or the device, or the potential
            misses its golden values.
        EnvironmentFaultError: This Python lacks the potential's package.
    """

    def __init__(self, card: Card, *, device: str = "auto") -> None:
        self.card = card
        self._calculator: Calculator = load_calculator(card, device=device)
        family = importlib.import_module(f"sselmp.potentials.families.{card.family}")
        self._together: _Together | None = getattr(family, "together", None)

    @property
    def calculator(self) -> Calculator:
        """The card's ASE calculator, whose network this is."""
        return self._calculator

    @property
    def at_once(self) -> bool:
        """Whether the family evaluates several configurations in one pass of its network."""
        return self._together is not None

    def evaluate(self, configurations: Sequence[Atoms]) -> tuple[Prediction, ...]:
        """Evaluate configurations, in their order.

        Args:
            configurations: Positions [Å], cells [Å] and elements; none of them is changed.

        Raises:
            SettingsError: The potential does not know an element.
            PotentialError: An answer is not finite, or the family cannot evaluate a configuration.
        """
        from ase.data import chemical_symbols

        numbers = {number for atoms in configurations for number in set(atoms.numbers.tolist())}  # quick at each step
        check_elements(self.card, [chemical_symbols[number] for number in numbers])
        if self._together is None or len(configurations) < 2:
            found = [self._alone(atoms) for atoms in configurations]
        else:
            found = list(self._together(self._calculator, configurations, card=self.card))
        for place, one in enumerate(found):
            if not one.finite:
                raise PotentialError(
                    f"potential {self.card.name} answered with numbers that are not finite",
                    got=f"energy {one.energy} for configuration {place} of {len(found)}",
                    repair="the configuration has probably exploded: take a shorter time step, or relax it first",
                )
        return tuple(found)

    def _alone(self, atoms: Atoms) -> Prediction:
        copy = atoms.copy()
        wanted = ["energy", "forces"] + ["stress"] * self.card.stress
        self._calculator.calculate(copy, wanted, ["positions", "numbers", "cell", "pbc"])
        results = self._calculator.results
        return prediction(
            energy=results["energy"],
            forces=results["forces"],
            stress=results["stress"] if self.card.stress else None,
            energies=results["energies"] if self.card.per_atom_energy else None,
        )

"""The potential of a batch server: what the runs want, evaluated together; knows no socket and no LAMMPS."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from sselmp import layout
from sselmp.bridge.forces import Answer, is_finite, refused
from sselmp.cells import Array
from sselmp.errors import PotentialError, SselmpError
from sselmp.potentials.batches import BatchedPotential
from sselmp.potentials.cards import Card
from sselmp.potentials.fast.groups import FastGroups
from sselmp.potentials.fast.opening import opened
from sselmp.potentials.predictions import Prediction

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Wanted:
    """What one run asks for; its arrays cannot be written and hold until it has its answer.

    Attributes:
        key: Of the run: the same from step to step, another for each run.
        numbers: (n,) atomic numbers; the same array until the run's atoms are others.
        periodic: (3,) along a, b, c.
        positions: (n, 3) [Å], wrapped or not.
        cell: (3, 3) rows a, b, c [Å].
        energies: Whether per-atom energies are wanted.
    """

    key: str
    numbers: NDArray[np.int32]
    periodic: NDArray[np.bool_]
    positions: Array
    cell: Array
    energies: bool


class Evaluator(Protocol):
    """What a batch server asks; it decides by itself how the configurations go over the device."""

    def evaluate(self, wanted: Sequence[Wanted]) -> Sequence[Answer | PotentialError]:
        """Answer what several runs want, in their order; an error stands where one of them cannot be had."""
        ...


class BatchPotential:
    """A potential that evaluates what several runs want in one pass of its network.

    A pass that fails is halved until the configuration is found that is to blame; the others get their answers. One
    that exceeds the device's memory is halved too, and no later pass is made as large.

    Args:
        card: The potential.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        path: ``auto``: the fast path on a GPU, if the family has one; ``fast``: on a processor too.

    Attributes:
        path: In words, by which path configurations are evaluated, and why.

    Raises:
        PotentialError: Its weights or its model cannot be used.
        EnvironmentFaultError: This Python lacks the potential's package.
    """

    def __init__(self, card: Card, *, device: str = "cpu", path: str = "auto") -> None:
        self._potential = BatchedPotential(card, device=device)
        self._card = card
        found = opened(card, self._potential.calculator, device=device, path=path)
        self._fast, self.path = None if found.potential is None else FastGroups(found.another), found.words
        self._atoms: dict[str, tuple[NDArray[np.int32], Atoms]] = {}
        self._most_atoms: int | None = None

    @property
    def at_once(self) -> bool:
        """Whether several configurations go through the network in one pass."""
        return self._potential.at_once

    def evaluate(self, wanted: Sequence[Wanted]) -> list[Answer | PotentialError]:
        """Answer what several runs want, in their order; an error stands where one of them cannot be had."""
        usable = [is_finite(one.positions, one.cell) for one in wanted]
        if not all(usable):
            sound = [one for one, good in zip(wanted, usable, strict=True) if good]
            answers = iter(self.evaluate(sound) if sound else [])
            return [next(answers) if good else refused(self._card.name) for good in usable]
        atoms = sum(len(one.numbers) for one in wanted)
        half = len(wanted) // 2
        if half and self._most_atoms is not None and atoms > self._most_atoms:
            return self.evaluate(wanted[:half]) + self.evaluate(wanted[half:])
        try:
            predictions = self._predictions([self._configuration(one) for one in wanted], wanted)
        except Exception as error:  # noqa: BLE001 - whatever a package raises for one run must not end the others
            if not half:
                return [_as_potential_error(error, card=self._card)]
            if _out_of_memory(error):
                self._most_atoms = atoms // 2
            return self.evaluate(wanted[:half]) + self.evaluate(wanted[half:])
        return [
            Answer.of(found, cell=one.cell, energies=one.energies)
            for found, one in zip(predictions, wanted, strict=True)
        ]

    def _predictions(self, configurations: Sequence[Atoms], wanted: Sequence[Wanted]) -> Sequence[Prediction]:
        if self._fast is None:
            return self._potential.evaluate(configurations)
        names = [one.key for one in wanted]
        found = self._fast.evaluate(list(zip(names, configurations, strict=True)))
        broken = [name for name, one in zip(names, found, strict=True) if not one.finite]
        if broken:
            raise PotentialError(
                f"potential {self._card.name} answered with numbers that are not finite", got=broken[0]
            )
        return found

    def _configuration(self, wanted: Wanted) -> Atoms:
        """The run's atoms, made anew only when they are others."""
        from ase import Atoms

        numbers, atoms = self._atoms.get(wanted.key, (None, None))
        if atoms is None or numbers is not wanted.numbers:
            atoms = Atoms(numbers=wanted.numbers, pbc=wanted.periodic)
            self._atoms[wanted.key] = (wanted.numbers, atoms)
        atoms.positions[:] = wanted.positions
        atoms.cell.array[:] = wanted.cell
        return atoms


def _as_potential_error(error: Exception, *, card: Card) -> PotentialError:
    if isinstance(error, PotentialError):
        return error
    if isinstance(error, SselmpError):
        return PotentialError(str(error))
    traceback.print_exception(error)
    said = f"potential {card.name} failed: {type(error).__name__}: {error}"
    return PotentialError(f"{said} (traceback in {Path.cwd() / layout.PROGRAM_OUTPUT})")


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or type(error).__name__ in {"OutOfMemoryError", "CUDAOutOfMemoryError"}

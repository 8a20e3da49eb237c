"""Refusing atoms that packages for crystals would evaluate as something that they are not; evaluates nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


def refuse_open_boundaries(atoms: Atoms, *, card: Card) -> None:
    """Refuse atoms that are not periodic along all three axes.

    Packages for crystals either take such atoms for periodic ones or for a molecule, without a word.

    Raises:
        PotentialError: Saying along which axes they are.
    """
    if not all(atoms.pbc):
        raise PotentialError(
            f"the potential '{card.name}' evaluates crystals only",
            got="periodic along " + (", ".join(a for a, p in zip("abc", atoms.pbc, strict=True) if p) or "no axis"),
            allowed="periodic along a, b and c",
            repair="take 'boundary p p p' in LAMMPS, with a vacuum in the cell for a surface",
        )


def wholly_periodic(atoms: Atoms, *, card: Card) -> bool:
    """Whether atoms are periodic along all axes rather than none, for packages that know nothing between.

    Raises:
        PotentialError: They are periodic along some axes only.
    """
    if any(atoms.pbc) and not all(atoms.pbc):
        raise PotentialError(
            f"the potential '{card.name}' cannot evaluate a cell that is periodic along some axes only",
            got=f"periodic along a, b, c: {', '.join(map(str, atoms.pbc.tolist()))}",
            allowed="all three or none",
            repair="put vacuum along the open axes and make them periodic",
        )
    return bool(atoms.pbc.all())


def refusing(calculator: Calculator, refuse: Callable[..., object], *, card: Card) -> Calculator:
    """The calculator, which now asks ``refuse(atoms, card=card)`` before each evaluation."""
    evaluate = calculator.calculate

    def calculate(  # noqa: PLR0917 - ASE's signature
        atoms: Atoms, properties: Sequence[str], system_changes: Sequence[str]
    ) -> None:
        refuse(atoms, card=card)
        evaluate(atoms, properties, system_changes)

    calculator.calculate = calculate
    return calculator

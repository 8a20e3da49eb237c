"""A card's ASE calculator, made by its family's adapter; runs only in the environment that the card names."""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, cast

from sselmp.errors import EnvironmentFaultError
from sselmp.potentials import golden
from sselmp.potentials.cards import Card
from sselmp.potentials.weights import find_weights

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


def load_calculator(card: Card, *, device: str = "auto") -> Calculator:
    """Load a potential as an ASE calculator: energies in eV, forces in eV/Å, stress in eV/Å³ (positive under tension).

    Weights are verified before anything of them is loaded, and the potential is held against its golden values before
    it is handed out.

    Args:
        card: The potential.
        device: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``: a GPU where the family can use one and torch finds it.

    Raises:
        PotentialError: Weights are missing or altered, the family refuses an option or the device, or the potential
            misses its golden values.
        EnvironmentFaultError: This Python lacks the potential's package.
    """
    weights = find_weights(card)
    chosen = chosen_device(device, family=card.family)
    family = importlib.import_module(f"sselmp.potentials.families.{card.family}")
    try:
        calculator = cast("Calculator", family.load(card, weights, device=chosen))
    except ImportError as error:
        raise EnvironmentFaultError(
            f"this Python cannot load the potential '{card.name}'",
            got=f"{type(error).__name__}: {error}",
            repair=f"build its environment with 'sselmp env build {card.environment}' and run there",
        ) from error
    golden.check(card, calculator, device=chosen)
    return calculator


def chosen_device(device: str, *, family: str) -> str:
    """The device that ``auto`` means for a family; any other name is its own."""
    if device != "auto":
        return device
    if family == "ase" or importlib.util.find_spec("torch") is None:
        return "cpu"
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"

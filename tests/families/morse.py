"""A family that sselmp does not have: Morse pairs with parameters from a JSON file, for the test that adds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

NAMES = {"epsilon", "r0", "rho0", "rcut1", "rcut2"}


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Make ASE's Morse potential with the parameters of a verified file.

    Raises:
        PotentialError: The card names no weights or another cutoff, the file holds other parameters, or a GPU is asked
            for.
    """
    from ase.calculators.morse import MorsePotential

    if weights is None or device not in {"cpu", "auto"}:
        raise PotentialError(f"the card '{card.name}' needs weights and a CPU", got=f"{weights} on {device}")
    parameters = json.loads(weights.read_text())
    if not isinstance(parameters, dict) or set(parameters) != NAMES:
        raise PotentialError(f"{weights} holds no Morse potential", allowed=", ".join(sorted(NAMES)))
    if parameters["rcut2"] != card.cutoff_A:
        raise PotentialError("the card and the file disagree", got=card.cutoff_A, allowed=parameters["rcut2"])
    return MorsePotential(**parameters)

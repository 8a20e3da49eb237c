"""Any ASE calculator as a potential, named by module and class in the card's options; needs no weights."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sselmp.errors import PotentialError, nearest
from sselmp.potentials.cards import Card

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

FORM = "calculator = 'module:Class', such as 'ase.calculators.lj:LennardJones'"


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Make the calculator that ``options.calculator`` names, with the other options as its arguments.

    Raises:
        PotentialError: The option is missing or names nothing, the class refuses an argument, or weights or a device
            other than ``cpu`` are asked for.
        ImportError: The module is not installed.
    """
    if weights is not None or device != "cpu":
        raise PotentialError(
            f"the family 'ase' takes no weights and runs on the CPU only (card '{card.name}')",
            got=f"weights {weights}, device {device}",
        )
    arguments = {key: value for key, value in card.options.items() if key != "calculator"}
    made = _named_class(card)
    _refuse_unknown(made, set(arguments), card=card)
    try:
        return cast("Calculator", made(**arguments))
    except (TypeError, ValueError, RuntimeError) as error:
        raise PotentialError(
            f"{card.options['calculator']} refuses the options of the card '{card.name}'",
            got=f"{type(error).__name__}: {error}",
            repair="mend the card's [options]",
        ) from error


def _named_class(card: Card) -> type:
    named = card.options.get("calculator")
    module, colon, name = named.partition(":") if isinstance(named, str) else ("", "", "")
    if not (module and colon and name):
        raise PotentialError(f"the card '{card.name}' must name an ASE calculator", got=named, allowed=FORM)
    found = getattr(importlib.import_module(module), name, None)
    if not isinstance(found, type):
        raise PotentialError(f"there is no class '{name}' in {module} (card '{card.name}')", got=named, allowed=FORM)
    return found


def _refuse_unknown(made: type, arguments: set[str], *, card: Card) -> None:
    """Refuse misspelt options: most ASE calculators take any keyword in silence and keep their default."""
    named = inspect.signature(made).parameters.values()
    known = set(getattr(made, "default_parameters", {})) | {p.name for p in named if p.kind is not p.VAR_KEYWORD}
    unknown = sorted(arguments - known)
    if unknown and known:
        raise PotentialError(
            f"{card.options['calculator']} has no option '{unknown[0]}' (card '{card.name}')",
            allowed=nearest(unknown[0], known),
            repair="mend the card's [options]",
        )

"""SevenNet potentials as ASE calculators, from a verified checkpoint; picks no checkpoint by name."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a SevenNet checkpoint.

    Its ``results`` hold energy [eV], energies (N,) [eV], forces (N, 3) [eV/Å] and stress (6,) [eV/Å³].

    Raises:
        PotentialError: The card names no weights or an option, the device is not there, or the checkpoint's cutoff,
            depth or elements are not the card's.
        ImportError: sevenn or torch is not installed.
    """
    if weights is None:
        raise PotentialError(f"the card '{card.name}' names no weights", repair="add a [weights] table to it")
    if card.options:
        raise PotentialError(
            f"the family 'sevennet' takes no options (card '{card.name}')", got=", ".join(sorted(card.options))
        )
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise PotentialError(
            f"the device '{device}' is not there",
            got="torch finds no usable GPU",
            allowed="cpu",
            repair="use device 'cpu', or install a driver and a CUDA build of torch",
        )
    calculator = _calculator(weights, device=device)
    _hold_against_card(calculator, card=card)
    return calculator


def _calculator(weights: Path, *, device: str) -> Calculator:
    import torch

    # Building the network draws initial weights, which are then replaced: the global generator is put back.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No tensor product accelerator", category=UserWarning)
        from sevenn.calculator import SevenNetCalculator

        return SevenNetCalculator(model=weights, file_type="checkpoint", device=device)


def _hold_against_card(calculator: Calculator, *, card: Card) -> None:
    """Refuse a card whose facts are not the checkpoint's, since run settings are derived from the card."""
    from ase.data import chemical_symbols

    config = calculator.sevennet_config
    known = [chemical_symbols[number] for number in sorted(calculator.type_map)]
    facts = {
        "cutoff_A": (card.cutoff_A, float(calculator.cutoff)),
        "message_passing_depth": (card.message_passing_depth, int(config["num_convolution_layer"])),
        "precision": (card.precision, {"single": "float32", "double": "float64"}.get(config["dtype"])),
        "elements": (sorted(card.elements or known), sorted(known)),
    }
    for key, (stated, found) in facts.items():
        if stated != found:
            raise PotentialError(
                f"the card '{card.name}' contradicts its checkpoint: {key}", got=stated, allowed=found, repair="mend it"
            )

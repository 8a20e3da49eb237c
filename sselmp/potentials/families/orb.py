"""ORB potentials as ASE calculators, from a verified checkpoint; compiles nothing and fetches nothing.

A checkpoint of ORB holds tensors only: which of the package's architectures they belong to is ``options.model``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sselmp.errors import PotentialError, nearest
from sselmp.potentials import torch_models
from sselmp.potentials.cards import Card
from sselmp.potentials.crystals import refusing, wholly_periodic
from sselmp.potentials.predictions import Prediction, prediction, split

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

OTHERS = ("omol", "separate", "v1")  # need charges and spins, are corrections only, or are withdrawn


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load an ORB checkpoint into the architecture that ``options.model`` names, as orb_models spells it.

    float32 is the package's ``float32-highest``: TF32 is not used. Its ``results`` hold energy [eV], forces (n, 3)
    [eV/Å] and stress (6,) [eV/Å³].

    Raises:
        PotentialError: The card names no weights, no model or an unknown option, the device is not there, or the
            checkpoint is cut short, another family's, or not what the card says.
        ImportError: orb_models or torch is not installed.
    """
    file = torch_models.required_weights(card, weights)
    torch_models.refuse_unknown_options(card, known=["model"])
    torch_models.refuse_absent_device(device)
    with torch_models.left_unchanged():
        from orb_models.forcefield import pretrained
        from orb_models.forcefield.calculator import ORBCalculator

        make = _architecture(pretrained.ORB_PRETRAINED_MODELS, card=card)
        tensors = torch_models.read_checkpoint(file, card=card)
        if not isinstance(tensors, dict) or not any(str(name).startswith(("model.", "heads.")) for name in tensors):
            raise torch_models.refused_checkpoint(card, file=file, found="no tensors of an ORB model in it")
        precision = {"float32": "float32-highest", "float64": "float64"}[card.precision]
        with torch_models.built(card, file=file):
            model = make(weights_path=str(file), device=device, precision=precision, compile=False)
            _refuse_random_heads(model, tensors, card=card, file=file)
        calculator = ORBCalculator(model, device=device)
    _hold_against_card(model, card=card)
    return torch_models.steady(refusing(calculator, wholly_periodic, card=card), card=card)


def _architecture(known: dict[str, Any], *, card: Card) -> Any:  # noqa: ANN401 - a function of orb_models
    name = card.options.get("model")
    usable = [key for key in known if not any(word in key for word in OTHERS)]
    if name not in usable:
        raise PotentialError(
            f"the card '{card.name}' must name one of ORB's models",
            got=f"model = {name!r}",
            allowed=nearest(str(name), usable),
            repair="mend the card's [options]",
        )
    return known[str(name)]


def _refuse_random_heads(model: Any, tensors: dict[str, Any], *, card: Card, file: Path) -> None:  # noqa: ANN401
    """Refuse a checkpoint without all of the model's parameters: orb_models leaves absent heads random, in silence."""
    from orb_models.forcefield.load import load_forcefield_state_dict

    absent = set(load_forcefield_state_dict(model, tensors).missing_keys)
    if lost := sorted(absent & {name for name, _ in model.named_parameters()}):
        raise torch_models.refused_checkpoint(
            card, file=file, found=f"no parameters for {len(lost)} tensors of {card.options['model']}, first {lost[0]}"
        )


def _hold_against_card(model: Any, *, card: Card) -> None:  # noqa: ANN401 - orb_models' types are not installed here
    facts = {
        "cutoff_A": (card.cutoff_A, float(model.system_config.radius)),
        "message_passing_depth": (card.message_passing_depth, int(model.model.num_message_passing_steps)),
        "forces": (card.forces, "conservative" if hasattr(model, "grad_forces_name") else "direct"),
        "per_atom_energy": (card.per_atom_energy, False),
    }
    torch_models.hold_against_card(card, facts)


def together(calculator: Calculator, configurations: Sequence[Atoms], *, card: Card) -> list[Prediction]:
    """Evaluate configurations as one graph."""
    from orb_models.forcefield.atomic_system import ase_atoms_to_atom_graphs
    from orb_models.forcefield.base import batch_graphs

    model = calculator.model
    for atoms in configurations:
        wholly_periodic(atoms, card=card)
    with torch_models.in_precision(card):
        graphs = [
            ase_atoms_to_atom_graphs(
                atoms,
                system_config=calculator.system_config,
                max_num_neighbors=calculator.max_num_neighbors,
                edge_method=calculator.edge_method,
                half_supercell=calculator.half_supercell,
                device=calculator.device,
            )
            for atoms in configurations
        ]
        found = model.predict(batch_graphs(graphs).to(calculator.device))
    conservative = card.forces == "conservative"
    forces = split(
        found[model.grad_forces_name if conservative else "forces"], [len(atoms) for atoms in configurations]
    )
    stresses = found[model.grad_stress_name if conservative else "stress"] if card.stress else [None] * len(graphs)
    parts = zip(found["energy"], forces, stresses, strict=True)
    return [
        prediction(energy=energy, forces=of_atoms, stress=stress, energies=None) for energy, of_atoms, stress in parts
    ]

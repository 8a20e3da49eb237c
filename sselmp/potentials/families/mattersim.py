"""MatterSim potentials (M3GNet architecture) as ASE calculators, from a verified checkpoint; fetches none.

The package's own entry point makes a folder in the user's home and, when parameters are missing in a checkpoint, keeps
random ones in silence. So the model is built here from the package's classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sselmp.potentials import torch_models
from sselmp.potentials.cards import Card
from sselmp.potentials.predictions import Prediction, prediction, split

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

KEYS = ("model_name", "model_args", "model")


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a MatterSim checkpoint.

    Its ``results`` hold energy [eV], energies (n,) [eV], forces (n, 3) [eV/Å] and stress (6,) [eV/Å³]; the package
    computes in float32 only.

    Raises:
        PotentialError: The card names no weights or an option, the device is not there, or the checkpoint is cut short,
            another family's, or not what the card says.
        ImportError: mattersim or torch is not installed.
    """
    file = torch_models.required_weights(card, weights)
    torch_models.refuse_unknown_options(card, known=[])
    torch_models.refuse_absent_device(device)
    with torch_models.left_unchanged():
        from mattersim.forcefield.potential import MatterSimCalculator, Potential

        checkpoint = torch_models.read_checkpoint(file, card=card, device=device)
        model = _model(checkpoint, card=card, file=file, device=device)
        potential = Potential(model, device=device, model_name=checkpoint["model_name"])
        model.requires_grad_(False)  # noqa: FBT003 - torch's own signature
        calculator = MatterSimCalculator(potential=potential, device=device)
    _hold_against_card(model.model_args, card=card)
    _keep_energies_of_atoms(model, calculator)
    return torch_models.steady(calculator, card=card)


def _model(checkpoint: Any, *, card: Card, file: Path, device: str) -> Any:  # noqa: ANN401 - a pickle in, a torch module out
    """Build the network with all of its parameters from the checkpoint."""
    from mattersim.forcefield.m3gnet.m3gnet import M3Gnet

    if not isinstance(checkpoint, dict) or not set(KEYS) <= set(checkpoint) or checkpoint["model_name"] != "m3gnet":
        raise torch_models.refused_checkpoint(
            card, file=file, found=f"not a MatterSim checkpoint: no {', '.join(KEYS)} of an m3gnet"
        )
    with torch_models.built(card, file=file):
        model = M3Gnet(device=device, **checkpoint["model_args"]).to(device)
        absent = set(model.load_state_dict(checkpoint["model"], strict=False).missing_keys)
    decisive = {name for name, _ in model.named_parameters()} | {"normalizer.scale", "normalizer.shift"}
    if lost := sorted(absent & decisive):
        raise torch_models.refused_checkpoint(card, file=file, found=f"{len(lost)} parameters missing, first {lost[0]}")
    return model.eval()


def _keep_energies_of_atoms(model: Any, calculator: Calculator) -> None:  # noqa: ANN401 - a torch module
    """Put the energies that the network sums up into the results too; its last step per atom is its normalizer."""

    def keep(_module: object, _inputs: object, energies: Any) -> None:  # noqa: ANN401 - a tensor
        calculator.results["energies"] = energies.detach().cpu().numpy()

    model.normalizer.register_forward_hook(keep)
    calculator.implemented_properties = [*calculator.implemented_properties, "energies"]


def _hold_against_card(found: dict[str, Any], *, card: Card) -> None:
    from ase.data import chemical_symbols

    known = set(chemical_symbols[1 : int(found["max_z"]) + 1])
    facts = {
        "cutoff_A": (card.cutoff_A, float(found["cutoff"])),
        "message_passing_depth": (card.message_passing_depth, int(found["num_blocks"])),
        "precision": (card.precision, "float32"),
        "elements": (sorted(set(card.elements) - known), []),
        "forces": (card.forces, "conservative"),
    }
    torch_models.hold_against_card(card, facts)


def together(calculator: Calculator, configurations: Sequence[Atoms], *, card: Card) -> list[Prediction]:
    """Evaluate configurations as one graph; the network gives its stresses in GPa."""
    from ase.units import GPa
    from mattersim.datasets.utils.build import build_dataloader
    from mattersim.forcefield.potential import batch_to_dict

    model = calculator.potential.model
    with torch_models.in_precision(card):
        (graph,) = build_dataloader(
            list(configurations),
            cutoff=model.model_args["cutoff"],
            threebody_cutoff=model.model_args["threebody_cutoff"],
            batch_size=len(configurations),
            only_inference=True,
        )
        found = calculator.potential.forward(batch_to_dict(graph, device=calculator.device))
    counts = [len(atoms) for atoms in configurations]
    energies = split(calculator.results["energies"], counts)  # the calculator's hook has kept them
    parts = zip(found["total_energy"], split(found["forces"], counts), found["stresses"] * GPa, energies, strict=True)
    return [prediction(energy=e, forces=f, stress=stress, energies=atoms) for e, f, stress, atoms in parts]

"""CHGNet potentials as ASE calculators, from a verified checkpoint; picks no checkpoint by name.

Their energies compare with those of the Materials Project after its MP2020 corrections, not with plain PBE: the card's
energy_reference says so.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sselmp.errors import PotentialError
from sselmp.potentials import torch_models
from sselmp.potentials.cards import Card
from sselmp.potentials.crystals import refuse_open_boundaries
from sselmp.potentials.predictions import Prediction, prediction
from sselmp.potentials.private_home import private_home

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a CHGNet checkpoint.

    Its ``results`` hold energy [eV], energies (n,) [eV], forces (n, 3) [eV/Å] and stress (6,) [eV/Å³]. It evaluates
    crystals only, and none in which an atom has no neighbour within the cutoff.

    Raises:
        PotentialError: The card names no weights or an option, the device is not there, or the checkpoint is cut short,
            another family's, or not what the card says.
        ImportError: chgnet or torch is not installed.
    """
    file = torch_models.required_weights(card, weights)
    torch_models.refuse_unknown_options(card, known=[])
    torch_models.refuse_absent_device(device)
    with private_home(), torch_models.left_unchanged():
        from chgnet.model.dynamics import CHGNetCalculator

        model = _model(file, card=card)
        calculator = CHGNetCalculator(
            model=model, use_device=device, on_isolated_atoms="error", return_site_energies=True
        )
    _hold_against_card(model, card=card)
    return torch_models.steady(_of_crystals(calculator, card=card), card=card)


def _model(file: Path, *, card: Card) -> Any:  # noqa: ANN401 - a torch module
    """Build the network with all of its parameters from the checkpoint, reading tensors and plain values only."""
    from chgnet.model.model import CHGNet

    checkpoint = torch_models.read_checkpoint(file, card=card)
    content = checkpoint.get("model") if isinstance(checkpoint, dict) else None
    if not isinstance(content, dict) or not {"model_args", "state_dict"} <= set(content):
        raise torch_models.refused_checkpoint(card, file=file, found="no 'model' with 'model_args' and 'state_dict'")
    with torch_models.built(card, file=file):
        model = CHGNet.from_dict(content)
    return model.eval().requires_grad_(requires_grad=False)


def _of_crystals(calculator: Calculator, *, card: Card) -> Calculator:
    """Refuse what CHGNet would evaluate wrongly, and bring its 3 × 3 stress to ASE's six components."""
    evaluate = calculator.calculate

    def calculate(  # noqa: PLR0917 - ASE's signature
        atoms: Atoms, properties: Sequence[str], system_changes: Sequence[str]
    ) -> None:
        from ase.stress import full_3x3_to_voigt_6_stress

        refuse_open_boundaries(atoms, card=card)
        with warnings.catch_warnings(action="ignore"), _refusals(card):  # of its own use of torch, at the first time
            evaluate(atoms, properties, system_changes, task="efs")
        calculator.results["stress"] = full_3x3_to_voigt_6_stress(calculator.results["stress"])

    calculator.calculate = calculate
    return calculator


@contextlib.contextmanager
def _refusals(card: Card) -> Iterator[None]:
    """Turn CHGNet's refusal of isolated atoms into ours."""
    try:
        yield
    except ValueError as error:
        raise PotentialError(
            f"the potential '{card.name}' cannot evaluate these atoms",
            got=error,
            allowed=f"crystals in which each atom has a neighbour within {card.cutoff_A:g} Å",
            repair="check the structure and its cell; in dynamics, take a shorter time step or relax it first",
        ) from error


def _hold_against_card(model: Any, *, card: Card) -> None:  # noqa: ANN401 - a torch module
    from ase.data import chemical_symbols

    found = model.model_args
    known = set(chemical_symbols[1 : model.atom_embedding.embedding.num_embeddings + 1])
    facts = {
        "cutoff_A": (card.cutoff_A, float(found["atom_graph_cutoff"])),
        "message_passing_depth": (card.message_passing_depth, int(found["n_conv"])),
        "precision": (card.precision, str(next(model.parameters()).dtype).removeprefix("torch.")),
        "elements": (sorted(set(card.elements) - known), []),
        "forces": (card.forces, "conservative"),
        "per_atom_energy": (card.per_atom_energy, bool(found["mlp_first"])),
    }
    torch_models.hold_against_card(card, facts)


def together(calculator: Calculator, configurations: Sequence[Atoms], *, card: Card) -> list[Prediction]:
    """Evaluate configurations in one pass of the network, which gives energies per atom and stresses in GPa."""
    from ase.units import GPa
    from pymatgen.io.ase import AseAtomsAdaptor

    model = calculator.model
    for atoms in configurations:
        refuse_open_boundaries(atoms, card=card)
    with torch_models.in_precision(card), warnings.catch_warnings(action="ignore"), _refusals(card):
        graphs = [model.graph_converter(AseAtomsAdaptor.get_structure(atoms)) for atoms in configurations]
        found = model.predict_graph(graphs, task="efs", return_site_energies=True, batch_size=len(graphs))
    return [
        prediction(
            energy=float(one["e"]) * (len(atoms) if model.is_intensive else 1),
            forces=one["f"],
            stress=one["s"] * GPa,
            energies=one["site_energies"],
        )
        for atoms, one in zip(configurations, found, strict=True)
    ]

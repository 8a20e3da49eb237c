"""MACE potentials as ASE calculators, from a verified checkpoint; picks no checkpoint by name and fetches none."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sselmp.errors import PotentialError, nearest
from sselmp.potentials import torch_models
from sselmp.potentials.cards import Card
from sselmp.potentials.predictions import Prediction, prediction, split

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from torch import Tensor

    from sselmp.potentials.fast.model import EdgeModel


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a MACE model; a model with several heads needs ``options.head``.

    Its ``results`` hold energy [eV], energies (n,) [eV], forces (n, 3) [eV/Å] and stress (6,) [eV/Å³].

    Raises:
        PotentialError: The card names no weights or an unknown option or head, the device is not there, or the
            checkpoint is cut short, another family's, or not what the card says.
        ImportError: mace or torch is not installed.
    """
    file = torch_models.required_weights(card, weights)
    torch_models.refuse_unknown_options(card, known=["head"])
    torch_models.refuse_absent_device(device)
    with torch_models.left_unchanged():
        from mace.calculators import MACECalculator

        model = torch_models.read_checkpoint(file, card=card, device=device, whole_objects=True)
        _refuse_other_models(model, card=card, file=file)
        if "implemented_properties" not in vars(MACECalculator):
            MACECalculator.implemented_properties = []  # it extends the list it finds, which is that of all of ASE
        calculator = MACECalculator(
            models=[model], device=device, default_dtype=card.precision, head=_head(model, card=card)
        )
    _hold_against_card(model, card=card)
    return torch_models.steady(calculator, card=card)


def _refuse_other_models(model: object, *, card: Card, file: Path) -> None:
    """Refuse what is no MACE for energies: dipole models, and those that need charges and spins as well."""
    from mace.modules.extensions import PolarMACE
    from mace.modules.models import MACE

    if not isinstance(model, MACE) or isinstance(model, PolarMACE):
        raise torch_models.refused_checkpoint(card, file=file, found=f"a pickled {type(model).__name__}")


def _head(model: Any, *, card: Card) -> str:  # noqa: ANN401 - mace has no types
    """Name of the head to ask; MACE itself takes the last one, in silence, for a name that it does not know."""
    heads = list(getattr(model, "heads", None) or ["Default"])
    chosen = card.options.get("head")
    if chosen is None:
        default = [head for head in heads if head.lower() == "default"] if len(heads) > 1 else heads
        if not default:
            raise PotentialError(
                f"the model of the card '{card.name}' has several heads and none is its default",
                allowed=", ".join(heads),
                repair="name one with head = '...' in the card's [options]",
            )
        return str(default[0])
    if chosen not in heads:
        raise PotentialError(
            f"the model of the card '{card.name}' has no head '{chosen}'",
            allowed=nearest(str(chosen), heads),
            repair="mend the card's [options]",
        )
    return str(chosen)


def _hold_against_card(model: Any, *, card: Card) -> None:  # noqa: ANN401 - mace has no types
    from ase.data import chemical_symbols

    known = sorted(chemical_symbols[int(number)] for number in model.atomic_numbers)
    facts = {
        "cutoff_A": (card.cutoff_A, float(model.r_max)),
        "message_passing_depth": (card.message_passing_depth, int(model.num_interactions)),
        "elements": (sorted(card.elements or known), known),
        "forces": (card.forces, "conservative"),
    }
    torch_models.hold_against_card(card, facts)


def together(calculator: Calculator, configurations: Sequence[Atoms], *, card: Card) -> list[Prediction]:
    """Evaluate configurations as one graph, with the network and the head of the calculator."""
    from mace import data
    from mace.tools import torch_geometric

    model = calculator.models[0]
    key = data.KeySpecification(info_keys=calculator.info_keys, arrays_keys=calculator.arrays_keys)
    with torch_models.in_precision(card):
        graphs = [
            data.AtomicData.from_config(
                data.config_from_atoms(atoms, key_specification=key, head_name=calculator.head),
                z_table=calculator.z_table,
                cutoff=calculator.r_max,
                heads=calculator.available_heads,
            )
            for atoms in configurations
        ]
        batch = torch_geometric.Batch.from_data_list(graphs).to(calculator.device)
        found = model(batch.to_dict(), compute_stress=True)
    counts = [len(atoms) for atoms in configurations]
    parts = zip(
        found["energy"],
        split(found["forces"], counts),
        found["stress"],
        split(found["node_energy"], counts),
        strict=True,
    )
    return [
        prediction(energy=energy, forces=forces, stress=stress, energies=energies if card.per_atom_energy else None)
        for energy, forces, stress, energies in parts
    ]


def edge_model(calculator: Calculator, *, card: Card, device: str) -> EdgeModel:
    """The network as a function of edges; on a GPU with cuEquivariance's kernels if they are there."""
    model, kernels = calculator.models[0], "e3nn"
    if device.startswith("cuda") and importlib.util.find_spec("cuequivariance_ops_torch") is not None:
        from mace.cli.convert_e3nn_cueq import run

        torch_models.keep_compiled_kernels()
        with torch_models.left_unchanged(), torch_models.in_precision(card):
            model = run(model, device=device).to(device).eval()
        kernels = f"cuEquivariance {importlib.metadata.version('cuequivariance-torch')}"
    return _Edges(model, calculator=calculator, card=card, kernels=kernels)


class _Edges:
    """All atoms at one point, and the vectors between them given as if they were those between periodic images."""

    def __init__(self, model: Any, *, calculator: Calculator, card: Card, kernels: str) -> None:  # noqa: ANN401 - mace has no types
        import torch

        self.kernels = kernels
        self._model, self._table, self._device = model, calculator.z_table, calculator.device
        self._dtype = getattr(torch, card.precision)
        head = calculator.available_heads.index(calculator.head)
        self._head = torch.tensor([head], dtype=torch.int64, device=self._device)

    def species(self, numbers: Sequence[int]) -> Tensor:
        """One-hot code of the elements, (n, elements)."""
        import torch

        places = torch.tensor([self._table.z_to_index(number) for number in numbers], device=self._device)
        return torch.nn.functional.one_hot(places, len(self._table.zs)).to(self._dtype)

    def energies(self, species: Tensor, edges: Tensor, *, vectors: Tensor) -> Tensor:
        """Energies of the atoms (n,) [eV]."""
        number = len(species)
        data = {
            "node_attrs": species,
            "edge_index": edges,
            "shifts": vectors,
            "positions": vectors.new_zeros((number, 3)),
            "cell": vectors.new_zeros((3, 3)),
            "batch": edges.new_zeros(number),
            "ptr": edges.new_zeros(2),  # its length alone is looked at
            "head": self._head,
        }
        return self._model(data, compute_force=False)["node_energy"]

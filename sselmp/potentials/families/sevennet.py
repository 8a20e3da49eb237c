"""SevenNet potentials as ASE calculators, from a verified checkpoint; picks no checkpoint by name."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card
from sselmp.potentials.predictions import Prediction, prediction, split
from sselmp.potentials.torch_models import keep_compiled_kernels, left_unchanged
from sselmp.potentials.weights import find_weights

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from torch import Tensor

    from sselmp.potentials.fast.model import EdgeModel

_TOTALS = ("reduce_total_enegy", "force_output")  # sevenn's own spelling


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a SevenNet checkpoint.

    Its ``results`` hold energy [eV], energies (N,) [eV], forces (N, 3) [eV/Å] and stress (6,) [eV/Å³]. The option
    ``modal`` names the fidelity of a multi-fidelity checkpoint; such a checkpoint is not loaded without one.

    Raises:
        PotentialError: The card names no weights, an unknown option or modal, the device is not there, the file is no
            whole SevenNet checkpoint, or its cutoff, depth or elements are not the card's.
        ImportError: sevenn or torch is not installed.
    """
    if weights is None:
        raise PotentialError(f"the card '{card.name}' names no weights", repair="add a [weights] table to it")
    modal = _modal(card)
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise PotentialError(
            f"the device '{device}' is not there",
            got="torch finds no usable GPU",
            allowed="cpu",
            repair="use device 'cpu', or install a driver and a CUDA build of torch",
        )
    calculator = _calculator(weights, device=device, modal=modal, card=card)
    _hold_against_card(calculator, card=card)
    return calculator


def _modal(card: Card) -> str | None:
    """The option ``modal``, the only one."""
    unknown = sorted(set(card.options) - {"modal"})
    if unknown:
        raise PotentialError(
            f"the family 'sevennet' has no option '{unknown[0]}' (card '{card.name}')",
            allowed="modal",
            repair="mend the card's [options]",
        )
    modal = card.options.get("modal")
    if modal is not None and not isinstance(modal, str):
        raise PotentialError(f"the option modal of the card '{card.name}' must be a name", got=repr(modal))
    return modal


def _calculator(weights: Path, *, device: str, modal: str | None, card: Card) -> Calculator:
    import torch

    # Building the network draws initial weights, which are then replaced: the global generator is put back.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No tensor product accelerator", category=UserWarning)
        from sevenn.calculator import SevenNetCalculator
        from sevenn.util import load_checkpoint

        try:
            modals = sorted(load_checkpoint(weights).config.get("_modal_map") or {})
            _hold_modal(modal, modals, card=card)
            return SevenNetCalculator(model=weights, file_type="checkpoint", device=device, modal=modal)
        except PotentialError:
            raise
        except Exception as error:  # unpickling a file of another kind may raise anything
            raise PotentialError(
                f"{weights} cannot be loaded as a SevenNet checkpoint (card '{card.name}')",
                got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
                allowed="a whole checkpoint written by sevenn",
                repair="get the file again, or name the family that it belongs to in the card",
            ) from error


def _hold_modal(modal: str | None, modals: list[str], *, card: Card) -> None:
    """Refuse a modal that the checkpoint does not have, and a checkpoint with several where the card names none."""
    if modal in modals or (modal is None and not modals):
        return
    raise PotentialError(
        f"the card '{card.name}' and its checkpoint disagree about modal",
        got=repr(modal) if modal else "none in the card",
        allowed=" or ".join(repr(name) for name in modals) if modals else "none: it has one fidelity only",
        repair="set modal in the card's [options]" if modals else "take modal out of the card's [options]",
    )


def _hold_against_card(calculator: Calculator, *, card: Card) -> None:
    """Refuse a card whose facts are not the checkpoint's, since run settings are derived from the card."""
    from ase.data import chemical_symbols

    config = calculator.sevennet_config
    known = {chemical_symbols[number] for number in calculator.type_map}
    facts: dict[str, tuple[object, object]] = {
        "cutoff_A": (card.cutoff_A, float(calculator.cutoff)),
        "message_passing_depth": (card.message_passing_depth, int(config["num_convolution_layer"])),
        "precision": (card.precision, {"single": "float32", "double": "float64"}.get(config["dtype"])),
        # a card may name fewer: some checkpoints have a place for every element, trained or not
        "elements": (sorted(set(card.elements) - known), []),
    }
    for key, (stated, found) in facts.items():
        if stated != found:
            raise PotentialError(
                f"the card '{card.name}' contradicts its checkpoint: {key}",
                got=f"{stated}, which the checkpoint does not know" if key == "elements" else stated,
                allowed=" ".join(sorted(known)) if key == "elements" else found,
                repair=f"state the checkpoint's {key} in the card",
            )


def together(calculator: Calculator, configurations: Sequence[Atoms], *, card: Card) -> list[Prediction]:
    """Evaluate configurations as one graph; the network is told for as long that its input is a batch."""
    from sevenn import _keys as keys
    from sevenn.atom_graph_data import AtomGraphData
    from sevenn.train.dataload import unlabeled_atoms_to_graph
    from torch_geometric.data import Batch

    graphs = []
    for atoms in configurations:
        graph = AtomGraphData.from_numpy_dict(unlabeled_atoms_to_graph(atoms, calculator.cutoff, with_shift=False))
        if calculator.modal:
            graph[keys.DATA_MODALITY] = calculator.modal
        graphs.append(graph)
    calculator.model.set_is_batch_data(True)
    try:
        found = calculator.model(Batch.from_data_list(graphs).to(calculator.device))
    finally:
        calculator.model.set_is_batch_data(False)
    counts = [len(atoms) for atoms in configurations]
    stresses = -found[keys.PRED_STRESS][:, [0, 1, 2, 4, 5, 3]]
    parts = zip(
        found[keys.PRED_TOTAL_ENERGY].reshape(-1),
        split(found[keys.PRED_FORCE], counts),
        stresses,
        split(found[keys.ATOMIC_ENERGY], counts),
        strict=True,
    )
    return [
        prediction(energy=energy, forces=forces, stress=stress, energies=energies if card.per_atom_energy else None)
        for energy, forces, stress, energies in parts
    ]


def edge_model(calculator: Calculator, *, card: Card, device: str) -> EdgeModel:
    """The network without what makes graphs and forces; on a GPU with cuEquivariance's kernels if they are there."""
    fused = device.startswith("cuda") and importlib.util.find_spec("cuequivariance_ops_torch") is not None
    if not fused:
        return _Edges(calculator.model, calculator=calculator, kernels="e3nn")
    import torch
    from sevenn.util import load_checkpoint

    keep_compiled_kernels()
    with left_unchanged(), torch.random.fork_rng(devices=[]):
        network = load_checkpoint(find_weights(card)).build_model(enable_cueq=True).to(device).eval()
    network.set_is_batch_data(False)
    version = importlib.metadata.version("cuequivariance-torch")
    return _Edges(network, calculator=calculator, kernels=f"cuEquivariance {version}")


class _Edges:
    """The modules of a network one after another, from one-hot species to energies of atoms."""

    def __init__(self, network: Any, *, calculator: Calculator, kernels: str) -> None:  # noqa: ANN401 - a torch module
        import torch

        self.kernels = kernels
        self._device, self._types = calculator.device, calculator.type_map
        self._modules = [module for name, module in network.named_children() if name not in _TOTALS]
        modal = network.modal_map[calculator.modal] if calculator.modal else None
        self._modal = None if modal is None else torch.tensor(modal, dtype=torch.int64, device=self._device)

    def species(self, numbers: Sequence[int]) -> Tensor:
        """Places of the elements in the one-hot code."""
        import torch

        return torch.tensor([self._types[number] for number in numbers], dtype=torch.int64, device=self._device)

    def energies(self, species: Tensor, edges: Tensor, *, vectors: Tensor) -> Tensor:
        """Energies of the atoms (n,) [eV]."""
        from sevenn import _keys as keys

        data = {keys.NODE_FEATURE: species, keys.EDGE_IDX: edges, keys.EDGE_VEC: vectors}
        if self._modal is not None:
            data[keys.MODAL_TYPE] = self._modal
        for module in self._modules:
            data = module(data)
        return data[keys.ATOMIC_ENERGY].reshape(-1)

"""M3GNet potentials of matgl as ASE calculators, from a verified model folder; fetches none.

matgl before version 3 summed the messages of a node's edges at the node where they end; since then it sums them at the
node where they start. Weights of the one kind load without a word in a matgl of the other and give wrong energies and
forces for every compound, though not for elements. So the card says where its weights want them summed, and where matgl
does otherwise the loaded model, and nothing else of matgl, is corrected.
"""

from __future__ import annotations

from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any

from sselmp.errors import PotentialError
from sselmp.potentials import torch_models
from sselmp.potentials.cards import Card
from sselmp.potentials.crystals import refuse_open_boundaries
from sselmp.potentials.predictions import Prediction, prediction, split
from sselmp.potentials.private_home import private_home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from torch import Tensor

FILES = ("model.pt", "state.pt", "model.json")
SUMMED_AT = ("destination", "source")


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a matgl model folder.

    Its ``results`` hold energy [eV], forces (n, 3) [eV/Å] and stress (6,) [eV/Å³]. The option ``messages_summed_at`` is
    ``destination`` for weights trained before matgl 3, ``source`` for those trained since.

    Args:
        card: The potential.
        weights: One of the folder's three files; the others lie beside it.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        PotentialError: The card names no weights or lacks its option, the device is not there, or the model is not
            whole, another family's, or not what the card says.
        ImportError: matgl or torch is not installed.
    """
    file = torch_models.required_weights(card, weights)
    summed_at = _summed_at(card)
    torch_models.refuse_absent_device(device)
    with private_home(), torch_models.left_unchanged():
        from matgl.ext.ase import PESCalculator

        potential = _potential(file.parent, card=card).to(device)
        if summed_at == "destination":
            _sum_at_destination(potential)
        calculator = PESCalculator(potential, stress_unit="eV/A3", use_voigt=True)
    _hold_against_card(potential, card=card)
    return torch_models.steady(_of_crystals(calculator, card=card), card=card)


def _summed_at(card: Card) -> object:
    torch_models.refuse_unknown_options(card, known=["messages_summed_at"])
    chosen = card.options.get("messages_summed_at")
    if chosen not in SUMMED_AT:
        raise PotentialError(
            f"the card '{card.name}' must say where its weights want the messages of edges summed",
            got=f"messages_summed_at = {chosen!r}",
            allowed="'destination' for weights trained before matgl 3, such as M3GNet-MP-2021.2.8 and "
            "M3GNet-MatPES-PBE-v2025.1; 'source' for those trained with matgl 3 or later",
            repair="set messages_summed_at in the card's [options]",
        )
    return chosen


def _potential(folder: Path, *, card: Card) -> Any:  # noqa: ANN401 - a torch module
    """Build a potential from its folder, reading tensors and plain values only."""
    from matgl.apps.pes import Potential
    from matgl.models import M3GNet

    files = {name: folder / name for name in FILES}
    if absent := [name for name, path in files.items() if not path.is_file()]:
        raise PotentialError(
            f"{folder} is not a whole matgl model (card '{card.name}')",
            got=f"no {', '.join(absent)}",
            allowed=f"a folder with {', '.join(FILES)}",
            repair="put the missing files beside the others",
        )
    for name in ("model.pt", "state.pt"):
        torch_models.read_checkpoint(files[name], card=card)
    with torch_models.built(card, file=files["model.pt"]):
        potential = Potential.load(files)
    if not isinstance(potential.model, M3GNet):
        raise torch_models.refused_checkpoint(card, file=files["model.pt"], found=f"a {type(potential.model).__name__}")
    return potential.eval().requires_grad_(requires_grad=False)


def _sum_at_destination(potential: Any) -> None:  # noqa: ANN401 - a torch module
    """Let each graph convolution of one loaded model sum the messages of edges at the node where they end."""
    from matgl.layers._graph_convolution import M3GNetGraphConv

    for module in potential.modules():
        if isinstance(module, M3GNetGraphConv):
            module.node_update_ = MethodType(_node_update, module)


def _node_update(  # noqa: PLR0913, PLR0917 - the signature of the method that it stands in for
    convolution: Any,  # noqa: ANN401 - a torch module
    edge_index: Tensor,
    edge_feat: Tensor,
    node_feat: Tensor,
    rbf: Tensor,
    u_per_edge: Tensor | None,
    num_nodes: int,
) -> Tensor:
    """Eq. 5 of M3GNet's paper (doi:10.1038/s43588-022-00349-3) with edges that point at the node they update.

    Shapes: edge_index (2, e), edge_feat (e, d), node_feat (n, d), rbf (e, b), u_per_edge (e, s); returns (n, d).
    """
    import torch

    start, end = edge_index.long()
    of_edges = [node_feat[start], node_feat[end], edge_feat, *([] if u_per_edge is None else [u_per_edge])]
    messages = convolution.node_update_func(torch.hstack(of_edges)) * convolution.node_weight_func(rbf)
    return messages.new_zeros((num_nodes, messages.shape[1])).index_add(0, end, messages)


def _of_crystals(calculator: Calculator, *, card: Card) -> Calculator:
    """Refuse what matgl would take for a molecule: atoms that are not periodic along all axes."""
    evaluate = calculator.calculate

    def calculate(  # noqa: PLR0917 - ASE's signature
        atoms: Atoms, properties: Sequence[str], system_changes: Sequence[str]
    ) -> None:
        refuse_open_boundaries(atoms, card=card)
        evaluate(atoms, properties, system_changes)

    calculator.calculate = calculate
    return calculator


def _hold_against_card(potential: Any, *, card: Card) -> None:  # noqa: ANN401 - a torch module
    facts = {
        "cutoff_A": (card.cutoff_A, float(potential.model.cutoff)),
        "message_passing_depth": (card.message_passing_depth, int(potential.model.n_blocks)),
        "precision": (card.precision, str(potential.data_mean.dtype).removeprefix("torch.")),
        "elements": (sorted(set(card.elements) - set(potential.model.element_types)), []),
        "forces": (card.forces, "conservative"),
        "per_atom_energy": (card.per_atom_energy, False),
        "stress": (card.stress, bool(potential.calc_stresses)),
    }
    torch_models.hold_against_card(card, facts)


def together(calculator: Calculator, configurations: Sequence[Atoms], *, card: Card) -> list[Prediction]:
    """Evaluate configurations as one graph; matgl gives its stresses in GPa, one below the other."""
    import numpy as np
    import torch
    from ase.units import GPa
    from matgl.ext.ase import Atoms2Graph
    from torch_geometric.data import Batch

    for atoms in configurations:
        refuse_open_boundaries(atoms, card=card)
    with torch_models.in_precision(card):
        converter = Atoms2Graph(calculator.element_types, calculator.cutoff)
        graphs, lattices, states = zip(*(converter.get_graph(atoms) for atoms in configurations), strict=True)
        lattice = torch.cat([one.reshape(1, 3, 3) for one in lattices])
        state = torch.tensor(np.array(states), dtype=lattice.dtype)
        energies, forces, stresses, *_ = calculator.potential(Batch.from_data_list(graphs), lattice, state)
    counts = [len(atoms) for atoms in configurations]
    parts = zip(energies.reshape(-1), split(forces, counts), stresses.reshape(-1, 3, 3) * GPa, strict=True)
    return [prediction(energy=energy, forces=f, stress=stress, energies=None) for energy, f, stress in parts]

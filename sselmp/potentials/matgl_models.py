"""What adapters of matgl's models share: reading a verified model folder and asking crystals only; knows no network.

matgl before version 3 summed the messages of a node's edges at the node where they end; since then it sums them at the
node where they start. Weights of the one kind load without a word in a matgl of the other and give wrong energies and
forces for every compound, though not for elements. So the card says where its weights want them summed, and where matgl
does otherwise the loaded model, and nothing else of matgl, is corrected. The files do not tell: M3GNet's version number
is the same on both sides, whoever saves a model again writes the number of their own matgl, and matgl's warning about
another version advises to edit it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sselmp.errors import PotentialError
from sselmp.potentials import torch_models
from sselmp.potentials.cards import Card
from sselmp.potentials.crystals import refuse_open_boundaries, refusing
from sselmp.potentials.predictions import Prediction, prediction, split
from sselmp.potentials.private_home import private_home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ase import Atoms
    from ase.calculators.calculator import Calculator

FILES = ("model.pt", "state.pt", "model.json")
DECISIVE = ("model.pt", "state.pt")  # model.json repeats model.pt; matgl compares version numbers in it
SUMMED_AT = ("destination", "source")


@dataclass(frozen=True)
class Network:
    """One of matgl's networks.

    Attributes:
        name: Of its class in ``matgl.models``.
        depth: Number of messages that a loaded one passes.
        sum_at_destination: Corrects a loaded one; returns how many of its modules it has corrected.
    """

    name: str
    depth: Callable[[Any], int]
    sum_at_destination: Callable[[Any], int]


def load(card: Card, weights: Path | None, *, device: str, network: Network) -> Calculator:
    """Load a matgl model folder.

    Its ``results`` hold energy [eV], forces (n, 3) [eV/Å] and stress (6,) [eV/Å³]. The option ``messages_summed_at`` is
    ``destination`` for weights trained before matgl 3, ``source`` for those trained since.

    Args:
        card: The potential.
        weights: One of the folder's three files; the others lie beside it.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        network: What the folder must hold.

    Raises:
        PotentialError: The card names no weights, leaves one of their files without a hash or lacks its option, the
            device is not there, or the model is not whole, another network, or not what the card says.
        ImportError: matgl or torch is not installed.
    """
    file = torch_models.required_weights(card, weights)
    _refuse_unverified(card)
    summed_at = _summed_at(card)
    torch_models.refuse_absent_device(device)
    with private_home(), torch_models.left_unchanged():
        from matgl.ext.ase import PESCalculator

        potential = _potential(file.parent, card=card, network=network).to(device)
        if summed_at == "destination" and network.sum_at_destination(potential) == 0:
            found = "nothing in it that sums the messages of edges as matgl 4.1 does"
            raise torch_models.refused_checkpoint(card, file=file, found=found)
        calculator = PESCalculator(potential, stress_unit="eV/A3", use_voigt=True)
    _hold_against_card(potential, card=card, depth=network.depth(potential.model))
    return torch_models.steady(refusing(calculator, refuse_open_boundaries, card=card), card=card)


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


def _refuse_unverified(card: Card) -> None:
    """Refuse a card that states no hash of a file that decides the numbers."""
    weights = card.weights
    stated = {Path(weights.file).name, *(Path(part.file).name for part in weights.also)} if weights else set()
    if absent := [name for name in DECISIVE if name not in stated]:
        raise PotentialError(
            f"the card '{card.name}' names no hash of {', '.join(absent)}, which decides its numbers too",
            got=f"hashes of {', '.join(sorted(stated))}",
            allowed=f"{' and '.join(DECISIVE)}, one in [weights] and the other in [[weights.also]]",
            repair="add the other file to the card ('sha256sum' gives its hash)",
        )


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


def _potential(folder: Path, *, card: Card, network: Network) -> Any:  # noqa: ANN401 - a torch module
    """Build a potential from its folder, reading tensors and plain values only."""
    from matgl.apps.pes import Potential

    files = {name: folder / name for name in FILES}
    if absent := [name for name, path in files.items() if not path.is_file()]:
        raise PotentialError(
            f"{folder} is not a whole matgl model (card '{card.name}')",
            got=f"no {', '.join(absent)}",
            allowed=f"a folder with {', '.join(FILES)}",
            repair="put the missing files beside the others",
        )
    for name in DECISIVE:
        torch_models.read_checkpoint(files[name], card=card)
    with torch_models.built(card, file=files["model.pt"]):
        potential = Potential.load(files)
    if (found := type(potential.model).__name__) != network.name:
        raise torch_models.refused_checkpoint(card, file=files["model.pt"], found=f"a {found}")
    return potential.eval().requires_grad_(requires_grad=False)


def _hold_against_card(potential: Any, *, card: Card, depth: int) -> None:  # noqa: ANN401 - a torch module
    facts = {
        "cutoff_A": (card.cutoff_A, float(potential.model.cutoff)),
        "message_passing_depth": (card.message_passing_depth, depth),
        "precision": (card.precision, str(potential.data_mean.dtype).removeprefix("torch.")),
        "elements": (sorted(set(card.elements) - set(potential.model.element_types)), []),
        "forces": (card.forces, "conservative"),
        "per_atom_energy": (card.per_atom_energy, False),
        "stress": (card.stress, bool(potential.calc_stresses)),
    }
    torch_models.hold_against_card(card, facts)

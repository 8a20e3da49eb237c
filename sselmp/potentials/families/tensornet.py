"""TensorNet potentials of matgl as ASE calculators, from a verified model folder; fetches none.

Where the weights want the messages of edges summed is the card's to say; ``matgl_models`` tells why. Only TensorNet's
embedding has a direction in its messages; the layers after it are the same either way.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sselmp.potentials import matgl_models
from sselmp.potentials.cards import Card

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load a TensorNet from its model folder; see ``matgl_models.load`` for results, options and errors."""
    network = matgl_models.Network("TensorNet", depth=_depth, sum_at_destination=_sum_at_destination)
    return matgl_models.load(card, weights, device=device, network=network)


together = matgl_models.together


def _depth(model: Any) -> int:  # noqa: ANN401 - a torch module
    """Of the layers, and of the embedding, which sums over edges too."""
    return int(model.num_layers) + 1


def _sum_at_destination(potential: Any) -> int:  # noqa: ANN401 - a torch module
    """Change the parameters of one loaded model's embedding so that its sums are those at the nodes where edges end.

    Summed at its end, the edge from i to j brings to j a message of (i, j, v), v along the edge. matgl sums at the
    start, where the same two atoms give to j the message of the edge back, (j, i, -v). So the halves of the linear map
    of (first, second) are exchanged, and the projection that multiplies the antisymmetric tensor, the only part that is
    odd in v, changes its sign.
    """
    import torch
    from matgl.layers._embedding import TensorEmbedding

    found = [module for module in potential.modules() if isinstance(module, TensorEmbedding)]
    with torch.no_grad():
        for module in found:
            first, second = module.emb2.weight.clone().chunk(2, dim=1)
            module.emb2.weight.copy_(torch.hstack([second, first]))
            module.distance_proj2.weight.neg_()
            module.distance_proj2.bias.neg_()
    return len(found)

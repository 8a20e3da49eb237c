"""M3GNet potentials of matgl as ASE calculators, from a verified model folder; fetches none.

Where the weights want the messages of edges summed is the card's to say; ``matgl_models`` tells why.
"""

from __future__ import annotations

from pathlib import Path
from types import MethodType
from typing import TYPE_CHECKING, Any

from sselmp.potentials import matgl_models
from sselmp.potentials.cards import Card

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator
    from torch import Tensor


def load(card: Card, weights: Path | None, *, device: str) -> Calculator:
    """Load an M3GNet from its model folder; see ``matgl_models.load`` for results, options and errors."""
    network = matgl_models.Network("M3GNet", depth=_depth, sum_at_destination=_sum_at_destination)
    return matgl_models.load(card, weights, device=device, network=network)


together = matgl_models.together


def _depth(model: Any) -> int:  # noqa: ANN401 - a torch module
    return int(model.n_blocks)


def _sum_at_destination(potential: Any) -> int:  # noqa: ANN401 - a torch module
    """Let each graph convolution of one loaded model sum the messages of edges at the node where they end."""
    from matgl.layers._graph_convolution import M3GNetGraphConv

    found = [module for module in potential.modules() if isinstance(module, M3GNetGraphConv)]
    for module in found:
        module.node_update_ = MethodType(_node_update, module)
    return len(found)


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

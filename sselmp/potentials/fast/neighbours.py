"""Pairs of atoms within a distance, found by vesin on the processor or on the GPU; keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sselmp.cells import Array

if TYPE_CHECKING:
    from torch import Tensor

FEW = 300


@dataclass(frozen=True)
class Pairs:
    """Each pair in both directions, sorted by its first atom.

    Attributes:
        first: (m,) indices.
        second: (m,) indices.
        shifts: (m, 3) cell vectors to be added to the second position, float64.
    """

    first: Tensor
    second: Tensor
    shifts: Tensor

    def __len__(self) -> int:
        return int(self.first.shape[0])

    def counted_from(self, start: int) -> Pairs:
        """The same pairs where the first atom has the number ``start``."""
        return Pairs(self.first + start, self.second + start, self.shifts)


def pairs_within(distance_A: float, positions: Array, *, cell: Array, periodic: Sequence[bool], device: str) -> Pairs:
    """Find the pairs of a configuration.

    Few atoms are searched on the processor, by one thread, wherever the pairs are to be: starting threads, or a GPU's
    kernels one by one, takes longer than the search.

    Args:
        distance_A: Largest distance; a periodic cell may be smaller than that.
        positions: (n, 3) [Å].
        cell: (3, 3) rows a, b, c [Å].
        periodic: Along a, b, c.
        device: Where the pairs are to be: ``cpu``, ``cuda``, ``cuda:N``.
    """
    import torch
    from vesin import NeighborList

    few = len(positions) < FEW
    where = "cpu" if few else device
    search = NeighborList(
        cutoff=distance_A, full_list=True, sorted=True, n_threads=1 if few else torch.get_num_threads()
    )
    first, second, shifts = search.compute(
        torch.as_tensor(positions, dtype=torch.float64).to(where),
        torch.as_tensor(cell, dtype=torch.float64).to(where),
        torch.as_tensor(list(periodic), dtype=torch.bool).to(where),
        "ijS",
    )
    return Pairs(
        first.to(torch.int64).to(device), second.to(torch.int64).to(device), shifts.to(torch.float64).to(device)
    )

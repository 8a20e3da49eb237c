"""Pairs of atoms within a distance, found by vesin on the processor or on the GPU; keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sselmp.cells import Array

if TYPE_CHECKING:
    from torch import Tensor


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


def pairs_within(distance_A: float, positions: Array, *, cell: Array, periodic: Sequence[bool], device: str) -> Pairs:
    """Find the pairs of a configuration.

    Args:
        distance_A: Largest distance; a periodic cell may be smaller than that.
        positions: (n, 3) [Å].
        cell: (3, 3) rows a, b, c [Å].
        periodic: Along a, b, c.
        device: Where they are sought and stay: ``cpu``, ``cuda``, ``cuda:N``.
    """
    import torch
    from vesin import NeighborList

    def there(values: object, dtype: object) -> Tensor:
        return torch.as_tensor(values, dtype=dtype).to(device)

    search = NeighborList(cutoff=distance_A, full_list=True, sorted=True, n_threads=torch.get_num_threads())
    first, second, shifts = search.compute(
        there(positions, torch.float64), there(cell, torch.float64), there(list(periodic), torch.bool), "ijS"
    )
    return Pairs(first.to(torch.int64), second.to(torch.int64), shifts.to(torch.float64))

"""One step of a batch on its device, between fixed arrays: vectors, energies, forces, virials; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.potentials.cards import Card
from sselmp.potentials.fast.neighbours import Pairs

if TYPE_CHECKING:
    from torch import Tensor

    from sselmp.potentials.fast.model import EdgeModel

ROOM = 1.08  # capacity over need: density and temperature change the number of neighbours by less within a run
LEAST_ROOM = 256


class Graph:
    """Configurations with their listed pairs.

    Listed pairs beyond the cutoff are left out anew in each step. With fixed shapes, what remains is filled up to a
    number of edges that does not change: the filling joins one atom that is in no configuration to itself, at the
    cutoff, and no message of it reaches an atom that counts. Positions and their differences are float64, whatever the
    network's precision.

    Args:
        model: Of the family.
        numbers: Atomic numbers of each configuration.
        card: Its cutoff and precision.
        device: ``cpu``, ``cuda``, ``cuda:N``.
        fixed: Whether shapes are fixed, as a CUDA graph demands.

    Attributes:
        starts: Of each configuration, the number of its first atom.
    """

    def __init__(
        self, model: EdgeModel, numbers: Sequence[NDArray[np.int64]], *, card: Card, device: str, fixed: bool
    ) -> None:
        import torch

        self._model, self._cutoff_A, self._device = model, card.cutoff_A, device
        self._dtype = getattr(torch, card.precision)
        self.fixed = fixed
        self.counts = [len(one) for one in numbers]
        self.starts = np.cumsum([0, *self.counts]).tolist()
        self._atoms, self._batch = sum(self.counts), len(self.counts)
        flat = [int(number) for one in numbers for number in one]
        self._species = model.species([*flat, flat[0]])  # the last one belongs to no configuration
        owner = np.repeat(np.arange(self._batch), self.counts)
        self._owner = torch.as_tensor(owner).to(device)
        self._sums = torch.as_tensor(owner == np.arange(self._batch)[:, None]).to(device, torch.float64)
        self._input = _Mirror(3 * self._atoms + 9 * self._batch, device=device)
        self._output = _Mirror(10 * self._batch + 1 + 4 * self._atoms, device=device)
        self.pair_capacity = self.edge_capacity = 0
        self._pairs: Pairs | None = None

    def set_pairs(self, pairs: Sequence[Pairs]) -> bool:
        """Take the listed pairs of all configurations, atoms counted through; whether their arrays are others now."""
        import torch

        listed = Pairs(*(torch.cat([getattr(one, part.name) for one in pairs]) for part in fields(Pairs)))
        if not self.fixed:
            self._pairs, self._listed_owner = listed, self._owner[listed.first]
            return False
        grown = len(listed) > self.pair_capacity
        if grown:
            self.pair_capacity = _with_room(len(listed))
            self._reserve()
        self._fill(listed)
        return grown

    def set_edges(self, number: int) -> None:
        """Make room for so many edges."""
        self.edge_capacity = _with_room(number)

    def place(self, index: int, positions: Array, *, cell: Array) -> None:
        """Put the positions (n, 3) and the cell (3, 3) of a configuration [Å] where the next step reads them."""
        start = self.starts[index]
        self._input.array[3 * start : 3 * (start + self.counts[index])] = positions.reshape(-1)
        begin = 3 * self._atoms + 9 * index
        self._input.array[begin : begin + 9] = cell.reshape(-1)

    def count_edges(self) -> int:
        """Number of pairs within the cutoff, from the positions as placed."""
        self._input.upload()
        return int(self._near(self._vectors()).sum())

    def step(self) -> None:
        """Compute from what was placed; on a GPU nothing waits for the end."""
        import torch

        self._input.upload()
        vectors = self._vectors()
        near = self._near(vectors)
        edges, chosen, found, real = self._edges(vectors, near)
        chosen.requires_grad_()
        with torch.enable_grad():
            energies = self._model.energies(self._species, edges, vectors=chosen)[: self._atoms]
            (slope,) = torch.autograd.grad(energies.sum(), chosen)
        slope = torch.where(real, slope, 0.0).to(torch.float64)
        virials = found.unsqueeze(2) * slope.unsqueeze(1)
        per_atom = torch.zeros((self._atoms + 1, 12), dtype=torch.float64, device=self._device)
        per_atom.index_add_(0, edges[0], torch.cat([slope, -virials.reshape(-1, 9)], dim=1))
        per_atom[:, :3].index_add_(0, edges[1], -slope)
        per_atom = per_atom[: self._atoms]
        energies = energies.detach().to(torch.float64)
        found_all = [
            self._sums @ energies,
            (self._sums @ per_atom[:, 3:]).reshape(-1),
            near.sum().reshape(1).to(torch.float64),
            per_atom[:, :3].reshape(-1),
            energies,
        ]
        self._output.there.copy_(torch.cat(found_all))
        self._output.download()

    def edges_found(self) -> int:
        """How many edges the last step had; more than the capacity make it worthless."""
        return int(self._output.array[10 * self._batch])

    def answer(self, index: int) -> tuple[float, Array, Array, Array]:
        """Energy [eV], virial (3, 3) [eV], forces (n, 3) [eV/Å] and energies of the atoms (n,) [eV], after a step."""
        found, batch, start = self._output.array, self._batch, self.starts[index]
        forces = found[10 * batch + 1 :][3 * start : 3 * (start + self.counts[index])]
        energies = found[10 * batch + 1 + 3 * self._atoms :][start : start + self.counts[index]]
        virial = found[batch + 9 * index : batch + 9 * index + 9]
        return float(found[index]), virial.reshape(3, 3), forces.reshape(-1, 3), energies

    def _reserve(self) -> None:
        import torch

        whole = {"dtype": torch.int64, "device": self._device}
        size = self.pair_capacity
        shifts = torch.zeros((size, 3), dtype=torch.float64, device=self._device)
        self._pairs = Pairs(torch.zeros(size, **whole), torch.zeros(size, **whole), shifts)
        self._listed_owner = torch.zeros(size, **whole)
        self._listed = torch.zeros(size, dtype=torch.bool, device=self._device)

    def _fill(self, listed: Pairs) -> None:
        if self._pairs is None:
            raise RuntimeError("no room was made for pairs")
        number = len(listed)
        self._pairs.first[:number] = listed.first
        self._pairs.second[:number] = listed.second
        self._pairs.shifts[:number] = listed.shifts
        self._listed_owner[:number] = self._owner[listed.first]
        self._listed[:number] = True
        self._listed[number:] = False

    def _vectors(self) -> Tensor:
        """From the first to the second atom of each listed pair, (m, 3) float64."""
        if self._pairs is None:
            raise RuntimeError("no pairs were set")
        positions = self._input.there[: 3 * self._atoms].reshape(-1, 3)
        cells = self._input.there[3 * self._atoms :].reshape(-1, 3, 3)
        shifts = (self._pairs.shifts.unsqueeze(2) * cells[self._listed_owner]).sum(dim=1)
        vectors: Tensor = positions[self._pairs.second] - positions[self._pairs.first] + shifts
        return vectors

    def _near(self, vectors: Tensor) -> Tensor:
        near: Tensor = (vectors * vectors).sum(dim=1) < self._cutoff_A**2
        return near & self._listed if self.fixed else near

    def _edges(self, vectors: Tensor, near: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Edges (2, m), their vectors in the network's precision and in float64, (m, 3), and which are real, (m, 1)."""
        import torch

        if self._pairs is None:
            raise RuntimeError("no pairs were set")
        first, second = self._pairs.first, self._pairs.second
        if not self.fixed:
            places = near.nonzero().squeeze(1)
            found = vectors[places]
            real = torch.ones((len(places), 1), dtype=torch.bool, device=self._device)
            return torch.stack([first[places], second[places]]), found.to(self._dtype), found, real
        capacity, filling = self.edge_capacity, self.pair_capacity
        slots = torch.where(near, near.cumsum(0) - 1, capacity).clamp(max=capacity)
        chosen = torch.full((capacity + 1,), filling, dtype=torch.int64, device=self._device)
        chosen.scatter_(0, slots, torch.arange(filling, device=self._device))
        # whatever was written to the last place, beyond the capacity, is dropped
        chosen = chosen[:capacity]
        real = (chosen < filling).unsqueeze(1)
        at = chosen.clamp(max=filling - 1)
        lone = torch.full_like(vectors[:1], 0.0)
        lone[:, 0] = self._cutoff_A
        found = torch.where(real, vectors[at], lone)
        ends = torch.stack([first[at], second[at]])
        return torch.where(real.T, ends, self._atoms), found.to(self._dtype), found, real


class _Mirror:
    """An array of the host and its twin on the device; on a processor both are one."""

    def __init__(self, size: int, *, device: str) -> None:
        import torch

        apart = device != "cpu"
        self._here = torch.zeros(size, dtype=torch.float64, pin_memory=apart)
        self.there = torch.zeros(size, dtype=torch.float64, device=device) if apart else self._here
        self.array: Array = self._here.numpy()

    def upload(self) -> None:
        if self.there is not self._here:
            self.there.copy_(self._here, non_blocking=True)

    def download(self) -> None:
        if self.there is not self._here:
            self._here.copy_(self.there, non_blocking=True)


def _with_room(number: int) -> int:
    return int(number * ROOM) + LEAST_ROOM

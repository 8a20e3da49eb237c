"""A potential on the fast path: configurations in, predictions out, with what lasts from step to step kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.potentials.cards import Card
from sselmp.potentials.fast.capture import Repeated
from sselmp.potentials.fast.graph import Graph
from sselmp.potentials.fast.neighbours import Pairs, pairs_within
from sselmp.potentials.fast.skin import Skin
from sselmp.potentials.predictions import Prediction

if TYPE_CHECKING:
    from ase import Atoms

    from sselmp.potentials.fast.model import EdgeModel

SKIN_A = 1.0  # on a processor, where each listed pair costs time
WIDE_SKIN_A = 3.0  # on a GPU, where a search costs as much as many steps


class FastPotential:
    """Evaluates the same atoms, in changing positions and cells, step after step.

    Args:
        model: Of the family.
        card: Its cutoff and precision.
        device: ``cpu``, ``cuda``, ``cuda:N``.
        skin_A: Beyond the cutoff, in which pairs are listed; default: 1 on a processor, 3 on a GPU.
        fixed: Whether arrays keep their shapes from step to step; default: on a GPU.

    Attributes:
        searches: Searches for neighbours so far, of all configurations together.
        recordings: Steps recorded so far.
        slower_because: Why steps are not replayed from a recording, on a device where they could be.
    """

    def __init__(
        self, model: EdgeModel, *, card: Card, device: str, skin_A: float | None = None, fixed: bool | None = None
    ) -> None:
        self.model, self.card, self.device = model, card, device
        self._skin_A = skin_A or (SKIN_A if device == "cpu" else WIDE_SKIN_A)
        self._fixed = device != "cpu" if fixed is None else fixed
        self._numbers: list[NDArray[np.int64]] = []
        self._graph: Graph | None = None
        self._skins: list[Skin] = []
        self._pairs: list[Pairs] = []
        self._repeated: Repeated | None = None
        self.searches = self.recordings = 0
        self.slower_because = ""

    def evaluate(self, configurations: Sequence[Atoms]) -> tuple[Prediction, ...]:
        """Evaluate configurations, in their order.

        Args:
            configurations: Finite positions [Å], cells [Å] that enclose a volume, elements; none of them is changed.
        """
        graph = self._opened(configurations)
        searched = [self._follow(place, atoms, graph=graph) for place, atoms in enumerate(configurations)]
        if any(searched) and graph.set_pairs(self._pairs):
            self._repeated = None
        if self._repeated is None:
            self._record(graph)
        while True:
            if self._repeated is None:
                raise RuntimeError("no step was recorded")
            self._repeated()
            if not graph.fixed or graph.edges_found() <= graph.edge_capacity:
                break
            self._record(graph)
        volumes = [cells.volume(atoms.cell.array) for atoms in configurations]
        return tuple(self._prediction(graph, place, volume=volume) for place, volume in enumerate(volumes))

    def _opened(self, configurations: Sequence[Atoms]) -> Graph:
        """The graph of these atoms: the one at hand, or a new one."""
        numbers = [atoms.numbers for atoms in configurations]
        same = len(numbers) == len(self._numbers) and all(map(np.array_equal, numbers, self._numbers))
        if self._graph is None or not same:
            self._numbers = [np.array(one) for one in numbers]
            self._graph = Graph(self.model, numbers, card=self.card, device=self.device, fixed=self._fixed)
            self._skins, self._pairs, self._repeated = [], [], None
        return self._graph

    def _follow(self, place: int, atoms: Atoms, *, graph: Graph) -> bool:
        """Place a configuration; whether its neighbours had to be sought."""
        positions, cell = atoms.positions, atoms.cell.array
        if place < len(self._skins):
            followed = self._skins[place].followed(positions, cell=cell)
            if followed is not None:
                graph.place(place, followed, cell=cell)
                return False
        reach = self.card.cutoff_A + self._skin_A
        pairs = pairs_within(reach, positions, cell=cell, periodic=atoms.pbc, device=self.device)
        skin = Skin(positions, cell=cell, periodic=atoms.pbc, cutoff_A=self.card.cutoff_A, skin_A=self._skin_A)
        self._pairs[place : place + 1] = [pairs.counted_from(graph.starts[place])]
        self._skins[place : place + 1] = [skin]
        graph.place(place, positions, cell=cell)
        self.searches += 1
        return True

    def _record(self, graph: Graph) -> None:
        if graph.fixed:
            graph.set_edges(graph.count_edges())
        self._repeated = None  # its memory is free before the next one asks for some
        self._repeated = Repeated(graph.step, device=self.device)
        self.slower_because = self._repeated.reason
        self.recordings += 1

    def _prediction(self, graph: Graph, place: int, *, volume: float) -> Prediction:
        energy, virial, forces, energies = graph.answer(place)
        stress = None
        if self.card.stress:
            symmetric = -0.5 * (virial + virial.T) / volume
            stress = symmetric[tuple(zip(*cells.VOIGT_PAIRS, strict=True))]
        known = energies if self.card.per_atom_energy else None
        return Prediction(energy=energy, forces=forces, stress=stress, energies=known)

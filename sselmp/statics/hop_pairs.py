"""The hops of a crystal that its symmetry leaves distinct, each a pair of mobile sites; finds no barrier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, readonly
from sselmp.errors import SettingsError
from sselmp.networks import Edge, Step
from sselmp.statics.symmetry import Operation, operations
from sselmp.structures.crystal import Crystal

IN_THE_WAY_A = 1.0  # a site this near to the line between two others is where an ion would stop on its way


@dataclass(frozen=True)
class HopKind:
    """A hop, and all others that the space group makes of it.

    Attributes:
        origin: Index of the mobile atom that hops.
        target: Index of the mobile atom in whose place it goes.
        image: Periodic image of the target.
        vector_A: (3,) from origin to target [Å].
        pairs: Each pair of sites that is such a hop, once, in the direction that an operation gives it.
        symmetric: Whether an operation turns the hop into that back, so that it costs the same both ways.
        passes: Whether the line between the sites passes a third one, so that it is a row of shorter hops.
    """

    origin: int
    target: int
    image: Step
    vector_A: Array
    pairs: tuple[Edge, ...]
    symmetric: bool
    passes: bool

    @property
    def length_A(self) -> float:
        """Distance between the sites [Å]."""
        return float(np.linalg.norm(self.vector_A))


def hop_kinds(crystal: Crystal, element: str, *, longest_A: float, tolerance_A: float) -> tuple[HopKind, ...]:
    """Find the distinct hops between the sites of a mobile element, shortest first.

    Args:
        crystal: Whose atoms of that element are the sites.
        element: The mobile one.
        longest_A: Length up to which pairs are hops [Å].
        tolerance_A: Of the space group [Å].

    Raises:
        SettingsError: The crystal does not hold the element, or no two sites are so near.
    """
    mobile = [index for index, symbol in enumerate(crystal.species) if symbol == element]
    if not mobile:
        raise SettingsError(
            f"{crystal.name}: there is no mobile ion '{element}' in it",
            allowed=", ".join(crystal.elements),
            repair="name the ion that moves: --mobile ELEMENT",
        )
    near = _near(crystal, mobile, reach_A=longest_A + IN_THE_WAY_A)
    hops = [edge for edge in near if _length(crystal, edge) <= longest_A + tolerance_A]
    if not hops:
        raise SettingsError(
            f"{crystal.name}: no two sites of {element} are near enough for a hop",
            got=f"the shortest distance between two of them is {_shortest(crystal, mobile):.2f} Å",
            allowed=f"up to barriers.longest_hop_A = {longest_A:g} Å",
            repair="set barriers.longest_hop_A in --settings above that distance",
        )
    moves = [
        _Move.of(crystal, mobile, operation=operation) for operation in operations(crystal, tolerance_A=tolerance_A)
    ]
    kinds, seen = [], set[Edge]()
    for edge in sorted(hops, key=lambda edge: (round(_length(crystal, edge), 4), edge)):
        if edge not in seen:
            images = list(dict.fromkeys(move.applied(edge) for move in moves))
            seen.update(images, map(_back, images))
            kinds.append(_kind(crystal, edge, images=images, near=near))
    return tuple(kinds)


@dataclass(frozen=True)
class _Move:
    """What an operation does to the sites: each goes to another, in another cell."""

    to: dict[int, int]
    cells: dict[int, NDArray[np.int64]]
    rotation: NDArray[np.int64]

    @classmethod
    def of(cls, crystal: Crystal, mobile: Sequence[int], *, operation: Operation) -> _Move:
        places = crystal.fractional()[list(mobile)]
        apart = (places @ operation.rotation.T + operation.translation)[:, None] - places[None]
        misses = np.linalg.norm((apart - np.round(apart)) @ crystal.cell, axis=2)
        found = misses.argmin(axis=1)
        shifts = np.round(apart[np.arange(len(mobile)), found]).astype(np.int64)
        return cls(
            to={mobile[k]: mobile[int(to)] for k, to in enumerate(found)},
            cells={mobile[k]: shift for k, shift in enumerate(shifts)},
            rotation=operation.rotation,
        )

    def applied(self, edge: Edge) -> Edge:
        first, second, image = edge
        there = self.cells[second] + self.rotation @ np.array(image) - self.cells[first]
        return self.to[first], self.to[second], _step(there)


def _kind(crystal: Crystal, edge: Edge, *, images: Sequence[Edge], near: Sequence[Edge]) -> HopKind:
    origin, target, image = edge
    once: dict[Edge, Edge] = {}
    for one in images:
        once.setdefault(min(one, _back(one)), one)
    vector = _vector(crystal, edge)
    beside = [_vector(crystal, other) for other in near if other[0] == origin and other != edge]
    return HopKind(
        origin=origin,
        target=target,
        image=image,
        vector_A=readonly(vector),
        pairs=tuple(once.values()),
        symmetric=_back(edge) in images,
        passes=any(_lies_between(one, vector) for one in beside),
    )


def _lies_between(place: Array, vector: Array) -> bool:
    along = float(place @ vector) / float(vector @ vector)
    return 0.0 < along < 1.0 and float(np.linalg.norm(place - along * vector)) < IN_THE_WAY_A


def _near(crystal: Crystal, mobile: Sequence[int], *, reach_A: float) -> list[Edge]:
    """Pairs of sites up to a distance, both ways."""
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    sites = Atoms(numbers=[1] * len(mobile), positions=crystal.positions[list(mobile)], cell=crystal.cell, pbc=True)
    first, second, shifts = neighbor_list("ijS", sites, reach_A)
    return [(mobile[i], mobile[j], _step(shift)) for i, j, shift in zip(first, second, shifts, strict=True)]


def _shortest(crystal: Crystal, mobile: Sequence[int]) -> float:
    reach = 5.0
    while not (near := _near(crystal, mobile, reach_A=reach)):
        reach *= 2.0
    return min(_length(crystal, edge) for edge in near)


def _vector(crystal: Crystal, edge: Edge) -> Array:
    first, second, image = edge
    return np.asarray(crystal.positions[second] + np.array(image) @ crystal.cell - crystal.positions[first])


def _length(crystal: Crystal, edge: Edge) -> float:
    return float(np.linalg.norm(_vector(crystal, edge)))


def _back(edge: Edge) -> Edge:
    first, second, (a, b, c) = edge
    return second, first, (-a, -b, -c)


def _step(values: NDArray[np.int64]) -> Step:
    a, b, c = (int(value) for value in values)
    return a, b, c

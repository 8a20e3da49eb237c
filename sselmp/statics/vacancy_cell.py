"""A supercell with one mobile ion missing, before and after a neighbour hops in its place; relaxes nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp.cells import Array, perpendicular_widths, readonly
from sselmp.errors import SettingsError
from sselmp.statics.hop_pairs import HopKind
from sselmp.statics.symmetry import Operation
from sselmp.structures.crystal import Crystal
from sselmp.structures.supercell import Factors, image_distance, repeat

LEFT_A = 1.0  # a framework atom that moves so far beside a vacancy is in another place
ROOM = 2.1  # times the hop, between images: at twice the ion could as well go the other way round
LOOKED_AT_A = 0.3  # ions that move less than this have not left their sites


@dataclass(frozen=True)
class VacancyHop:
    """A hop in a supercell that lacks the ion in whose place it goes.

    Attributes:
        initial: The ion at its origin, the target empty.
        final: The same atoms in the same order, the ion at the target and the origin empty; positions go on from
            ``initial`` without leaps.
        ion: Index of the ion in both.
        sites: (M, 3) places of all mobile ions of the whole supercell [Å].
        mobile: Indices of the mobile ions in both.
    """

    initial: Crystal
    final: Crystal
    ion: int
    sites: Array
    mobile: tuple[int, ...]

    def strayed(self, relaxed: Crystal, start: Crystal) -> str:
        """What has left its place in a relaxation, in words; nothing if all is where it was."""
        moved = np.asarray(relaxed.positions - start.positions)
        moved -= moved.mean(axis=0)
        far = np.linalg.norm(moved, axis=1)
        for index in np.argsort(-far):
            if far[index] < LOOKED_AT_A:
                return ""
            name = f"atom {index + 1} ({relaxed.species[index]})"
            if index not in self.mobile:
                if far[index] > LEFT_A:
                    return f"{name} of the framework has moved by {far[index]:.2f} Å"
                continue
            apart = start.positions[index] + moved[index] - self.sites
            distances = np.linalg.norm(_nearest(apart, relaxed.cell), axis=1)
            own = np.linalg.norm(_nearest(start.positions[index] - self.sites, relaxed.cell), axis=1).argmin()
            if distances.argmin() != own:
                return f"{name} has left its site for another, {far[index]:.2f} Å from where it was"
        return ""


def vacancy_hop(crystal: Crystal, kind: HopKind, *, factors: Factors) -> VacancyHop:
    """Make the supercell of a hop.

    Raises:
        SettingsError: The supercell is so small that the hop's own image is as near as its target.
    """
    cell = np.asarray(crystal.cell * np.array(factors)[:, None])
    if image_distance(cell) < ROOM * kind.length_A:
        raise SettingsError(
            f"{crystal.name}: the supercell is too small for a hop of {kind.length_A:.2f} Å",
            got=f"images {image_distance(cell):.2f} Å apart",
            allowed=f"more than twice the hop: {ROOM * kind.length_A:.2f} Å",
            repair="set barriers.minimum_length_A, or barriers.supercell, larger in --settings",
        )
    whole = repeat(crystal, factors)
    copies = int(np.prod(factors))
    ion = kind.origin * copies
    shift = np.array(kind.image) % np.array(factors)
    empty = kind.target * copies + int(np.ravel_multi_index(shift.tolist(), factors))
    kept = [index for index in range(len(whole)) if index != empty]
    after = np.array(whole.positions)
    after[ion] += kind.vector_A
    species = tuple(whole.species[index] for index in kept)
    element = crystal.species[kind.origin]
    return VacancyHop(
        initial=Crystal(crystal.name, species, cell=cell, positions=whole.positions[kept]),
        final=Crystal(crystal.name, species, cell=cell, positions=after[kept]),
        ion=kept.index(ion),
        sites=readonly(whole.positions[[symbol == element for symbol in whole.species]]),
        mobile=tuple(index for index, symbol in enumerate(species) if symbol == element),
    )


def factors_of_length(cell: Array, operations: Sequence[Operation], *, minimum_A: float) -> Factors:
    """The smallest supercell in which an atom and its images are so far apart, and which keeps the point group.

    Args:
        cell: (3, 3) rows a, b, c [Å].
        operations: Of the space group.
        minimum_A: Least distance between an atom and its nearest image [Å].
    """
    most = int(np.ceil(minimum_A / perpendicular_widths(cell).min())) + 1
    turns = [operation.rotation for operation in operations]
    allowed = [
        factors
        for factors in itertools.product(range(1, most + 1), repeat=3)
        if all(_keeps(turn, np.array(factors)) for turn in turns)
    ]
    for factors in sorted(allowed, key=lambda one: (np.prod(one), one)):
        if image_distance(cell * np.array(factors)[:, None]) >= minimum_A:
            a, b, c = factors
            return a, b, c
    return most, most, most


def _keeps(turn: np.ndarray, factors: np.ndarray) -> bool:
    """Whether a rotation, of columns of fractional coordinates, maps the supercell's lattice onto itself."""
    inside = turn * factors[None, :] / factors[:, None]
    return bool(np.allclose(inside, np.round(inside), atol=1e-9))


def _nearest(vectors: Array, cell: Array) -> Array:
    """The shortest of each vector's images (n, 3)."""
    from ase.geometry import find_mic

    return np.asarray(find_mic(np.atleast_2d(vectors), cell)[0])

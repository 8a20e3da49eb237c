"""The path through the Brillouin zone between its points of high symmetry, after ASE; computes no frequency."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sselmp.cells import Array, readonly
from sselmp.errors import StructureError
from sselmp.structures.crystal import Crystal

GAMMA = "Γ"
LATTICE_TOLERANCE = 1e-3  # of lengths, relative, within which a cell is told to be of a Bravais lattice
SAME_Q = 1e-6


@dataclass(frozen=True)
class Straight:
    """A straight piece.

    Attributes:
        begin: Name of its first wave vector.
        end: Name of its last.
        q: (n, 3) in units of the reciprocal vectors.
        distance_per_A: (n,) from the path's beginning, jumps left out, without 2π [1/Å].
    """

    begin: str
    end: str
    q: Array
    distance_per_A: Array


@dataclass(frozen=True)
class ZonePath:
    """The pieces of a path and the points that it connects.

    Attributes:
        pieces: In their order.
        points: Names and wave vectors (3,).
    """

    pieces: tuple[Straight, ...]
    points: tuple[tuple[str, Array], ...]

    def name(self, q: Array) -> str | None:
        """The point that a wave vector is, up to a reciprocal vector."""
        for label, point in self.points:
            difference = np.asarray(q) - point
            if np.abs(difference - np.rint(difference)).max() < SAME_Q:
                return label
        return None


def zone_path(primitive: Crystal, *, points: int) -> ZonePath:
    """The standard path of the Bravais lattice of a primitive cell (W. Setyawan, S. Curtarolo, 2010).

    Args:
        primitive: Its cell counts, its atoms do not.
        points: On each piece, ends included.

    Raises:
        StructureError: The cell is of no Bravais lattice that ASE can tell.
    """
    from ase.cell import Cell
    from ase.dft.kpoints import parse_path_string

    try:
        path = Cell(primitive.cell).bandpath(npoints=0, eps=LATTICE_TOLERANCE)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise StructureError(f"{primitive.name}: no path through its Brillouin zone", got=str(error)) from error
    where = {_named(label): readonly(q) for label, q in path.special_points.items()}
    reciprocal = np.linalg.inv(primitive.cell).T
    pieces, so_far = [], 0.0
    for stretch in parse_path_string(path.path):
        names = [_named(label) for label in stretch]
        for begin, end in pairwise(names):
            part = np.linspace(0.0, 1.0, points)
            step = where[end] - where[begin]
            length = float(np.linalg.norm(step @ reciprocal))
            q = where[begin] + part[:, None] * step
            pieces.append(Straight(begin, end, readonly(q), readonly(so_far + part * length)))
            so_far += length
    return ZonePath(tuple(pieces), tuple(where.items()))


def _named(label: str) -> str:
    return GAMMA if label == "G" else label

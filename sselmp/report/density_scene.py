"""What a picture of a density shows: the cell, the framework's atoms with their colours and sizes; draws nothing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.transport.grid import Grid
from sselmp.transport.unit_cell import Framework

Array = NDArray[np.float64]
Colour = tuple[float, float, float]

SURFACE_COLOURS: tuple[Colour, ...] = ((0.98, 0.80, 0.18), (0.93, 0.45, 0.16), (0.35, 0.62, 0.86), (0.45, 0.75, 0.45))
_NEAR_FACE = 0.05  # scaled: an atom so near to a face is shown at the opposite one too


@dataclass(frozen=True)
class AtomKind:
    """The atoms of one species in a picture.

    Attributes:
        species: Chemical symbol.
        positions: (n, 3) [Å], with the images on the cell's faces.
        radius_A: Radius of the ball [Å].
        colour: Red, green, blue.
    """

    species: str
    positions: Array
    radius_A: float
    colour: Colour


def on_grid(framework: Framework, grid: Grid) -> Array:
    """Scaled positions of the framework from the grid's first point, (K, 3) in [0, 1).

    A grid made for a symmetry may begin up to half a step off the cell's corner. Files and pictures begin at its first
    point, so that densities are at their places among the atoms.
    """
    return np.asarray((framework.scaled - grid.offset / np.array(grid.shape)) % 1.0)


def atom_kinds(framework: Framework, grid: Grid) -> tuple[AtomKind, ...]:
    """The framework's atoms as they are shown, by species."""
    from ase.data import atomic_numbers, covalent_radii
    from ase.data.colors import jmol_colors

    scaled = on_grid(framework, grid)
    kinds = []
    for symbol in sorted(set(framework.species)):
        own = scaled[np.array(framework.species) == symbol]
        number = atomic_numbers.get(symbol, 0)
        red, green, blue = (0.85 * float(part) for part in jmol_colors[number])
        kinds.append(
            AtomKind(
                species=symbol,
                positions=_with_images(own) @ framework.cell,
                radius_A=0.42 * float(covalent_radii[number]),
                colour=(red, green, blue),
            )
        )
    return tuple(kinds)


def cell_edges(cell: Array) -> Array:
    """(12, 2, 3) ends of the edges of a cell [Å]."""
    edges = []
    for axis in range(3):
        for corner in itertools.product((0, 1), repeat=2):
            start = np.insert(np.array(corner, dtype=float), axis, 0.0)
            end = np.insert(np.array(corner, dtype=float), axis, 1.0)
            edges.append([start @ cell, end @ cell])
    return np.array(edges)


def _with_images(scaled: Array) -> Array:
    """Positions and those of their images that are on or next to the cell's faces."""
    near = (scaled + _NEAR_FACE) % 1.0 - _NEAR_FACE
    shown = [near + shift for shift in itertools.product((0, 1), repeat=3)]
    everywhere = np.concatenate(shown)
    return np.asarray(everywhere[(everywhere < 1.0 + _NEAR_FACE).all(axis=1)])

"""Enlarging a crystal by diagonal factors, given or chosen by atoms or distance; knows no other supercells."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, perpendicular_widths
from sselmp.settings import Cell
from sselmp.structures.crystal import Crystal

Factors = tuple[int, int, int]
SAME_WIDTH = 1e-3  # relative: widths this close grow together, so that a cubic cell stays cubic


def enlarge(crystal: Crystal, cell: Cell) -> Crystal:
    """Repeat a crystal as a campaign's ``[cell]`` asks: by factors, to a number of atoms, or not at all."""
    if cell.supercell is not None:
        return repeat(crystal, cell.supercell)
    if cell.minimum_atoms is not None:
        return repeat(crystal, factors_for(crystal, minimum_atoms=cell.minimum_atoms))
    return crystal


def factors_for(crystal: Crystal, *, minimum_atoms: int) -> Factors:
    """Choose factors along a, b, c for at least so many atoms in as near a cube as the cell's shape lets.

    The narrowest direction (by the distance between opposite faces, which limits how near an atom is to its images)
    grows by one until there are enough atoms; directions equally narrow grow together.
    """
    return _grown(crystal, until=lambda factors: len(crystal) * int(np.prod(factors)) >= minimum_atoms)


def factors_reaching(crystal: Crystal, *, image_distance_A: float) -> Factors:
    """Choose factors along a, b, c so that no atom is nearer than this to its own image, narrow directions first."""
    return _grown(
        crystal, until=lambda factors: image_distance(crystal.cell * factors[:, None]) >= image_distance_A - 1e-6
    )


def image_distance(cell: Array) -> float:
    """The least distance between an atom and its own image, which is the shortest vector of the lattice [Å]."""
    from ase.geometry import minkowski_reduce

    reduced, _ = minkowski_reduce(cell)
    return float(np.linalg.norm(reduced, axis=1).min())


def _grown(crystal: Crystal, *, until: Callable[[NDArray[np.int64]], bool]) -> Factors:
    """Factors that grow in the narrowest direction, directions equally narrow together."""
    widths = perpendicular_widths(crystal.cell)
    factors = np.ones(3, dtype=np.int64)
    while not until(factors):
        grown = widths * factors
        factors[grown <= grown.min() * (1 + SAME_WIDTH)] += 1
    return int(factors[0]), int(factors[1]), int(factors[2])


def repeat(crystal: Crystal, factors: Factors) -> Crystal:
    """Repeat a crystal along its axes; each atom's images follow one another, a species at a time as in the original.

    Args:
        crystal: N atoms.
        factors: Numbers of repetitions along a, b, c.

    Returns:
        A crystal of N·n_a·n_b·n_c atoms with the same name.
    """
    shifts = np.array(list(np.ndindex(*factors)), dtype=float) @ crystal.cell
    positions = (crystal.positions[:, None, :] + shifts[None, :, :]).reshape(-1, 3)
    species = tuple(symbol for symbol in crystal.species for _ in range(len(shifts)))
    return Crystal(
        name=crystal.name,
        species=species,
        cell=crystal.cell * np.array(factors)[:, None],
        positions=positions,
    )

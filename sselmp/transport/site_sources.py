"""Where sites come from: a crystal laid over the run, positions of the user's, or the density; follows no ion."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sselmp.cells import Array
from sselmp.errors import TrajectoryError, nearest
from sselmp.structures.crystal import Crystal
from sselmp.structures.crystallography import equivalent_positions
from sselmp.structures.supercell import repeat
from sselmp.trajectory.record import Trajectory
from sselmp.transport.alignment import Reference, align, repeats_of
from sselmp.transport.density import broadened, density
from sselmp.transport.density_maxima import density_maxima
from sselmp.transport.grid import grid_of
from sselmp.transport.sites import Sites, lay_out
from sselmp.transport.surroundings import Surroundings

GRID_A = 0.25
BROADENING_A = 0.4
Three = tuple[int, int, int]


@dataclass(frozen=True)
class NamedSites:
    """Sites that the user names, by one of the images of each in the conventional cell.

    Attributes:
        labels: Such as ``T5a``.
        positions: Fractional coordinates.
        space_group: Number in the International Tables that makes the other images; 1 where all are named.
    """

    labels: tuple[str, ...]
    positions: tuple[tuple[float, float, float], ...]
    space_group: int = 1


def sites_of_crystal(crystal: Crystal, around: Surroundings, *, mobile: str, radius_A: float | None = None) -> Sites:
    """The positions of the mobile species in a crystal, laid over the run by its framework; labels are Wyckoff symbols.

    Args:
        crystal: The unit cell that the run's cell repeats.
        around: Framework of the run.
        mobile: The species that diffuses.
        radius_A: Radius of the cores [Å]; default 0.4 of the shortest distance of two sites, 1.2 Å at most.

    Raises:
        TrajectoryError: The crystal holds none of the species, does not fit the run, or its sites overlap.
    """
    if mobile not in crystal.species:
        raise TrajectoryError(
            f"the structure {crystal.name} holds no {mobile} to take sites from",
            allowed=nearest(mobile, crystal.elements),
        )
    chosen = np.flatnonzero(np.array(crystal.species) == mobile)
    labels = wyckoff_labels(crystal)
    return _laid_over(
        crystal.fractional()[chosen], [labels[i] for i in chosen], crystal=crystal, around=around, radius_A=radius_A
    )


def sites_of_user(named: NamedSites, crystal: Crystal, *, around: Surroundings, radius_A: float | None = None) -> Sites:
    """Sites of the user's with all their images under a space group, laid over the run by a crystal's framework.

    Args:
        named: The sites, in the conventional cell of the crystal.
        crystal: The conventional cell that the run's cell repeats.
        around: Framework of the run.
        radius_A: As for ``sites_of_crystal``.

    Raises:
        StructureError: There is no such space group.
        TrajectoryError: The crystal does not fit the run, or sites overlap.
    """
    labelled = list(zip(named.labels, named.positions, strict=True))
    orbits = [equivalent_positions(label, at, space_group=named.space_group) for label, at in labelled]
    labels = [label for label, orbit in zip(named.labels, orbits, strict=True) for _ in orbit]
    return _laid_over(np.concatenate(orbits), labels, crystal=crystal, around=around, radius_A=radius_A)


def sites_of_density(
    trajectory: Trajectory,
    around: Surroundings,
    *,
    mobile: str,
    repeats: Three = (1, 1, 1),
    radius_A: float | None = None,
) -> Sites:
    """The maxima of the mobile species' density, counted on a grid of 0.25 Å and broadened by 0.4 Å.

    Args:
        trajectory: The run.
        around: Its surroundings.
        mobile: The species that diffuses.
        repeats: Unit cells along a, b, c that the density is folded into, so that each is seen as often.
        radius_A: As for ``sites_of_crystal``.

    Raises:
        TrajectoryError: The maxima are too near to each other for the radius.
    """
    grid = grid_of(around.cell, spacing_A=GRID_A, repeats=repeats)
    counted = density(trajectory, mobile, grid=grid, drift=around.drift_A)
    smooth = broadened(counted, width_A=BROADENING_A)
    found = density_maxima(smooth.values, cell=grid.cell) + grid.offset / np.array(grid.shape)
    return lay_out(found, labels=["maximum"] * len(found), cell=around.cell, repeats=repeats, radius_A=radius_A)


def wyckoff_labels(crystal: Crystal) -> tuple[str, ...]:
    """Number of equivalent atoms in the cell and Wyckoff letter of each atom, such as ``24g``."""
    import spglib

    numbers = [crystal.elements.index(symbol) + 1 for symbol in crystal.species]
    cell = (crystal.cell.tolist(), crystal.fractional().tolist(), numbers)
    with warnings.catch_warnings():
        # spglib 2 tells every call that its way of failing will change; a failure is met below either way
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_symmetry_dataset(cell, symprec=1e-3)
    if found is None:
        return tuple(crystal.species)
    orbits = np.asarray(found.crystallographic_orbits)
    counts = np.bincount(orbits)
    return tuple(f"{counts[orbit]}{letter}" for orbit, letter in zip(orbits, found.wyckoffs, strict=True))


def _laid_over(
    fractional: Array, labels: Sequence[str], *, crystal: Crystal, around: Surroundings, radius_A: float | None
) -> Sites:
    """Turn and shift positions in a crystal's cell onto a run."""
    repeats = repeats_of(crystal.cell, around.cell)
    whole = repeat(crystal, repeats)
    framework = np.flatnonzero(np.isin(whole.species, list(set(around.species))))
    reference = Reference(whole.fractional()[framework], tuple(whole.species[i] for i in framework))
    resting = around.resting  # polyanions may rotate: their atoms' mean positions are no sites
    found = align(Reference(resting.fractional, resting.species), reference, cell=around.cell)
    placed = found.unit(fractional, repeats=repeats)
    return lay_out(placed, labels=labels, cell=around.cell, repeats=repeats, radius_A=radius_A)

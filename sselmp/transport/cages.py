"""Cages of sites around the anions that they surround, such as the free sulfide of argyrodites; counts no hops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.errors import TrajectoryError, nearest
from sselmp.transport.sites import Sites, images_within

NO_CAGE = -1
REACH_A = 3.5  # from the centre: 2.3 to 2.6 Å to a site of its cage, 3.6 Å and more to the next cages' in argyrodites
TIE_A = 0.2  # a site no nearer than this to one centre than to another is between cages
BOND_FACTOR = 1.25  # of the sum of covalent radii: nearer framework atoms are bonded

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Cages:
    """Which cage each site belongs to.

    Attributes:
        species: Species of the centres.
        centres: (C, 3) fractional positions of the centres that have sites, wrapped into the cell.
        cage: (S,) number of the centre of each site's cage, or -1 for a site between cages.
        image: (S, 3) periodic image of the cell that this centre is in, for the site in its own cell.
    """

    species: tuple[str, ...]
    centres: Array
    cage: Integers
    image: Integers

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of sites of each cage."""
        return tuple(int((self.cage == number).sum()) for number in range(len(self.centres)))


def free_atoms(
    fractional: Array, *, species: Sequence[str], centres: Sequence[str], cell: Array
) -> NDArray[np.intp]:  # fmt: skip
    """Atoms of some species that are bonded to no other atom of the framework.

    Bonded is what is nearer than 1.25 of the sum of the covalent radii (Cordero et al., Dalton Trans. 2008, 2832): the
    sulfur of PS4 (2.05 Å from P) is, the free sulfide of argyrodites is not.

    Args:
        fractional: (M, 3) framework, time-averaged.
        species: (M,) chemical symbols.
        centres: Species wanted.
        cell: (3, 3) rows [Å].

    Raises:
        TrajectoryError: A species is not in the framework, or each of its atoms is bonded.
    """
    from ase import Atoms
    from ase.data import atomic_numbers, covalent_radii
    from ase.neighborlist import neighbor_list

    for wanted in centres:
        if wanted not in species:
            raise TrajectoryError(
                f"there is no species '{wanted}' in the framework to look for cages around",
                allowed=nearest(wanted, set(species)),
            )
    radii = np.array([covalent_radii[atomic_numbers[symbol]] for symbol in species])
    atoms = Atoms(list(species), scaled_positions=fractional % 1.0, cell=cell, pbc=True)
    first, second, distance = neighbor_list("ijd", atoms, 2 * BOND_FACTOR * float(radii.max()))
    bonded = np.unique(first[distance < BOND_FACTOR * (radii[first] + radii[second])])
    chosen = np.flatnonzero(np.isin(list(species), list(centres)))
    free = np.setdiff1d(chosen, bonded)
    if not free.size:
        raise TrajectoryError(
            f"every {' and '.join(centres)} of the framework is bonded to another atom of it: none is free",
            allowed="a species of which some atoms are bonded to the mobile ions only",
            repair="name another species with --cage, or leave cages out",
        )
    return free


def cages_around(centres: Array, sites: Sites, *, species: Sequence[str], reach_A: float = REACH_A) -> Cages:
    """Give each site to the cage of the nearest centre.

    Args:
        centres: (C, 3) fractional positions of the centres in the run's cell.
        sites: The sites.
        species: Species of the centres, for reports.
        reach_A: Largest distance of a site from the centre of its cage [Å].

    Returns:
        The cages; centres without a site are left out, sites as near to two centres are between cages.

    Raises:
        TrajectoryError: No centre has a site.
    """
    from scipy.spatial import cKDTree

    points, index = images_within(centres, sites.cell, reach=reach_A)
    shift = np.rint(points @ np.linalg.inv(sites.cell) - (centres % 1.0)[index]).astype(np.int64)
    nearest = cKDTree(points).query(sites.positions, k=min(2, len(points)))
    distance, found = (np.asarray(one).reshape(len(sites), -1) for one in nearest)
    within = distance[:, 0] <= reach_A
    if distance.shape[1] > 1:
        within &= distance[:, 1] - distance[:, 0] > TIE_A
    if not within.any():
        raise TrajectoryError(
            f"no site is within {reach_A:g} Å of one {' or '.join(species)} only, so there are no cages",
            got=f"the nearest is {float(distance.min()):.2f} Å away",
            repair="name the species that the sites surround with --cage, or give a longer reach",
        )
    used, cage = np.unique(index[found[within, 0]], return_inverse=True)
    numbers = np.full(len(sites), NO_CAGE, dtype=np.int64)
    numbers[within] = cage
    image = np.zeros((len(sites), 3), dtype=np.int64)
    image[within] = shift[found[within, 0]]
    return Cages(species=tuple(species), centres=np.asarray(centres[used] % 1.0), cage=numbers, image=image)

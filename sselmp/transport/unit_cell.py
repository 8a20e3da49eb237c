"""Mean positions of the framework, folded from a supercell into one cell; finds no symmetry."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import SettingsError
from sselmp.trajectory.paths import chunks
from sselmp.trajectory.record import Trajectory

Array = NDArray[np.float64]
Three = tuple[int, int, int]

SAME_SITE_A = 1.0  # images of one site of a vibrating framework are nearer than this, two sites are not


@dataclass(frozen=True)
class Framework:
    """Where the atoms that do not diffuse are on average.

    Attributes:
        cell: (3, 3) rows of the cell [Å].
        species: (K,) chemical symbols; where a site holds several in the supercell, the commonest.
        scaled: (K, 3) scaled coordinates.
    """

    cell: Array
    species: tuple[str, ...]
    scaled: Array

    @property
    def positions_A(self) -> Array:
        """(K, 3) positions [Å]."""
        return np.asarray(self.scaled @ self.cell)


def mean_framework(trajectory: Trajectory, *, mobile: str, drift: Array, repeats: Three = (1, 1, 1)) -> Framework:
    """Mean positions of all atoms that are not of the mobile species, folded into one of ``repeats`` cells.

    Args:
        trajectory: The trajectory.
        mobile: The species that diffuses.
        drift: (F, 3) path subtracted from the positions [Å] (``msd.drift``).
        repeats: How many cells the trajectory's cell is along each axis.

    Raises:
        SettingsError: Most atoms of the framework do not fall onto each other: it does not repeat so many times.
    """
    chosen = np.flatnonzero(np.array(trajectory.species) != mobile)
    supercell = trajectory.cells.mean(axis=0)
    means = np.concatenate([paths.mean(axis=2) for _, paths in chunks(trajectory.positions)])[chosen]
    scaled = (means - drift.mean(axis=0)) @ np.linalg.inv(supercell) * repeats
    species = [trajectory.species[atom] for atom in chosen]
    cell = supercell / np.array(repeats)[:, None]
    copies = int(np.prod(repeats))
    if copies > 1 and len(chosen):
        species, scaled = _folded(species, scaled, cell=cell, copies=copies)
    return Framework(cell=cells.readonly(cell), species=tuple(species), scaled=cells.readonly(scaled % 1.0))


def fluctuations(trajectory: Trajectory, atoms: NDArray[np.intp], *, drift: Array) -> Array:
    """Root mean square distance of each atom from its mean position, (M,) [Å].

    Args:
        trajectory: The trajectory.
        atoms: (M,) indices, ascending.
        drift: (F, 3) path subtracted from the positions [Å].
    """
    found = []
    for which, paths in chunks(trajectory.positions):
        chosen = atoms[(atoms >= which.start) & (atoms < which.stop)] - which.start
        found += [float(np.sqrt((paths[atom] - drift.T).var(axis=1).sum())) for atom in chosen]
    return np.array(found)


def _folded(species: list[str], scaled: Array, *, cell: Array, copies: int) -> tuple[list[str], Array]:
    """Gather the atoms that fall onto one site; each site takes their mean position."""
    left = np.ones(len(scaled), dtype=bool)
    symbols, means, whole = [], [], 0
    for atom in range(len(scaled)):
        if not left[atom]:
            continue
        apart = scaled - scaled[atom]
        apart -= np.round(apart)
        here = left & (np.linalg.norm(apart @ cell, axis=1) < SAME_SITE_A)
        left &= ~here
        whole += copies if here.sum() == copies else 0
        symbols.append(Counter(species[other] for other in np.flatnonzero(here)).most_common(1)[0][0])
        means.append(scaled[atom] + apart[here].mean(axis=0))
    if whole < 0.5 * len(scaled):
        raise SettingsError(
            f"the framework does not repeat {copies} times in the trajectory's cell",
            got=f"{whole} of {len(scaled)} atoms fall onto {copies - 1} others within {SAME_SITE_A:g} Å",
            allowed="the numbers of unit cells along each axis that the supercell was made with",
        )
    return symbols, np.array(means)

"""Laying a reference crystal over a run: repeats of its cell, its orientation and shift; moves no atom."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array
from sselmp.errors import TrajectoryError
from sselmp.transport.sites import images_within

LARGEST_MISFIT_A = 1.0  # root mean square; a framework's average over a long run is within 0.3 Å of its sites
GOOD_MISFIT_A = 0.4  # where the crystal fits as it is, no other orientation is tried
MARGIN_A = 0.2  # by which a turn or a shift must fit better: a symmetry of the crystal fits as well but for noise
FAR_A = 1.5  # an atom farther off counts as this far: one that has turned or exchanged places says no more
LARGEST_STRAIN = 0.1


@dataclass(frozen=True)
class Alignment:
    """How a reference crystal lies over a run.

    Attributes:
        rotation: (3, 3) whole numbers: the symmetry of the cell that turns the reference's fractional coordinates.
        shift: (3,) what is added to them then, in units of the run's cell vectors.
        misfit_A: Root mean square distance of the framework from the reference so placed, of each atom 1.5 Å at most.
    """

    rotation: NDArray[np.int64]
    shift: Array
    misfit_A: float

    def unit(self, fractional: Array, *, repeats: tuple[int, int, int]) -> Array:
        """Positions in the reference's unit cell, (N, 3), turned and shifted onto the run, in units of that cell."""
        return np.asarray(fractional @ self.rotation.T + self.shift * np.array(repeats))


@dataclass(frozen=True)
class Reference:
    """Framework atoms in units of the run's cell vectors: fractional (M, 3) and species (M,)."""

    fractional: Array
    species: tuple[str, ...]


def repeats_of(unit: Array, cell: Array) -> tuple[int, int, int]:
    """How often a unit cell is repeated along a, b, c in a run's cell; both are rows (3, 3) [Å].

    Raises:
        TrajectoryError: The cell is not the unit cell repeated along its axes, strained by 10 % at most.
    """
    metric = np.linalg.norm(cell, axis=1) / np.linalg.norm(unit, axis=1)
    factors = np.maximum(1, np.round(metric)).astype(int)
    strain = float(np.abs(metric / factors - 1.0).max())
    if strain > LARGEST_STRAIN or float(np.abs(_cosines(unit) - _cosines(cell)).max()) > LARGEST_STRAIN:
        raise TrajectoryError(
            "the run's cell is not the structure's unit cell repeated along its axes",
            got=f"lengths {np.round(np.linalg.norm(cell, axis=1), 3).tolist()} Å",
            allowed=f"multiples of {np.round(np.linalg.norm(unit, axis=1), 3).tolist()} Å, within 10 %, same angles",
            repair="give the structure that the run was made from, or take the sites from the density",
        )
    return int(factors[0]), int(factors[1]), int(factors[2])


def align(found: Reference, reference: Reference, *, cell: Array) -> Alignment:
    """Find the orientation and the shift that bring a reference framework onto a run's time-averaged one.

    Tried are the shifts that bring one atom of the rarest common species onto each of the reference's, first as the
    reference is, then in the other orientations that the lattice allows (a cubic cell has 48). Taken is the one with
    the smallest distance of all framework atoms from their nearest reference atom, refined by the mean; the reference's
    own orientation unless another is better by 0.2 Å. Species count only in what is tried, so that exchanged anions do
    not hinder.

    Args:
        found: Time-averaged framework of the run.
        reference: Framework of the reference.
        cell: (3, 3) rows of the run's cell [Å].

    Raises:
        TrajectoryError: No common species, or the two do not fit within 1 Å.
    """
    counts = Counter(found.species)
    common = [one for one in sorted(counts, key=lambda name: (counts[name], name)) if one in reference.species]
    if not common:
        raise TrajectoryError(
            "the structure and the run have no framework species in common",
            got=", ".join(sorted(counts)),
            allowed=", ".join(sorted(set(reference.species))),
        )
    best: Alignment | None = None
    for rotation in _orientations(cell):
        turned = Reference(reference.fractional @ rotation.T, reference.species)
        shift, misfit = _shifted(found, turned, anchor=common[0], cell=cell)
        if best is None or misfit < best.misfit_A - MARGIN_A:
            best = Alignment(rotation=rotation, shift=shift, misfit_A=misfit)
        if best.misfit_A < GOOD_MISFIT_A:
            return best
    if best is None or best.misfit_A > LARGEST_MISFIT_A:
        raise TrajectoryError(
            "the structure does not fit the run's framework",
            got=f"atoms {best.misfit_A if best else np.inf:.2f} Å from its sites (root mean square)",
            allowed=f"{LARGEST_MISFIT_A:g} Å",
            repair="give the structure that the run was made from, or take the sites from the density",
        )
    return best


def _shifted(found: Reference, reference: Reference, *, anchor: str, cell: Array) -> tuple[Array, float]:
    """The best shift of a reference that is not turned any more, and its misfit [Å]; the smallest of equally good ones.

    A crystal's own translations fit as well but for noise, and would bring exchanged anions onto others.
    """
    from scipy.spatial import cKDTree

    points, _ = images_within(reference.fractional, cell, reach=2.0)
    tree = cKDTree(points)
    start = found.fractional[found.species.index(anchor)]
    results = []
    for shift in start - reference.fractional[np.array(reference.species) == anchor]:
        wrapped = (found.fractional - shift) % 1.0 @ cell
        distance, nearest = tree.query(wrapped)
        near = np.flatnonzero(distance < FAR_A)
        mean = (wrapped - points[nearest])[near].mean(axis=0) if near.size else np.zeros(3)
        apart = np.minimum(tree.query(wrapped - mean)[0], FAR_A)
        misfit = float(np.sqrt((apart**2).mean()))
        results.append((misfit, shift + mean @ np.linalg.inv(cell)))
    least = min(misfit for misfit, _ in results)
    good = [(shift - np.round(shift), misfit) for misfit, shift in results if misfit <= least + MARGIN_A]
    return min(good, key=lambda one: float(np.linalg.norm(one[0] @ cell)))


def _orientations(cell: Array) -> list[NDArray[np.int64]]:
    """Whole-number matrices that keep the lattice's lengths and angles, the identity first."""
    entries = np.array(list(product((-1, 0, 1), repeat=9)), dtype=np.int64).reshape(-1, 3, 3)
    metric = cell @ cell.T
    # Fractional columns turn by R where the rows of the cell keep R^T G R = G.
    turned = entries.transpose(0, 2, 1) @ metric @ entries
    kept = entries[np.abs(turned - metric).max(axis=(1, 2)) < LARGEST_STRAIN * metric.max() / 2]
    identity = np.eye(3, dtype=np.int64)
    return [identity, *(one for one in kept if not np.array_equal(one, identity))]


def _cosines(rows: Array) -> Array:
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)

"""What the mobile ions move in: mean cell, framework and its drift; gives their paths relative to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sselmp.cells import Array, readonly
from sselmp.trajectory.paths import chunks
from sselmp.trajectory.record import Trajectory
from sselmp.transport.msd import drift
from sselmp.transport.unit_cell import fluctuations, mean_framework

RESTING_A = 1.0  # an atom of a hot framework vibrates by half of this, one of a rotating polyanion moves by twice


@dataclass(frozen=True)
class Surroundings:
    """What the mobile ions move in.

    Attributes:
        cell: (3, 3) time-averaged cell rows [Å].
        species: (M,) chemical symbols of the framework's atoms.
        fractional: (M, 3) their time-averaged positions in units of the cell, drift removed, wrapped.
        drift_A: (F, 3) motion of the framework's centre about its mean [Å].
        mobile: (n,) indices of the mobile ions.
        fluctuation_A: (M,) root mean square distance of each atom of the framework from its mean position [Å].
    """

    cell: Array
    species: tuple[str, ...]
    fractional: Array
    drift_A: Array
    mobile: NDArray[np.intp]
    fluctuation_A: Array

    @property
    def resting(self) -> Surroundings:
        """The same with those atoms of the framework only that keep their place; all of them where none does."""
        keeps = self.fluctuation_A < RESTING_A
        if keeps.all() or not keeps.any():
            return self
        species = tuple(symbol for symbol, kept in zip(self.species, keeps, strict=True) if kept)
        return replace(
            self, species=species, fractional=self.fractional[keeps], fluctuation_A=self.fluctuation_A[keeps]
        )


def surroundings(trajectory: Trajectory, mobile: str) -> Surroundings:
    """Average the framework, all atoms that are not of the mobile species, over the frames.

    Args:
        trajectory: The trajectory.
        mobile: The species that diffuses.

    Raises:
        TrajectoryError: The species is absent, or every atom is of it.
    """
    ions = trajectory.atoms_of(mobile)
    path = drift(trajectory, mobile=mobile)
    path = path - path.mean(axis=0)
    framework = mean_framework(trajectory, mobile=mobile, drift=path)
    rest = np.flatnonzero(np.array(trajectory.species) != mobile)
    return Surroundings(
        cell=framework.cell,
        species=framework.species,
        fractional=framework.scaled,
        drift_A=readonly(path),
        mobile=ions,
        fluctuation_A=readonly(fluctuations(trajectory, rest, drift=path)),
    )


def mobile_paths(trajectory: Trajectory, around: Surroundings) -> Iterator[tuple[int, Array]]:
    """Give the path of each mobile ion relative to the framework; memory holds some ions' at a time.

    Args:
        trajectory: The trajectory.
        around: Its surroundings.

    Yields:
        The number of the ion among the mobile ones, and (F, 3) unwrapped fractional positions in the averaged cell.
    """
    turned = np.linalg.inv(around.cell).T
    drifted = np.ascontiguousarray(around.drift_A.T)
    number = 0
    for which, paths in chunks(trajectory.positions):
        chosen = around.mobile[(around.mobile >= which.start) & (around.mobile < which.stop)] - which.start
        for atom in chosen:
            yield number, (turned @ (paths[atom] - drifted)).T
            number += 1

"""Ions that do not see each other over a fixed periodic ground, whose saddles are known in closed form."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from sselmp.structures.crystal import Crystal

A, B, C = 3.0, 3.2, 3.4  # Å between sites along x, y, z
Ground = Callable[[np.ndarray], np.ndarray]


class EggBox(Calculator):
    """The sum over all atoms of a function of their positions (N, 3); forces by central differences."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(
        self, ground: Ground, *, stop_at: int | None = None, by: type[BaseException] = KeyboardInterrupt
    ) -> None:
        super().__init__()
        self.ground, self.stop_at, self.by, self.asked = ground, stop_at, by, 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.asked += 1
        if self.stop_at is not None and self.asked > self.stop_at:
            raise self.by
        places, step = atoms.positions, 1e-5
        forces = [(self.ground(places - step * e) - self.ground(places + step * e)) / (2.0 * step) for e in np.eye(3)]
        self.results = {
            "energy": float(self.ground(places).sum()),
            "forces": np.array(forces).T,
            "stress": np.zeros(6),
        }


def wells(x: float, y: float, z: float) -> Ground:
    """Wells on a lattice A, B, C with walls of so many eV between neighbours along the axes."""
    heights, lengths = np.array([x, y, z]), np.array([A, B, C])
    return lambda places: (heights / 2.0 * (1.0 - np.cos(2.0 * np.pi * places / lengths))).sum(axis=1)


def lattice(repeats: tuple[int, int, int] = (1, 1, 1)) -> Crystal:
    """A Li in each well of a cell of so many."""
    places = np.array(list(np.ndindex(*repeats)), dtype=float) * (A, B, C)
    return Crystal(
        "wells", ("Li",) * len(places), cell=np.diag((A, B, C)) * np.array(repeats)[:, None], positions=places
    )

"""The configuration that preflight measures: a system's crystal, moved off its symmetry, in LAMMPS's frame."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sselmp import cells, files
from sselmp.errors import RunError
from sselmp.settings import Checked
from sselmp.structures.crystal import Crystal

Level = Literal["quick", "full"]
Order = NDArray[np.intp]
RATTLE_A = 0.05
SEED = 20260401
# Every component differs, so that a stress whose components are exchanged is not the right one.
STRAIN = np.array([[0.010, 0.009, -0.012], [0.009, -0.006, 0.015], [-0.012, 0.015, 0.002]])


class Specimen(Checked):
    """What the program in the potential's environment is told: the crystal as its system gives it, and how thorough.

    Attributes:
        species: Chemical symbol of each atom, N of them.
        cell: Rows a, b, c [Å].
        positions: N Cartesian positions [Å].
        level: ``quick`` takes fewer directions and steps than ``full``; the checks and limits are the same.
    """

    format: Literal[1] = 1
    name: str
    species: tuple[str, ...]
    cell: tuple[tuple[float, float, float], ...]
    positions: tuple[tuple[float, float, float], ...]
    level: Level = "full"

    @classmethod
    def of(cls, crystal: Crystal, *, level: Level) -> Specimen:
        """Describe a crystal."""
        cell = tuple((float(x), float(y), float(z)) for x, y, z in crystal.cell)
        positions = tuple((float(x), float(y), float(z)) for x, y, z in crystal.positions)
        return cls(name=crystal.name, species=crystal.species, cell=cell, positions=positions, level=level)

    def crystal(self) -> Crystal:
        """The crystal as its system gives it."""
        return Crystal(
            name=self.name, species=self.species, cell=np.array(self.cell), positions=np.array(self.positions)
        )


def read(path: Path) -> Specimen:
    """Read what ``write`` wrote.

    Raises:
        RunError: The file cannot be read or understood.
    """
    try:
        return Specimen.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is not a structure for preflight", got=error) from error


def write(path: Path, specimen: Specimen) -> None:
    """Write a specimen whole, as JSON.

    Raises:
        RunError: It cannot be written.
    """
    files.write_text(path, specimen.model_dump_json(indent=1) + "\n")


def perturbed(crystal: Crystal) -> Crystal:
    """Strain a crystal by about a percent, move its atoms by some 0.05 Å, and turn it into LAMMPS's frame.

    On their symmetric places most forces vanish and components of the stress are equal, which hides errors. The same
    crystal always gives the same configuration.
    """
    deformation = np.eye(3) + STRAIN
    moves = np.random.default_rng(SEED).normal(scale=RATTLE_A, size=crystal.positions.shape)
    frame = cells.lammps_frame(crystal.cell @ deformation)
    positions = (crystal.positions @ deformation + moves) @ frame.rotation
    return Crystal(name=crystal.name, species=crystal.species, cell=frame.cell, positions=positions)


def with_species(crystal: Crystal, species: tuple[str, ...]) -> Crystal:
    """The same places with other atoms on them."""
    return Crystal(name=crystal.name, species=species, cell=crystal.cell, positions=crystal.positions)


def moved(crystal: Crystal, positions: cells.Array, *, cell: cells.Array | None = None) -> Crystal:
    """The same atoms at other positions (N, 3) [Å], perhaps in another cell (3, 3) [Å]."""
    return Crystal(
        name=crystal.name, species=crystal.species, cell=crystal.cell if cell is None else cell, positions=positions
    )


def reordered(crystal: Crystal, order: Order) -> Crystal:
    """The same crystal with its atoms in another order, N indices."""
    species = tuple(crystal.species[int(k)] for k in order)
    return Crystal(name=crystal.name, species=species, cell=crystal.cell, positions=crystal.positions[order])


def doubled(crystal: Crystal, axis: int) -> Crystal:
    """Two copies of a crystal beside each other along a cell vector; the first N atoms are the crystal's own."""
    cell = crystal.cell.copy()
    cell[axis] *= 2.0
    positions = np.vstack([crystal.positions, crystal.positions + crystal.cell[axis]])
    return Crystal(name=crystal.name, species=crystal.species * 2, cell=cell, positions=positions)

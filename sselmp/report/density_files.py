"""Densities as files that other programs read: Gaussian cube, CHGCAR and npz; draws nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sselmp import cells, files, units
from sselmp.errors import TrajectoryError
from sselmp.report.density_scene import on_grid
from sselmp.transport.density import Density
from sselmp.transport.unit_cell import Framework

if TYPE_CHECKING:
    from ase import Atoms


def write_cube(density: Density, framework: Framework, *, path: Path) -> None:
    """Write a Gaussian cube file: lengths in a₀, density in a₀⁻³, with the framework's atoms.

    The file begins at the grid's first point, and the atoms with it.

    Raises:
        RunError: The file cannot be written.
    """
    from ase.io.cube import write_cube as write

    words = f"density of {density.species} [a0^-3], {density.frames} frames, broadened by {density.broadening_A:g} A"
    with files.whole(path) as temporary, temporary.open("w", encoding="ascii", errors="replace") as stream:
        write(stream, _atoms(density, framework), data=density.values, comment=words)


def write_chgcar(density: Density, framework: Framework, *, path: Path) -> None:
    """Write a CHGCAR as VASP does: density times the cell's volume, so that its mean is the number of ions.

    A program that shows CHGCARs by a₀⁻³ or Å⁻³ (VESTA, OVITO) divides by the volume again.

    Raises:
        TrajectoryError: There is no framework: a CHGCAR must hold atoms.
        RunError: The file cannot be written.
    """
    from pymatgen.core import Structure
    from pymatgen.io.vasp import Chgcar, Poscar

    if not framework.species:
        raise TrajectoryError("a CHGCAR must hold atoms, and there is no framework", repair="use the cube file")
    order = np.argsort(np.array(framework.species), kind="stable")
    species = [framework.species[at] for at in order]
    structure = Structure(density.grid.cell, species, on_grid(framework, density.grid)[order])
    times_volume = density.values * (cells.volume(density.grid.cell) / units.BOHR_A**3)
    chgcar = Chgcar(Poscar(structure, comment=f"density of {density.species} times volume"), {"total": times_volume})
    with files.whole(path) as temporary:
        chgcar.write_file(temporary)


def write_arrays(density: Density, framework: Framework, *, path: Path) -> None:
    """Write everything as a compressed numpy archive.

    Its arrays: ``density`` (n0, n1, n2) [a₀⁻³] at scaled coordinates (i + ``offset``)/n of ``cell`` (3, 3) [Å];
    ``framework_scaled`` (K, 3) in that cell and ``framework_species`` (K,).

    Raises:
        RunError: The file cannot be written.
    """
    with files.whole(path) as temporary, temporary.open("wb") as stream:
        np.savez_compressed(
            stream,
            density=density.values,
            cell=density.grid.cell,
            offset=density.grid.offset,
            repeats=np.array(density.grid.repeats),
            framework_scaled=framework.scaled,
            framework_species=np.array(framework.species, dtype=np.str_),
        )


def _atoms(density: Density, framework: Framework) -> Atoms:
    from ase import Atoms

    return Atoms(
        list(framework.species), scaled_positions=on_grid(framework, density.grid), cell=density.grid.cell, pbc=True
    )

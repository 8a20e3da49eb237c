"""The text of a LAMMPS data file for a crystal, and the crystal of such a file; writes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sselmp import cells
from sselmp.errors import StructureError
from sselmp.structures.crystal import Crystal


def data_text(crystal: Crystal, *, type_order: tuple[str, ...], triclinic: bool = False) -> str:
    """Describe a crystal as LAMMPS's ``read_data`` takes it, for ``atom_style atomic``.

    The cell is rotated into LAMMPS's frame and its tilts reduced; atoms keep their order, counted from 1, and are
    wrapped into the cell.

    Args:
        crystal: The crystal, right-handed.
        type_order: Chemical symbol of each LAMMPS type, in order.
        triclinic: Write the tilts even where they are all zero, so that the cell may become triclinic.

    Raises:
        StructureError: A species has no type.
    """
    from ase.data import atomic_masses, atomic_numbers

    missing = [element for element in crystal.elements if element not in type_order]
    if missing:
        raise StructureError(
            f"{crystal.name}: {', '.join(missing)} has no LAMMPS type", got=f"types for {', '.join(type_order)}"
        )
    cell, positions = _in_lammps_frame(crystal)
    lines = [
        f"LAMMPS data file: {crystal.name}, {len(crystal)} atoms, units metal, atom_style atomic",
        "",
        f"{len(crystal)} atoms",
        f"{len(type_order)} atom types",
        "",
        *(f"0.0 {cell[axis, axis]:.12f} {name}lo {name}hi" for axis, name in enumerate("xyz")),
    ]
    if triclinic or not cells.is_orthogonal(cell):
        lines.append(f"{cell[1, 0]:.12f} {cell[2, 0]:.12f} {cell[2, 1]:.12f} xy xz yz")
    lines += ["", "Masses", ""]
    lines += [f"{k} {atomic_masses[atomic_numbers[e]]:.6f}  # {e}" for k, e in enumerate(type_order, start=1)]
    lines += ["", "Atoms  # atomic", ""]
    types = {element: number for number, element in enumerate(type_order, start=1)}
    for number, (symbol, (x, y, z)) in enumerate(zip(crystal.species, positions, strict=True), start=1):
        lines.append(f"{number} {types[symbol]} {x:.12f} {y:.12f} {z:.12f}")
    return "\n".join(lines) + "\n"


def read_data(path: Path) -> Crystal:
    """Read back the crystal of a data file that ``data_text`` made, in LAMMPS's frame; elements by their masses.

    Raises:
        StructureError: It cannot be read.
    """
    from ase.io import read

    try:
        atoms = read(path, format="lammps-data", atom_style="atomic", units="metal", sort_by_id=True)
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise StructureError(f"{path} is not a data file that can be read back", got=error) from error
    species = tuple(atoms.get_chemical_symbols())
    return Crystal(name=path.parent.name, species=species, cell=atoms.cell.array, positions=atoms.positions)


def _in_lammps_frame(crystal: Crystal) -> tuple[cells.Array, cells.Array]:
    """Cell rows (3, 3) and positions (N, 3) [Å], wrapped in the reduced cell, which spans the same lattice."""
    frame = cells.lammps_frame(crystal.cell)
    fractional = np.linalg.solve(frame.cell.T, (crystal.positions @ frame.rotation).T).T
    return frame.cell, (fractional % 1.0) @ frame.cell

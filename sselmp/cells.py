"""Cells between a crystal's own axes and LAMMPS's restricted triclinic frame, and stress between conventions.

The only place that knows LAMMPS's box parameters, the Voigt orders and the sign of stress. Does no file access.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp.errors import StructureError

Array = NDArray[np.float64]

# ASE orders stress xx yy zz yz xz xy; LAMMPS orders a virial or pressure xx yy zz xy xz yz.
ASE_TO_LAMMPS_VOIGT = (0, 1, 2, 5, 4, 3)
# Voigt's own order, which is ASE's: the pair of axes of each of the six components.
VOIGT_PAIRS = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class LammpsFrame:
    """A cell in LAMMPS's frame and the rotation that led there.

    Attributes:
        cell: (3, 3) lower-triangular cell, rows a, b, c [Å], tilts reduced to at most half a length.
        rotation: (3, 3) proper rotation; ``vectors @ rotation`` turns row vectors into the LAMMPS frame.
    """

    cell: Array
    rotation: Array


def readonly(values: object) -> Array:
    """Copy to a float64 array that cannot be written, as the frozen records hold."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def volume(cell: Array) -> float:
    """Volume of a cell [Å³] from its rows, (3, 3) [Å]."""
    # a determinant by numpy takes longer than the rest of a step's bookkeeping for a small cell
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = cell.tolist()
    return float(abs(ax * (by * cz - bz * cy) - ay * (bx * cz - bz * cx) + az * (bx * cy - by * cx)))


def perpendicular_widths(cell: Array) -> Array:
    """Distances between opposite faces, (3,) [Å], for a cell with rows (3, 3) [Å]."""
    return np.asarray(1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0), dtype=np.float64)


def lammps_frame(cell: Array) -> LammpsFrame:
    """Rotate a cell so that a lies along x and b in the xy plane, as LAMMPS demands, and reduce its tilts.

    The reduced cell spans the same lattice, so positions need only the rotation.

    Args:
        cell: (3, 3) rows a, b, c [Å], right-handed.

    Raises:
        StructureError: The cell is flat or left-handed.
    """
    determinant = float(np.linalg.det(cell))
    if determinant < 1e-6:
        raise StructureError(
            "a cell must be right-handed and enclose a volume",
            got=f"det = {determinant:.6g} Å³",
            allowed="a positive determinant of the rows a, b, c",
            repair="negate all three cell vectors of a left-handed cell (the lattice stays the same)",
        )
    q, r = np.linalg.qr(cell.T)
    signs = np.sign(np.diag(r))
    rotation = q * signs
    lower = (r.T * signs).copy()
    lower[2] -= np.round(lower[2, 1] / lower[1, 1]) * lower[1]
    lower[2] -= np.round(lower[2, 0] / lower[0, 0]) * lower[0]
    lower[1] -= np.round(lower[1, 0] / lower[0, 0]) * lower[0]
    return LammpsFrame(cell=readonly(np.tril(lower)), rotation=readonly(rotation))


def is_orthogonal(cell: Array, *, tolerance: float = 1e-9) -> bool:
    """Whether a lower-triangular cell has no tilt beyond ``tolerance`` [Å], so that it is a plain box."""
    return bool(np.all(np.abs(cell[np.tril_indices(3, -1)]) < tolerance))


def cell_from_dump_bounds(bounds: Array) -> tuple[Array, Array]:
    """Recover cell and origin from the ``ITEM: BOX BOUNDS`` lines of a LAMMPS dump.

    A triclinic dump gives the corners of the bounding box, not of the cell (LAMMPS manual, Howto_triclinic).

    Args:
        bounds: (3, 2) or (3, 3): lo, hi and, for a triclinic cell, xy, xz, yz in the third column [Å].

    Returns:
        Cell rows (3, 3) [Å] and origin (3,) [Å].
    """
    xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
    lo = bounds[:, 0] - np.array([min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0])
    hi = bounds[:, 1] - np.array([max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0])
    lx, ly, lz = hi - lo
    return np.array([[lx, 0.0, 0.0], [xy, ly, 0.0], [xz, yz, lz]]), lo


def virial_from_ase_stress(stress: Array, cell_volume: float) -> Array:
    """Turn an ASE stress into the virial that LAMMPS adds up.

    ASE's stress is positive under tension; LAMMPS's virial W is positive under compression, P = (N k T + W/3)/V.

    Args:
        stress: (6,) xx yy zz yz xz xy [eV/Å³].
        cell_volume: [Å³].

    Returns:
        (6,) xx yy zz xy xz yz [eV].
    """
    return stress.take(ASE_TO_LAMMPS_VOIGT) * -cell_volume


def ase_stress_from_virial(virial: Array, cell_volume: float) -> Array:
    """Turn a virial tensor that is positive under compression into an ASE stress, dropping its askew part (rounding).

    Args:
        virial: (3, 3) sum over atoms of r ⊗ F for forces F between them [eV].
        cell_volume: [Å³].

    Returns:
        (6,) xx yy zz yz xz xy [eV/Å³], positive under tension.
    """
    symmetric = (virial + virial.T) / 2
    return symmetric[(0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1)] / -cell_volume

"""Probability density of a species on a grid, as it is or broadened; decides no grid and writes no file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sselmp import cells, units
from sselmp.errors import SettingsError
from sselmp.trajectory.paths import chunks
from sselmp.trajectory.record import Trajectory
from sselmp.transport.grid import MEMORY_BYTES, Grid
from sselmp.transport.symmetry import SpaceGroup, averaged

Array = NDArray[np.float64]

_BLOCK_IONS = 2**15  # whose coordinates are worked on at once: what a processor's cache holds
_TOGETHER = 2**20  # that are sorted into the grid at once: it is gone through each time


@dataclass(frozen=True)
class Density:
    """Time-averaged number density of the ions of one species.

    Attributes:
        species: Chemical symbol.
        grid: Where the points are.
        values: (n0, n1, n2) density at the points, averaged over the voxel around each [a₀⁻³].
        ions: Ions in the cell of the grid: the integral of the density.
        frames: Frames averaged over.
        broadening_A: Standard deviation of the Gaussian that it was broadened with [Å]; zero for none.
        symmetry: Space group that it was averaged over; empty for none.
        operations: Number of its operations.
    """

    species: str
    grid: Grid
    values: Array
    ions: float
    frames: int
    broadening_A: float = 0.0
    symmetry: str = ""
    operations: int = 1

    @property
    def one_count(self) -> float:
        """What one ion seen once at a general place adds there [a₀⁻³]: features of a few times this are noise."""
        samples = self.frames * int(np.prod(self.grid.repeats)) * self.operations
        voxel, gaussian = cells.volume(self.grid.cell) / self.grid.points, (2.0 * np.pi * self.broadening_A**2) ** 1.5
        return float(units.BOHR_A**3 / (samples * max(voxel, gaussian)))


def density(
    trajectory: Trajectory, species: str, *, grid: Grid, drift: Array, memory_bytes: int = MEMORY_BYTES
) -> Density:
    """Count the ions nearest (in scaled coordinates) to each point of a grid, over all frames.

    The density is the mean number of ions in a voxel over its volume, in a₀⁻³ with a₀ the Bohr radius; it integrates to
    the number of ions in the cell.

    Args:
        trajectory: The trajectory.
        species: The species.
        grid: The grid; its cell times its repeats is the trajectory's mean cell.
        drift: (F, 3) path subtracted from the positions [Å] (``msd.drift``).
        memory_bytes: Bound on what is held beside the grid [bytes].

    Raises:
        TrajectoryError: The species is absent.
    """
    atoms = trajectory.atoms_of(species)
    # The point that an ion is nearest to may be the first of the next cell: it gets a place of its own, folded at last.
    padded = np.array(grid.shape) + 1
    counts = np.zeros(int(padded.prod()), dtype=np.int64)
    waiting = np.empty(max(_BLOCK_IONS, min(_TOGETHER, memory_bytes // 8)), dtype=np.intp)
    filled = 0
    for positions in _blocks(trajectory, atoms, drift=drift):
        places = _places(positions, grid=grid)
        if filled + len(places) > len(waiting):
            counts += np.bincount(waiting[:filled], minlength=counts.size)
            filled = 0
        waiting[filled : filled + len(places)] = places
        filled += len(places)
    counts += np.bincount(waiting[:filled], minlength=counts.size)
    box = counts.reshape(padded)
    for axis in range(3):
        first, last = [slice(None)] * 3, [slice(None)] * 3
        first[axis], last[axis] = slice(0, 1), slice(-1, None)
        box[tuple(first)] += box[tuple(last)]
    copies = int(np.prod(grid.repeats))
    voxel = cells.volume(grid.cell) / grid.points / units.BOHR_A**3
    values = box[:-1, :-1, :-1] / (trajectory.frames * copies * voxel)
    return Density(
        species=species,
        grid=grid,
        values=cells.readonly(values),
        ions=len(atoms) / copies,
        frames=trajectory.frames,
    )


def _blocks(trajectory: Trajectory, atoms: NDArray[np.intp], *, drift: Array) -> Iterator[Array]:
    """All positions of some atoms without the drift, (3, n) [Å] at a time: in no order, for counting."""
    for which, paths in chunks(trajectory.positions):
        chosen = atoms[(atoms >= which.start) & (atoms < which.stop)] - which.start
        frames = max(1, _BLOCK_IONS // max(1, len(chosen)))
        for begin in range(0, trajectory.frames if len(chosen) else 0, frames):
            block = slice(begin, begin + frames)
            moved = paths[chosen, :, block] - drift[block].T
            yield np.ascontiguousarray(moved.transpose(1, 0, 2)).reshape(3, -1)


def _places(positions: Array, *, grid: Grid) -> Array:
    """Index of the point nearest to each position, (3, n), on the padded grid, (n,), whole numbers.

    Axis by axis: a matrix product over contiguous rows takes half the time of one over triples.
    """
    scaled = np.linalg.inv(grid.cell).T @ positions
    places = np.zeros(scaled.shape[1])
    for axis, points in enumerate(grid.shape):
        along = scaled[axis]
        along -= grid.offset[axis] / points
        along -= np.floor(along)
        along *= points
        along += 0.5
        places *= points + 1
        places += np.floor(along, out=along)
    return places


def symmetrised(found: Density, *, symmetry: SpaceGroup) -> Density:
    """Average a density over a space group; its grid must have been made for that.

    Args:
        found: The density.
        symmetry: The group (``symmetry.space_group``).
    """
    values = cells.readonly(averaged(found.values, symmetry=symmetry))
    return replace(found, values=values, symmetry=symmetry.symbol, operations=symmetry.order)


def broadened(found: Density, *, width_A: float) -> Density:
    """Convolve a density with a normalised Gaussian, which takes the noise of counting off it; the integral stays.

    Args:
        found: The density.
        width_A: Standard deviation of the Gaussian [Å]; zero leaves the density as it is.

    Raises:
        SettingsError: The width is negative, or more than a quarter of the cell's smallest width.
    """
    from scipy import fft

    if width_A == 0.0:
        return found
    most = cells.perpendicular_widths(found.grid.cell).min() / 4.0
    if not 0.0 < width_A <= most:
        raise SettingsError(
            "a density cannot be broadened by this width", got=f"{width_A:g} Å", allowed=f"0 to {most:.3g} Å"
        )
    kernel = _gaussian(found.grid, width_A=width_A)
    spectrum = fft.rfftn(found.values)
    spectrum *= fft.rfftn(kernel / kernel.sum())
    values = np.maximum(fft.irfftn(spectrum, s=found.values.shape), 0.0)
    width = float(np.hypot(found.broadening_A, width_A))
    return replace(found, values=cells.readonly(values), broadening_A=width)


def _gaussian(grid: Grid, *, width_A: float) -> Array:
    """Gaussian about the first point, to its nearest images, on the grid."""
    axes = [np.fft.fftfreq(n) for n in grid.shape]  # scaled coordinates from -1/2 to 1/2
    metric = grid.cell @ grid.cell.T
    a, b, c = (axis.reshape([-1 if k == i else 1 for k in range(3)]) for i, axis in enumerate(axes))
    squares = metric[0, 0] * a * a + metric[1, 1] * b * b + metric[2, 2] * c * c
    squares = squares + 2.0 * (metric[0, 1] * a * b + metric[0, 2] * a * c + metric[1, 2] * b * c)
    return np.asarray(np.exp(squares / (-2.0 * width_A**2)))

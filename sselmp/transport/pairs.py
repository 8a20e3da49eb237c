"""Histograms of distances between two sets of ions in a periodic cell, each pair once; normalises nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import SettingsError
from sselmp.trajectory.paths import chunks
from sselmp.trajectory.record import Trajectory

Array = NDArray[np.float64]
Fixed = NDArray[np.uint32]
Counts = NDArray[np.int64]

_BLOCK_PAIRS = 2**16  # that are worked on at once: 3 MB, which a processor's cache holds
_TURN = 2.0**32


@dataclass(frozen=True)
class Radii:
    """Shells of one thickness around an ion, from zero on.

    Attributes:
        step_A: Thickness of a shell [Å].
        count: Number of shells.
    """

    step_A: float
    count: int

    @property
    def edges_A(self) -> Array:
        """(count + 1,) radii between the shells [Å]."""
        return np.arange(self.count + 1, dtype=np.float64) * self.step_A

    @property
    def middles_A(self) -> Array:
        """(count,) radii in the middle of the shells [Å]."""
        return (np.arange(self.count, dtype=np.float64) + 0.5) * self.step_A

    @property
    def volumes_A3(self) -> Array:
        """(count,) volumes of the shells [Å³]."""
        return np.asarray(4.0 / 3.0 * np.pi * np.diff(self.edges_A**3))


def radii_within(cell_rows: Array, *, r_max_A: float | None, step_A: float) -> Radii:
    """Shells up to ``r_max_A``, or as far as the cells allow.

    Up to half the smallest distance between opposite faces of a cell, a pair has at most one image, which rounding its
    scaled difference finds in any triclinic cell: a vector that is shorter has scaled components below one half.

    Args:
        cell_rows: (..., 3, 3) rows of one cell or of many [Å].
        r_max_A: Largest radius [Å]; None for half the smallest width, less what is no whole shell.
        step_A: Thickness of a shell [Å].

    Raises:
        SettingsError: The thickness or the radius is not positive, there would be no shell or more than 100,000, or the
            radius is beyond half the smallest width of a cell.
    """
    widths = [cells.perpendicular_widths(rows).min() for rows in cell_rows.reshape(-1, 3, 3)]
    half = float(np.min(widths)) / 2.0
    wanted = half if r_max_A is None else r_max_A
    if not (step_A > 0 and wanted > 0 and np.isfinite(wanted)):
        raise SettingsError("radii must be positive", got=f"up to {wanted:g} Å in shells of {step_A:g} Å")
    if wanted > half * (1 + 1e-9):
        raise SettingsError(
            "a radius beyond half the cell would count images of the same ion",
            got=f"{wanted:g} Å",
            allowed=f"at most {half:.4g} Å, half the smallest distance between opposite faces",
            repair="choose a smaller radius, or run a larger supercell",
        )
    count = int(wanted / step_A + 1e-9)
    if not 1 <= count <= 100_000:
        raise SettingsError(
            "shells of this thickness make no histogram",
            got=f"{count} shells of {step_A:g} Å up to {wanted:.4g} Å",
            allowed="1 to 100,000 shells",
        )
    return Radii(step_A=step_A, count=count)


def at_frames(trajectory: Trajectory, atoms: NDArray[np.intp], *, frames: NDArray[np.intp]) -> Array:
    """Positions of some atoms in some frames, (f, n, 3) [Å], taken some atoms at a time from wherever they are kept."""
    found = np.empty((len(frames), len(atoms), 3))
    for which, paths in chunks(trajectory.positions):
        here = np.flatnonzero((atoms >= which.start) & (atoms < which.stop))
        if here.size:
            taken = paths[np.ix_(atoms[here] - which.start, np.arange(3), frames)]
            found[:, here] = taken.transpose(2, 0, 1)
    return found


def fixed_point(scaled: Array) -> Fixed:
    """Scaled coordinates as 32-bit fractions of a turn, in which a difference wraps to the nearest image by itself.

    The resolution is 2⁻³² of a cell vector: 5·10⁻⁹ Å in one of 20 Å.

    Args:
        scaled: (..., 3) scaled coordinates, in any image.
    """
    return ((scaled - np.floor(scaled)) * _TURN).astype(np.uint64).astype(np.uint32)


def count_pairs(first: Fixed, second: Fixed, *, cell: Array, radii: Radii, same: bool) -> Counts:
    """Count the pairs of an ion of ``first`` and one of ``second`` in each shell, over all samples.

    Args:
        first: (B, n, 3) ions at the centre, as ``fixed_point`` gives them.
        second: (B, m, 3) ions around them.
        cell: (3, 3) rows of the cell that both are scaled to [Å].
        radii: The shells, within half the cell.
        same: Whether both hold the same ions, so that an ion with itself is no pair.

    Returns:
        (count,) pairs in each shell.
    """
    samples, centres, others = first.shape[0], first.shape[1], second.shape[1]
    one, two = (np.ascontiguousarray(ions.transpose(2, 0, 1)) for ions in (first, second))
    together = max(1, min(samples, _BLOCK_PAIRS // (centres * others)))
    rows = max(1, min(centres, _BLOCK_PAIRS // others))
    bench = _Bench((together, rows, others), cell=cell, radii=radii)
    counts = np.zeros(radii.count + 1, dtype=np.int64)
    for at in range(0, samples, together):
        for begin in range(0, centres, rows):
            part = one[:, at : at + together, begin : begin + rows]
            counts += bench.count(part, two[:, at : at + together], own=begin if same else None)
    return counts[:-1]


class _Bench:
    """Buffers of one block of pairs: filling them anew each time would take longer than computing."""

    def __init__(self, shape: tuple[int, int, int], *, cell: Array, radii: Radii) -> None:
        # A lower triangle with the same metric: fewer products, and none but the diagonal for a plain box.
        self._lower = np.asarray(np.linalg.cholesky(cell @ cell.T), dtype=np.float64) / _TURN
        self._tilted = not cells.is_orthogonal(self._lower * _TURN)
        self._radii = radii
        self._turns = np.empty(shape, dtype=np.uint32)
        self._xyz = np.empty((3, *shape))
        self._spare = np.empty(shape)
        self._shells = np.empty(shape, dtype=np.intp)

    def count(self, first: Fixed, second: Fixed, *, own: int | None) -> Counts:
        """Pairs in each shell and, last, beyond; ``own`` is the index in ``second`` of the first ion in ``first``."""
        samples, rows = first.shape[1:]
        size = (slice(samples), slice(rows))
        for axis in range(3):
            turns = self._turns[size]
            np.subtract(second[axis][:, None, :], first[axis][:, :, None], out=turns)
            np.copyto(self._xyz[axis][size], turns.view(np.int32))
        squares = self._squares(size)
        if own is not None:
            row = np.arange(rows)
            squares[:, row, own + row] = np.inf
        # All beyond the last shell fall into one more; half a shell past its edge is clear of rounding.
        np.minimum(squares, (self._radii.edges_A[-1] + 0.5 * self._radii.step_A) ** 2, out=squares)
        np.sqrt(squares, out=squares)
        squares *= 1.0 / self._radii.step_A
        shells = self._shells[size]
        np.copyto(shells, squares, casting="unsafe")
        return np.bincount(shells.ravel(), minlength=self._radii.count + 1)

    def _squares(self, size: tuple[slice, slice]) -> Array:
        """Squared distances [Å²] from the scaled differences in the buffers."""
        x, y, z = (np.asarray(self._xyz[axis][size]) for axis in range(3))
        lower, spare = self._lower, self._spare[size]
        x *= lower[0, 0]
        if self._tilted:
            x += np.multiply(y, lower[1, 0], out=spare)
            x += np.multiply(z, lower[2, 0], out=spare)
            y *= lower[1, 1]
            y += np.multiply(z, lower[2, 1], out=spare)
        else:
            y *= lower[1, 1]
        z *= lower[2, 2]
        for axis in (x, y, z):
            np.square(axis, out=axis)
        x += y
        x += z
        return x

"""Mean squared displacements over all time origins, relative to the framework; fits nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import TrajectoryError, nearest
from sselmp.settings import Reference
from sselmp.trajectory.paths import Paths, chunks, on_disk
from sselmp.trajectory.record import Trajectory

Array = NDArray[np.float64]

_CHUNK_BYTES = 2**23  # of numbers in one transform, so that it stays in the processor's cache


@dataclass(frozen=True)
class Motion:
    """Paths of the ions of one species, relative to what the drift was removed with.

    Attributes:
        species: Chemical symbol.
        positions: (F, n, 3) unwrapped positions [Å], read-only; may be mapped from a file (``trajectory.paths``), and
            is then best gone through some atoms at a time with ``paths.chunks``.
        spacing_ps: Time between two frames [ps].
    """

    species: str
    positions: Array
    spacing_ps: float

    def __post_init__(self) -> None:
        if self.positions.ndim != 3 or self.positions.shape[2] != 3 or not self.positions.size:
            raise TrajectoryError("a motion needs positions (frames, ions, 3)", got=self.positions.shape)
        if not all(np.isfinite(paths).all() for _, paths in chunks(self.positions)):
            raise TrajectoryError(f"a position of {self.species} is not a finite number")
        if not self.spacing_ps > 0:
            raise TrajectoryError("the time between frames must be positive", got=f"{self.spacing_ps} ps")
        self.positions.setflags(write=False)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.positions.shape[0])

    @property
    def ions(self) -> int:
        """Number of ions."""
        return int(self.positions.shape[1])

    def part(self, begin: int, end: int) -> Motion:
        """The frames from ``begin`` up to, not including, ``end``."""
        return Motion(species=self.species, positions=self.positions[begin:end], spacing_ps=self.spacing_ps)


@dataclass(frozen=True)
class Msd:
    """Mean squared displacement of one species, averaged over its ions and over all time origins.

    Attributes:
        species: Chemical symbol.
        ions: Number of ions averaged over.
        lags_ps: (L,) times [ps], from zero.
        axes: (L, 3) along x, y, z [Å²].
    """

    species: str
    ions: int
    lags_ps: Array
    axes: Array

    @property
    def total(self) -> Array:
        """(L,) sum over the three axes [Å²]."""
        return np.asarray(self.axes.sum(axis=1))


def relative_motion(trajectory: Trajectory, species: str, *, mobile: str, reference: Reference = "framework") -> Motion:
    """Cut one species out of a trajectory and remove the drift of the whole.

    Args:
        trajectory: The trajectory.
        species: The species wanted.
        mobile: The species that diffuses; all the others are the framework.
        reference: What stands still: the ``framework`` (mean position of all atoms that are not of the mobile species,
            unweighted, so that light ions that hop do not drag it), the ``centre of mass`` of all atoms, or ``none``
            (positions as they are).

    Raises:
        TrajectoryError: A species is absent, there is no framework, or there is one frame only.
    """
    chosen = trajectory.atoms_of(species)
    centre = None if reference == "none" else drift(trajectory, mobile=mobile, reference=reference).T
    trajectory.atoms_of(mobile)
    return Motion(
        species=species,
        positions=_relative(trajectory.positions, chosen, centre=centre),
        spacing_ps=trajectory.spacing_ps,
    )


def drift(trajectory: Trajectory, *, mobile: str, reference: Reference = "framework") -> Array:
    """Path of what is taken to stand still, to be subtracted from the positions.

    Args:
        trajectory: The trajectory; read some atoms at a time, so that one on disk stays there.
        mobile: The species that diffuses; all the others are the framework.
        reference: As for ``relative_motion``; ``none`` gives zeros.

    Returns:
        (F, 3) [Å].

    Raises:
        TrajectoryError: There is no ion of the mobile species, or no framework.
    """
    trajectory.atoms_of(mobile)
    if reference == "none":
        return np.zeros((trajectory.frames, 3))
    if reference == "centre of mass":
        return _weighted_mean(trajectory.positions, _masses(trajectory.species)).T
    still = np.array(trajectory.species) != mobile
    if not still.any():
        raise TrajectoryError(
            f"there is no framework: every atom is {mobile}",
            repair="take positions as they are (--reference none), or relative to the centre of mass of what is there "
            "(--reference centre-of-mass)",
        )
    return _weighted_mean(trajectory.positions, still.astype(np.float64)).T


def _weighted_mean(positions: Array, weights: Array) -> Array:
    """Mean position of the atoms in every frame, (3, F) [Å], some atoms at a time."""
    total = np.zeros((3, positions.shape[0]))
    for which, paths in chunks(positions):
        total += np.tensordot(weights[which], paths, axes=(0, 0))
    return np.asarray(total / weights.sum())


def _relative(positions: Array, chosen: NDArray[np.intp], *, centre: Array | None) -> Array:
    """Positions of some atoms relative to a centre, on disk if the whole is."""
    found = Paths(len(chosen), frames=positions.shape[0], on_disk=on_disk(positions))
    for which, paths in chunks(positions):
        wanted = chosen[(chosen >= which.start) & (chosen < which.stop)] - which.start
        if wanted.size:
            part = paths[wanted]
            found.add(part if centre is None else part - centre)
    return found.positions()


def _masses(species: tuple[str, ...]) -> Array:
    """Standard atomic masses, (N,) [g/mol]."""
    from ase.data import atomic_masses, atomic_numbers

    unknown = [symbol for symbol in dict.fromkeys(species) if symbol not in atomic_numbers]
    if unknown:
        raise TrajectoryError(
            f"the mass of '{unknown[0]}' is not known", allowed=nearest(unknown[0], atomic_numbers.keys())
        )
    return np.array([atomic_masses[atomic_numbers[symbol]] for symbol in species], dtype=np.float64)


def squared_displacements(positions: Array) -> Array:
    """Squared displacements over all time origins, averaged over the ions, by Fourier transform.

    With S1(m) = sum of r(k)² + r(k+m)² over the origins and S2(m) the autocorrelation of the positions, which the
    Wiener–Khinchin theorem gives in F log F, the mean is (S1 - 2 S2)/(F - m): Calandrini et al., Collection SFN 12
    (2011) 201, section 4.1; Kneller et al., Comput. Phys. Commun. 91 (1995) 191. Equal to the double loop over origins
    and lags to rounding.

    Args:
        positions: (F, n, 3) [Å].

    Returns:
        (F, 3) mean squared displacement along each axis at lags of 0 … F-1 frames [Å²].
    """
    from scipy import fft

    frames, ions = positions.shape[:2]
    length = fft.next_fast_len(2 * frames - 1, real=True)
    power = np.zeros((3, 2 * (length // 2 + 1)))  # squares of real and imaginary parts, side by side
    squares = np.zeros((3, frames))
    for _, paths in chunks(positions, size=_CHUNK_BYTES * frames // length):
        centred = paths - paths.mean(axis=2, keepdims=True)  # changes nothing but keeps the differences accurate
        squares += np.einsum("naf,naf->af", centred, centred)
        parts = fft.rfft(centred, n=length, overwrite_x=True).view(np.float64)
        power += np.einsum("naf,naf->af", parts, parts)
    correlation = fft.irfft(power[:, ::2] + power[:, 1::2], n=length)[:, :frames]
    heads = np.cumsum(squares, axis=1)[:, ::-1]  # sum of the first F - m
    tails = np.cumsum(squares[:, ::-1], axis=1)[:, ::-1]  # sum of the last F - m
    result = (heads + tails - 2.0 * correlation) / (np.arange(frames, 0, -1.0) * ions)
    result[:, 0] = 0.0
    return np.asarray(np.maximum(result, 0.0).T)


def mean_squared_displacement(motions: Sequence[Motion]) -> Msd:
    """MSD over all time origins of one motion or of several independent ones (seeds), each origin counting once.

    Args:
        motions: Motions of one species with one spacing; lengths may differ, lags go up to the longest.

    Raises:
        TrajectoryError: The motions differ in species, number of ions or spacing, or have one frame.
    """
    first = motions[0]
    for motion in motions:
        same = (motion.species, motion.ions) == (first.species, first.ions)
        if not same or not np.isclose(motion.spacing_ps, first.spacing_ps, rtol=1e-6):
            raise TrajectoryError(
                "runs that are averaged must have the same ions and the same time between frames",
                got=f"{motion.ions} {motion.species} every {motion.spacing_ps:g} ps",
                allowed=f"{first.ions} {first.species} every {first.spacing_ps:g} ps",
                repair="analyse them apart",
            )
        if motion.frames < 2:
            raise TrajectoryError("one frame has no displacement in it", allowed="2 frames or more")
    longest = max(motion.frames for motion in motions)
    sums, counts = np.zeros((longest, 3)), np.zeros((longest, 1))
    for motion in motions:
        origins = np.arange(motion.frames, 0, -1.0)[:, None]
        sums[: motion.frames] += squared_displacements(motion.positions) * origins
        counts[: motion.frames] += origins
    return Msd(
        species=first.species,
        ions=first.ions,
        lags_ps=cells.readonly(np.arange(longest) * first.spacing_ps),
        axes=cells.readonly(sums / counts),
    )

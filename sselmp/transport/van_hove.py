"""Van Hove correlation functions of one species, self and distinct; removes no drift by itself and draws nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import SettingsError, TrajectoryError
from sselmp.trajectory.record import Trajectory
from sselmp.transport.pairs import Radii, at_frames, count_pairs, fixed_point

Array = NDArray[np.float64]
Frames = NDArray[np.intp]

MEMORY_BYTES = 256 * 2**20
_BYTES_PER_ION = 120  # of one frame: its position, scaled forms, and differences to another


@dataclass(frozen=True)
class Sampling:
    """Which times are compared.

    Attributes:
        lags: (L,) time lags [frames], increasing.
        origins: Most time origins a lag, spread evenly over all that it has.
        memory_bytes: Bound on the positions that are held at once [bytes].
    """

    lags: Frames
    origins: int
    memory_bytes: int = MEMORY_BYTES


@dataclass(frozen=True)
class VanHove:
    """Van Hove functions of one species, averaged over ions and time origins.

    Attributes:
        species: Chemical symbol.
        ions: Number of ions N.
        radii: The shells around an ion.
        lags_ps: (L,) time lags t [ps].
        origins: (L,) time origins averaged over.
        self_part: (L, R) G_s(r, t) [Å⁻³].
        distinct_part: (L, R) G_d(r, t), relative to the density of the other ions.
        beyond: (L,) fraction of the ions that have moved farther than the largest radius.
        density_per_A3: Density of the other ions, (N - 1)/V [Å⁻³].
    """

    species: str
    ions: int
    radii: Radii
    lags_ps: Array
    origins: Frames
    self_part: Array
    distinct_part: Array
    beyond: Array
    density_per_A3: float

    @property
    def radial_self(self) -> Array:
        """(L, R) 4πr² G_s(r, t) [Å⁻¹], averaged over each shell: the distribution of how far an ion has moved."""
        return self.self_part * self.radii.volumes_A3 / self.radii.step_A


def sample_lags(
    trajectory: Trajectory, *, longest_ps: float | None, lags: int, origins: int, memory_bytes: int = MEMORY_BYTES
) -> Sampling:
    """Evenly spaced lags from zero up to the longest.

    Args:
        trajectory: The trajectory.
        longest_ps: Longest lag [ps]; None for half the trajectory.
        lags: Number of lags beside zero, fewer where there are not as many frames.
        origins: Most time origins a lag.
        memory_bytes: Bound on the positions that are held at once [bytes].

    Raises:
        SettingsError: The longest lag is not shorter than the trajectory or not one frame long, or a number is not
            positive.
        TrajectoryError: The trajectory has one frame.
    """
    if min(lags, origins, memory_bytes) < 1:
        raise SettingsError("lags, origins and memory must be positive", got=f"{lags}, {origins}, {memory_bytes}")
    spacing = trajectory.spacing_ps
    longest = trajectory.frames // 2 if longest_ps is None else int(np.floor(longest_ps / spacing + 1e-6))
    if not 1 <= longest < trajectory.frames:
        raise SettingsError(
            "the longest lag does not fit into the trajectory",
            got=f"{longest * spacing if longest_ps is None else longest_ps:g} ps",
            allowed=f"{spacing:g} to {(trajectory.frames - 1) * spacing:g} ps: "
            f"the {trajectory.frames} frames are {spacing:g} ps apart",
            repair="choose a shorter longest lag, or run longer",
        )
    chosen = np.unique(np.linspace(0, longest, min(lags, longest) + 1).round()).astype(np.intp)
    return Sampling(lags=chosen, origins=origins, memory_bytes=memory_bytes)


def van_hove(trajectory: Trajectory, species: str, *, radii: Radii, sampling: Sampling, drift: Array) -> VanHove:
    """Self and distinct part of the van Hove function, L. van Hove, Phys. Rev. 95 (1954) 249.

    With r_i(t) the position of ion i, averages over time origins t₀, and shells in place of the delta function::

        G_s(r, t) = 1/(4πr² N)     ⟨ Σ_i       δ(r - |r_i(t₀+t) - r_i(t₀)|) ⟩
        G_d(r, t) = 1/(4πr² N ρ)   ⟨ Σ_i Σ_j≠i δ(r - |r_j(t₀+t) - r_i(t₀)|) ⟩,   ρ = (N - 1)/V

    so that 4πr² G_s integrates to one, less the fraction that has moved beyond the largest radius, and G_d is one for
    an ideal gas of any size. (With ρ = N/V, as is also found in the literature, it would be 1 - 1/N.) G_s takes
    unwrapped displacements, G_d the nearest image. Distances are in the time-averaged cell, as all positions are.

    Args:
        trajectory: The trajectory.
        species: The species.
        radii: The shells, within half the cell (``radii_within``).
        sampling: Lags and time origins (``sample_lags``).
        drift: (F, 3) path that is subtracted from the positions [Å] (``msd.drift``).

    Raises:
        TrajectoryError: The species is absent, or the longest lag is not shorter than the trajectory.
    """
    atoms = trajectory.atoms_of(species)
    longest = int(sampling.lags[-1])
    if longest >= trajectory.frames:
        raise TrajectoryError(
            "a lag is longer than the trajectory", got=f"{longest} frames", allowed=f"at most {trajectory.frames - 1}"
        )
    ions, volumes = len(atoms), radii.volumes_A3
    density = (ions - 1) / cells.volume(trajectory.cells.mean(axis=0))
    moved, pairs, origins = _count(trajectory, atoms, radii=radii, sampling=sampling, drift=drift)
    looks = (origins * ions)[:, None]
    distinct = pairs / (looks * volumes * density) if ions > 1 else np.zeros(pairs.shape)
    return VanHove(
        species=species,
        ions=ions,
        radii=radii,
        lags_ps=cells.readonly(sampling.lags * trajectory.spacing_ps),
        origins=origins,
        self_part=cells.readonly(moved / (looks * volumes)),
        distinct_part=cells.readonly(distinct),
        beyond=cells.readonly(1.0 - moved.sum(axis=1) / looks[:, 0]),
        density_per_A3=density,
    )


def _count(
    trajectory: Trajectory, atoms: Frames, *, radii: Radii, sampling: Sampling, drift: Array
) -> tuple[Array, Array, Frames]:
    """Ions that moved into each shell and pairs in each shell, (L, R), and origins, (L,), at each lag."""
    mean_cell = trajectory.cells.mean(axis=0)
    inverse = np.linalg.inv(mean_cell)
    moved, pairs = (np.zeros((len(sampling.lags), radii.count)) for _ in range(2))
    origins = np.zeros(len(sampling.lags), dtype=np.intp)
    for batch in _batches(trajectory.frames, sampling=sampling, ions=len(atoms)):
        frames = np.unique(np.concatenate([begin + shift for lag, begin in batch for shift in (0, sampling.lags[lag])]))
        positions = at_frames(trajectory, atoms, frames=frames) - drift[frames][:, None]
        turns = fixed_point(positions @ inverse)
        for lag, begin in batch:
            one, two = (np.searchsorted(frames, begin + shift) for shift in (0, sampling.lags[lag]))
            distances = np.sqrt(np.square(positions[two] - positions[one]).sum(axis=2)).ravel()
            shells = (distances[distances < radii.edges_A[-1]] / radii.step_A).astype(np.intp)
            moved[lag] += np.bincount(shells, minlength=radii.count)[: radii.count]
            pairs[lag] += count_pairs(turns[one], turns[two], cell=mean_cell, radii=radii, same=True)
            origins[lag] += len(begin)
    return moved, pairs, origins


def _batches(available: int, *, sampling: Sampling, ions: int) -> Iterator[list[tuple[int, Frames]]]:
    """Indices of lags with origins spread evenly over those that there are, as many as fit into memory together.

    Each batch goes through the trajectory once, however it is stored.
    """
    most = max(2, sampling.memory_bytes // (_BYTES_PER_ION * ions))
    batch: list[tuple[int, Frames]] = []
    frames = 0
    for index, lag in enumerate(sampling.lags):
        last = available - int(lag) - 1
        chosen = np.unique(np.linspace(0, last, min(sampling.origins, last + 1)).round()).astype(np.intp)
        for begin in range(0, len(chosen), most // 2):
            part = chosen[begin : begin + most // 2]
            if batch and frames + 2 * len(part) > most:
                yield batch
                batch, frames = [], 0
            batch.append((index, part))
            frames += 2 * len(part)
    if batch:
        yield batch

"""Radial distribution functions and running coordination numbers between species; knows nothing of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import SettingsError
from sselmp.trajectory.record import Trajectory
from sselmp.transport.pairs import Radii, at_frames, count_pairs, fixed_point

Array = NDArray[np.float64]

_FRAMES_TOGETHER = 256  # that one pass through the trajectory picks out


@dataclass(frozen=True)
class Shell:
    """The first coordination shell, as far as a histogram shows it.

    Attributes:
        peak_A: Radius of the first maximum [Å].
        end_A: Radius of the minimum after it [Å].
        coordination: Ions up to there.
    """

    peak_A: float
    end_A: float
    coordination: float


@dataclass(frozen=True)
class Rdf:
    """Radial distribution of one species around another, averaged over frames.

    Attributes:
        centre: Species at the centre.
        partner: Species around it.
        radii: The shells.
        frames: Frames averaged over.
        g: (R,) g(r), one where the partners are spread evenly.
        coordination: (R,) mean number of partners up to the outer radius of each shell.
        density_per_A3: Density of the partners [Å⁻³]; (N - 1)/V for a species around itself.
    """

    centre: str
    partner: str
    radii: Radii
    frames: int
    g: Array
    coordination: Array
    density_per_A3: float

    @property
    def first_shell(self) -> Shell | None:
        """First maximum of g above 1 and the lowest point before g comes back to 1; None where there is none.

        The histogram is smoothed over three shells for it.
        """
        padded = np.concatenate([self.g[:1], self.g, self.g[-1:]])
        smooth = (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
        above = np.flatnonzero(smooth > 1.0)
        if not above.size:
            return None
        falls = np.flatnonzero(smooth[above[0] :] < 1.0)
        if not falls.size:
            return None
        down = int(above[0] + falls[0])
        rises = np.flatnonzero(smooth[down:] > 1.0)
        up = down + int(rises[0]) if rises.size else len(smooth)
        peak = int(above[0] + np.argmax(smooth[above[0] : down]))
        lows = down + np.flatnonzero(smooth[down:up] <= smooth[down:up].min() + 1e-12)
        end = int(lows[len(lows) // 2])  # of an empty gap, the middle
        middles = self.radii.middles_A
        return Shell(peak_A=float(middles[peak]), end_A=float(middles[end]), coordination=float(self.coordination[end]))


def spread_frames(trajectory: Trajectory, frames: int) -> NDArray[np.intp]:
    """So many frames at even distances, or all where there are not as many.

    Raises:
        SettingsError: The number is not positive.
    """
    if frames < 1:
        raise SettingsError("at least one frame must be looked at", got=frames)
    last = trajectory.frames - 1
    return np.unique(np.linspace(0, last, min(frames, trajectory.frames)).round()).astype(np.intp)


def rdf(trajectory: Trajectory, centre: str, *, partner: str, radii: Radii, frames: NDArray[np.intp]) -> Rdf:
    """Radial distribution function g(r) and running coordination number n(r) of ``partner`` around ``centre``.

    With the N_c centres, the mean volume V and the N_p partners of each (one less for a species around itself)::

        g(r) = V/(4πr² N_c N_p) ⟨ Σ_i Σ_j≠i δ(r - |r_j - r_i|) ⟩,    n(r) = (N_p/V) ∫₀ʳ 4πs² g(s) ds

    Distances are those in each frame's own cell.

    Args:
        trajectory: The trajectory.
        centre: Species at the centre.
        partner: Species around it; may be the same.
        radii: The shells, within half of every frame's cell (``radii_within``).
        frames: Frames to average over (``spread_frames``).

    Raises:
        TrajectoryError: A species is absent.
    """
    one, two = trajectory.atoms_of(centre), trajectory.atoms_of(partner)
    same = centre == partner
    inverse = np.linalg.inv(trajectory.cells.mean(axis=0))
    pairs = np.zeros(radii.count)
    for begin in range(0, len(frames), _FRAMES_TOGETHER):
        block = frames[begin : begin + _FRAMES_TOGETHER]
        around, others = (
            fixed_point(at_frames(trajectory, atoms, frames=block) @ inverse)[:, None] for atoms in (one, two)
        )
        for frame, first, second in zip(block, around, others, strict=True):
            pairs += count_pairs(first, second, cell=trajectory.cells[frame], radii=radii, same=same)
    each = pairs / (len(frames) * len(one))
    partners = len(two) - same
    density = partners / float(np.mean([cells.volume(rows) for rows in trajectory.cells[frames]]))
    return Rdf(
        centre=centre,
        partner=partner,
        radii=radii,
        frames=len(frames),
        g=cells.readonly(each / (radii.volumes_A3 * density) if partners else each),
        coordination=cells.readonly(np.cumsum(each)),
        density_per_A3=density,
    )

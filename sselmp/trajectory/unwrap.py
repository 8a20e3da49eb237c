"""Following wrapped atoms through periodic boundaries, and refusing where that cannot be done; reads no file."""

from __future__ import annotations

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame
from sselmp.trajectory.record import Array

_NEAR, _FAR = 0.3, 0.4  # of a cell vector: where the tail of displacements is counted
_WRONG_ALLOWED = 0.5


class Follower:
    """Unwraps frames one after the other by the least displacement since the last one.

    A frame shows where in the cell an atom is, not how often it has gone round. The displacement s of scaled
    coordinates since the frame before is known up to integers, and the one with -1/2 <= s < 1/2 is taken. That is right
    as long as no atom moves by more than half of a cell vector between two frames, which the frames themselves cannot
    show: a displacement of 0.6 looks like one of -0.4. What they do show is how the tail of the distribution of |s|
    falls. Let n1 displacements lie between 0.3 and 0.4 and n2 between 0.4 and 0.5. If the tail falls at least as fast
    beyond 0.5 as before it (true of any log-concave tail, such as a Gaussian's or an exponential's), at most
    n2 (n2/n1) lie between 0.5 and 0.6; and what is folded back from there only makes n2 greater. The trajectory is
    refused unless n2²/n1 < 1/2, that is unless less than half of a wrong image is to be expected in all of it. One
    lone displacement in the far tail (n1 = 0, n2 = 1) is refused, for nothing shows that its tail falls. Frames so far
    apart that positions are random give n1 = n2 >> 1 and are refused.

    Displacements are reduced, and their lengths taken, along the shortest vectors of the lattice (Minkowski), so that
    the choice of cell vectors changes nothing. *Invalid*, without notice, only where nearly all long displacements
    exceed 0.7 of a shortest cell vector: hops that long per frame need a cell of a single site.
    """

    def __init__(self) -> None:
        self._last: Array | None = None
        self._turns: Array | None = None
        self._reduced: tuple[Array, Array] | None = None  # s -> coordinates along the shortest vectors, and back
        self._near = self._far = 0
        self._longest = (0.0, -1, -1)

    def follow(self, frame: Frame, *, index: int) -> Array:
        """Scaled coordinates of a frame that count the boundaries crossed since the first, (N, 3).

        Args:
            frame: The frame.
            index: Its number, for messages.
        """
        if self._last is None or self._turns is None:
            self._last, self._turns = frame.scaled, np.zeros_like(frame.scaled)
            self._reduced = _reduction(frame.cell)
            return frame.scaled
        moved = frame.scaled - self._last
        if self._reduced is None:
            turns = np.rint(moved)
            moved -= turns
        else:
            inward, outward = self._reduced
            moved = moved @ inward
            turns = np.rint(moved)
            moved -= turns
            turns = turns @ outward
        self._count(np.abs(moved), index)
        self._last = frame.scaled
        self._turns -= turns
        return frame.scaled + self._turns

    def _count(self, lengths: Array, index: int) -> None:
        longest = float(lengths.max())
        if longest > self._longest[0]:
            self._longest = (longest, int(lengths.argmax()) // 3, index)
        if longest >= _NEAR:
            far = int((lengths >= _FAR).sum())
            self._far += far
            self._near += int((lengths >= _NEAR).sum()) - far

    def check(self, name: str) -> None:
        """Refuse what was followed if a wrong image is to be expected in it.

        Raises:
            TrajectoryError: Atoms move too far between frames; the longest displacement is named.
        """
        if self._far**2 < _WRONG_ALLOWED * self._near or self._far == 0:
            return
        longest, atom, index = self._longest
        raise TrajectoryError(
            f"{name}: atoms move too far between frames to be followed through the periodic boundaries",
            got=f"wrapped positions, {self._far} displacements beyond {_FAR} of a cell vector; the longest, "
            f"{longest:.2f}, is of atom {atom + 1} from frame {index - 1} to {index}",
            allowed="displacements well below half of the cell between frames, or unwrapped positions",
            repair="write frames more often, or write unwrapped ones (LAMMPS: xsu ysu zsu, or x y z ix iy iz); if they "
            "are unwrapped already, say so: --unwrapped",
        )


def _reduction(cell: Array) -> tuple[Array, Array] | None:
    """Integer matrices to and from coordinates along the shortest vectors; None where these are the cell's own."""
    from ase.geometry.minkowski_reduction import minkowski_reduce

    _, operation = minkowski_reduce(cell)
    if np.array_equal(np.abs(operation), np.eye(3)):
        return None
    outward = np.asarray(operation, dtype=np.float64)
    return np.rint(np.linalg.inv(outward)), outward

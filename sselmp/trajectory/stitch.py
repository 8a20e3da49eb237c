"""The frames of several files put in one row, none doubled and none lost; knows no format and stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame
from sselmp.trajectory.record import Array

_SAME_A = 0.01  # positions that differ by less are the same: more than any format rounds, less than any motion
_SEAM = 3.0

Opening = Callable[[], Iterator[Frame]]


@dataclass(frozen=True)
class Part:
    """One file: its first frame, and how to read all of it."""

    path: Path
    first: Frame
    frames: Opening


def segments(parts: Sequence[Part]) -> Iterator[Frame]:
    """Frames of one run's own segments: a later one's replace the earlier ones' from its first step on."""
    for index, part in enumerate(parts):
        _check_atoms(part, parts[0])
        cut = min((_step(later.first) for later in parts[index + 1 :]), default=None)
        yield from (frame for frame in part.frames() if cut is None or _step(frame) < cut)


def stitched(parts: Sequence[Part]) -> Iterator[Frame]:
    """Frames of a simulation's files, which may overlap where one was restarted from within another.

    Numbered frames: files are put in the order of their first steps; where one reaches past the first step of the next,
    it must hold that same step with the same positions, for there the next one branched off; its own later frames are
    left out. Frames without numbers: files are taken in the order given; a file's first frame may be any frame of the
    one before, which then ends there, else it follows its last frame, unless positions jump between the two. Where
    unwrapped coordinates start anew in a file, whole cells are added to them.

    Raises:
        TrajectoryError: Files with other atoms, an overlap that contradicts, or files that do not continue each other.
    """
    numbered = all(part.first.step is not None for part in parts)
    ordered = sorted(parts, key=lambda part: _step(part.first)) if numbered else list(parts)
    for part in ordered[1:]:
        _check_atoms(part, ordered[0])
    offset: Array | None = None
    for part, following in zip(ordered, [*ordered[1:], None], strict=True):
        seam = _Seam(part, following, numbered=numbered)
        last: Frame | None = None
        for frame in seam.frames():
            last = frame if offset is None else replace(frame, scaled=frame.scaled + offset)
            yield last
        if following is None:
            return
        at = seam.common or last
        if at is not None and at.unwrapped:
            carried = at.scaled if offset is None or at is last else at.scaled + offset
            turns = np.rint(carried - following.first.scaled)
            offset = turns if turns.any() else None


class _Seam:
    """One file up to where the next one takes over."""

    def __init__(self, part: Part, following: Part | None, *, numbered: bool) -> None:
        self._part, self._following, self._numbered = part, following, numbered
        self.common: Frame | None = None

    def frames(self) -> Iterator[Frame]:
        """The file's frames before the next file's first, none twice."""
        longest, last = 0.0, None
        for frame in self._part.frames():
            if last is not None and frame.step is not None and _step(frame) <= _step(last):
                if frame.step == last.step and _same(frame, last):
                    continue  # a run that goes on in the same file writes its first frame again
                raise _contradiction(self._part.path, self._part.path, frame=frame)
            if self._is_next(frame):
                if last is None and self._following is not None:
                    raise _contradiction(
                        self._part.path, self._following.path, frame=frame, got="the first frame of both"
                    )
                self.common = frame
                return
            if not self._numbered and self._following is not None and last is not None:
                longest = max(longest, _moved(last, frame))
            last = frame
            yield frame
        if self._following is not None and not self._numbered and last is not None and longest > 0:
            jump = _moved(last, self._following.first)
            if jump > _SEAM * longest:
                raise TrajectoryError(
                    f"{self._following.path} does not continue {self._part.path}",
                    got=f"a root mean square displacement of {jump:.2g} Å between them, {longest:.2g} Å at most before",
                    allowed="files of one simulation, in order",
                    repair="give independent runs as separate trajectories",
                )

    def _is_next(self, frame: Frame) -> bool:
        """Whether the next file begins with this frame, or should have begun with it."""
        if self._following is None:
            return False
        first = self._following.first
        if not self._numbered:
            return _same(frame, first)
        if _step(frame) < _step(first):
            return False
        if frame.step == first.step and _same(frame, first):
            return True
        raise _contradiction(self._part.path, self._following.path, frame=frame)


def _contradiction(path: Path, other: Path, *, frame: Frame, got: str = "other positions, or none,") -> TrajectoryError:
    where = "goes back in time" if path == other else f"and {other} overlap and contradict each other"
    return TrajectoryError(
        f"an overlapping restart: {path} {where}",
        got=f"{got} at step {frame.step}" if frame.step is not None else got,
        allowed="a restart whose first frame is also in the file that it continues",
        repair="leave out the file that was given up; give independent runs as separate trajectories",
    )


def _check_atoms(part: Part, first: Part) -> None:
    if not np.array_equal(part.first.ids, first.first.ids) or part.first.species != first.first.species:
        raise TrajectoryError(
            f"{part.path} holds other atoms than {first.path}",
            got=f"{len(part.first.ids)} atoms",
            allowed=f"the {len(first.first.ids)} atoms of {first.path}, with the same ids and species",
            repair="analyse runs with different atoms apart",
        )


def _step(frame: Frame) -> int:
    if frame.step is None:
        raise TrajectoryError("a frame has no step number", repair="do not mix files of different formats")
    return frame.step


def _apart(one: Frame, other: Frame) -> Array:
    """Displacements between two frames by the nearest images, (N, 3) [Å]."""
    scaled = other.scaled - one.scaled
    return np.asarray((scaled - np.rint(scaled)) @ one.cell)


def _same(one: Frame, other: Frame) -> bool:
    return bool((np.abs(_apart(one, other)) < _SAME_A).all())


def _moved(one: Frame, other: Frame) -> float:
    return float(np.sqrt(np.square(_apart(one, other)).sum(axis=1).mean()))

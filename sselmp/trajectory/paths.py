"""Room for the paths of many atoms, in memory or in an unlinked file, ordered by atoms; knows nothing of physics.

A path of one atom along one axis is contiguous, as Fourier transforms in time want it: (N, 3, F). Outside, the same
numbers are seen as (F, N, 3).
"""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from sselmp.errors import TrajectoryError

Array = NDArray[np.float64]

CHUNK_BYTES = 16 * 2**20  # of paths that are worked on at a time


class Paths:
    """Paths of ``atoms`` over ``frames``, taken in atom by atom, given out as one read-only array.

    Args:
        atoms: N.
        frames: F.
        on_disk: Whether they wait in an unlinked temporary file instead of in memory.

    Raises:
        TrajectoryError: The disk is full.
    """

    def __init__(self, atoms: int, *, frames: int, on_disk: bool) -> None:
        self._shape = (atoms, 3, frames)
        self._filled = 0
        self._file = temporary_file() if on_disk else None
        self._held = np.empty((0, 0, 0) if on_disk else self._shape)

    def add(self, paths: Array) -> None:
        """Take in the next atoms, (k, 3, F)."""
        if self._file is None:
            self._held[self._filled : self._filled + len(paths)] = paths
        else:
            write(self._file, np.ascontiguousarray(paths), whole=self._shape)
        self._filled += len(paths)

    def positions(self) -> Array:
        """All of them, (F, N, 3), read-only; of a file, mapped, so that memory holds what is in use."""
        found = self._held
        if self._file is not None:
            mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
            self._file.close()
            found = np.frombuffer(mapped, dtype=np.float64).reshape(self._shape)
        found.setflags(write=False)
        return found.transpose(2, 0, 1)


def on_disk(positions: Array) -> bool:
    """Whether positions, or what they are a view of, are mapped from a file."""
    return _mapping(positions) is not None


def release(positions: Array) -> None:
    """Let go of the memory that mapped positions have come to hold; they are read again when next looked at."""
    mapped = _mapping(positions)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def chunks(positions: Array, *, size: int = CHUNK_BYTES) -> Iterator[tuple[slice, Array]]:
    """Go through (F, N, 3) positions some atoms at a time: which atoms, and their paths (k, 3, F).

    Memory holds one chunk, however large the positions are.
    """
    frames, atoms = positions.shape[:2]
    step = max(1, size // (24 * max(1, frames)))
    for begin in range(0, atoms, step):
        chosen = slice(begin, min(begin + step, atoms))
        yield chosen, positions[:, chosen].transpose(1, 2, 0)
        release(positions)


def _mapping(array: Array) -> mmap.mmap | None:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) else None


def temporary_file() -> BinaryIO:
    """A file without a name, which vanishes with the process.

    Raises:
        TrajectoryError: The temporary folder cannot be written.
    """
    with _telling_of_a_full_disk(()):
        return cast("BinaryIO", tempfile.TemporaryFile(buffering=0))


def write(file: BinaryIO, numbers: Array, *, whole: tuple[int, ...]) -> None:
    """Write numbers at the end of a temporary file.

    Args:
        file: From ``temporary_file``.
        numbers: Contiguous.
        whole: Shape of all that is to be written, for the message of a full disk.

    Raises:
        TrajectoryError: The disk is full.
    """
    left = memoryview(numbers.data).cast("B")
    with _telling_of_a_full_disk(whole):
        while left:
            left = left[file.write(left) :]


@contextlib.contextmanager
def _telling_of_a_full_disk(shape: tuple[int, ...]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        needed = f"; {math.prod(shape) * 8 / 1e9:.2g} GB or more are needed" if shape else ""
        raise TrajectoryError(
            f"cannot keep a trajectory in the temporary folder {tempfile.gettempdir()}",
            got=("the disk is full" if full else error.strerror or str(error)) + needed,
            repair="free some space, name another folder in the variable TMPDIR, or allow more memory (--memory MB)",
        ) from error

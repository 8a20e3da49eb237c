"""Frames taken in one by one and turned into paths of atoms, in bounded memory; knows no format and checks no frame."""

from __future__ import annotations

import os
from typing import BinaryIO

import numpy as np

from sselmp.trajectory.paths import CHUNK_BYTES, Paths, temporary_file, write
from sselmp.trajectory.record import Array

_MB = 1e6


class Spool:
    """Takes frames of (N, 3) numbers until there are no more; then gives them back as paths.

    Blocks of frames are turned to (N, 3, B) when they are full and kept in memory, or, from the moment when a third of
    the memory allowed is used up, in an unlinked temporary file.

    Args:
        atoms: N.
        memory_MB: Memory that may be used [MB], beside a constant part of about 100 MB.

    Raises:
        TrajectoryError: The disk is full.
    """

    def __init__(self, atoms: int, *, memory_MB: float) -> None:
        self._atoms = atoms
        self._limit = int(memory_MB * _MB / 3)
        self._frames = max(1, min(CHUNK_BYTES, self._limit // 4) // (24 * atoms))  # of a block
        self._block = np.empty((self._frames, atoms, 3))
        self._filled = 0
        self._blocks: list[Array] = []
        self._lengths: list[int] = []
        self._file: BinaryIO | None = None

    @property
    def frames(self) -> int:
        """Frames taken in so far."""
        return sum(self._lengths) + self._filled

    def add(self, frame: Array) -> None:
        """Take in one frame, (N, 3)."""
        self._block[self._filled] = frame
        self._filled += 1
        if self._filled == self._frames:
            self._store()

    def finish(self, matrix: Array) -> Array:
        """Every frame times ``matrix`` (3, 3), as (F, N, 3), read-only; the spool is used up."""
        if self._filled:
            self._store()
        frames = self.frames
        paths = Paths(self._atoms, frames=frames, on_disk=self._file is not None)
        self._block = np.empty((0, 0, 0))
        step = max(1, CHUNK_BYTES // (24 * max(1, frames)))
        for begin in range(0, self._atoms, step):
            end = min(begin + step, self._atoms)
            chunk = np.empty((end - begin, 3, frames))
            at = 0
            for number, length in enumerate(self._lengths):
                np.matmul(matrix.T, self._piece(number, begin, end=end), out=chunk[:, :, at : at + length])
                at += length
            paths.add(chunk)
        self._blocks.clear()
        if self._file is not None:
            self._file.close()
        return paths.positions()

    def _store(self) -> None:
        block = np.ascontiguousarray(self._block[: self._filled].transpose(1, 2, 0))
        self._lengths.append(self._filled)
        self._filled = 0
        held = sum(self._lengths) * self._atoms * 24
        if self._file is None and held > self._limit:
            self._file = temporary_file()
            self._blocks, kept = [], self._blocks
            for earlier in kept:
                write(self._file, earlier, whole=earlier.shape)
        if self._file is not None:
            write(self._file, block, whole=(sum(self._lengths), self._atoms, 3))
        else:
            self._blocks.append(block)

    def _piece(self, number: int, begin: int, *, end: int) -> Array:
        """Atoms ``begin`` to ``end`` of a block, (k, 3, B)."""
        if self._file is None:
            return self._blocks[number][begin:end]
        length = self._lengths[number]
        offset = 24 * (sum(self._lengths[:number]) * self._atoms + begin * length)
        data = os.pread(self._file.fileno(), 24 * (end - begin) * length, offset)
        return np.frombuffer(data, dtype=np.float64).reshape(end - begin, 3, length)

"""The bytes of plain, gzip and zstd files in pieces, with how much of a file is used up; knows no trajectory format."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory.record import Array

PIECE_BYTES = 4 * 2**20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
OnBytes = Callable[[int], None]  # told how many bytes of the file on disk are used up


class Stream:
    """One file's content from its beginning, decompressed on the way.

    Raises:
        TrajectoryError: From any method: the file cannot be read, is cut short, or is damaged.
    """

    def __init__(self, path: Path, *, on_bytes: OnBytes | None = None) -> None:
        self.path = path
        self._on_bytes = on_bytes
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise TrajectoryError(f"cannot read {path}", got=error.strerror, repair="check the path") from error
        self._content, self._faults = _content(self._file)
        self._ahead = b""

    def __enter__(self) -> Stream:
        """The stream itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def peek(self, size: int) -> bytes:
        """The next bytes, which stay to be read; fewer where the file ends."""
        if len(self._ahead) < size:
            self._ahead += self._read(size - len(self._ahead))
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """The next bytes; fewer only where the file ends."""
        ahead, self._ahead = self._ahead[:size], self._ahead[size:]
        return ahead + self._read(size - len(ahead)) if size > len(ahead) else ahead

    def _read(self, size: int) -> bytes:
        try:
            found = self._content.read(size)
            while len(found) < size and (more := self._content.read(size - len(found))):
                found += more
            used = self._file.tell()
        except EOFError as error:
            raise _cut(self.path) from error
        except self._faults as error:
            raise TrajectoryError(f"cannot read {self.path}", got=error, repair="copy the file again") from error
        if self._on_bytes is not None:
            self._on_bytes(used)
        return found


class Lines:
    """A stream line by line; ``ended`` tells whether the last line taken was whole."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._held: list[bytes] = []
        self._at = 0
        self._rest = b""
        self.ended = True

    def take(self, count: int) -> list[bytes]:
        """The next lines without their ends; fewer only where the file ends."""
        while len(self._held) - self._at < count and (more := self._stream.read(PIECE_BYTES)):
            lines = (self._rest + more).split(b"\n")
            self._rest = lines.pop()
            self._held = self._held[self._at :] + lines
            self._at = 0
        found = self._held[self._at : self._at + count]
        self._at += len(found)
        self.ended = True
        if len(found) < count and self._rest:
            found.append(self._rest)
            self._rest, self.ended = b"", False
        return found


def marked_parts(stream: Stream, marker: bytes) -> Iterator[tuple[bytes, bool]]:
    """The stream cut before every line that begins with ``marker``, each part with whether it is the last.

    What comes before the first marker is a part of its own unless it is empty.
    """
    held = stream.read(PIECE_BYTES)
    inside = b"\n" + marker
    while True:
        begin = 0
        while (end := held.find(inside, begin)) >= 0:
            yield held[begin : end + 1], False
            begin = end + 1
        more = stream.read(max(PIECE_BYTES, len(held) - begin))
        if not more:
            break
        held = held[begin:] + more
    if held[begin:]:
        yield held[begin:], True


def decimals(text: bytes) -> Array:
    """The numbers in a text of decimal numbers; none at all where it holds anything else, nan and inf included."""
    if text.translate(None, delete=b"0123456789+-.eE \t\r\n"):
        return np.empty(0)  # parsing would stop midway
    found = np.fromstring(text.decode("ascii"), sep=" ")
    return found if np.isfinite(found).all() else np.empty(0)


def _content(file: BinaryIO) -> tuple[BinaryIO, tuple[type[Exception], ...]]:
    """What gives the decompressed bytes, and the errors by which it tells of damage."""
    magic = file.read(4)
    file.seek(0)
    if magic[:2] == _GZIP:
        return cast("BinaryIO", gzip.GzipFile(fileobj=file)), (OSError, zlib.error)
    if magic == _ZSTD:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd

        return cast("BinaryIO", zstd.ZstdFile(file)), (OSError, zstd.ZstdError)
    return file, (OSError,)


def _cut(path: Path) -> TrajectoryError:
    return TrajectoryError(
        f"{path} is cut short: its compressed content has no end",
        repair="copy the file again; if its program was killed, save the frames that are whole with "
        f"'zcat {path.name} > {path.stem}' (or zstdcat) and analyse that file",
    )

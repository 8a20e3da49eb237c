"""Frames of VASP's XDATCAR with a fixed or a changing cell; knows no time, for the file holds none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp import cells
from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame, Reading
from sselmp.trajectory.record import Array
from sselmp.trajectory.streams import Stream, decimals, marked_parts

MARKER = b"Direct configuration="


@dataclass(frozen=True)
class _Head:
    cell: Array
    species: tuple[str, ...]


def is_xdatcar(opening: bytes) -> bool:
    """Whether a file that opens so is an XDATCAR: a title, a scale, three vectors, symbols, counts."""
    lines = opening.splitlines()[:7]
    words = [line.split() for line in lines]
    return (
        [len(row) for row in words[1:5]] == [1, 3, 3, 3]
        and decimals(b" ".join(lines[1:5])).size == 10
        and len(words) == 7
        and len(words[5]) == len(words[6]) > 0
        and all(word.isdigit() for word in words[6])
    )


def frames(stream: Stream, reading: Reading) -> Iterator[Frame]:
    """Read one XDATCAR (VASP 5 or later); its last frame is dropped if it is incomplete.

    Positions are wrapped and have eight digits. Configurations are counted, but not by time steps (NBLOCK), so the time
    between frames has to be stated.

    Raises:
        TrajectoryError: Not an XDATCAR of scaled positions, a damaged frame, or atoms that change.
    """
    head: _Head | None = None
    parts = marked_parts(stream, MARKER)
    opening, _ = next(parts, (b"", True))
    head = _head(opening)
    if opening.startswith(MARKER) or head is None:
        raise TrajectoryError(
            f"{stream.path} is not an XDATCAR", allowed="title, scale, three cell vectors, symbols, counts"
        )
    ids = np.arange(1, len(head.species) + 1)
    for index, (text, last) in enumerate(parts):
        lines = text.splitlines()
        if last and (len(lines) <= len(ids) or not text.endswith(b"\n")):
            return
        yield Frame(
            step=None,
            time_ps=None,
            cell=head.cell,
            ids=ids,
            species=head.species,
            scaled=_positions(lines[1 : len(ids) + 1], len(ids), path=stream.path, index=index),
            unwrapped=reading.unwrapped,
        )
        behind = b"\n".join(lines[len(ids) + 1 :])
        if behind.strip():  # a changing cell: the next frame's head, or, where a file is cut, part of it
            following = _head(behind)
            if following is None and not last:
                raise _damaged(stream.path, index + 1, got=behind[:60].decode(errors="replace"))
            if following is not None and following.species != head.species:
                raise TrajectoryError(
                    f"{stream.path}: the atoms change at frame {index + 1}", allowed="the same atoms throughout"
                )
            head = following or head


def _head(text: bytes) -> _Head | None:
    """The cell and the species before a frame; None where the lines are not a head."""
    if not is_xdatcar(text):
        return None
    lines = text.splitlines()
    numbers = decimals(b" ".join(lines[1:5]))
    scale, cell = numbers[0], numbers[1:].reshape(3, 3)
    if scale < 0:  # the volume
        scale = (-scale / cells.volume(cell)) ** (1 / 3)
    symbols = [re.split(r"[_/]", word.decode(errors="replace"))[0] for word in lines[5].split()]
    counts = [int(word) for word in lines[6].split()]
    return _Head(cell * scale, tuple(s for s, count in zip(symbols, counts, strict=True) for _ in range(count)))


def _positions(lines: list[bytes], atoms: int, *, path: Path, index: int) -> Array:
    found = decimals(b"\n".join(lines))
    if found.size != 3 * atoms:
        raise _damaged(path, index, got=f"{found.size} numbers")
    return found.reshape(atoms, 3)


def _damaged(path: Path, index: int, *, got: object) -> TrajectoryError:
    return TrajectoryError(
        f"{path}: frame {index} is damaged or holds something that is not a finite number",
        got=got,
        allowed="three scaled coordinates for each atom",
        repair="copy the file again, or delete the frame",
    )

"""Frames of DCD files as LAMMPS (or CHARMM, NAMD) writes them; knows nothing of the species of the atoms."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame, Reading
from sselmp.trajectory.record import Array
from sselmp.trajectory.species import of_atoms
from sselmp.trajectory.streams import Stream

MAGIC = b"CORD"


@dataclass(frozen=True)
class _Header:
    order: str  # byte order, as struct and numpy write it
    first_step: int
    every: int
    atoms: int


def frames(stream: Stream, reading: Reading) -> Iterator[Frame]:
    """Read one DCD file; its last frame is dropped if it is incomplete, as after a kill.

    A record of Fortran's unformatted output has its length before and behind it. Each frame has a record of the cell
    (a, gamma, b, beta, alpha, c; angles as cosines or in degrees) and one each of x, y, z in single precision, a
    relative precision of 6e-8. The time step in the header is not used: LAMMPS writes a wrong one. Steps are numbered
    by the header's interval, unless that is 1: so write programs that do not know it. Whether positions are wrapped is
    not in the file, nor is the origin of the cell: where a barostat moves the origin, all atoms drift as one, which
    taking positions relative to the framework removes.

    Raises:
        TrajectoryError: Not a DCD file, no cell, fixed atoms, a damaged record, or numbers that are not finite.
    """
    header = _header(stream)
    species = of_atoms(header.atoms, reading, path=stream.path)
    ids = np.arange(1, header.atoms + 1)
    layout = _layout(header)
    index, shape, cell = 0, b"", np.eye(3)
    while len(content := stream.read(layout.itemsize)) == layout.itemsize:
        (record,) = np.frombuffer(content, dtype=layout)
        _check(record, header, where=f"{stream.path}: frame {index}")
        if shape != (shape := record["cell"].tobytes()):
            cell = _cell(record["cell"], stream.path)
        positions = record["positions"]["axis"].T.astype(np.float64)
        if not np.isfinite(positions).all():
            raise TrajectoryError(
                f"{stream.path}: frame {index} holds something that is not a finite number",
                repair="a run that has exploded writes nan: look at its log",
            )
        yield Frame(
            step=header.first_step + index * header.every if header.every > 1 else None,
            time_ps=None,
            cell=cell,
            ids=ids,
            species=species,
            scaled=positions @ np.linalg.inv(cell),
            unwrapped=reading.unwrapped,
        )
        index += 1


def _layout(header: _Header) -> np.dtype[np.void]:
    """One frame: the cell and three axes, each between two marks of its length in bytes."""
    mark, number = header.order + "i4", header.order + "f4"
    axis = np.dtype([("before", mark), ("axis", number, header.atoms), ("behind", mark)])
    return np.dtype([("before", mark), ("cell", header.order + "f8", 6), ("behind", mark), ("positions", axis, 3)])


def _check(record: np.void, header: _Header, *, where: str) -> None:
    axis, marks = 4 * header.atoms, record["positions"]
    if record["before"] == axis != 48:
        raise TrajectoryError(
            f"{where} does not hold its cell", repair="write it from a periodic simulation, with the unit cell"
        )
    if not (
        record["before"] == record["behind"] == 48
        and (marks["before"] == axis).all()
        and (marks["behind"] == axis).all()
    ):
        raise TrajectoryError(
            f"{where} is damaged, or the atoms change",
            got=f"records of {record['before']} and {marks['before'].tolist()} bytes",
            allowed=f"48 for the cell and {axis} for {header.atoms} atoms",
            repair="copy the file again",
        )


def _header(stream: Stream) -> _Header:
    opening = stream.peek(8)
    orders = [order for order in "<>" if opening[:4] == struct.pack(order + "i", 84)]
    if opening[4:] != MAGIC or not orders:
        raise TrajectoryError(f"{stream.path} is not a DCD file", allowed="a file that begins with 'CORD'")
    order = orders[0]
    control, _, counted = (_record(stream, order) for _ in range(3))
    if control is None or counted is None or len(counted) != 4:
        raise TrajectoryError(f"{stream.path}: its header is damaged", repair="copy the file again")
    numbers = struct.unpack(order + "20i", control[4:84])
    if numbers[8]:
        raise TrajectoryError(
            f"{stream.path} leaves out atoms that are fixed", got=f"{numbers[8]} fixed atoms", allowed="none"
        )
    if not numbers[10]:
        raise TrajectoryError(
            f"{stream.path} does not hold the cell of each frame", repair="write it with the unit cell, or as text"
        )
    return _Header(order, first_step=numbers[1], every=numbers[2], atoms=struct.unpack(order + "i", counted)[0])


def _record(stream: Stream, order: str) -> bytes | None:
    """The next record, or None where the file ends before its end."""
    before = stream.read(4)
    if len(before) < 4:
        return None
    (length,) = struct.unpack(order + "i", before)
    content = stream.read(max(0, length)) if 0 <= length < 2**30 else b""
    behind = stream.read(4)
    if len(content) == length and len(behind) < 4:
        return None
    if behind != before:
        if not behind:
            return None
        raise TrajectoryError(
            f"{stream.path} is damaged", got=f"a record of {length} bytes without its end", repair="copy it again"
        )
    return content


def _cell(numbers: Array, path: Path) -> Array:
    """Cell rows with a along x and b in the xy plane from a, gamma, b, beta, alpha, c."""
    a, gamma, b, beta, alpha, c = (float(number) for number in numbers)
    angles = [alpha, beta, gamma]
    cosines = angles if all(abs(value) <= 1.0 for value in angles) else list(np.cos(np.radians(angles)))
    ca, cb, cg = (0.0 if abs(value) < 1e-12 else value for value in cosines)
    sine = np.sqrt(max(0.0, 1.0 - cg * cg))
    with np.errstate(divide="ignore", invalid="ignore"):
        cy = (ca - cb * cg) / sine
        cz = np.sqrt(1.0 - cb * cb - cy * cy)
    rows = np.array([[a, 0.0, 0.0], [b * cg, b * sine, 0.0], [c * cb, c * cy, c * cz]])
    if not (np.isfinite(rows).all() and np.linalg.det(rows) > 1e-6):
        raise TrajectoryError(f"{path}: a frame's cell encloses no volume", got=np.round(numbers, 6).tolist())
    return rows

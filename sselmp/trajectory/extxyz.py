"""Frames of extended xyz files (``Lattice`` and ``Properties`` in the second line); knows no time and no step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame, Reading
from sselmp.trajectory.record import Array
from sselmp.trajectory.streams import Lines, Stream, decimals


@dataclass(frozen=True)
class _Columns:
    species: int
    position: int
    total: int


def is_extxyz(opening: bytes) -> bool:
    """Whether a file that opens so is an extended xyz: a number of atoms, then a line with a lattice."""
    lines = opening.splitlines()
    return len(lines) > 1 and lines[0].strip().isdigit() and b"lattice=" in lines[1].lower()


def frames(stream: Stream, reading: Reading) -> Iterator[Frame]:
    """Read one extended xyz file; its last frame is dropped if it is incomplete.

    Whether positions are wrapped is not in the file, and the origin of the cell is taken as zero.

    Raises:
        TrajectoryError: No lattice or positions, a damaged frame, atoms that change, or numbers that are not finite.
    """
    species: tuple[str, ...] = ()
    lines = Lines(stream)
    index = 0
    while (counted := lines.take(1)) and counted[0].strip():
        where = f"{stream.path}: frame {index}"
        if not counted[0].strip().isdigit():
            raise TrajectoryError(f"{where} does not begin with a number of atoms", got=counted[0][:60])
        atoms = int(counted[0])
        rows = lines.take(1 + atoms)
        if len(rows) < 1 + atoms or not lines.ended:
            return
        cell, columns = _comment(rows[0].decode(errors="replace"), where)
        words = b" ".join(rows[1:]).split()
        if len(words) != atoms * columns.total:
            raise TrajectoryError(f"{where} is damaged", got=f"{len(words)} words", allowed=atoms * columns.total)
        symbols = tuple(word.decode(errors="replace") for word in words[columns.species :: columns.total])
        if species and symbols != species:
            raise TrajectoryError(
                f"{where}: the atoms change",
                got=f"{atoms} atoms",
                allowed=f"the {len(species)} atoms of the first frame, in the same order",
            )
        species = species or symbols
        yield Frame(
            step=None,
            time_ps=None,
            cell=cell,
            ids=np.arange(1, atoms + 1),
            species=species,
            scaled=_positions(words, columns, where=where) @ np.linalg.inv(cell),
            unwrapped=reading.unwrapped,
        )
        index += 1


def _positions(words: list[bytes], columns: _Columns, *, where: str) -> Array:
    at = columns.position
    axes = [decimals(b" ".join(words[at + axis :: columns.total])) for axis in range(3)]
    if any(axis.size * columns.total != len(words) for axis in axes):
        raise TrajectoryError(
            f"{where} holds something that is not a finite number",
            repair="a run that has exploded writes nan: look at its log",
        )
    return np.stack(axes, axis=1)


def _comment(text: str, where: str) -> tuple[Array, _Columns]:
    """Cell rows (3, 3) [Å], and where a line holds the symbol and the position."""
    from ase.io.extxyz import key_val_str_to_dict

    said = {key.lower(): value for key, value in key_val_str_to_dict(text).items()}
    lattice = np.asarray(said.get("lattice", ()), dtype=np.float64)
    known = lattice.size == 9 and bool(np.isfinite(lattice).all())
    if not known or abs(np.linalg.det(lattice.reshape(3, 3))) < 1e-6:
        raise TrajectoryError(
            f"{where} has no cell", got=text[:80], allowed='Lattice="nine numbers" in its second line'
        )
    words = str(said.get("properties", "species:S:1:pos:R:3")).split(":")
    at, found = 0, {}
    for name, width in zip(words[0::3], words[2::3], strict=False):
        found[name] = (at, int(width))
        at += int(width)
    if "pos" not in found or "species" not in found:
        raise TrajectoryError(f"{where} lacks species or positions", got=":".join(words), allowed="species:S:1:pos:R:3")
    # ASE stores the rows of the cell as columns of a matrix it calls Lattice; written out, they are a, b, c in turn.
    rows = lattice.T if lattice.ndim == 2 else lattice.reshape(3, 3)
    return np.ascontiguousarray(rows), _Columns(found["species"][0], position=found["pos"][0], total=at)

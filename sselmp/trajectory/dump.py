"""LAMMPS text dumps (scaled unwrapped coordinates) of all segments of a run to one trajectory; reads no logs."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import TrajectoryError
from sselmp.trajectory.record import Array, Trajectory, from_scaled

COLUMNS = ("id", "type", "element", "xsu", "ysu", "zsu")
_FRAME = b"ITEM: TIMESTEP\n"


@dataclass(frozen=True)
class _Frame:
    step: int
    cell: Array
    ids: NDArray[np.int64]
    species: tuple[str, ...]
    scaled: Array


@dataclass(frozen=True)
class _Header:
    step: int
    atoms: int
    cell: Array
    columns: tuple[str, ...]
    body: int  # offset of the first atom's line


def read_dump(paths: Sequence[Path], *, timestep_ps: float) -> Trajectory:
    """Read the dump files of one run, in the order in which its segments were started.

    Frames of a later segment replace the earlier segments' from its first step on. The last frame of a file is dropped
    if it is incomplete, as after a kill.

    Args:
        paths: Text dumps with the columns id, type, element, xsu, ysu, zsu in any order.
        timestep_ps: Time of one step [ps].

    Raises:
        TrajectoryError: No file, no complete frame, missing columns, a damaged frame, atoms that change, frames that
            are not equally spaced, or numbers that are not finite.
    """
    if not paths:
        raise TrajectoryError("there is no trajectory file", repair="run the simulation up to its production first")
    frames: list[_Frame] = []
    for path in paths:
        segment = _read_segment(path, first=frames[0] if frames else None)
        if segment:
            frames = [frame for frame in frames if frame.step < segment[0].step] + segment
    if not frames:
        names = ", ".join(path.name for path in paths)
        raise TrajectoryError(
            f"there is no complete frame in {names}",
            repair="let the run go on until it has written frames, then analyse again",
        )
    return from_scaled(
        np.stack([frame.scaled for frame in frames]),
        cell_rows=np.stack([frame.cell for frame in frames]),
        steps=np.array([frame.step for frame in frames], dtype=np.int64),
        timestep_ps=timestep_ps,
        species=frames[0].species,
    )


def _read_segment(path: Path, *, first: _Frame | None) -> list[_Frame]:
    """All complete frames of one file; ``first`` is the run's first frame, which the others must agree with."""
    frames: list[_Frame] = []
    try:
        with path.open("rb") as stream:
            if not path.stat().st_size:
                return frames
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as text:
                for begin, end, last in _extents(text, path):
                    frame = _parse(text[begin:end], path=path, last=last, first=first)
                    if frame is not None:
                        first = first or frame
                        frames.append(frame)
    except OSError as error:
        raise TrajectoryError(f"cannot read {path}", got=error.strerror, repair="check the path") from error
    return frames


def _extents(text: mmap.mmap, path: Path) -> Iterator[tuple[int, int, bool]]:
    """Begin and end of every frame in the file, and whether it is the last one."""
    begin = text.find(_FRAME)
    if begin != 0 and not _FRAME.startswith(text[: len(_FRAME)]):
        raise TrajectoryError(f"{path} is not a LAMMPS text dump", allowed="a file that begins with 'ITEM: TIMESTEP'")
    while begin >= 0:
        end = text.find(_FRAME, begin + 1)
        yield begin, end if end >= 0 else len(text), end < 0
        begin = end


def _parse(text: bytes, *, path: Path, last: bool, first: _Frame | None) -> _Frame | None:
    """One frame, or None where it is the incomplete end of a file."""
    header = _header(text, path)
    # A line without an end is cut short: of an atom, or the first of the next frame.
    body = text[header.body : text.rfind(b"\n") + 1] if header else b""
    if header is None or body.count(b"\n") != header.atoms:
        if last and (header is None or body.count(b"\n") < header.atoms):
            return None
        where = f"the frame of step {header.step}" if header else "a frame"
        raise TrajectoryError(
            f"{path}: {where} is damaged",
            got=f"{body.count(bytes([10]))} lines of atoms",
            allowed=header.atoms if header else "a complete header",
            repair="delete the frame from the file, or run again",
        )
    frame = _numbers(body, header, path=path, first=first)
    if first is not None and not np.array_equal(frame.ids, first.ids):
        raise TrajectoryError(
            f"{path}: the atoms change at step {frame.step}",
            got=f"{len(frame.ids)} atoms",
            allowed=f"the {len(first.ids)} atoms of step {first.step}, with the same ids",
            repair="analyse runs with different atoms apart",
        )
    return frame


def _header(text: bytes, path: Path) -> _Header | None:
    """The header of a frame, or None where the file ends within it."""
    at = text.find(b"ITEM: ATOMS ")
    body = text.find(b"\n", at) + 1
    if at < 0 or not body:
        return None
    lines = text[:at].decode("ascii", errors="replace").splitlines()
    items = {line.split("ITEM: ")[1]: index for index, line in enumerate(lines) if line.startswith("ITEM: ")}
    try:
        box = next(index for item, index in items.items() if item.startswith("BOX BOUNDS"))
        bounds = np.array([[float(word) for word in line.split()] for line in lines[box + 1 : box + 4]])
        step, atoms = int(lines[items["TIMESTEP"] + 1]), int(lines[items["NUMBER OF ATOMS"] + 1])
        cell, _ = cells.cell_from_dump_bounds(bounds)
    except (StopIteration, KeyError, ValueError, IndexError) as error:
        raise TrajectoryError(
            f"{path}: a frame's header cannot be understood",
            got=" | ".join(lines[:9]),
            allowed="TIMESTEP, NUMBER OF ATOMS and BOX BOUNDS as LAMMPS writes them (a restricted cell)",
        ) from error
    columns = tuple(text[at + len(b"ITEM: ATOMS ") : body].decode("ascii", errors="replace").split())
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise TrajectoryError(
            f"{path} lacks the columns {' '.join(missing)}",
            got=" ".join(columns),
            allowed=" ".join(COLUMNS),
            repair="dump with 'dump 1 all custom N FILE id type element xsu ysu zsu'",
        )
    return _Header(step=step, atoms=atoms, cell=cell, columns=columns, body=body)


def _numbers(body: bytes, header: _Header, *, path: Path, first: _Frame | None) -> _Frame:
    """Parse all atoms of a frame at once: only the element column is not a number, so it is cut out first."""
    words = header.columns.index("element")
    species = first.species if first else tuple(line.split()[words].decode() for line in body.splitlines())
    body = b" " + body.replace(b"\n", b" \n ")
    for symbol in dict.fromkeys(species):
        body = body.replace(b" %s " % symbol.encode(), b" ")
    names = [name for name in header.columns if name != "element"]
    values = np.fromstring(body, sep=" ") if _numeric(body) else np.empty(0)
    if values.size != header.atoms * len(names) or not np.isfinite(values).all():
        raise TrajectoryError(
            f"{path}: the frame of step {header.step} holds something that is not a finite number",
            allowed=f"{len(names)} numbers and an element for each of {header.atoms} atoms",
            repair="a run that has exploded writes nan: look at its log; otherwise the file is damaged",
        )
    table = values.reshape(header.atoms, len(names))
    order = np.argsort(table[:, names.index("id")], kind="stable")
    table = table[order]
    if first is None:
        species = tuple(species[index] for index in order)
    scaled = np.ascontiguousarray(table[:, [names.index(name) for name in ("xsu", "ysu", "zsu")]])
    ids = table[:, names.index("id")].astype(np.int64)
    return _Frame(step=header.step, cell=header.cell, ids=ids, species=species, scaled=scaled)


def _numeric(body: bytes) -> bool:
    """Whether only characters of decimal numbers are left, so that parsing cannot stop midway."""
    return not body.translate(None, delete=b"0123456789+-.eE \t\r\n")

"""Frames of LAMMPS text dumps with any of its position columns; neither stitches files nor follows wrapped atoms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sselmp import cells
from sselmp.errors import TrajectoryError
from sselmp.trajectory.frames import Frame, Reading
from sselmp.trajectory.record import Array
from sselmp.trajectory.species import of_types
from sselmp.trajectory.streams import Stream, decimals, marked_parts

# Position columns, best first: scaled or not, and whether the images are counted in them or beside them.
FLAVOURS = (
    ("xsu", "ysu", "zsu"),
    ("xu", "yu", "zu"),
    ("xs", "ys", "zs", "ix", "iy", "iz"),
    ("x", "y", "z", "ix", "iy", "iz"),
    ("xs", "ys", "zs"),
    ("x", "y", "z"),
)
OPENINGS = (b"ITEM: TIMESTEP", b"ITEM: UNITS", b"ITEM: TIME")
_TIME_UNITS_PS = {"metal": 1.0, "real": 1e-3}  # the styles whose lengths are Å
_REPAIR = "dump with 'dump 1 all custom N FILE id type element xsu ysu zsu'"


@dataclass(frozen=True)
class _Header:
    step: int
    time: float | None
    units: str | None
    atoms: int
    cell: Array
    origin: Array
    columns: tuple[str, ...]
    body: int  # offset of the first atom's line


@dataclass(frozen=True)
class _Layout:
    """What the first frame says of all: the order of the columns, the words that are not numbers, and the atoms."""

    columns: tuple[str, ...]
    numeric: tuple[str, ...]
    words: tuple[bytes, ...]
    flavour: tuple[str, ...]
    time_unit_ps: float | None
    ids: NDArray[np.int64]
    species: tuple[str, ...]
    step: int


def frames(stream: Stream, reading: Reading) -> Iterator[Frame]:
    """Read one dump; its last frame is dropped if it is incomplete, as after a kill.

    Unwrapped Cartesian columns (``xu``, or ``x`` with image flags) count boundaries in units of the frame's own cell,
    so they are divided by that cell: under a barostat a framework that keeps its scaled coordinates stands still.

    Args:
        stream: The file.
        reading: ``species`` names the types where there is no ``element`` column, or goes before it.

    Raises:
        TrajectoryError: Not a dump, columns that are missing, a damaged frame, atoms that change, or numbers that are
            not finite.
    """
    path = stream.path
    opening = stream.peek(4096)
    if not opening:
        return
    if not any(opening.startswith(item[: len(opening)]) for item in OPENINGS):
        raise TrajectoryError(f"{path} is not a LAMMPS text dump", allowed="a file that begins with 'ITEM: TIMESTEP'")
    before, timed, _ = opening.partition(b"ITEM: TIMESTEP")[0].partition(b"ITEM: TIME\n")
    marker = b"ITEM: TIME\n" if timed else b"ITEM: TIMESTEP\n"
    units = _units(before)
    layout: _Layout | None = None
    for text, last in marked_parts(stream, marker):
        if text == before:
            continue
        frame, layout = _parse(text, path=path, last=last, layout=layout, known=(units, reading.species))
        if frame is not None:
            yield replace(frame, unwrapped=True) if reading.unwrapped else frame


def _units(opening: bytes) -> str | None:
    words = opening.split()
    return words[2].decode(errors="replace") if words[:2] == [b"ITEM:", b"UNITS"] and len(words) > 2 else None


def _parse(
    text: bytes, *, path: Path, last: bool, layout: _Layout | None, known: tuple[str | None, tuple[str, ...]]
) -> tuple[Frame | None, _Layout | None]:
    """One frame, or None where it is the incomplete end of a file; and the layout, from the first frame."""
    header = _header(text, path)
    # A line without an end is cut short: of an atom, or the first of the next frame.
    body = text[header.body : text.rfind(b"\n") + 1] if header else b""
    if header and (appended := body.rfind(b"ITEM: UNITS\n", -64)) >= 0:
        body = body[:appended]  # announces the next frame, which another run appended
    if header is None or body.count(b"\n") != header.atoms:
        if last and (header is None or body.count(b"\n") < header.atoms):
            return None, layout
        where = f"the frame of step {header.step}" if header else "a frame"
        raise TrajectoryError(
            f"{path}: {where} is damaged",
            got=f"{body.count(bytes([10]))} lines of atoms",
            allowed=header.atoms if header else "a complete header",
            repair="delete the frame from the file, or run again",
        )
    layout = layout or _layout(body, header, path=path, known=known)
    return _numbers(body, header, path=path, layout=layout), layout


def _header(text: bytes, path: Path) -> _Header | None:
    """The header of a frame, or None where the file ends within it."""
    at = text.find(b"ITEM: ATOMS ")
    body = text.find(b"\n", at) + 1
    if at < 0 or not body:
        return None
    lines = text[:at].decode("ascii", errors="replace").splitlines()
    items = {line.split("ITEM: ")[1]: index for index, line in enumerate(lines) if line.startswith("ITEM: ")}
    try:
        title, box = next((item, index) for item, index in items.items() if item.startswith("BOX BOUNDS"))
        numbers = np.array([[float(word) for word in line.split()] for line in lines[box + 1 : box + 4]])
        step, atoms = int(lines[items["TIMESTEP"] + 1]), int(lines[items["NUMBER OF ATOMS"] + 1])
        cell, origin = (
            (numbers[:, :3], numbers[:, 3]) if "abc origin" in title else cells.cell_from_dump_bounds(numbers)
        )
        time = float(lines[items["TIME"] + 1]) if "TIME" in items else None
    except (StopIteration, KeyError, ValueError, IndexError) as error:
        raise TrajectoryError(
            f"{path}: a frame's header cannot be understood",
            got=" | ".join(lines[:9]),
            allowed="TIMESTEP, NUMBER OF ATOMS and BOX BOUNDS as LAMMPS writes them",
        ) from error
    if any(len(word) == 2 and set(word) & set("sm") for word in title.split()[2:] if set(word) <= set("pfsm")):
        raise TrajectoryError(
            f"{path}: a box that shrinks around its atoms has no cell to count diffusion in",
            got=title,
            allowed="periodic boundaries (pp)",
        )
    columns = tuple(text[at + len(b"ITEM: ATOMS ") : body].decode("ascii", errors="replace").split())
    units = lines[items["UNITS"] + 1] if "UNITS" in items else None
    return _Header(step, time, units, atoms, cell, origin, columns, body)


def _layout(body: bytes, header: _Header, *, path: Path, known: tuple[str | None, tuple[str, ...]]) -> _Layout:
    """What holds for all frames, from the first."""
    units, symbols = known
    flavour = next((names for names in FLAVOURS if set(names) <= set(header.columns)), None)
    missing = [] if "id" in header.columns else ["id"]
    missing += [] if flavour else ["xsu", "ysu", "zsu"]
    if missing:
        raise TrajectoryError(
            f"{path} lacks the columns {' '.join(missing)}",
            got=" ".join(header.columns),
            allowed="id, element or type, and one of " + "; ".join(" ".join(names) for names in FLAVOURS),
            repair=_REPAIR,
        )
    rows = [line.split() for line in body.splitlines()]
    if any(len(row) != len(header.columns) for row in rows):
        raise _not_numbers(path, header, names=len(header.columns))
    textual = [index for index in range(len(header.columns)) if not _is_number(rows[0][index])]
    numeric = tuple(name for index, name in enumerate(header.columns) if index not in textual)
    if lacking := [name for name in ("id", *(flavour or ())) if name not in numeric]:
        raise _not_numbers(path, header, names=len(header.columns), got=f"{lacking[0]} = {rows[0]}")
    table = {name: [row[index] for row in rows] for index, name in enumerate(header.columns)}
    ids = np.array(table["id"], dtype=np.float64).astype(np.int64)
    return _Layout(
        columns=header.columns,
        numeric=numeric,
        words=tuple(dict.fromkeys(row[index] for row in rows for index in textual)),
        flavour=flavour or (),
        time_unit_ps=_time_unit(header, units, path=path),
        ids=np.sort(ids),
        species=_species(table, symbols, order=np.argsort(ids, kind="stable"), path=path),
        step=header.step,
    )


def _species(
    table: dict[str, list[bytes]], symbols: tuple[str, ...], *, order: NDArray[np.intp], path: Path
) -> tuple[str, ...]:
    """Symbols in the order of the ids: by the types where a person named these, else as the file (or a label) says."""
    numbered = all(word.isdigit() for word in table.get("type", ()))
    if symbols and "type" in table and numbered:
        found = of_types([int(word) for word in table["type"]], symbols, path=path)
    elif "element" in table or not numbered:
        found = tuple(word.decode(errors="replace") for word in table.get("element", table.get("type", ())))
    else:
        raise TrajectoryError(
            f"{path} does not say which element an atom is",
            got="columns " + " ".join(table),
            allowed="a column 'element', or 'type' and the symbol of each type",
            repair="name the types in order: --species Li,P,S,Cl" if "type" in table else _REPAIR,
        )
    return tuple(found[index] for index in order)


def _time_unit(header: _Header, units: str | None, *, path: Path) -> float | None:
    """How many ps the file's unit of time is; None where its times cannot be used."""
    units = header.units or units
    if units is not None and units not in _TIME_UNITS_PS:
        raise TrajectoryError(
            f"{path} is in LAMMPS units that are not understood", got=units, allowed=", ".join(_TIME_UNITS_PS)
        )
    return _TIME_UNITS_PS[units] if units is not None and header.time is not None else None


def _numbers(body: bytes, header: _Header, *, path: Path, layout: _Layout) -> Frame:
    """Parse all atoms of a frame at once: words that are not numbers are cut out first."""
    if header.columns != layout.columns:
        raise TrajectoryError(
            f"{path}: the columns change at step {header.step}",
            got=" ".join(header.columns),
            allowed=" ".join(layout.columns),
        )
    body = b" " + body.replace(b"\n", b" \n ")
    for word in layout.words:
        body = body.replace(b" %s " % word, b" ")
    names = layout.numeric
    values = decimals(body)
    if values.size != header.atoms * len(names):
        raise _not_numbers(path, header, names=len(names))
    table = values.reshape(header.atoms, len(names))
    ids = table[:, names.index("id")]
    if (np.diff(ids) < 0).any():
        table = table[np.argsort(ids, kind="stable")]
        ids = table[:, names.index("id")]
    if not np.array_equal(ids, layout.ids) or (np.diff(ids) == 0).any():
        raise TrajectoryError(
            f"{path}: the atoms change at step {header.step}",
            got=f"{len(ids)} atoms",
            allowed=f"the {len(layout.ids)} atoms of step {layout.step}, each with an id of its own",
            repair="analyse runs with different atoms apart; a dump must hold all atoms of its group in every frame",
        )
    coordinates = table[:, [names.index(name) for name in layout.flavour]]
    scaled = coordinates[:, :3]
    if layout.flavour[0] in {"x", "xu"}:
        scaled = (scaled - header.origin) @ np.linalg.inv(header.cell)
    return Frame(
        step=header.step,
        time_ps=header.time * layout.time_unit_ps if header.time is not None and layout.time_unit_ps else None,
        cell=header.cell,
        ids=layout.ids,
        species=layout.species,
        scaled=scaled + coordinates[:, 3:] if len(layout.flavour) == 6 else np.ascontiguousarray(scaled),
        unwrapped=layout.flavour[0] in {"xsu", "xu"} or len(layout.flavour) == 6,
    )


def _not_numbers(path: Path, header: _Header, *, names: int, got: str | None = None) -> TrajectoryError:
    return TrajectoryError(
        f"{path}: the frame of step {header.step} holds something that is not a finite number",
        got=got,
        allowed=f"{names} numbers and the same words for each of {header.atoms} atoms",
        repair="a run that has exploded writes nan: look at its log; otherwise the file is damaged",
    )


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True

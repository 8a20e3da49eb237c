"""Trajectory files of any format that is known to the one record; holds no format itself and judges no physics."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

import numpy as np

from sselmp.errors import TrajectoryError
from sselmp.trajectory import ase_traj, dcd, dump, extxyz, xdatcar
from sselmp.trajectory.frames import DEFAULT_MEMORY_MB, Frame, Reading
from sselmp.trajectory.record import Array, Steps, Trajectory, check_cells
from sselmp.trajectory.spool import Spool
from sselmp.trajectory.stitch import Part, segments, stitched
from sselmp.trajectory.streams import OnBytes, Stream
from sselmp.trajectory.unwrap import Follower

FORMATS = "LAMMPS text dump, DCD, XDATCAR, extended xyz (these also .gz or .zst), ASE .traj"
OnProgress = Callable[[int, int | None], None]  # bytes done, bytes in all
Frames = Generator[Frame, None, None]
_OPENING = 4096


def read_dump(
    paths: Sequence[Path],
    *,
    timestep_ps: float,
    memory_MB: float = DEFAULT_MEMORY_MB,
    on_progress: OnProgress | None = None,
) -> Trajectory:
    """Read the dump files of one run, in the order in which its segments were started.

    Frames of a later segment replace the earlier segments' from its first step on. The last frame of a file is dropped
    if it is incomplete, as after a kill.

    Args:
        paths: LAMMPS text dumps.
        timestep_ps: Time of one step [ps].
        memory_MB: Memory that the trajectory may take [MB].
        on_progress: Told the bytes read and the bytes in all.

    Raises:
        TrajectoryError: No file, no complete frame, missing columns, a damaged frame, atoms that change, frames that
            are not equally spaced, or numbers that are not finite.
    """
    if not paths:
        raise TrajectoryError("there is no trajectory file", repair="run the simulation up to its production first")
    reading = Reading(timestep_ps=timestep_ps, memory_MB=memory_MB)
    parts = _parts(paths, lambda path, told: _dump_frames(path, reading, on_bytes=told), on_progress=on_progress)
    return _collect(segments(parts), reading, name=_names(paths))


def read_files(paths: Sequence[Path], reading: Reading, *, on_progress: OnProgress | None = None) -> Trajectory:
    """Read one simulation from one or several files of a known format.

    Positions become unwrapped scaled coordinates, each frame's in its own cell, times the time-averaged cell, whatever
    the format, so that a framework that only breathes with the cell stands still. Several files are stitched as
    ``stitch.stitched`` says.

    Args:
        paths: Files of one simulation: restarts, or one that was cut up.
        reading: What the files do not say themselves.
        on_progress: Told the bytes read and the bytes in all.

    Raises:
        TrajectoryError: A format is not known, the files do not fit together, atoms cannot be followed, less than two
            frames are left, or anything else is wrong with a file.
        SettingsError: The time of a step or between frames is needed and not given.
    """
    parts = _parts(paths, lambda path, told: _frames(path, reading, on_bytes=told), on_progress=on_progress)
    found = _collect(stitched(parts), reading, name=_names(paths))
    if found.frames < 2:
        raise TrajectoryError(
            f"{_names(paths)}: one frame has no displacement in it",
            got="1 frame" + (f" from {reading.start_ps:g} ps on" if reading.start_ps else ""),
            allowed="2 frames or more",
        )
    return found


def read_species(path: Path, reading: Reading) -> tuple[str, ...]:
    """The species in the first frame of a file, (N,), without reading the rest.

    Raises:
        TrajectoryError: The file cannot be used, or holds no complete frame.
    """
    part = _parts([path], lambda path, told: _frames(path, reading, on_bytes=told), on_progress=None)[0]
    return part.first.species


def _parts(
    paths: Sequence[Path], frames: Callable[[Path, OnBytes | None], Frames], *, on_progress: OnProgress | None
) -> list[Part]:
    """The files that hold a frame, each with its first."""
    sizes = [path.stat().st_size if path.is_file() else 0 for path in paths]
    found = []
    for index, path in enumerate(paths):
        with contextlib.closing(frames(path, None)) as reader:
            first = next(reader, None)
        told = None if on_progress is None else _told(on_progress, before=sum(sizes[:index]), total=sum(sizes))
        if first is not None:
            found.append(Part(path, first, frames=functools.partial(frames, path, told)))
    if not found:
        raise TrajectoryError(
            f"there is no complete frame in {_names(paths)}",
            repair="let the run go on until it has written frames, then analyse again",
        )
    return found


def _told(on_progress: OnProgress, *, before: int, total: int) -> OnBytes:
    return lambda done: on_progress(before + done, total)


def _names(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths)


def _dump_frames(path: Path, reading: Reading, *, on_bytes: OnBytes | None) -> Frames:
    with Stream(path, on_bytes=on_bytes) as stream:
        yield from dump.frames(stream, reading)


def _frames(path: Path, reading: Reading, *, on_bytes: OnBytes | None) -> Frames:
    """The frames of one file, by what its content shows it to be."""
    with Stream(path, on_bytes=on_bytes) as stream:
        opening = stream.peek(_OPENING)
        if not opening:
            return
        if any(opening.startswith(item) for item in dump.OPENINGS):
            yield from dump.frames(stream, reading)
        elif opening[4:8] == dcd.MAGIC:
            yield from dcd.frames(stream, reading)
        elif opening.startswith(ase_traj.MAGIC):
            yield from ase_traj.frames(path, reading, on_bytes=on_bytes)
        elif extxyz.is_extxyz(opening):
            yield from extxyz.frames(stream, reading)
        elif xdatcar.is_xdatcar(opening):
            yield from xdatcar.frames(stream, reading)
        else:
            raise TrajectoryError(
                f"{path} is of no trajectory format that is known",
                got=f"a file that begins with {opening[:40]!r}",
                allowed=FORMATS,
                repair="convert it, for instance with 'ase convert' to .extxyz",
            )


def _collect(frames: Iterable[Frame], reading: Reading, *, name: str) -> Trajectory:
    """Follow, keep and time all frames from the start that was asked for."""
    spool: Spool | None = None
    follower = Follower()
    steps, times, cell_rows = [], [], []
    first: Frame | None = None
    begin = 0.0
    for index, frame in enumerate(frames):
        time = _time(frame, index, reading=reading, name=name)
        if first is None:
            first, begin = frame, time
            spool = Spool(len(frame.species), memory_MB=reading.memory_MB)
        if spool is None or time - begin < reading.start_ps * (1 - 1e-9):
            continue
        spool.add(frame.scaled if frame.unwrapped else follower.follow(frame, index=index))
        steps.append(index if frame.step is None else frame.step)
        times.append(time)
        cell_rows.append(frame.cell)
    if first is None or spool is None or not steps:
        last = (
            f"{name} ends after {time - begin:g} ps" if first is not None else f"there is no complete frame in {name}"
        )
        raise TrajectoryError(last, allowed=f"frames from {reading.start_ps:g} ps on")
    follower.check(name)
    numbers, at_ps, rows = np.array(steps, dtype=np.int64), np.array(times), np.stack(cell_rows)
    check_cells(rows, numbers)
    _check_times(numbers, at_ps, reading=reading, name=name)
    return Trajectory(
        steps=numbers, times_ps=at_ps, positions=spool.finish(rows.mean(axis=0)), cells=rows, species=first.species
    )


def _time(frame: Frame, index: int, *, reading: Reading, name: str) -> float:
    """Time of a frame [ps]: by the spacing stated, by the file, or by its step, in this order."""
    if reading.spacing_ps is not None:
        return index * reading.spacing_ps
    if frame.time_ps is not None:
        return frame.time_ps
    if frame.step is not None and reading.timestep_ps is not None:
        return frame.step * reading.timestep_ps
    numbered = frame.step is not None
    raise TrajectoryError(
        f"{name} does not say how much time passes between frames",
        got="frames with step numbers, and no time step" if numbered else "frames without step numbers",
        allowed="the time of one step" if numbered else "the time between two frames",
        repair="state it in fs: --timestep 2" if numbered else "state it in fs: --frame-spacing 100",
    )


def _check_times(steps: Steps, times: Array, *, reading: Reading, name: str) -> None:
    """Refuse a file whose own times are not equally spaced, or contradict the time step stated."""
    gaps = np.diff(times)
    if not gaps.size or reading.spacing_ps is not None:
        return
    usual = float(np.median(gaps))
    wrong = np.flatnonzero(np.abs(gaps - usual) > 1e-4 * abs(usual))
    if (np.diff(steps) == np.diff(steps)[0]).all() and wrong.size:
        raise TrajectoryError(
            f"{name}: the time step changes",
            got=f"{gaps[wrong[0]]:g} ps from step {steps[wrong[0]]} to {steps[wrong[0] + 1]}, {usual:g} ps elsewhere",
            allowed="one time step throughout",
            repair="analyse parts with different time steps apart",
        )
    stated = None if reading.timestep_ps is None else reading.timestep_ps * (steps[-1] - steps[0])
    if stated is not None and abs(stated - (times[-1] - times[0])) > 1e-3 * abs(stated):
        raise TrajectoryError(
            f"{name} holds other times than the time step stated",
            got=f"{times[-1] - times[0]:g} ps in the file, {stated:g} ps by the time step",
            repair="leave the time step out: the file says it",
        )

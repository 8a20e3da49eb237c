"""Following a LAMMPS log while it grows: step, temperature, speed and time left; reads each byte once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

WINDOW_S = 30.0  # speed is that of the last seconds, so that it follows a machine that gets busy


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        step: Last step that the log holds.
        total: Last step of the run.
        temperature_K: At that step.
        steps_per_s: Recent speed; None before two steps were seen.
        eta_s: Seconds left at that speed; None where there is none.
        minimising: The structure is being relaxed; steps of that do not count.
    """

    step: int
    total: int
    temperature_K: float | None
    steps_per_s: float | None
    eta_s: float | None
    minimising: bool = False


class LogFollower:
    """Reads what was added to a log since it was last asked.

    Args:
        path: The log; it need not exist yet.
        total: Last step of the run.
        first: Step that the run starts or resumes at.
    """

    def __init__(self, path: Path, *, total: int, first: int = 0) -> None:
        self._path = path
        self._total = total
        self._step = first
        self._temperature: float | None = None
        self._offset = 0
        self._rest = b""
        self._columns: list[str] = []
        self._minimising = False
        self._seen: deque[tuple[float, int]] = deque()

    def read(self, now: float) -> Progress | None:
        """Read the complete lines that were added.

        Args:
            now: A clock [s] that never goes back, for the speed.

        Returns:
            How far the run is, or None if nothing new was said.
        """
        news = [self._take(line.decode(errors="replace").split()) for line in self._lines()]
        if not any(news):
            return None
        if not self._minimising and (not self._seen or self._seen[-1][1] != self._step):
            self._note(now)
        speed = self._speed()
        left = max(0, self._total - self._step) / speed if speed else None
        return Progress(self._step, self._total, self._temperature, speed, left, self._minimising)

    def _lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                added = stream.read()
        except FileNotFoundError:
            return []
        self._offset += len(added)
        *whole, self._rest = (self._rest + added).split(b"\n")
        return whole

    def _take(self, words: list[str]) -> bool:
        """Take one line; whether it says how far the run is."""
        if not words:
            return False
        if words[0] in {"minimize", "run", "reset_timestep"}:  # LAMMPS echoes the commands of its input
            self._minimising = words[0] == "minimize"
            return self._minimising
        if words[0] == "Step":
            self._columns = words
        elif words[0] == "Loop":
            self._columns = []
        elif len(words) == len(self._columns):
            return self._take_row(dict(zip(self._columns, words, strict=True)))
        return False

    def _take_row(self, row: dict[str, str]) -> bool:
        try:
            step, temperature = int(row["Step"]), float(row["Temp"]) if "Temp" in row else None
        except ValueError:
            return False  # a warning among the rows that happens to have as many words
        self._temperature = temperature
        if not self._minimising:
            self._step = step
        return True

    def _note(self, now: float) -> None:
        if self._seen and self._step < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, self._step))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW_S:
            self._seen.popleft()

    def _speed(self) -> float | None:
        if len(self._seen) < 2:
            return None
        (start, first), (end, last) = self._seen[0], self._seen[-1]
        return (last - first) / (end - start) if end > start else None

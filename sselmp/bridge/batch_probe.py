"""How many configurations a device holds at once, and how many are best evaluated in one pass: measured, kept, read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from sselmp import files, layout
from sselmp.bridge.batch_potential import Evaluator, Wanted
from sselmp.cells import volume
from sselmp.errors import PotentialError
from sselmp.potentials.cards import Card
from sselmp.settings import Checked

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
LONGEST_PASS_S = 4.0  # larger ones are left to the law
LONGEST_FIRST_S = 10.0  # of the first pass, in which a GPU's kernels may be compiled and recorded
USED_PART = 0.4  # of the device's memory, beyond which nothing larger is tried
KEPT_PART = 0.75  # of the device's memory is filled; packages cache, and systems differ
SLOWER = 1.25  # than the best by this, per atom: nothing larger is tried
ROSE_PART = 0.05  # of the peak: less is no rise
AS_GOOD = 1.03  # within this of the best, the smaller pass is taken


class Row(Checked):
    """One measured pass: its atoms and pairs within the cutoff, the peak of memory [bytes], and the time [s]."""

    configurations: int
    atoms: int
    pairs: float
    peak_bytes: int
    seconds: float


class Measured(Checked):
    """What was measured of a potential on a device."""

    card: str
    physics_sha256: str
    device: str  # with its name
    threads: int
    versions: dict[str, str]
    rows: tuple[Row, ...]

    def pass_atoms(self) -> int | None:
        """Atoms of the pass that is cheapest per atom; None where that was the largest one tried."""
        cost = [row.seconds / row.atoms for row in self.rows]
        best = next(row for row, each in zip(self.rows, cost, strict=True) if each <= AS_GOOD * min(cost))
        return None if best is self.rows[-1] and len(self.rows) > 1 else best.atoms

    def bytes_per_pair(self) -> float:
        """Slope of the peak of memory over the pairs within the cutoff, which is what most networks' memory goes by.

        Where the peak did not rise with the passes, all of the largest one counts: too much rather than too little.
        """
        pairs = np.array([row.pairs for row in self.rows])
        peaks = np.array([float(row.peak_bytes) for row in self.rows])
        slope = float(np.polyfit(pairs, peaks, 1)[0]) if len(self.rows) > 1 else 0.0
        rose = slope * pairs[-1] > ROSE_PART * peaks[-1]
        return slope if rose else float(peaks[-1] / pairs[-1])

    def fit(self, wanted: Wanted, *, cutoff_A: float, memory: int) -> int:
        """How many configurations like this one go into so much free ``memory`` [bytes] of the device; at least one."""
        each = self.bytes_per_pair() * pairs(wanted, cutoff_A=cutoff_A)
        return max(1, int(KEPT_PART * memory / each))


def pairs(wanted: Wanted, *, cutoff_A: float) -> float:
    """Neighbours within the cutoff, summed over the atoms, as the density alone gives them."""
    atoms = len(wanted.numbers)
    return atoms * atoms / volume(wanted.cell) * 4.0 / 3.0 * np.pi * cutoff_A**3


class Memory:
    """The memory of a device: a GPU's as torch counts it, else that of this process."""

    def __init__(self, device: str) -> None:
        self._gpu = device.startswith("cuda")
        self._device = device

    def name(self) -> str:
        """The device, for the record."""
        if self._gpu:
            import torch

            return f"{torch.cuda.get_device_name(self._device)}"
        return f"cpu {platform.processor() or platform.machine()}, {platform.node()}"

    def begin(self) -> int:
        """Begin a measurement; what is used now [bytes]."""
        if self._gpu:
            import torch

            torch.cuda.reset_peak_memory_stats(self._device)
            return int(torch.cuda.memory_allocated(self._device))
        with contextlib.suppress(OSError):  # no Linux, or not allowed: the peak is then that of the whole process
            Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is used now
        return _status("VmRSS")

    def peak(self) -> int:
        """The peak since ``begin`` [bytes]."""
        if self._gpu:
            import torch

            return int(torch.cuda.max_memory_allocated(self._device))
        return _status("VmHWM")

    def free(self) -> int:
        """What could still be used [bytes]."""
        if self._gpu:
            import torch

            unused = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
            return int(torch.cuda.mem_get_info(self._device)[0]) + int(unused)
        meminfo = Path("/proc/meminfo")
        if meminfo.exists():
            return _kilobytes(meminfo, "MemAvailable")
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def measure(
    evaluator: Evaluator,
    specimen: Wanted,
    *,
    cutoff_A: float,
    memory: Memory,
    on_progress: Callable[[int, int], None],
) -> tuple[Row, ...]:
    """Evaluate more and more copies of a configuration in one pass, until it takes long, much memory, or loses.

    Raises:
        PotentialError: One configuration alone cannot be evaluated.
    """
    rows: list[Row] = []
    room = memory.free()
    for place, size in enumerate(SIZES):
        on_progress(place, len(SIZES))
        row = _row(evaluator, [_copy(specimen, place) for place in range(size)], cutoff_A=cutoff_A, memory=memory)
        if row is None:
            break
        rows.append(row)
        best = min(one.seconds / one.atoms for one in rows)
        larger = row.seconds > LONGEST_PASS_S or row.peak_bytes > USED_PART * room
        if larger or row.seconds / row.atoms > SLOWER * best:
            break
    return tuple(rows)


def _row(evaluator: Evaluator, asked: Sequence[Wanted], *, cutoff_A: float, memory: Memory) -> Row | None:
    """One pass: once to warm up, then timed; None where the device cannot take it."""
    before = memory.begin()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        answers = evaluator.evaluate(asked)
        times.append(time.perf_counter() - begin)
        failed = [found for found in answers if isinstance(found, PotentialError)]
        if failed and len(asked) == 1:
            raise failed[0]
        if failed:
            return None
        if times[-1] > (LONGEST_PASS_S if len(times) > 1 else LONGEST_FIRST_S):
            break
    return Row(
        configurations=len(asked),
        atoms=sum(len(one.numbers) for one in asked),
        pairs=sum(pairs(one, cutoff_A=cutoff_A) for one in asked),
        peak_bytes=max(1, memory.peak() - before),
        seconds=min(times[1:] or times),
    )


def _copy(specimen: Wanted, place: int) -> Wanted:
    """A run of its own with the same atoms, moved a little, for some families refuse perfect sites."""
    moved = specimen.positions + np.random.default_rng(place).normal(0.0, 0.02, specimen.positions.shape)
    return Wanted(
        f"probe {place}", specimen.numbers, specimen.periodic, moved, specimen.cell, energies=specimen.energies
    )


def record_path(card: Card, *, device: str, threads: int, versions: dict[str, str]) -> Path:
    """Where the measurement of a potential on a device is kept: in its environment, under a hash of all that counts."""
    key = json.dumps([card.physics_sha256(), device, threads, versions], sort_keys=True)
    name = f"{card.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.json"
    return layout.batch_records(Path(sys.prefix)) / name


def read(path: Path) -> Measured | None:
    """A kept measurement; None where there is none, or none that can be understood."""
    try:
        return Measured.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None


def write(path: Path, measured: Measured) -> None:
    """Keep a measurement.

    Raises:
        RunError: It cannot be written.
    """
    files.write_text(path, measured.model_dump_json(indent=2) + "\n")


def _status(name: str) -> int:
    status = Path("/proc/self/status")
    if status.exists():
        return _kilobytes(status, name)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # macOS counts bytes
    return peak if sys.platform == "darwin" else peak * 1024


def _kilobytes(path: Path, name: str) -> int:
    found = next(line for line in path.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(found.split()[1]) * 1024

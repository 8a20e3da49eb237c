"""What a timing of steps found, as it is written; measures nothing."""

from __future__ import annotations

from typing import Literal

from sselmp.settings import Checked

Way = Literal["ASE loop", "plain bridge", "fast path", "batch"]
WAYS: tuple[Way, ...] = ("ASE loop", "plain bridge", "fast path", "batch")
PROGRESS = "sselmp-bench"  # opens a line of progress: done, total, what


class Wanted(Checked):
    """What to time.

    Attributes:
        card: Name or path.
        system: Whose structure is repeated.
        atoms: Sizes; each is met by the smallest near-cube of cells that has so many.
        replicas: How many of them at once.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``auto``.
        rounds: How often each way has its turn.
        seconds: That a turn takes, roughly, unless a single step takes longer.
    """

    card: str
    system: str
    atoms: tuple[int, ...]
    replicas: tuple[int, ...]
    device: str = "auto"
    rounds: int = 5
    seconds: float = 1.0


class Timing(Checked):
    """One way at one size.

    Attributes:
        atoms: Of a replica.
        ms_per_step: Median over turns of the wall time of a step of all replicas [ms].
        lowest_ms: Of the turns [ms].
        highest_ms: Of the turns [ms].
        gpu_busy_ms: Time in which the GPU computes or copies, per step [ms]; None on a processor.
        ratio: Of the ASE loop's time for a step of all replicas, one after another, to this; None where it failed.
        words: How it computes, or why it could not.
    """

    way: Way
    atoms: int
    replicas: int
    ms_per_step: float | None
    lowest_ms: float | None = None
    highest_ms: float | None = None
    gpu_busy_ms: float | None = None
    ratio: float | None = None
    words: str = ""


class Findings(Checked):
    """All timings of one call, with what they were made on."""

    format: Literal["sselmp-bench-1"] = "sselmp-bench-1"
    potential: str
    system: str
    timings: tuple[Timing, ...]
    device: str
    cores: int
    threads: int
    sselmp_version: str
    versions: dict[str, str]
    created: str

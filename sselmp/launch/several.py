"""Running several run folders, some of them at once; each as ``run.run_folder`` does, one failure stopping no other."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from sselmp.errors import SselmpError
from sselmp.launch.argv import RunOptions, threads_per_rank, usable_cores
from sselmp.launch.progress import Progress
from sselmp.launch.run import run_folder, termination_interrupts
from sselmp.manifest import Manifest

MOST_AT_ONCE = 4  # each holds a model of its own in memory
NVIDIA = Path("/dev/nvidiactl")

OnProgress = Callable[[Path, Progress], None]
OnEnd = Callable[[Path, Manifest | SselmpError], None]


def shared(
    options: RunOptions, *, runs: int, cores: int, gpu: bool, at_once: int | None = None
) -> tuple[int, RunOptions]:
    """Decide how many runs go at once, and how many threads that leaves each rank.

    Two single-threaded runs beside each other get more done than one on two threads after the other, since a step of a
    small cell is too short to share. On a GPU one run at a time is the default.

    Args:
        options: Ranks, threads and wall time of each run.
        runs: How many there are to do.
        cores: Cores that may be used.
        gpu: Whether the potential will find a GPU.
        at_once: How many the user wants at once.

    Returns:
        How many at once, and the options with the threads filled in (left open for a single run at a time).

    Raises:
        SettingsError: One run alone asks for more than the cores.
    """
    threads_per_rank(options, cores=cores)
    wanted = options.ranks * (options.threads or 1)
    together = at_once or (1 if gpu else min(runs, cores // wanted, MOST_AT_ONCE))
    together = max(1, min(together, runs))
    if together == 1 or options.threads is not None:
        return together, options
    return together, dataclasses.replace(options, threads=max(1, cores // (options.ranks * together)))


def has_gpu(variables: Mapping[str, str]) -> bool:
    """Whether a program started here would find an NVIDIA GPU."""
    return NVIDIA.exists() and variables.get("CUDA_VISIBLE_DEVICES", "all") not in {"", "-1"}


def run_folders(
    folders: Sequence[Path],
    *,
    options: RunOptions,
    at_once: int | None = None,
    on_progress: OnProgress,
    on_end: OnEnd,
    prefix: Path | None = None,
) -> None:
    """Bring run folders to their ends, some at once.

    Args:
        folders: The run folders.
        options: Ranks, threads and wall time of each.
        at_once: How many at once; None: as ``shared`` decides.
        on_progress: Called from time to time, from several threads, with a folder and how far it is.
        on_end: Called once for each folder with its manifest, or with the error that it ended with.
        prefix: The environment to run in; default: the one that each run's card names.

    Raises:
        SettingsError: One run alone asks for more than the cores.
        KeyboardInterrupt: The user stopped it; all programs were ended first and the manifests say so.
    """
    together, chosen = shared(
        options, runs=len(folders), cores=usable_cores(), gpu=has_gpu(os.environ), at_once=at_once
    )
    stop = threading.Event()

    def bring_to_end(folder: Path) -> Manifest:
        return run_folder(
            folder, options=chosen, on_progress=lambda seen: on_progress(folder, seen), prefix=prefix, stop=stop
        )

    with ThreadPoolExecutor(max_workers=together) as pool, termination_interrupts():
        futures: dict[Future[Manifest], Path] = {pool.submit(bring_to_end, folder): folder for folder in folders}
        try:
            collect(futures, on_end)
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise


def collect(futures: Mapping[Future[Manifest], Path], on_end: OnEnd) -> None:
    """Tell of each run when it ends; what is not an error meant for a person is raised."""
    pending = set(futures)
    while pending:
        # woken now and then, because a signal is seen only between waits
        done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in done:
            error = future.exception()
            if error is None:
                on_end(futures[future], future.result())
            elif isinstance(error, SselmpError):
                on_end(futures[future], error)
            else:
                raise error
